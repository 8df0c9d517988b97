import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from tests.apply.harness import config_map

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.errors import (
    deletion_failure_of,
    failure_of,
    is_missing_namespace,
    is_unavailable,
    passes_by_itself,
    reason_of,
)
from pattern_operator.apply.need import NamespaceNeeded, Need, RightsNeeded
from pattern_operator.kube import ApiError, ApiUnavailable, StatusCause
from pattern_operator.kube.decoding_messages import UNREADABLE_ENTRY

ROOT = Path(__file__).parent.parent.parent
KEY = config_map("c", "team").key


def error(code: int, message: str, *causes: StatusCause, kind: type[ApiError] = ApiError) -> ApiError:
    return kind(code=code, reason="", message=message, causes=causes)


FORBIDDEN = 'configmaps "c" is forbidden: User "u" cannot patch resource "configmaps" in API group ""'
GUARD = 'admission webhook "g.example.com" denied the request'
CODES = (404, 413, 429, 503, 504)
CASES = {
    "rights": (
        error(403, FORBIDDEN),
        Reason.FORBIDDEN,
        "Grant user u the verb patch on configmaps in the whole cluster",
    ),
    "no impersonation": (
        error(403, 'serviceaccounts "d" is forbidden: User "op" cannot impersonate resource "serviceaccounts"'),
        Reason.FORBIDDEN,
        "Name another account in spec.apply.serviceAccountName",
    ),
    "quota": (error(403, 'pods "p" is forbidden: exceeded quota: q'), Reason.APPLY_FAILED, "exceeded quota"),
    "namespace ends": (
        error(403, "unable to create new content", StatusCause("metadata.namespace", "NamespaceTerminating", "")),
        Reason.APPLY_FAILED,
        "let the deletion of the namespace end",
    ),
    "conflict": (
        error(
            409,
            "Apply failed with 3 conflicts",
            StatusCause(".spec.a", "FieldManagerConflict", 'conflict with "hpa"'),
            StatusCause(".spec.b", "FieldManagerConflict", 'conflict with "kubectl" using v1'),
            StatusCause(".spec.c", "FieldManagerConflict", 'conflict with "hpa"'),
        ),
        Reason.CONFLICT,
        '3 fields of it are held with other values by "hpa", "kubectl" using v1 (field managers): remove them from the'
        " pattern, or set spec.apply.conflicts: Take to take them over."
        ' "hpa" holds .spec.a, .spec.c; "kubectl" using v1 holds .spec.b',
    ),
    "rights that it has not": (
        error(403, 'roles "r" is forbidden: user "u" is attempting to grant RBAC permissions not currently held'),
        Reason.APPLY_FAILED,
        "Nobody can give rights that they do not have",
    ),
    "conflict of one field": (
        error(
            409,
            "Apply failed with 1 conflict",
            StatusCause(".spec.a", "FieldManagerConflict", 'conflict with "hpa"'),
            StatusCause(".spec.b", "FieldValueInvalid", "no"),
        ),
        Reason.CONFLICT,
        '1 field of it is held with other values by "hpa" (field managers)',
    ),
    "a 409 that names no manager": (
        error(409, "no", StatusCause("spec.b", "FieldValueInvalid", "no")),
        Reason.APPLY_FAILED,
        "no",
    ),
    "race": (error(409, "the object has been modified"), Reason.APPLY_FAILED, "the object has been modified"),
    "no namespace": (error(404, 'namespaces "x" not found'), Reason.APPLY_FAILED, "Create the namespace"),
    "no such path": (error(404, "404 page not found"), Reason.APPLY_FAILED, "404 page not found"),
    "immutable": (error(422, "spec: field is immutable"), Reason.APPLY_FAILED, "delete the object"),
    "immutable claim": (
        error(422, "spec: Forbidden: spec is immutable after creation except resources.requests"),
        Reason.APPLY_FAILED,
        "delete the object",
    ),
    "address of a service": (error(422, "spec.clusterIPs: may not change once set"), Reason.APPLY_FAILED, "delete the"),
    "stateful set": (
        error(422, "updates to statefulset spec for fields other than 'replicas' and 'template' are forbidden"),
        Reason.APPLY_FAILED,
        "delete the object",
    ),
    "role of a binding": (error(422, "roleRef: cannot change roleRef"), Reason.APPLY_FAILED, "delete the object"),
    "storage class": (error(403, "updates to parameters are forbidden."), Reason.APPLY_FAILED, "delete the object"),
    "too large": (error(413, "etcdserver: request is too large"), Reason.APPLY_FAILED, "or split it"),
    "the version of an entry": (
        error(422, f"{UNREADABLE_ENTRY}an entry is of x.io/v1, which the CRD does not have any more"),
        Reason.APPLY_FAILED,
        "or clear metadata.managedFields: set it to a list of one empty entry, [{}].",
    ),
    "a quota that cannot be met": (
        error(403, 'pods "p" is forbidden: the quota cannot be met'),
        Reason.APPLY_FAILED,
        "the quota cannot be met",
    ),
    "invalid": (error(422, "spec.replicas: must be >= 0"), Reason.APPLY_FAILED, "spec.replicas: must be >= 0"),
    "webhook": (error(500, "failed calling webhook", kind=ApiUnavailable), Reason.APPLY_FAILED, "failed calling"),
    "a webhook's 409": (
        error(409, f"{GUARD}: no", StatusCause(".a", "FieldManagerConflict", 'conflict with "x"')),
        Reason.APPLY_FAILED,
        f"{GUARD}: no",
    ),
    **{f"a webhook's {code}": (error(code, f"{GUARD}: no"), Reason.APPLY_FAILED, f"{GUARD}: no") for code in CODES},
    "a webhook about a user": (
        error(403, f"{GUARD}: the User cannot do this"),
        Reason.APPLY_FAILED,
        f"{GUARD}: the User cannot do this",
    ),
    "immutable to a webhook": (error(403, f"{GUARD}: a: field is immutable"), Reason.APPLY_FAILED, "delete the object"),
    "away": (error(0, "cannot be reached", kind=ApiUnavailable), Reason.API_SERVER_UNAVAILABLE, "cannot be reached"),
    **{f"a gateway's {code}": (error(code, "no"), Reason.API_SERVER_UNAVAILABLE, "no") for code in (502, 503, 504)},
    "busy": (error(429, "slow down", kind=ApiUnavailable), Reason.API_SERVER_UNAVAILABLE, "slow down"),
}


