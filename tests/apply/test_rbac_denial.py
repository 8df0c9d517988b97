"""Which right is lacking: read off what the API server says, and off nothing else."""

import pytest

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.delete_waves import DeletedWaves
from pattern_operator.apply.errors import deletion_failure_of
from pattern_operator.apply.finalize import _remaining
from pattern_operator.apply.inventory import entry_of
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.prune import PruneResult
from pattern_operator.apply.rbac_denial import MissingPermission
from pattern_operator.kube import ApiError
from pattern_operator.limits import MAX_STATUS_MESSAGE

ACCOUNT = "system:serviceaccount:team:deployer"


def refused(words: str, code: int = 403) -> ApiError:
    return ApiError(code=code, reason="", message=words)


@pytest.mark.parametrize(
    ("words", "verbs", "granted"),
    [
        (
            f'pods "p" is forbidden: User "{ACCOUNT}" cannot delete resource "pods" in API group "" in the'
            ' namespace "n"',
            (),
            "grant ServiceAccount team/deployer the verb delete on pods in namespace n",
        ),
        (
            f'x is forbidden: User "{ACCOUNT}" cannot get resource "widgets" in API group "example.com" in the'
            ' namespace "n"',
            ("get", "delete"),
            "grant ServiceAccount team/deployer the verbs get and delete on widgets.example.com in namespace n",
        ),
        (
            'x is forbidden: User "jo" cannot deletecollection resource "nodes" in API group "" at the cluster scope',
            ("get", "delete"),
            "grant user jo the verbs get, delete and deletecollection on nodes in the whole cluster"
            " (ClusterRoleBinding)",
        ),
        (
            f'x is forbidden: User "{ACCOUNT}" cannot update resource "deployments/scale" in API group "apps" in the'
            ' namespace "n": RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
            (),
            "grant ServiceAccount team/deployer the verb update on deployments/scale.apps in namespace n",
        ),
    ],
)
def test_user_verb_resource_and_place_are_named(words: str, verbs: tuple[str, ...], granted: str):
    right = MissingPermission.of(refused(words))

    assert right is not None
    assert right.granted(*verbs) == granted


@pytest.mark.parametrize(
    "error",
    [
        refused('pods "p" is forbidden: exceeded quota: q'),
        refused('serviceaccounts "d" is forbidden: User "op" cannot impersonate resource "serviceaccounts"'),
        refused('admission webhook "w" denied the request: User cannot delete this'),
        refused(f'User "{ACCOUNT}" cannot delete resource "pods" in API group ""', code=404),
        refused('User "" cannot delete resource "pods"'),
        refused(""),
    ],
    ids=["quota", "impersonation", "a webhook", "not a refusal", "nobody", "nothing"],
)
def test_other_refusals_are_about_no_right(error: ApiError):
    assert MissingPermission.of(error) is None


def forbidden(number: int) -> Deletion:
    """An object with a long name that the account may not delete."""
    name = f"{'x' * 240}-{number}"
    key = ObjectKey("", "ConfigMap", "n", name)
    words = f'configmaps "{name}" is forbidden: User "{ACCOUNT}" cannot delete resource "configmaps" in API group ""'
    failure = deletion_failure_of(
        key, refused(f'{words} in the namespace "n"'), otherwise=Reason.PRUNE_FAILED, account=ACCOUNT
    )
    return Deletion(entry_of(key, version="v1"), key, DeletionOutcome.FAILED, failure.message, failure)


def test_the_way_out_is_said_before_a_list_that_may_be_cut():
    many = tuple(map(forbidden, range(20)))

    deleted = _remaining(DeletedWaves(pending=many), skipped=(), owner=Owner("id", "team", "web")).message
    pruned = PruneResult(
        failures=tuple(each.failure for each in many if each.failure), remaining=DeletedWaves(pending=many).remaining
    ).error

    assert pruned is not None
    assert len(deleted) > MAX_STATUS_MESSAGE
    assert "DesignPattern team/web is kept until they are deleted" in deleted[:500]
    assert '"deletionPolicy":"Orphan"' in deleted[:500]
    assert (
        "grant ServiceAccount team/deployer the verbs get and delete on configmaps in" in deleted[:MAX_STATUS_MESSAGE]
    )
    assert "pattern-operator.io/prune=disabled`. In the way: " in pruned.message[:700]
