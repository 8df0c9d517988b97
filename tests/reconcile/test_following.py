"""What runs is followed, as far as its kinds can be asked."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.reconcile.pattern import NEWER, NOW, REVISION, pattern

from pattern_operator.api.condition import Condition
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import Health, HealthState
from pattern_operator.apply.finished import FinishState, RunRecord
from pattern_operator.kube import ApiUnavailable, KindNotFound, Resource
from pattern_operator.kube.errors import GroupUnavailable
from pattern_operator.reconcile.comparison import Comparison, packed, unpacked
from pattern_operator.reconcile.following import follow_inventory, is_new, see_health, see_what_runs
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.status import ahead

ENTRIES = tuple(
    InventoryEntry(id=each, v="v1")
    for each in (
        "team_a_down.example_Load",
        "team_b_down.example_Load",
        "team_c_gone.example_Ghost",
        "team_d_slow.example_Snail",
        "team_e__ConfigMap",
    )
)


class Rim:
    """Knows ConfigMaps; every other kind fails in a way of its own."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.expected: list[ObjectKey] = []
        self.discovery = SimpleNamespace(find=self._find)
        self.missed: list[ObjectKey] = []
        self.compared: list[tuple[str, bytes]] = []
        self.managed_objects = SimpleNamespace(
            ready=self._ready,
            expect=lambda key, owner: self.expected.append(key),
            mark_missing=lambda key, owner: self.missed.append(key),
            restore=lambda key, owner, known: self.compared.append((key.name, known)),
            is_terminating=lambda _: False,
        )

    async def _find(self, *, group: str, kind: str) -> Resource:
        self.asked.append(kind)
        if group == "down.example":
            raise GroupUnavailable(group)
        if group == "gone.example":
            raise KindNotFound(group=group, version=None, kind=kind)
        if group == "slow.example":
            raise ApiUnavailable(code=503, reason="ServiceUnavailable", message="it is not there")
        return Resource(group, "v1", kind, f"{kind.lower()}s", namespaced=True)

    async def _ready(self, _: Resource) -> None:
        return


async def test_a_kind_that_cannot_be_asked_costs_its_own_objects_alone():
    rim: Any = Rim()
    followed = pattern(status=Status(inventory=Inventory(entries=ENTRIES)))

    await follow_inventory(followed, rim=rim)

    assert [each.name for each in rim.expected] == ["e"]
    assert sorted(rim.asked) == ["ConfigMap", "Ghost", "Load", "Snail"]  # each kind once


async def test_an_inventory_that_cannot_be_read_is_not_followed():
    rim: Any = Rim()
    broken = pattern(status=Status(inventory=Inventory(entries=(InventoryEntry(id="nonsense", v="v1"),))))

    await follow_inventory(broken, rim=rim)

    assert rim.asked == []


def condition(kind: str, status: str, reason: str) -> Condition:
    moment = "2026-11-25T12:00:00Z"
    return Condition(type=kind, status=status, reason=reason, message="", last_transition_time=moment)


MIXED = tuple(
    InventoryEntry(id=each, v="v1")
    for each in ("team_a__ConfigMap", "team_done_batch_Job", "team_once__Pod", "team_web_apps_Deployment")
)


@pytest.mark.parametrize(
    ("applied", "missed"),
    [
        (condition("Applied", "True", "Succeeded"), ["a", "web"]),
        (condition("Applied", "True", "Drifted"), ["a", "web"]),
        (condition("Applied", "Unknown", "Progressing"), []),  # named ahead, and maybe never made
        (condition("Applied", "Unknown", "Pruning"), []),  # named, and maybe gone as it should
        (condition("Applied", "False", "ApplyFailed"), []),
    ],
)
async def test_of_what_was_applied_whole_each_missing_object_counts_but_those_that_end_by_themselves(applied, missed):
    rim: Any = Rim()
    status = Status(revision=str(REVISION), conditions=(applied,), inventory=Inventory(entries=MIXED))

    await follow_inventory(pattern(status=status), rim=rim)

    assert [each.name for each in rim.missed] == missed


async def test_each_object_is_compared_with_what_it_was_like_when_it_was_applied():
    rim: Any = Rim()
    ids = {each.id.split("_")[1]: each.id for each in MIXED}
    known = Comparison("digest", {ids["a"]: b"aaaaaaaa", ids["done"]: bytes(RunRecord(FinishState.SUCCEEDED, b"job"))})
    status = Status(
        revision=str(REVISION),
        conditions=(condition("Applied", "True", "Succeeded"),),
        inventory=Inventory(entries=MIXED),
        fingerprints=packed(known, MIXED),
    )

    await follow_inventory(pattern(status=status), rim=rim)

    assert sorted(rim.compared) == [
        ("a", b"aaaaaaaa"),
        ("done", bytes(RunRecord(FinishState.SUCCEEDED, b"job"))),
        ("once", b""),
    ]
    assert rim.missed == []