@pytest.mark.parametrize(("refused", "reason", "words"), CASES.values(), ids=CASES.keys())
def test_a_refusal_has_a_reason_and_says_what_to_do(refused: ApiError, reason: Reason, words: str):
    failure = failure_of(KEY, refused)

    assert failure.reason is reason
    assert words in failure.message


def test_a_conflict_of_many_fields_says_the_fact_and_what_to_do_before_it_counts_them():
    many = [
        StatusCause(f".data.key-{number:03}", "FieldManagerConflict", 'conflict with "kubectl"') for number in range(64)
    ]

    message = failure_of(KEY, error(409, "Apply failed with 300 conflicts", *many)).message

    assert message.startswith(
        'at least 64 fields of it are held with other values by "kubectl" (field managers): remove'
    )
    assert message.index("set spec.apply.conflicts: Take") < message.index(".data.key-000")
    assert ".data.key-019 and at least 44 more" in message
    assert ".data.key-020" not in message


@pytest.mark.parametrize(("fields", "more"), [(20, False), (21, True)])
def test_a_conflict_names_twenty_fields_and_how_many_more_there_are(fields: int, more: bool):
    held = [StatusCause(f".data.k{number}", "FieldManagerConflict", 'conflict with "x"') for number in range(fields)]

    message = failure_of(KEY, error(409, "Apply failed", *held)).message

    assert ("and 1 more" in message) is more
    assert " more" not in message.replace("and 1 more", "")


def test_a_conflict_with_many_managers_names_a_few_of_them_before_it_says_what_to_do():
    many = [
        StatusCause(".spec.a", "FieldManagerConflict", f'conflict with "{number}-{"m" * 120}"') for number in range(30)
    ]

    message = failure_of(KEY, error(409, "Apply failed with 30 conflicts", *many)).message

    assert message.index("and 27 more (field managers)") < message.index("set spec.apply.conflicts: Take") < 700


