"""What a whole apply does not send, by the drift policy, by what is known and by what was asked for."""

from collections.abc import Collection
from typing import Any

import msgspec
import pytest
from tests.apply.harness import config_map
from tests.reconcile.pattern import KEYS, NEWER, NOW, REVISION, moved_to, pattern, results

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Status
from pattern_operator.apply import ApplyFailure, DriftState, ManagedObjects, inventory
from pattern_operator.reconcile import status
from pattern_operator.reconcile.comparison import Comparison, Sent
from pattern_operator.reconcile.unchanged import unchanged

SAME, OTHER, UNKNOWN = DriftState.IN_SYNC, DriftState.DRIFTED, DriftState.UNKNOWN
OBJECTS = tuple(config_map(name, "team") for name in ("as-applied", "drifted", "unknown"))
ENTRIES = inventory.entries_of(OBJECTS)
OWNED = inventory.keys(ENTRIES)
EACH = b"of each"
REPORT = {"apply": {"driftPolicy": "Report"}}


class Standing(ManagedObjects):
    """Knows of each object how it stands, which one is ``owed`` an update, and which have no answer."""

    def __init__(self, owed: str, sent: bytes, unanswered: Collection[str]) -> None:
        self.owed, self.sent, self.unanswered = owed, sent, unanswered
        self.states = dict(zip((each.key.name for each in OBJECTS), (SAME, OTHER, UNKNOWN), strict=True))

    def drift_state(self, key: ObjectKey, *, owner: str) -> DriftState:
        return self.states.get(key.name, UNKNOWN)

    def is_pending(self, key: ObjectKey, *, owner: str) -> bool:
        return key.name == self.owed

    def is_unanswered(self, key: ObjectKey, *, owner: str) -> bool:
        return key.name in self.unanswered

    def is_as_sent(self, key: ObjectKey, *, owner: str, sent: bytes) -> bool:
        return self.states.get(key.name) is SAME and sent == self.sent


class Cluster:
    """Says of each object how it stands, and learns of an unknown one by a dry run."""

    def __init__(
        self,
        *,
        learns: DriftState = SAME,
        fails: bool = False,
        is_pending: str = "",
        sent: bytes = b"",
        unanswered: Collection[str] = (),
    ) -> None:
        self.learns, self.fails = learns, fails
        self.dry_runs: list[str] = []
        self._standing = Standing(is_pending, sent, unanswered)

    @property
    def managed(self) -> ManagedObjects:
        return self._standing

    async def compare(self, _: DesignPattern, objects: Collection[Object]) -> tuple[ApplyFailure, ...]:
        self.dry_runs += [each.key.name for each in objects]
        if self.fails:
            return tuple(ApplyFailure(each.key, Reason.FORBIDDEN, "may not") for each in objects)
        self._standing.states |= {each.key.name: self.learns for each in objects}
        return ()


def applied(spec: dict[str, Any]) -> Status:
    """The status once all objects were applied, when ``sent`` stood for them."""
    known = Comparison("sent", dict.fromkeys((each.id for each in ENTRIES), b"12345678"))
    return status.after(pattern(spec=spec), results(inventory=ENTRIES, comparison=known), now=NOW)


async def left(cluster: Any, spec: dict[str, Any], *, found: Status | None = None, **more: Any) -> list[str]:
    """The names of the objects that are not sent."""
    known = {"policy": more.pop("policy", KEYS), "asked": more.pop("again", False)}
    asked = pattern(status=found or applied(more.pop("before", spec)), spec=spec)
    sent = Sent(more.pop("sent", "sent"), {each.key: EACH for each in OBJECTS})
    wanted: dict[str, Any] = {"sent": sent, "owned": OWNED, "revision": REVISION, **more}
    found_out = await unchanged(asked, OBJECTS, port=cluster, **known, **wanted)
    return sorted(key.name for key in found_out.keys)


async def test_after_a_restart_what_is_as_it_was_applied_is_not_sent():
    assert await left(Cluster(), {}) == ["as-applied"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"again": True}, id="somebody asked for it"),
        pytest.param({"sent": "another"}, id="another content"),
        pytest.param({"sent": ""}, id="content that is not known"),
        pytest.param({"revision": NEWER}, id="another revision"),
        pytest.param({"policy": "other-keys"}, id="other keys"),
        pytest.param({"before": moved_to("0.9.0")}, id="another spec"),
        pytest.param({"before": {"apply": {"serviceAccountName": "another"}}}, id="another account"),
        pytest.param({"found": Status()}, id="the first apply"),
    ],
)
async def test_whatever_is_new_or_asked_for_is_sent_whole_where_nobody_knows_what_was_sent(change: dict[str, Any]):
    assert await left(Cluster(), {}, **change) == []


@pytest.mark.parametrize("spec", [{}, REPORT], ids=["Repair", "Report"])
@pytest.mark.parametrize(
    "change",
    [{"sent": "another"}, {"sent": ""}, {"revision": NEWER, "sent": "another"}, {"policy": "other-keys"}],
    ids=["another object is changed", "another one cannot be sent", "another revision", "other keys"],
)
async def test_an_update_does_not_send_what_is_as_it_was_sent(change: dict[str, Any], spec: dict[str, Any]):
    assert "as-applied" in await left(Cluster(sent=EACH), spec, **change)


@pytest.mark.parametrize("spec", [{}, REPORT], ids=["Repair", "Report"])
async def test_an_update_sends_what_was_sent_otherwise(spec: dict[str, Any]):
    cluster = Cluster(sent=b"of another content, account or rule")

    assert await left(cluster, spec, sent="another", revision=NEWER) == []


async def test_an_update_sends_what_drifted_or_is_not_known_whatever_was_sent_before():
    assert await left(Cluster(sent=EACH), {}, sent="another") == ["as-applied"]


