"""Of what leaves a pattern only what refused goes first, as far as it can be told."""

from typing import Any

import pytest

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.blocking_admission import blocking_admission
from pattern_operator.kube import ApiError

GROUP = "admissionregistration.k8s.io"
GATE = ObjectKey(GROUP, "ValidatingWebhookConfiguration", "", "gate")
MUTATES = ObjectKey(GROUP, "MutatingWebhookConfiguration", "", "mutates")
SECRET = ObjectKey(GROUP, "ValidatingWebhookConfiguration", "", "unreadable")
POLICY = ObjectKey(GROUP, "ValidatingAdmissionPolicy", "", "no-latest")
BINDING = ObjectKey(GROUP, "ValidatingAdmissionPolicyBinding", "", "no-latest-here")
ELSE = ObjectKey("", "ConfigMap", "team", "gate")
ALL = (GATE, MUTATES, SECRET, POLICY, BINDING, ELSE)
HOOKS: dict[ObjectKey, Any] = {
    GATE: {"webhooks": [{"name": "other.example"}, {"name": "gate.example"}]},
    MUTATES: {"webhooks": [{"name": "mutates.example"}]},
}


async def read(key: ObjectKey) -> Any:
    if key == SECRET:
        raise ApiError(code=403, reason="Forbidden", message="no")
    return HOOKS[key]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('failed calling webhook "gate.example" at s.ns.svc: connection refused', {GATE}),
        ('admission webhook "mutates.example" denied the request', {MUTATES}),
        ('failed calling webhook "elsewhere.example" at s.ns.svc: EOF', set()),
        (
            "ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest-here' denied the request: x",
            {POLICY, BINDING},
        ),
        ("ValidatingAdmissionPolicy 'another' with binding 'too' denied the request: x", set()),
        ("spec.replicas: Invalid value: must be greater than or equal to 0", set()),
    ],
)
async def test_what_refused_is_found_by_the_name_that_the_api_server_says(said: str, found: set[ObjectKey]):
    assert await blocking_admission([said], ALL, read=read) == found


async def test_what_does_not_leave_is_not_found():
    assert await blocking_admission(['failed calling webhook "gate.example": EOF'], [MUTATES], read=read) == frozenset()


async def test_what_is_only_called_like_a_webhook_configuration_is_not_read():
    other = ObjectKey("example.com", "ValidatingWebhookConfiguration", "", "gate")

    assert await blocking_admission(['failed calling webhook "gate.example": EOF'], [other], read=read) == frozenset()