DEPLOYER = "system:serviceaccount:team:deployr"
WIDE = Object.of({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}}).key
GRANT = "Grant ServiceAccount team/deployr the verbs get, create, patch and delete on this resource"
DOES_IT_EXIST = "Does this account exist? If not, create it or correct spec.apply.serviceAccountName."


@pytest.mark.parametrize(
    ("key", "account", "advice"),
    [
        (KEY, DEPLOYER, f". {GRANT}. {DOES_IT_EXIST}"),
        (
            config_map("c", "other").key,
            DEPLOYER,
            f". {GRANT} in namespace other, or set spec.render.targetNamespace: team. {DOES_IT_EXIST}",
        ),
        (
            WIDE,
            DEPLOYER,
            f". {GRANT} (by a ClusterRoleBinding), or remove the object from the artifact. {DOES_IT_EXIST}",
        ),
        (KEY, None, ". Grant user u the verb patch on configmaps in the whole cluster (ClusterRoleBinding)."),
        (WIDE, "admin", ". Grant user u the verb patch on configmaps in the whole cluster (ClusterRoleBinding)."),
    ],
    ids=["own namespace", "another namespace", "no namespace", "the operator itself", "no account"],
)
def test_a_missing_right_comes_with_what_whoever_wrote_the_pattern_can_do(key, account: str | None, advice: str):
    assert failure_of(key, error(403, FORBIDDEN), account=account).message == f"{FORBIDDEN}{advice}"


@pytest.mark.parametrize(
    ("group", "kind", "deletes"),
    [
        ("", "Namespace", False),
        ("", "PersistentVolumeClaim", False),
        ("", "PersistentVolume", False),
        ("apiextensions.k8s.io", "CustomResourceDefinition", False),
        ("apps", "Deployment", True),
        ("example.com", "Namespace", True),
    ],
)
def test_nobody_is_told_to_delete_what_others_would_be_lost_with(group: str, kind: str, deletes):
    message = failure_of(ObjectKey(group, kind, "", "x"), error(422, "spec: field is immutable")).message

    assert ("delete the object" in message) is deletes
    assert "give" in message
    assert "another name in the pattern" in message


def test_what_may_be_changed_is_not_called_immutable():
    assert "delete the object" not in failure_of(KEY, error(422, "spec.replicas: Invalid value: must be >= 0")).message


def test_a_refusal_without_a_special_reason_has_that_of_what_was_tried():
    assert failure_of(KEY, error(422, "no"), otherwise=Reason.PRUNE_FAILED).reason is Reason.PRUNE_FAILED


def test_what_the_server_asks_for_is_handed_on():
    busy = ApiUnavailable(code=429, reason="", message="", retry_after=timedelta(seconds=7))

    assert failure_of(KEY, busy).retry_after == timedelta(seconds=7)


def test_only_a_missing_namespace_is_a_missing_namespace():
    assert is_missing_namespace(error(404, 'namespaces "x" not found'))
    assert not is_missing_namespace(error(404, 'configmaps "namespaces" not found'))
    assert not is_missing_namespace(error(403, 'namespaces "x" is forbidden'))


NOT_DELETED = (
    'deployments.apps "d" is forbidden: User "system:serviceaccount:team:deployr" cannot delete resource "deployments"'
    ' in API group "apps" in the namespace "other"'
)


def test_a_refused_deletion_says_whom_to_grant_what_and_nothing_of_the_artifact():
    failure = deletion_failure_of(KEY, error(403, NOT_DELETED), otherwise=Reason.PRUNE_FAILED, account=DEPLOYER)

    assert failure.reason is Reason.FORBIDDEN
    assert failure.message == (
        f"{NOT_DELETED}. To have it deleted, grant ServiceAccount team/deployr the verbs get and delete on"
        " deployments.apps in namespace other; make the account first if it is gone."
    )


@pytest.mark.parametrize("name", [name for name in CASES if name != "rights"])
def test_whatever_else_a_deletion_is_refused_for_means_what_it_means_elsewhere(name: str):
    refused = CASES[name][0]

    assert deletion_failure_of(KEY, refused, otherwise=Reason.APPLY_FAILED, account=None) == failure_of(KEY, refused)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("a webhook")])
