"""The RBAC of the operator is its own whatever it is called."""

from typing import Any

import orjson
import pytest
from tests.apply.test_protected import RBAC, account, an
from tests.kube.fake_session import FakeSession

from pattern_operator.apply.operator_rbac import operator_rbac
from pattern_operator.apply.protected import DEFAULT_PROTECTED, Protected
from pattern_operator.kube import ApiError

OPERATOR = Protected.of("system:serviceaccount:ops:runner", lease=("ops", "pattern-operator"))


def binding(name: str, role: str, *subjects: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": list(subjects)}


def answering(answer: list[Any] | ApiError) -> FakeSession:
    """A session whose every request is answered alike."""
    return FakeSession(answer if isinstance(answer, ApiError) else orjson.dumps({"metadata": {}, "items": answer}))


async def test_what_binds_the_operators_account_and_what_it_binds_is_its_own():
    listed = [
        binding("acme", "acme-follower", account("runner", "ops")),
        binding("everybody", "basic", {"kind": "Group", "name": "system:authenticated"}),
        binding("others", "theirs", account("runner", "team")),
        binding("nobody", "none"),
    ]

    assert await operator_rbac(answering(listed), protected=OPERATOR) == {
        ("ClusterRoleBinding", "acme"),
        ("ClusterRole", "acme-follower"),
    }


@pytest.mark.parametrize("code", [403, 404])
async def test_an_operator_that_may_not_list_bindings_goes_by_names(code: int):
    assert (
        await operator_rbac(answering(ApiError(code=code, reason="", message="no")), protected=OPERATOR) == frozenset()
    )


async def test_a_server_that_does_not_answer_is_no_reason_to_go_by_names():
    with pytest.raises(ApiError):
        await operator_rbac(answering(ApiError(code=0, reason="Unreachable", message="no")), protected=OPERATOR)


def test_it_is_protected_also_when_it_is_to_lose_the_account():
    protected = Protected(rbac=frozenset({("ClusterRoleBinding", "acme"), ("ClusterRole", "acme-follower")}))
    taken = an(RBAC, "ClusterRoleBinding", "acme", subjects=[account("attacker", "team")])
    again = an("authorization.openshift.io/v1", "ClusterRole", "acme-follower")

    assert protected.why(taken.key, taken.body) == "gives the operator its rights"
    assert protected.why(again.key, again.body) == "gives the operator its rights"
    assert DEFAULT_PROTECTED.why(taken.key, taken.body) == ""
    assert protected.why(an(RBAC, "ClusterRole", "acme-other").key) == ""
    assert protected.why(an(RBAC, "Role", "acme-follower", "team").key) == ""