@pytest.mark.parametrize("spec", [{}, REPORT], ids=["Repair", "Report"])
@pytest.mark.parametrize("again", [False, True], ids=["by itself", "somebody asked for it"])
async def test_what_a_request_without_an_answer_may_have_changed_is_sent_whatever_is_known_of_it(spec, again: bool):
    every = [each.key.name for each in OBJECTS]
    cluster = Cluster(sent=EACH, unanswered=every)

    assert await left(cluster, spec, again=again) == []
    assert cluster.dry_runs == []


async def test_who_asks_for_it_has_all_sent_again():
    assert await left(Cluster(sent=EACH), {}, again=True) == []


@pytest.mark.parametrize(
    ("cluster", "change", "same"),
    [
        pytest.param(Cluster(), {}, ["as-applied"], id="after a restart"),
        pytest.param(Cluster(), {"sent": "another"}, [], id="an update of what nobody knows"),
        pytest.param(Cluster(sent=EACH), {"sent": "another"}, ["as-applied"], id="an update of what is known"),
    ],
)
async def test_what_is_known_to_be_as_it_would_be_sent_is_told(
    cluster: Cluster, change: dict[str, str], same: list[str]
):
    sent = Sent(change.get("sent", "sent"), {each.key: EACH for each in OBJECTS})
    known: dict[str, Any] = {"owned": OWNED, "revision": REVISION, "policy": KEYS, "asked": False, "port": cluster}

    found = await unchanged(pattern(status=applied({})), OBJECTS, sent=sent, **known)

    assert sorted(key.name for key in found.same) == same


async def test_in_report_mode_what_drifted_is_left_and_not_taken_for_what_would_be_sent():
    sent = Sent("sent", {each.key: EACH for each in OBJECTS})
    known: dict[str, Any] = {"owned": OWNED, "revision": REVISION, "policy": KEYS, "asked": False}

    found = await unchanged(
        pattern(status=applied(REPORT), spec=REPORT), OBJECTS, sent=sent, port=Cluster(learns=OTHER, sent=EACH), **known
    )

    assert {key.name for key in found.keys} == {"as-applied", "drifted", "unknown"}
    assert {key.name for key in found.same} == {"as-applied"}


@pytest.mark.parametrize("change", [{}, {"again": True}], ids=["a restart", "a request"])
async def test_in_report_mode_what_drifted_is_not_sent_either(change: dict[str, Any]):
    cluster = Cluster(learns=OTHER)

    assert await left(cluster, REPORT, **change) == ["as-applied", "drifted", "unknown"]
    assert cluster.dry_runs == (["drifted", "unknown"] if change else ["unknown"])


@pytest.mark.parametrize("sent", ["sent", "another"])
async def test_in_report_mode_what_missed_an_update_is_sent_all_the_same(sent: str):
    assert "drifted" not in await left(Cluster(is_pending="drifted"), REPORT, sent=sent)


async def test_in_report_mode_a_status_without_fingerprints_is_compared_by_dry_runs():
    cluster = Cluster()
    old = msgspec.structs.replace(applied(REPORT), fingerprints="")

    assert await left(cluster, REPORT, found=old) == ["as-applied", "drifted", "unknown"]


async def test_in_report_mode_an_operator_that_renders_anew_sends_all_but_what_drifted():
    assert await left(Cluster(), REPORT, sent="another") == ["drifted"]
    assert await left(Cluster(learns=UNKNOWN), REPORT, sent="another") == ["drifted", "unknown"]


async def test_in_report_mode_another_option_leaves_what_drifted_and_is_tried_on_the_rest():
    before = {"apply": {"driftPolicy": "Report", "serviceAccountName": "another"}}

    assert await left(Cluster(), REPORT, before=before) == ["drifted"]


async def test_in_report_mode_an_object_of_a_kind_that_nobody_can_watch_is_not_sent():
    assert await left(Cluster(learns=UNKNOWN), REPORT) == ["as-applied", "drifted", "unknown"]


async def test_in_report_mode_a_new_version_is_sent_whole():
    cluster = Cluster()

    assert await left(cluster, REPORT, revision=NEWER, sent="another") == []
    assert cluster.dry_runs == []


async def test_what_could_not_be_compared_is_left_and_said():
    asked = pattern(status=applied(REPORT), spec=REPORT)

    found = await unchanged(
        asked,
        OBJECTS,
        sent=Sent("sent"),
        owned=OWNED,
        revision=REVISION,
        policy=KEYS,
        asked=False,
        port=Cluster(fails=True),
    )

    assert {key.name for key in found.keys} == {"as-applied", "drifted", "unknown"}
    assert found.notes == ("ConfigMap team/unknown could not be compared: may not",)


async def test_an_object_that_the_pattern_never_owned_is_sent():
    assert await left(Cluster(), REPORT, owned=frozenset()) == []


@pytest.mark.parametrize(
    ("kind", "names"),
    [("ConfigMap", ["as-applied", "drifted", "unknown"]), ("Secret", ["drifted"])],
)
async def test_in_report_mode_what_was_made_with_a_secret_is_sent_as_nobody_knows_what_was(kind: str, names: list[str]):
    spec = {**REPORT, "render": {"valuesFrom": [{"kind": kind, "name": "values"}]}}
    found = msgspec.structs.replace(applied(spec), fingerprints="")

    assert await left(Cluster(learns=SAME), spec, found=found, sent="of other values") == names


@pytest.mark.parametrize(("kind", "kept"), [("ConfigMap", True), ("Secret", False)])
def test_status_has_no_digest_of_what_was_made_with_a_secret(kind: str, kept: bool):
    found = applied({"render": {"valuesFrom": [{"kind": kind, "name": "values"}]}})

    assert bool(found.fingerprints) is kept
