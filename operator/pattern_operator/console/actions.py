"""What a user can do to a pattern in the page, each with the line of kubectl that does the same. Pure."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, mapping_at
from pattern_operator.api.names import GROUP, KIND, REQUESTED_AT_ANNOTATION
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.existing import read
from pattern_operator.apply.managing_tools import managing_tool_of

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done: ``verb`` is the right that it takes, ``done`` what is said afterwards.

    ``change`` is the merge patch at a time, None for what deletes; ``kubectl`` what follows ``kubectl -n NAMESPACE``.
    """

    name: str
    label: str
    verb: str
    effect: str
    done: str
    kubectl: str
    change: Callable[[datetime], Body] | None

    def kubectl_line(self, namespace: str, name: str) -> str:
        """The line that does the same in a shell."""
        return f"kubectl -n {shlex.quote(namespace)} {self.kubectl.format(name=shlex.quote(name))}"


RECONCILE: Final = Action(
    name="reconcile",
    label="Reconcile",
    verb="patch",
    effect="The operator looks at the registry, the signature and the cluster now.",
    done="The operator was asked to reconcile.",
    kubectl=f'annotate dp {{name}} --overwrite {REQUESTED_AT_ANNOTATION}="$(date -Is)"',
    change=lambda now: {"metadata": {"annotations": {REQUESTED_AT_ANNOTATION: now.isoformat()}}},
)
SUSPEND: Final = Action(
    name="suspend",
    label="Suspend",
    verb="patch",
    effect="What runs keeps running; nothing is looked up, applied or repaired until it is resumed.",
    done="The pattern is suspended.",
    kubectl="""patch dp {name} --type=merge -p '{{"spec":{{"suspend":true}}}}'""",
    change=lambda _: {"spec": {"suspend": True}},
)
RESUME: Final = Action(
    name="resume",
    label="Resume",
    verb="patch",
    effect="The pattern is looked up, applied and repaired again.",
    done="The pattern is resumed.",
    kubectl="""patch dp {name} --type=merge -p '{{"spec":{{"suspend":false}}}}'""",
    change=lambda _: {"spec": {"suspend": False}},
)
DELETE: Final = Action(
    name="delete",
    label="Delete",
    verb="delete",
    effect="The pattern is deleted, and its objects as spec.apply.deletionPolicy says.",
    done="The pattern is being deleted.",
    kubectl="delete dp {name}",
    change=None,
)
ACTIONS: Final = {each.name: each for each in (RECONCILE, SUSPEND, RESUME, DELETE)}


def possible_actions(pattern: Body) -> list[Action]:
    """What makes sense for a pattern as it is: of one that another tool manages, only what leaves its spec alone."""
    if owner_of(pattern):
        return [RECONCILE]
    if mapping_at(pattern, "spec").get("suspend") is True:
        return [RESUME, DELETE]
    return [RECONCILE, SUSPEND, DELETE]


def owner_of(pattern: Body) -> str:
    """What manages the pattern itself, such as ``the Argo CD Application shop``; empty where nothing does."""
    existing = read(pattern)
    meta = ObjectMeta.of(pattern)
    tool = managing_tool_of(existing, ObjectKey(GROUP, KIND, meta.namespace, meta.name))
    return tool.name if tool is not None else ""
