"""What left a pattern: kept in the inventory until it has gone, a step a run, and in nobody's way."""

from typing import Any

import pytest
from tests.kube.fake_session import FakeSession
from tests.reconcile.pattern import LATER, NOW, REVISION, pattern, results

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import ApplyFailure, Owner, PruneResult, inventory, prune
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.need import RightsNeeded
from pattern_operator.errors import Transient
from pattern_operator.kube.kind_existence import Definitions
from pattern_operator.reconcile import pruning, status
from pattern_operator.reconcile.results import Leaving, PrunedObjects

STAY = InventoryEntry(id="team_stay__ConfigMap", v="v1")
HELD = InventoryEntry(id="team_first_example.com_Widget", v="v1")
CONTROLLER = InventoryEntry(id="team_web_apps_Deployment", v="v1")
ALL = (HELD, STAY, CONTROLLER)
AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="registry.example does not answer; it is retried.")


class Cluster:
    """A deleter and the managed objects: what is ``held`` goes on going, what is ``refused`` cannot be deleted."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.refused: set[str] = set()
        self.asked: list[str] = []
        self.watched = True
        self.released: set[ObjectKey] = set()

    def definitions(self) -> Definitions:
        return Definitions(FakeSession())

    async def delete_all(self, entries: Any, **_: Any) -> list[Deletion]:
        return [self._remove(each) for each in entries]

    def _remove(self, entry: InventoryEntry) -> Deletion:
        self.asked.append(entry.id)
        key = inventory.key_of(entry)
        if entry.id in self.held:
            return Deletion(
                entry,
                key,
                DeletionOutcome.TERMINATING,
                "is being deleted, held by the finalizers x",
                watched=self.watched,
            )
        if entry.id in self.refused:
            return Deletion(entry, key, DeletionOutcome.FAILED, "no", ApplyFailure(key, Reason.PRUNE_FAILED, "no"))
        return Deletion(entry, key, DeletionOutcome.DELETED)

    def drifted(self, _: str) -> tuple[ObjectKey, ...]:
        return ()

    def get(self, _: ObjectKey) -> None:
        return None

    def is_known_absent(self, _: ObjectKey) -> bool:
        return True

    def release(self, keys: Any, *, owner: str) -> None:
        self.released |= set(keys)

    @property
    def managed(self) -> Any:
        return self

    async def blocking_admission(self, *_: Any) -> frozenset[ObjectKey]:
        return frozenset()

    async def prune(self, _: DesignPattern, entries: Any) -> PruneResult:
        return await prune(entries, owner=Owner("u-1", "team", "web"), deleter=self)  # type: ignore[arg-type] # a stand-in


def owning(*entries: InventoryEntry, prune: bool = True) -> DesignPattern:
    found = Status(revision=str(REVISION), inventory=Inventory(count=len(entries), entries=entries))
    return pattern(status=found, spec={"apply": {"prune": prune}})


async def begun(cluster: Cluster, *, prune: bool = True) -> PrunedObjects:
    return await pruning.start(owning(*ALL, prune=prune), inventory.union(ALL, ()), (STAY,), port=cluster)


async def test_what_goes_and_what_goes_after_it_stays_in_the_inventory_and_counts_for_health_no_more():
    cluster = Cluster()
    cluster.held = {HELD.id}

    made = await begun(cluster)

    assert made.inventory == inventory.union(ALL, ())
    assert set(made.leaving.pending) == {HELD, CONTROLLER}
    assert cluster.asked == [HELD.id]
    assert cluster.released == {inventory.key_of(HELD), inventory.key_of(CONTROLLER)}
    assert made.leaving.has_pending([inventory.key_of(STAY), inventory.key_of(HELD)])
    assert not made.leaving.has_pending([inventory.key_of(STAY)])


async def test_a_later_run_takes_out_what_has_gone_even_where_the_status_of_the_last_was_not_written():
    cluster = Cluster()
    cluster.held = {HELD.id}
    begin = await begun(cluster)
    cluster.held = set()

    first = await pruning.advance(owning(*ALL), begin.leaving, ALL, port=cluster)
    asked = len(cluster.asked)
    second = await pruning.advance(owning(*ALL), first.leaving, ALL, port=cluster)

    assert first.inventory == second.inventory == (STAY,)
    assert {key.display_name for key in first.changes.pruned} == {
        "Widget.example.com team/first",
        "Deployment.apps team/web",
    }
    assert len(cluster.asked) == asked
    assert second.leaving.message == ""


async def test_where_all_is_written_there_is_nothing_to_say():
    cluster = Cluster()
    begin = await begun(cluster)

    made = await pruning.advance(owning(STAY), begin.leaving, (STAY,), port=cluster)

    assert made == PrunedObjects(leaving=Leaving())


async def test_a_pattern_that_prunes_nothing_lets_go_at_once():
    cluster = Cluster()

    made = await begun(cluster, prune=False)

    assert (made.inventory, cluster.asked, made.leaving.pending) == ((STAY,), [], ())


async def test_what_cannot_be_deleted_fails_the_run_and_keeps_the_rest():
    cluster = Cluster()
    cluster.refused = {HELD.id}

    made = await begun(cluster)

    assert isinstance(made.error, Transient)
    assert made.error.reason is Reason.PRUNE_FAILED
    assert made.inventory == inventory.union(ALL, ())
    assert made.failed == {inventory.key_of(HELD)}


async def test_what_no_watch_tells_of_is_looked_at_again_by_time():
    cluster = Cluster()
    cluster.held, cluster.watched = {HELD.id}, False

    assert (await begun(cluster)).unwatched


# --- status -------------------------------------------------------------------------------------------------------

APPLIED = f"applied {REVISION.display_name} with the operator's own rights"
GOING = Leaving((HELD, CONTROLLER), (), "2 objects that left the pattern are not gone yet: Widget: is being deleted.")


def said(found: Status) -> dict[str, tuple[str, str, str]]:
    return {each.type: (each.status, each.reason, each.message) for each in found.conditions}


def test_what_is_still_going_leaves_what_is_wanted_ready_and_applied_unknown():
    found = said(status.after(pattern(), results(inventory=ALL, leaving=GOING), now=NOW))

    words = GOING.message.removesuffix(".")
    assert found["Ready"] == ("True", "Ready", f"{REVISION.display_name} runs: 1 object; {words}")
    assert found["Applied"] == ("Unknown", "Pruning", f"{APPLIED}; {words}")
    assert "Reconciling" not in found


def test_once_it_has_gone_all_is_applied_also_where_something_newer_fails():
    before = pattern(status=status.after(pattern(), results(inventory=ALL, leaving=GOING), now=NOW))
    gone = {"inventory": (STAY,), "leaving": Leaving((), ALL)}
    at_source = {"stage": Stage.SOURCE, "failure": AWAY, "applied": False, "verification": None, "rendering": None}

    whole = said(status.after(before, results(**gone), now=LATER))
    failed = said(status.after(before, results(**gone, **at_source), now=LATER))
    unseen = said(status.after(before, results(**at_source, inventory=None), now=LATER))

    assert whole["Applied"] == ("True", "Succeeded", APPLIED)
    assert whole["Ready"][2] == f"{REVISION.display_name} runs: 1 object"
    assert failed["Applied"][:2] == ("True", "Succeeded")
    assert unseen["Applied"][1] == "Pruning"  # nobody looked


async def test_where_the_spec_prunes_nothing_nothing_is_cleared_out_of_the_way():
    cluster = Cluster()
    cluster.blocking_admission = raising  # type: ignore[method-assign]

    gone = await pruning.clear_the_way(owning(*ALL, prune=False), ALL, (STAY,), said=("no",), port=cluster)

    assert (gone, cluster.asked) == ((), [])


async def test_where_nothing_is_in_the_way_nothing_is_cleared():
    cluster = Cluster()

    assert await pruning.clear_the_way(owning(*ALL), ALL, (STAY,), said=("no",), port=cluster) == ()
    assert cluster.asked == []


async def raising(*_: Any) -> frozenset[ObjectKey]:
    raise AssertionError("nothing was to be asked")


async def test_what_drifted_counts_for_health_unless_its_kind_has_another_scope_now(monkeypatch: pytest.MonkeyPatch):
    cluster, elsewhere = Cluster(), ObjectKey("", "ConfigMap", "", "stay")
    monkeypatch.setattr(cluster, "drifted", lambda _: (elsewhere, inventory.key_of(STAY)))

    await pruning.start(owning(STAY), (STAY,), (STAY,), port=cluster)

    assert cluster.released == {elsewhere}


async def test_only_what_is_in_the_way_is_cleared_and_counts_for_health_no_more(monkeypatch: pytest.MonkeyPatch):
    cluster, blocking = Cluster(), inventory.key_of(CONTROLLER)

    async def found(*_: Any) -> frozenset[ObjectKey]:
        return frozenset({blocking})

    monkeypatch.setattr(cluster, "blocking_admission", found)

    gone = await pruning.clear_the_way(owning(*ALL), ALL, (STAY,), said=("no",), port=cluster)

    assert (gone, cluster.asked, cluster.released) == ((blocking,), [CONTROLLER.id], {blocking})


async def test_what_cannot_be_deleted_waits_for_what_it_needs(monkeypatch: pytest.MonkeyPatch):
    cluster, key = Cluster(), inventory.key_of(HELD)
    need = RightsNeeded("team")
    failures = (
        ApplyFailure(key, Reason.FORBIDDEN, "may not", need=need),
        ApplyFailure(inventory.key_of(CONTROLLER), Reason.PRUNE_FAILED, "no"),
    )

    async def refuse(*_: Any) -> PruneResult:
        return PruneResult(failures=failures, remaining=(HELD, CONTROLLER))

    monkeypatch.setattr(cluster, "prune", refuse)

    assert (await begun(cluster)).needs == {need}
