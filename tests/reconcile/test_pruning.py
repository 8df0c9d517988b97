"""What left a pattern: kept in the inventory until it has gone, a step a run, and in nobody's way."""

from types import SimpleNamespace
from typing import Any

from tests.reconcile.pattern import LATER, NOW, REVISION, pattern, progress

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import ApplyFailure, inventory
from pattern_operator.apply.delete import Deletion, DeletionOutcome
from pattern_operator.errors import Transient
from pattern_operator.reconcile import pruning, status
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.progress import Progress, PruneState
from pattern_operator.reconcile.tenancy import Tenancy

STAY = InventoryEntry(id="team_stay__ConfigMap", v="v1")
HELD = InventoryEntry(id="team_first_example.com_Widget", v="v1")
CONTROLLER = InventoryEntry(id="team_web_apps_Deployment", v="v1")
ALL = (HELD, STAY, CONTROLLER)
AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="registry.example does not answer; it is asked again.")


class Cluster:
    """A deleter and the managed objects: what is ``held`` goes on going, what is ``refused`` cannot be deleted."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.refused: set[str] = set()
        self.asked: list[str] = []
        self.watched = True
        self.released: set[ObjectKey] = set()

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
    def rim(self) -> Any:
        return SimpleNamespace(deleter=self, managed_objects=self, tenancy=Tenancy())


def owning(*entries: InventoryEntry, prune: bool = True) -> DesignPattern:
    found = Status(revision=str(REVISION), inventory=Inventory(count=len(entries), entries=entries))
    return pattern(status=found, spec={"apply": {"prune": prune}})


async def begun(cluster: Cluster, *, prune: bool = True) -> tuple[Memory, Progress]:
    memory, made = Memory(), Progress()
    what = owning(*ALL, prune=prune)
    await pruning.start(what, inventory.union(ALL, ()), (STAY,), memory=memory, rim=cluster.rim, progress=made)
    return memory, made


async def test_what_goes_and_what_goes_after_it_stays_in_the_inventory_and_counts_for_health_no_more():
    cluster = Cluster()
    cluster.held = {HELD.id}

    memory, made = await begun(cluster)

    assert made.inventory == inventory.union(ALL, ())
    assert set(memory.prune_state.pending) == {HELD, CONTROLLER}
    assert cluster.asked == [HELD.id]
    assert cluster.released == {inventory.key_of(HELD), inventory.key_of(CONTROLLER)}
    assert memory.prune_state.has_pending([inventory.key_of(STAY), inventory.key_of(HELD)])
    assert not memory.prune_state.has_pending([inventory.key_of(STAY)])


async def test_a_later_run_takes_out_what_has_gone_even_where_the_status_of_the_last_was_not_written():
    cluster = Cluster()
    cluster.held = {HELD.id}
    memory, _ = await begun(cluster)
    cluster.held = set()

    first, second = Progress(), Progress()
    await pruning.advance(owning(*ALL), memory=memory, rim=cluster.rim, progress=first)
    asked = len(cluster.asked)
    await pruning.advance(owning(*ALL), memory=memory, rim=cluster.rim, progress=second)

    assert first.inventory == second.inventory == (STAY,)
    assert len(cluster.asked) == asked
    assert second.prune_state is not None
    assert second.prune_state.message == ""


async def test_where_all_is_written_there_is_nothing_to_say():
    cluster = Cluster()
    memory, _ = await begun(cluster)
    made = Progress()

    await pruning.advance(owning(STAY), memory=memory, rim=cluster.rim, progress=made)

    assert made.inventory is None
    assert memory.prune_state == PruneState()


async def test_a_pattern_that_prunes_nothing_lets_go_at_once():
    cluster = Cluster()

    memory, made = await begun(cluster, prune=False)

    assert (made.inventory, cluster.asked, memory.prune_state.pending) == ((STAY,), [], ())


async def test_what_cannot_be_deleted_fails_the_run_and_keeps_the_rest():
    cluster = Cluster()
    cluster.refused = {HELD.id}
    memory, made = Memory(), Progress()

    try:
        await pruning.start(owning(*ALL), ALL, (STAY,), memory=memory, rim=cluster.rim, progress=made)
    except Transient as error:
        assert error.reason is Reason.PRUNE_FAILED
    else:
        raise AssertionError("it did not fail")
    assert made.inventory == inventory.union(ALL, ())
    assert made.failed == {inventory.key_of(HELD)}


async def test_what_no_watch_tells_of_is_looked_at_again_by_time():
    cluster = Cluster()
    cluster.held, cluster.watched = {HELD.id}, False

    _, made = await begun(cluster)

    assert made.unwatched


# --- status -------------------------------------------------------------------------------------------------------

APPLIED = f"applied {REVISION.display_name} with the operator's own rights"
GOING = PruneState(
    (HELD, CONTROLLER), (), "2 objects that left the pattern are not gone yet: Widget: is being deleted."
)


def said(found: Status) -> dict[str, tuple[str, str, str]]:
    return {each.type: (each.status, each.reason, each.message) for each in found.conditions}


def test_what_is_still_going_leaves_what_is_wanted_ready_and_applied_unknown():
    found = said(status.after(pattern(), progress(inventory=ALL, prune_state=GOING), now=NOW))

    words = GOING.message.removesuffix(".")
    assert found["Ready"] == ("True", "Ready", f"{REVISION.display_name} runs: 1 object; {words}")
    assert found["Applied"] == ("Unknown", "Pruning", f"{APPLIED}; {words}")
    assert "Reconciling" not in found


def test_once_it_has_gone_all_is_applied_also_where_something_newer_fails():
    before = pattern(status=status.after(pattern(), progress(inventory=ALL, prune_state=GOING), now=NOW))
    gone = {"inventory": (STAY,), "prune_state": PruneState((), ALL)}
    at_source = {"stage": Stage.SOURCE, "failure": AWAY, "applied": False, "verification": None, "rendering": None}

    whole = said(status.after(before, progress(**gone), now=LATER))
    failed = said(status.after(before, progress(**gone, **at_source), now=LATER))
    unseen = said(status.after(before, progress(**at_source, inventory=None), now=LATER))

    assert whole["Applied"] == ("True", "Succeeded", APPLIED)
    assert whole["Ready"][2] == f"{REVISION.display_name} runs: 1 object"
    assert failed["Applied"][:2] == ("True", "Succeeded")
    assert unseen["Applied"][1] == "Pruning"  # nobody looked
