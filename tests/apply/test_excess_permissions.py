"""An operator that is to have no rights of its own says so when it has them."""

from typing import Any

import orjson
import pytest
from tests.kube.fake_session import FakeSession

from pattern_operator.apply.excess_permissions import excess_permissions
from pattern_operator.apply.protected import Protected
from pattern_operator.kube import ApiError

OPERATOR = "system:serviceaccount:pattern-operator-system:pattern-operator"
APPLIER = frozenset({("ClusterRoleBinding", "pattern-operator-applier"), ("ClusterRole", "cluster-admin")})


def answering(answer: Any) -> FakeSession:
    """A session whose every request is answered alike."""
    return FakeSession(answer if isinstance(answer, ApiError) else orjson.dumps(answer))


ALLOWED = {"status": {"allowed": True}}


async def test_rights_that_default_left_are_named_with_the_binding_to_delete():
    session = answering(ALLOWED)

    said = await excess_permissions(session, protected=Protected(rbac=APPLIER, user=OPERATOR))

    (asked,) = session.bodies
    assert orjson.loads(asked or b"")["spec"]["resourceAttributes"] == {"verb": "patch", "group": "*", "resource": "*"}
    assert said.startswith(f"{OPERATOR} may change objects of every kind")
    assert "kubectl delete clusterrolebinding pattern-operator-applier" in said


async def test_rights_from_elsewhere_name_no_binding_that_is_not_there():
    said = await excess_permissions(answering(ALLOWED), protected=Protected())

    assert said.startswith("system:serviceaccount:pattern-operator-system:pattern-operator may change objects")
    assert "pattern-operator-applier" not in said
    assert "kubectl get clusterrolebindings" in said


@pytest.mark.parametrize(
    "answer",
    [
        {"status": {"allowed": False}},
        {"status": {"allowed": "true"}},
        {"status": []},
        {},
        ApiError(code=403, reason="Forbidden", message="no"),
        ApiError(code=404, reason="NotFound", message="no"),
    ],
)
async def test_an_operator_that_may_not_change_everything_says_nothing(answer: Any):
    assert await excess_permissions(answering(answer), protected=Protected(rbac=APPLIER)) == ""


async def test_a_server_that_cannot_be_asked_is_a_failure():
    with pytest.raises(ApiError):
        await excess_permissions(answering(ApiError(code=0, reason="Unreachable", message="no")), protected=Protected())
