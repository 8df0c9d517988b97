"""An operator that is to have no rights of its own says so when it has them."""

from typing import Any

import orjson
import pytest

from pattern_operator.apply.excess_permissions import excess_permissions
from pattern_operator.apply.protected import Protected
from pattern_operator.kube import ApiError

OPERATOR = "system:serviceaccount:pattern-operator-system:pattern-operator"
APPLIER = frozenset({("ClusterRoleBinding", "pattern-operator-applier"), ("ClusterRole", "cluster-admin")})


class Answers:
    """A session whose every request is answered alike; ``asked`` is what was sent."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.asked: list[Any] = []

    async def request(self, *_: object, body: bytes, **__: object) -> bytes:
        self.asked.append(orjson.loads(body)["spec"]["resourceAttributes"])
        if isinstance(self._answer, ApiError):
            raise self._answer
        return orjson.dumps(self._answer)


ALLOWED = {"status": {"allowed": True}}


async def test_rights_that_default_left_are_named_with_the_binding_to_delete():
    session = Answers(ALLOWED)

    said = await excess_permissions(session, protected=Protected(rbac=APPLIER, user=OPERATOR))

    assert session.asked == [{"verb": "patch", "group": "*", "resource": "*"}]
    assert said.startswith(f"{OPERATOR} may change objects of every kind")
    assert "kubectl delete clusterrolebinding pattern-operator-applier" in said


async def test_rights_from_elsewhere_name_no_binding_that_is_not_there():
    said = await excess_permissions(Answers(ALLOWED), protected=Protected())

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
    assert await excess_permissions(Answers(answer), protected=Protected(rbac=APPLIER)) == ""


async def test_a_server_that_cannot_be_asked_is_a_failure():
    with pytest.raises(ApiError):
        await excess_permissions(Answers(ApiError(code=0, reason="Unreachable", message="no")), protected=Protected())
