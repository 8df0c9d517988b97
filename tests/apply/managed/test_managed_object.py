"""What is remembered of one owned object, and when it counts as drifted."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import HealthState, fieldset
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.observation import Observation, fingerprint, own_fields, writers_of

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
KEY = ObjectKey("", "ConfigMap", "team", "c")
OURS = {"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:x": {}}}}


def of(managers: list[dict[str, Any]]) -> bytes:
    """The fingerprint of an object with these managedFields."""
    return fingerprint(ObjectMeta({"managedFields": managers}).managers)


def entry(
    manager: str = "pattern-operator", operation: str = "Apply", fields: Any = None, **more: str
) -> dict[str, Any]:
    """An entry of managedFields, ours unless said otherwise."""
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": OURS if fields is None else fields,
        **more,
    }


def body(*managers: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    known = {"name": "c", "namespace": "team", "uid": "u", "resourceVersion": "7", "managedFields": list(managers)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": known | metadata}


def observed(*managers: dict[str, Any], **metadata: Any) -> Observation:
    return Observation.of(body(*managers, **metadata), key=KEY, now=NOW)


KUBECTL = entry("kubectl-edit", "Update", {"f:data": {"f:b": {}}}, time="2026-05-01T11:00:00Z")
JUDGED = entry("controller", "Update", {"f:status": {}}, subresource="status")
SCALED = entry("kubectl", "Update", {"f:spec": {"f:replicas": {}}}, subresource="scale")


@pytest.mark.parametrize(
    ("managers", "same"),
    [
        pytest.param([entry()], True, id="as it was"),
        pytest.param([entry(fields={"f:metadata": OURS["f:metadata"], "f:data": OURS["f:data"]})], True, id="in order"),
        pytest.param([KUBECTL, entry(time="2026-05-01T12:00:00Z"), SCALED], True, id="others have other fields"),
        pytest.param([entry(fields={"f:data": {"f:a": {}}})], False, id="somebody took a field"),
        pytest.param([entry(fields={**OURS, "f:data": {"f:a": {}, "f:b": {}}})], False, id="we have one more"),
    ],
)
def test_the_fingerprint_is_of_our_fields_alone(managers: list[dict[str, Any]], same: bool):
    assert (of(managers) == of([entry()])) is same


@pytest.mark.parametrize(
    "managers",
    [
        pytest.param([], id="nobody manages it"),
        pytest.param([{}], id="who manages it was wiped"),
        pytest.param([KUBECTL], id="others do"),
        pytest.param([entry(operation="Update")], id="we wrote it, and did not apply it"),
        pytest.param([entry(subresource="status")], id="we applied its status"),
    ],
)
def test_what_we_have_no_field_of_has_no_fingerprint(managers: list[dict[str, Any]]):
    assert of(managers) == b""


@given(fields=st.dictionaries(st.text(max_size=4), st.dictionaries(st.text(max_size=4), st.just({})), max_size=5))
def test_the_order_of_fields_does_not_matter(fields: dict[str, Any]):
    backwards = {name: dict(reversed(inner.items())) for name, inner in reversed(fields.items())}

    assert of([entry(fields=fields)]) == of([entry(fields=backwards)])


def test_fields_that_are_nested_deeper_than_any_writer_goes_have_a_fingerprint():
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"f:a": deep}

    assert of([entry(fields=deep)]) == of([entry(fields=deep)]) != b""
    assert of([entry(fields=deep)]) != of([entry(fields={"f:b": deep})])


AT = "2026-05-01T12:00:00Z"
LATER = "2026-05-01T12:00:01Z"


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        pytest.param({"managers": [entry(time=AT), KUBECTL, {**JUDGED, "time": LATER}]}, False, id="of its status"),
        pytest.param({"managers": [entry(time=AT), {**KUBECTL, "time": LATER}, JUDGED]}, True, id="by another"),
        pytest.param({"managers": [entry(time=LATER), KUBECTL, JUDGED]}, True, id="in our name"),
        pytest.param({"managers": [entry(time=AT, fields={}), KUBECTL, JUDGED]}, True, id="of our fields"),
        pytest.param({"generation": 2}, True, id="that its kind counts"),
    ],
)
def test_another_change_of_what_is_desired_has_other_writers(change: dict[str, Any], differs: bool):
    before = {"managers": [entry(time=AT), KUBECTL, JUDGED], "generation": 1}

    first, then = ({**before, **each} for each in ({}, change))

    assert (written(**first).writers != written(**then).writers) is differs
    assert writers_of(ObjectMeta.of(body(*then["managers"], generation=then["generation"]))) == written(**then).writers


@pytest.mark.parametrize(("generation", "differs"), [(1, False), (0, True)], ids=["it counts", "it counts none"])
def test_a_change_of_status_leaves_a_trail_only_where_a_kind_counts_no_generations(generation: int, differs: bool):
    first, then = (
        written(managers=[entry(time=AT), {**JUDGED, "time": time}], generation=generation) for time in (AT, LATER)
    )

    assert (first.trail != then.trail) is differs


def test_a_field_that_changes_hands_leaves_a_trail():
    taken = {**KUBECTL, "fieldsV1": OURS}

    assert written(managers=[entry(time=AT), KUBECTL]).trail != written(managers=[entry(time=AT), taken]).trail


def written(*, managers: list[dict[str, Any]], generation: int = 1) -> Observation:
    return observed(*managers, generation=generation)


@pytest.mark.parametrize(
    ("managers", "applied_at", "last"),
    [
        ([{**KUBECTL, "time": AT}, entry(time=LATER)], 1_777_636_801, True),
        ([{**KUBECTL, "time": AT}, entry(time=AT)], 1_777_636_800, True),
        ([{**KUBECTL, "time": LATER}, entry(time=AT)], 1_777_636_800, False),
        ([{**KUBECTL, "time": AT}], 0, False),
        ([], 0, True),
    ],
)
def test_when_our_apply_changed_an_object_last_is_known_by_our_own_entry(managers, applied_at: int, last: bool):
    found = observed(*managers)

    assert (found.applied_at, found.applied_last) == (applied_at, last)


TWO = {"f:data": {"f:a": {}, "f:b": {}}, "f:metadata": {"f:labels": {"f:x": {}}}, "f:spec": {"f:replicas": {}}}
LEFT = {"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:x": {}}}, "f:spec": {"f:replicas": {}}}  # without b
UNSCALED = {name: fields for name, fields in TWO.items() if name != "f:spec"}
ANNOTATED: dict[str, Any] = {"f:metadata": {"f:annotations": {"f:example.com/note": {}}}}


def by(name: str, fields: Any, second: int, **more: Any) -> dict[str, Any]:
    return entry(name, more.pop("operation", "Update"), fields, time=f"2026-05-01T12:00:{second:02}Z", **more)


WHO = [
    pytest.param([entry(fields=TWO)], "", id="nobody but us"),
    pytest.param([entry(fields=LEFT)], "", id="who removed it holds nothing"),
    pytest.param([entry(fields=LEFT), by("bystander", ANNOTATED, 9)], "", id="somebody else wrote something else"),
    pytest.param([entry(fields=LEFT), by("edit", {"f:data": {"f:b": {}}}, 1)], "edit", id="who holds it"),
    pytest.param(
        [entry(fields=LEFT), by("edit", {"f:data": {"f:b": {}}}, 1), by("bystander", ANNOTATED, 9)],
        "edit",
        id="who holds it, although another wrote later",
    ),
    pytest.param(
        [entry(fields=LEFT), by("edit", {"f:data": {"f:b": {}}}, 1), by("sharer", {"f:data": {"f:a": {}}}, 9)],
        "edit",
        id="who shares another field with us has not taken it",
    ),
    pytest.param(
        [entry(fields=LEFT), by("argocd", {"f:data": {"f:b": {}}}, 2, operation="Apply")], "argocd", id="by an apply"
    ),
    pytest.param(
        [entry(fields=UNSCALED), by("kubectl", {"f:spec": {"f:replicas": {}}}, 1, subresource="scale")],
        "kubectl",
        id="who scales it",
    ),
    pytest.param(
        [entry(fields=LEFT), by("judge", {"f:data": {"f:b": {}}}, 1, subresource="status")], "", id="of a status"
    ),
    pytest.param(
        [entry(fields=LEFT), by("pattern-operator", {"f:data": {"f:b": {}}}, 1)],
        "pattern-operator",
        id="somebody under our name",
    ),
    pytest.param([by("edit", TWO, 1)], "edit", id="who took all of it"),
    pytest.param(
        [entry(fields=LEFT), by("edit", {"f:data": {"f:b": {}}}, 1), by("argocd", {"f:data": {"f:b": {}}}, 2)],
        "argocd",
        id="of two who hold it, who wrote last",
    ),
    pytest.param(
        [
            entry(fields=LEFT),
            by("edit", {"f:data": {"f:b": {}}}, 20),
            *(by(f"old-{second}", {"f:data": {"f:b": {}}}, second) for second in range(10)),
        ],
        "edit",
        id="of very many, too",
    ),
    pytest.param(
        [
            entry(fields=LEFT),
            by("pattern-operator", {"f:data": {"f:b": {}}}, 1, operation="Apply", subresource="scale"),
        ],
        "",
        id="our own apply of a subresource",
    ),
]


@pytest.mark.parametrize("knows", [True, False], ids=["applied in this life", "after a restart"])
@pytest.mark.parametrize(("managers", "who"), WHO)
def test_who_changed_an_object_is_who_holds_now_what_was_ours(managers: list[dict[str, Any]], who: str, knows: bool):
    """Before, it was whoever wrote last, be it another field."""
    changed = ManagedObject(KEY, "o", observed(*managers), expected=True, desired=of([entry(fields=TWO)]))
    changed.field_hashes = fieldset.hashes_of(own_fields(body(entry(fields=TWO)))) if knows else b""

    assert changed.changed_by == who


def test_after_a_restart_who_holds_more_than_what_was_ours_is_not_proven_to_have_taken_it():
    more: dict[str, Any] = {"f:data": {"f:b": {}, "f:theirs": {}}}
    changed = ManagedObject(
        KEY, "o", observed(entry(fields=LEFT), by("edit", more, 1)), desired=of([entry(fields=TWO)])
    )
    unproven = changed.changed_by
    changed.field_hashes = fieldset.hashes_of(own_fields(body(entry(fields=TWO))))

    assert (unproven, changed.changed_by) == ("", "edit")


def test_what_people_ask_for_on_an_object_is_seen():
    annotations = {"pattern-operator.io/reconcile": "disabled", "pattern-operator.io/prune": "disabled"}
    other = {"pattern-operator.io/reconcile": "enabled", "pattern-operator.io/prune": "yes"}

    assert (observed(annotations=annotations).paused, bool(observed(annotations=annotations).retention)) == (True, True)
    assert (observed(annotations=other).paused, bool(observed(annotations=other).retention)) == (False, False)
    assert (
        observed(annotations=None, labels=None).paused,
        observed(labels={"pattern-operator.io/owner": "o"}).label,
    ) == (
        False,
        "o",
    )


def test_finalizers_are_kept_only_of_what_is_being_deleted():
    deleted = {"deletionTimestamp": "2026-05-01T11:00:00Z", "finalizers": ["example.com/held"]}

    assert observed(finalizers=["example.com/held"]).finalizers == ()
    assert (observed(**deleted).deleting, observed(**deleted).finalizers) == (True, ("example.com/held",))
    assert observed(**deleted).health.state is HealthState.TERMINATING


@pytest.mark.parametrize(
    ("fields", "named"), [(OURS, False), ({"f:data": {"f:b": {}}}, True)], ids=["what is ours, too", "another field"]
)
def test_only_who_holds_a_field_beside_ours_can_have_taken_one(fields: dict[str, Any], named: bool):
    found = observed(entry(), entry("kubectl", "Update", fields)).other_managers

    assert [each.name for each in found] == (["kubectl"] if named else [])


@pytest.mark.parametrize(
    ("version", "number"), [("12", 12), ("0", 0), ("", 0), (None, 0), ("a1b2", 0), ("-3", 0), ("1.5", 0)]
)
def test_a_version_is_a_number_or_says_nothing(version: str | None, number: int):
    assert ObjectMeta({"resourceVersion": version}).version == number


def test_an_object_without_a_number_for_a_version_can_be_seen():
    assert observed(resourceVersion="opaque").version == 0


def managed(**more: Any) -> ManagedObject:
    """An object that is as it was applied."""
    observation = observed(entry())
    return ManagedObject(KEY, "o", observation, expected=True, desired=observation.fingerprint, **more)


@pytest.mark.parametrize(
    ("change", "drifted"),
    [
        pytest.param({}, False, id="as it was applied"),
        pytest.param({"desired": b"another"}, True, id="a field of ours is gone"),
        pytest.param({"present": False}, True, id="the object is gone"),
        pytest.param({"desired": b"another", "expected": False}, False, id="nobody wants it"),
        pytest.param({"present": False, "expected": False}, False, id="nobody misses it"),
        pytest.param({"desired": None}, False, id="changes are welcome"),
        pytest.param({"desired": None, "present": False}, True, id="to be deleted is not a change"),
    ],
)
def test_what_counts_as_drift(change: dict[str, Any], drifted: bool):
    changed = managed()
    for name, value in change.items():
        setattr(changed, name, value)

    assert changed.drifted is drifted


@pytest.mark.parametrize(
    "asked", [pytest.param({"paused": True}, id="paused"), pytest.param({"deleting": True}, id="deleting")]
)
def test_who_is_to_be_let_be_does_not_drift_unless_it_is_gone(asked: dict[str, Any]):
    changed = managed()
    changed.desired, changed.observed = b"another", replace(changed.observed, **asked)

    assert not changed.drifted
    changed.present = False
    assert changed.drifted


def test_the_health_of_what_is_gone_is_that_it_is_gone():
    gone = managed(present=False)

    assert (gone.health.state, gone.health.message) == (HealthState.NOT_FOUND, "ConfigMap team/c: is gone")


@pytest.mark.parametrize(
    ("kind", "condition", "missed"),
    [
        pytest.param("Job", {"type": "Complete", "status": "True"}, False, id="done"),
        pytest.param("Job", {"type": "Failed", "status": "True"}, False, id="failed"),
        pytest.param("Job", {"type": "Complete", "status": "False"}, True, id="under way"),
        pytest.param("Workflow", {"type": "Complete", "status": "True"}, True, id="of another kind"),
    ],
)
def test_a_job_that_is_done_is_not_missed_when_it_goes(kind: str, condition: dict[str, str], missed: bool):
    key = ObjectKey("batch", kind, "team", "c")
    job = {**body(entry()), "apiVersion": "batch/v1", "kind": kind, "status": {"conditions": [condition]}}
    gone = ManagedObject(key, "o", Observation.of(job, key=key, now=NOW), expected=True, present=False)

    assert gone.drifted is missed
    failed = HealthState.FAILED if condition["type"] == "Failed" else HealthState.CURRENT
    assert gone.health.state is (HealthState.NOT_FOUND if missed else failed)


def test_a_thousand_healthy_objects_share_their_health():
    assert observed(entry()).health is observed(entry(), name="other").health


# --- what an answer to our apply says ---------------------------------------------------------------------------------

SHARED = entry("kubectl", "Apply", {"f:data": {"f:b": {}}})
REMAINING = RemainingField("kubectl", ".data.b", fieldset.hash_of(("f:data", "f:b")))


def applied(managed: ManagedObject, answer: Observation, *, fields: fieldset.Fields = OURS) -> None:
    managed.record_apply(answer, desired=answer.fingerprint, fields=fields, content=b"")


@pytest.mark.parametrize(
    ("seen_at", "present", "there"),
    [
        pytest.param("7", False, True, id="it went before"),
        pytest.param("9", False, False, id="it went since"),
        pytest.param(None, False, True, id="its server counts no versions"),
        pytest.param("7", True, True, id="it is there"),
    ],
)
def test_the_newest_that_is_known_stays_whether_an_answer_or_a_watch_told_it(
    seen_at: str | None, present: bool, there: bool
):
    managed = ManagedObject(KEY, "web", observed(resourceVersion=seen_at), present=present)
    managed.deleted_version = managed.observed.version
    answer = observed(entry(), resourceVersion="8" if seen_at else None, labels={OWNER_LABEL: "web"})

    applied(managed, answer)

    assert managed.present is there
    assert managed.carries_label_of("web") is there


def test_the_fields_that_somebody_reverts_are_those_of_the_last_repair():
    managed = ManagedObject(KEY, "web", observed(entry()), fields_before_drift={"f:data": {}})

    applied(managed, observed(entry(), resourceVersion="8"))
    repaired = managed.reverted_fields
    applied(managed, observed(entry(), resourceVersion="9"), fields={"f:data": {"f:anew": {}}})

    assert repaired == (".data.a", ".metadata.labels.x")
    assert managed.reverted_fields == repaired


def test_a_field_that_left_and_stays_is_told_as_long_as_the_object_is_there():
    managed = ManagedObject(KEY, "web", observed(entry(), SHARED), left_behind=(REMAINING,))

    there = managed.remaining
    managed.record_deletion(8)

    assert (there, managed.remaining) == ((REMAINING,), ())


def test_what_left_its_pattern_and_comes_back_is_not_taken_for_not_sent():
    managed = ManagedObject(KEY, "web", observed(entry()), expected=True, pending=True, untracked=True)
    before = managed.drifted

    managed.stop_expecting()
    managed.expected = True

    assert (before, managed.drifted) == (True, False)
    managed.desired = managed.observed.fingerprint
    assert not managed.is_to_compare