def test_the_words_of_a_webhook_stand_alone(name: str):
    refused = CASES[name][0]

    assert failure_of(KEY, refused).message == refused.message
    assert not is_unavailable(refused)


@pytest.mark.parametrize(
    ("refused", "need"),
    [
        (error(404, 'namespaces "team" not found'), NamespaceNeeded("team")),
        (error(403, FORBIDDEN), RightsNeeded("team")),
        (error(403, 'pods "p" is forbidden: error looking up service account team/default'), RightsNeeded("team")),
        (error(403, 'pods "p" is forbidden: exceeded quota: q'), None),
        (error(404, 'serviceaccounts "default" not found'), None),
        (error(422, "spec.serviceAccountName: Invalid value"), None),
    ],
)
def test_what_would_end_a_refusal_is_told_where_something_tells_when_it_comes(refused: ApiError, need: Need | None):
    assert failure_of(KEY, refused).need == need


@pytest.mark.parametrize(
    ("refused", "passes", "away"),
    [
        (error(0, "cannot be reached"), True, True),
        (error(429, "slow down"), True, True),
        (error(500, "etcdserver: leader changed"), True, False),
        (error(503, "no"), True, False),
        (error(409, 'Operation cannot be fulfilled on configmaps "c": the object has been modified'), True, False),
        (error(403, FORBIDDEN), False, False),
        (error(422, "spec.replicas: must be >= 0"), False, False),
        (error(429, f"{GUARD}: no"), False, False),
    ],
)
def test_what_passes_by_itself_is_told_from_what_somebody_has_to_change(refused: ApiError, passes: bool, away: bool):
    assert (passes_by_itself(refused), is_unavailable(refused)) == (passes, away)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (401, Reason.FORBIDDEN),
        (403, Reason.FORBIDDEN),
        (0, Reason.API_SERVER_UNAVAILABLE),
        (500, Reason.API_SERVER_UNAVAILABLE),
    ],
)
def test_a_server_that_refuses_is_not_away(code: int, reason: Reason):
    assert reason_of(error(code, "no")) is reason


STORED = StatusCause("status.storedVersions[0]", "FieldValueInvalid", "missing from spec.versions")
WEBHOOK = StatusCause("spec.conversion.webhookClientConfig", "FieldValueForbidden", "should not be set")
DROPPED = "kubectl edit crd widgets.example.com --subresource=status"  # of a version in which objects are stored
REMOVED = "kubectl patch crd widgets.example.com --type=json"  # of a webhook that another manager keeps


@pytest.mark.parametrize(
    ("kind", "cause", "told"),
    [
        ("CustomResourceDefinition", STORED, [DROPPED]),
        ("CustomResourceDefinition", WEBHOOK, [REMOVED]),
        ("CustomResourceDefinition", StatusCause("spec.versions", "FieldValueInvalid", "no"), []),
        ("CustomResourceDefinition", StatusCause("spec.conversion.strategy", "FieldValueInvalid", "no"), []),
        ("Widget", STORED, []),
        ("Widget", WEBHOOK, []),
    ],
)
def test_a_change_of_a_crd_that_is_refused_is_told_with_the_command_that_goes_on(
    kind: str, cause: StatusCause, told: list[str]
):
    key = ObjectKey("apiextensions.k8s.io", kind, "", "widgets.example.com")

    failure = failure_of(key, error(422, "Invalid value: v1: must appear in spec.versions", cause))

    assert failure.reason is Reason.APPLY_FAILED
    assert [each for each in (DROPPED, REMOVED) if each in failure.message] == told


def test_who_may_not_impersonate_is_told_which_role_of_ours_says_whom_it_may():
    message = failure_of(KEY, CASES["no impersonation"][0]).message
    named = re.search(r"ClusterRole ([\w-]+),", message)
    roles = yaml.safe_load_all((ROOT / "manifests" / "restricted" / "follower.yaml").read_text())

    assert named is not None
    (role,) = (each for each in roles if (each["kind"], each["metadata"]["name"]) == ("ClusterRole", named[1]))
    assert any("impersonate" in rule["verbs"] for rule in role["rules"])
