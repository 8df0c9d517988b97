"""Which of the objects that leave a pattern refused what is to come: they have to go first, or nothing ever does.

A webhook that nobody answers (``failurePolicy: Fail``), or a policy, may refuse the very version that removes it. The
API server names the webhook, and not the configuration that it stands in: that is looked up.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final

from pattern_operator.api.fields import MAX_NAME, mappings_at, text_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.kube import ApiError, KindNotFound

MOST: Final = 10  # configurations that are read to find a webhook
_GROUP: Final = "admissionregistration.k8s.io"
_WEBHOOKS: Final = frozenset({"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"})
_HOOK: Final = re.compile(r"(?:failed calling|admission) webhook \"([\w.-]{1,253})\"")
_POLICY: Final = re.compile(
    r"ValidatingAdmissionPolicy '([\w.-]{1,253})'(?: with binding '([\w.-]{1,253})')? denied (?:the )?request"
)


async def blocking_admission(
    said: Iterable[str],
    leaving: Collection[ObjectKey],
    *,
    read: Callable[[ObjectKey], Awaitable[Mapping[str, Any] | None]],
) -> frozenset[ObjectKey]:
    """Those of ``leaving`` that refused, by what the API server ``said``; what cannot be read is not among them."""
    hooks, found = set[str](), set[ObjectKey]()
    candidates = [key for key in sorted(leaving) if key.group == _GROUP]
    for each in said:
        hooks.update(_HOOK.findall(each))
        for policy, binding in _POLICY.findall(each):
            named = {("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)}
            found.update(key for key in candidates if (key.kind, key.name) in named)
    configurations = [key for key in candidates if key.kind in _WEBHOOKS][:MOST] if hooks else []
    for key in configurations:
        try:
            configuration = await read(key)
        except (ApiError, KindNotFound):
            continue
        if any(text_at(hook, "name")[:MAX_NAME] in hooks for hook in mappings_at(configuration, "webhooks")):
            found.add(key)
    return frozenset(found)
