"""The hooks of the world in memory: what is made for them, and what must always hold of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pattern_operator.api.hook import Hook
from pattern_operator.api.names import API_VERSION
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import Notification, NotificationKind, PruneResult, inventory
from pattern_operator.apply.hooks import HookOutcome, HookState, LiveHook
from pattern_operator.errors import Stalled, Transient
from pattern_operator.reconcile import hook_record

RUNNING = HookOutcome(HookState.RUNNING)
WELL = HookOutcome(HookState.SUCCEEDED)
ILL = HookOutcome(HookState.FAILED, "failed (BackoffLimitExceeded)")


def hook(name: str, event: str, *, weight: int = 0, policy: str | None = None) -> Hook:
    """A Job that is a hook."""
    annotations = {"helm.sh/hook": event, "helm.sh/hook-weight": str(weight)}
    annotations |= {"helm.sh/hook-delete-policy": policy} if policy is not None else {}
    metadata = {"name": name, "namespace": "team", "annotations": annotations}
    found = Hook.of(Object.of({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}))
    assert found is not None
    return found


def pattern_hook(name: str) -> Hook:
    """A DesignPattern that is a hook before an installation and an update."""
    annotations = {"helm.sh/hook": "pre-install,pre-upgrade"}
    metadata = {"name": name, "namespace": "team", "annotations": annotations}
    found = Hook.of(Object.of({"apiVersion": API_VERSION, "kind": "DesignPattern", "metadata": metadata}))
    assert found is not None
    return found


def job(name: str) -> ObjectKey:
    return ObjectKey("batch", "Job", "team", name)


@dataclass
class Made:
    """The object of a hook in the cluster."""

    uid: str
    run: str
    outcome: HookOutcome
    ours: bool = True
    watched: bool = True


class HookObjects:
    """The objects of hooks; ``made`` are the names in the order in which they were made, ``deleted`` as well."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.live: dict[ObjectKey, Made] = {}
        self.made: list[str] = []
        self.deleted: list[str] = []
        self.at_once: HookOutcome | None = WELL  # how each ends as soon as it is made; None: later
        self.fails: set[str] = set()
        self.refused = ""  # why the API server takes none, where it does not
        self.refuses: Reason | None = None  # why the API server takes none now, where it does not
        self.going: set[str] = set()  # namespaces that are being deleted: nothing is made in them
        self.of_helm = False
        self.stuck: set[str] = set()  # a finalizer holds them

    def ends(self, name: str, outcome: HookOutcome = WELL) -> None:
        """A hook is over."""
        self.live[job(name)].outcome = outcome
        self._told(name, NotificationKind.HEALTH)

    def vanishes(self, name: str) -> None:
        """Somebody deletes the object of a hook, or the last finalizer of one that goes is taken off."""
        self.stuck.discard(name)
        self.live.pop(job(name))
        self._told(name, NotificationKind.GONE)

    def exists(self, name: str, *, ours: bool = False, run: str = "") -> None:
        """There is an object of this name."""
        self.live[job(name)] = Made(f"foreign-{name}", run, WELL, ours)

    def _told(self, name: str, kind: NotificationKind) -> None:
        if self._world.patterns.lists(job(name)):  # of others no watch keeps anything
            from tests.reconcile.world import KEY

            self._world.waker.noticed(KEY, Notification(kind, job(name)))


class HookCluster:
    """The part of the cluster's port that hooks need."""

    world: Any

    def _delete(self, entries: tuple[InventoryEntry, ...]) -> PruneResult:
        raise NotImplementedError

    async def look_at_hook(self, _: Any, hook: Object) -> LiveHook | None:
        found = self.world.hooks.live.get(hook.key)
        if found is None and hook.key in self.world.live:  # an ordinary object
            return LiveHook(f"uid-{hook.key.name}", True, "", "", WELL)
        if found is None:
            return None
        return LiveHook(
            found.uid, found.ours, found.run, "" if found.ours else "team/other", found.outcome, found.watched
        )

    async def create_hook(self, _: Any, hook: Object, *, run: str) -> LiveHook | None:
        hooks, record = self.world.hooks, self.world.status.hooks
        assert record is not None, f"{hook.key} is about to run, and nothing is on record"
        label = hook_record.run_label(record, record.completed)
        assert (record.hook, label) == (str(hook.key), run), f"{hook.key} is about to run, and is not on record"
        assert self.world.pattern.metadata.finalizers.ours is not None, "nothing keeps the pattern"
        assert hook.key not in hooks.live | self.world.live, "there is one already"
        assert str(hook.key) not in self.world.recorded, "the hook would be taken for an ordinary object"
        self.world.step()
        name = hook.key.name
        if hook.key.namespace in hooks.going:
            raise Transient(reason=Reason.HOOK_FAILED, message=f"{hook.key.display_name}: it is being terminated")
        if hooks.refuses is not None:
            raise Transient(reason=hooks.refuses, message=f"{hook.key.display_name}: not now")
        if hooks.refused:
            raise Stalled(reason=Reason.HOOK_FAILED, message=f"{hook.key.display_name}: {hooks.refused}")
        hooks.made.append(name)
        outcome = ILL if name in hooks.fails else hooks.at_once or RUNNING
        hooks.live[hook.key] = Made(f"uid-{len(hooks.made)}", run, outcome)
        self.world.step()
        return await self.look_at_hook(_, hook)

    async def delete_hook(self, _: Any, hook: Object, *, uid: str) -> None:
        found = self.world.hooks.live[hook.key]
        assert found.uid == uid
        assert found.ours, "an object of others is deleted"
        if hook.key.name in self.world.hooks.stuck:
            return
        self.world.step()
        self.world.hooks.live.pop(hook.key)
        self.world.hooks.deleted.append(hook.key.name)
        self.world.step()

    async def prune_for_hook(self, _: Any, hook: Object) -> PruneResult:
        if hook.key.name in self.world.kept:
            return PruneResult(skipped=((hook.key, "it is annotated helm.sh/resource-policy: keep"),))
        self.world.managed.release((hook.key,), owner="")
        return self._delete(inventory.entries_of((hook,)))

    async def is_namespace_going(self, namespace: str) -> bool:
        return namespace in self.world.hooks.going

    async def cause_of_hook(self, *_: Any) -> str:
        return "pod seed-x: exit code 1"

    async def is_of_helm(self, _: Any, objects: Iterable[Object]) -> bool:
        return bool(list(objects)) and bool(self.world.hooks.of_helm)