async def test_of_what_is_on_its_way_only_the_marks_of_what_ends_by_itself_are_known():
    rim: Any = Rim()
    ids = {each.id.split("_")[1]: each.id for each in MIXED}
    running, done = (
        bytes(RunRecord(FinishState.RUNNING_EPHEMERAL, b"pod")),
        bytes(RunRecord(FinishState.SUCCEEDED, b"job")),
    )
    known = Comparison("digest", {ids["a"]: b"aaaaaaaa", ids["done"]: done, ids["once"]: running})
    whole = Status(revision=str(REVISION), inventory=Inventory(entries=MIXED), fingerprints=packed(known, MIXED))
    entries = (*MIXED, InventoryEntry(id="team_z__ConfigMap", v="v1"))

    planned = ahead(pattern(status=whole), entries, revision=NEWER, now=NOW)
    again = ahead(pattern(status=planned), MIXED, revision=NEWER, now=NOW)
    await follow_inventory(pattern(status=again), rim=rim)

    assert sorted(rim.compared) == [("done", done), ("once", running)]
    assert rim.missed == []
    assert unpacked(planned) == Comparison("", {ids["done"]: done, ids["once"]: running})


def test_only_a_pattern_with_objects_that_nothing_is_known_of_is_new():
    owns, owns_none = pattern(status=Status(inventory=Inventory(entries=MIXED))), pattern()

    assert is_new(owns, Memory())
    assert not is_new(owns, Memory(followed=True))
    assert not is_new(owns_none, Memory())


class Seen:
    """ManagedObjects of one health, and a clock."""

    def __init__(self) -> None:
        self.state, self.now, self.any = HealthState.CURRENT, 0.0, True
        self.managed_objects = self

    def clock(self) -> float:
        return self.now

    def conflicts(self, _: str) -> tuple[str, ...]:
        return ()

    def all_drifted(self, _: str) -> frozenset[ObjectKey]:
        return frozenset({ObjectKey("", "ConfigMap", "team", "a")})

    def get(self, _: ObjectKey) -> None:
        return None

    def health(self, _: str) -> Health:
        return Health(self.state, "it is so")

    def expects_any(self, _: str) -> bool:
        return self.any


def overdue(rim: Any, memory: Memory) -> bool:
    made = Progress()
    see_health(pattern(spec={"timeout": "1m"}), memory=memory, rim=rim, progress=made)
    return made.overdue


def test_a_crash_a_week_after_a_rollout_has_the_whole_time():
    rim, memory = Seen(), Memory()
    overdue(rim, memory)

    rim.now, rim.state = 604_800.0, HealthState.IN_PROGRESS
    at_once = overdue(rim, memory)
    rim.now += 59.0
    later = overdue(rim, memory)
    rim.now += 1.0

    assert (at_once, later, overdue(rim, memory)) == (False, False, True)


def test_after_it_was_healthy_again_the_time_begins_anew():
    rim, memory = Seen(), Memory()
    rim.state = HealthState.IN_PROGRESS
    overdue(rim, memory)
    rim.now, rim.state = 50.0, HealthState.CURRENT
    overdue(rim, memory)

    rim.now, rim.state = 70.0, HealthState.IN_PROGRESS

    assert not overdue(rim, memory)


def test_what_fails_and_starts_by_turns_is_not_given_new_time_each_time():
    rim, memory = Seen(), Memory()
    for second in range(60):
        rim.now, rim.state = float(second), (HealthState.FAILED, HealthState.IN_PROGRESS)[second % 2]
        overdue(rim, memory)
    rim.now = 60.0

    assert overdue(rim, memory)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({}, ()),
        ({"apply": {"driftPolicy": "Report"}}, ("ConfigMap team/a was deleted, or lost its owner label",)),
        ({"suspend": True}, ("ConfigMap team/a was deleted, or lost its owner label",)),
    ],
)
def test_drift_is_told_where_it_is_left(spec: dict[str, Any], told: tuple[str, ...]):
    rim, made = Seen(), Progress()

    see_health(pattern(spec=spec), memory=Memory(), rim=rim, progress=made)

    assert made.drifted == told


def test_where_no_object_could_be_followed_nothing_is_said_of_health():
    rim, made = Seen(), Progress()
    rim.any = False

    see_what_runs(pattern(), memory=Memory(), rim=rim, progress=made)

    assert made.health is None
