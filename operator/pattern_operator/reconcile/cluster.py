"""What the steps may do to the cluster, in the name of the pattern's account: it implements their ports.

It decides nothing and remembers nothing of a pattern.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import (
    Applier,
    ApplyFailure,
    ApplyResult,
    Deleter,
    DryRun,
    FinalizeResult,
    ManagedObjects,
    Protected,
    PruneResult,
    ScopedObjects,
    Transfers,
    finalize,
    ignore_differences,
    inventory,
    prune,
    resolve_scope,
)
from pattern_operator.apply.apply_run import OnApplied
from pattern_operator.apply.errors import reason_of
from pattern_operator.apply.hooks import HookObjects, LiveHook
from pattern_operator.errors import Transient
from pattern_operator.executors import Executors, run_in
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.kube import ApiError, Discovery
from pattern_operator.reconcile.comparison import Sent, sent_of
from pattern_operator.reconcile.dependencies import Unmet, keys_of, never_met, unmet
from pattern_operator.reconcile.held_patterns import ids_of, left_behind, not_made
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of
from pattern_operator.reconcile.tenancy import Tenancy, account_of, check_namespaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The objects of patterns: what the watches say of them (``managed``), and all that changes them."""

    patterns: PatternStore
    managed: ManagedObjects
    discovery: Discovery
    applier: Applier
    deleter: Deleter
    dry_run: DryRun
    hooks: HookObjects
    transfers: Transfers
    protected: Protected
    tenancy: Tenancy
    executors: Executors
    checks: CheckProcesses

    def account(self, pattern: DesignPattern) -> str | None:
        """In whose name everything of a pattern is done; raises as ``account_of``."""
        return account_of(pattern, tenancy=self.tenancy)

    def cpu(self, pattern: DesignPattern) -> Executor:
        """Where what takes long is computed for a pattern."""
        return self.executors.of(pattern.metadata.namespace).cpu

    def line(self, pattern: DesignPattern) -> tuple[DesignPattern, ...]:
        """The pattern itself, the pattern that applied it, the one that applied that, and so on."""
        return self.patterns.line(pattern)

    def not_made(self, pattern: DesignPattern, held: Collection[PatternKey]) -> frozenset[PatternKey]:
        """Which of ``held`` the pattern would make: it does not have them yet."""
        return not_made(pattern, held, patterns=self.patterns)

    def left_behind(self, pattern: DesignPattern) -> DesignPattern | None:
        """The first in the line of the pattern that a pattern made which does not hold it."""
        return left_behind(self.patterns.line(pattern), patterns=self.patterns)

    def count_below(self, pattern: DesignPattern, *, most: int) -> int:
        """How many DesignPatterns are below the pattern, one in another; not all where there are more than ``most``."""
        return self.patterns.count_below(key_of(pattern), most=most)

    def unmet_dependencies(
        self, pattern: DesignPattern, of_artifact: Sequence[Dependency], *, held: Collection[PatternKey]
    ) -> Unmet | None:
        """What the pattern waits for of what it depends on; ``held``: the DesignPatterns in its artifact."""
        self.patterns.note_dependencies(key_of(pattern), keys_of(pattern, of_artifact))
        cross_namespace = self.tenancy.cross_namespace
        return unmet(
            pattern,
            of_artifact,
            contained=ids_of(held),
            patterns=self.patterns,
            cross_namespace=cross_namespace,
        )

    def dependencies_never_met(self, pattern: DesignPattern, of_artifact: Sequence[Dependency]) -> Unmet | None:
        """Why what the pattern, as it runs, depends on can never be as it should be; ``of_artifact`` as above."""
        self.patterns.note_dependencies(key_of(pattern), keys_of(pattern, of_artifact))
        return never_met(
            pattern,
            of_artifact,
            contained=self.patterns.contained(key_of(pattern)),
            patterns=self.patterns,
            cross_namespace=self.tenancy.cross_namespace,
        )

    async def check_errors(self, pattern: DesignPattern, expressions: Collection[str]) -> Mapping[str, str]:
        """Why some expressions of health checks can be true of nothing, by expression.

        Raises:
            Transient: it cannot be found out now.
        """
        return await self.checks.errors(pattern.metadata.namespace, expressions)

    def check(self, pattern: DesignPattern, objects: Iterable[Object]) -> None:
        """Raise Stalled where the pattern holds what no pattern may hold, or not this one."""
        objects = tuple(objects)
        self.protected.check(objects)
        check_namespaces(objects, pattern=pattern, tenancy=self.tenancy)

    async def place(self, pattern: DesignPattern, objects: Iterable[Object]) -> ScopedObjects:
        """The objects with the namespaces that they really have.

        Raises:
            Stalled: as ``check``.
            Transient: the API server could not be asked for its kinds.
        """
        try:
            placed = await resolve_scope(
                objects, discovery=self.discovery, default_namespace=pattern.metadata.namespace
            )
        except ApiError as error:
            raise Transient(
                reason=reason_of(error),
                message=f"the API server could not be asked for its kinds: {error.message}; it is retried.",
                retry_after=error.retry_after,
            ) from error
        self.check(pattern, placed.objects)
        return placed

    def wait_only(self, pattern: DesignPattern, keys: Collection[ObjectKey]) -> None:
        """The pattern waits for these objects of others, and for none else any more."""
        self.transfers.keep_waiting_only_for(owner_of(pattern).id, keys)

    async def digest(self, pattern: DesignPattern, objects: Collection[Object]) -> Sent:
        """What stands for what is sent to apply ``objects``."""
        return await run_in(
            self.cpu(pattern),
            sent_of,
            objects,
            owner=owner_of(pattern),
            ignored=pattern.spec.apply.ignore_differences or (),
            account=self.account(pattern),
        )

    async def idle_rules(self, pattern: DesignPattern, objects: Collection[Object]) -> tuple[str, ...]:
        """The rules of ``ignoreDifferences`` and the spec's health checks that fit no object, a sentence each."""
        rules, checks = pattern.spec.apply.ignore_differences or (), pattern.spec.apply.health_checks or ()
        said = await run_in(self.executors.cpu, ignore_differences.unmatched_rules, rules, objects) if rules else ()
        kinds = {each.key.group_kind for each in objects} if checks else frozenset()
        idle = (
            f"apply.healthChecks[{position}] does nothing: no object of the pattern has apiVersion {each.api_version},"
            f" kind {each.kind}"
            for position, each in enumerate(checks)
            if each.group_kind not in kinds
        )
        return (*said, *idle)

    async def send(
        self,
        pattern: DesignPattern,
        objects: Collection[Object],
        *,
        owned: Collection[ObjectKey],
        on_applied: OnApplied | None = None,
    ) -> ApplyResult:
        """Apply placed objects; ``owned`` are the keys of the inventory. Never raises for what a server answers."""
        return await self.applier.apply_all(
            objects,
            owner=owner_of(pattern),
            conflicts=pattern.spec.apply.conflicts,
            owned=owned,
            adopt=pattern.spec.apply.adopt,
            ignored=pattern.spec.apply.ignore_differences or (),
            impersonate=self.account(pattern),
            on_applied=on_applied,
        )

    async def compare(self, pattern: DesignPattern, objects: Collection[Object]) -> tuple[ApplyFailure, ...]:
        """Learn by dry runs whether placed objects are as they would be applied; those of which that failed."""
        return await self.dry_run.compare_all(
            objects,
            owner=owner_of(pattern),
            ignored=pattern.spec.apply.ignore_differences or (),
            impersonate=self.account(pattern),
        )

    async def is_resumed(self, pattern: DesignPattern, key: ObjectKey) -> bool:
        """Whether an object that was paused need not be skipped any more, or is gone."""
        return await self.applier.is_resumed(key, impersonate=self.account(pattern))

    async def read_live(
        self, pattern: DesignPattern, objects: Collection[Object], take: Callable[[Object, Body], Awaitable[Object]]
    ) -> Mapping[ObjectKey, Object]:
        """What ``take`` makes of those of the objects that are there and the pattern's own, and of what is there.

        Raises:
            what ``take`` raises.
            Transient: the API server cannot be asked, or does not let the account read one.
        """
        try:
            return await self.applier.read_live(
                objects, owner=owner_of(pattern), impersonate=self.account(pattern), take=take
            )
        except ApiError as error:
            raise Transient(
                reason=reason_of(error),
                message="objects with generated values cannot be read, which would change them: it is retried."
                f" {error.message}",
            ) from error

    async def blocking_admission(
        self, pattern: DesignPattern, said: Collection[str], leaving: Collection[ObjectKey]
    ) -> frozenset[ObjectKey]:
        """Which of the objects that leave refused what the API server ``said``."""
        owner, account = owner_of(pattern), self.account(pattern)
        return await self.deleter.blocking_admission(said, leaving, owner=owner, impersonate=account)

    async def name_holders(
        self,
        pattern: DesignPattern,
        failures: Collection[ApplyFailure],
        objects: Collection[Object],
        leaving: Collection[ObjectKey],
    ) -> tuple[ApplyFailure, ...]:
        """The failures, with what of the objects that leave stands in the way of each."""
        desired, owner, account = {each.key: each for each in objects}, owner_of(pattern), self.account(pattern)
        return await self.deleter.name_holders(
            failures, desired=desired, leaving=leaving, owner=owner, impersonate=account
        )

    async def prune(self, pattern: DesignPattern, entries: Collection[InventoryEntry]) -> PruneResult:
        """Delete what left the pattern, as far as it can go now."""
        owner, account = owner_of(pattern), self.account(pattern)
        return await prune(entries, owner=owner, deleter=self.deleter, impersonate=account)

    async def delete(self, pattern: DesignPattern, entries: Collection[InventoryEntry]) -> FinalizeResult:
        """Delete all objects of a pattern that goes, as far as they can go now."""
        owner, account = owner_of(pattern), self.account(pattern)
        return await finalize(entries, owner=owner, deleter=self.deleter, impersonate=account)

    async def look_at_hook(self, pattern: DesignPattern, hook: Object) -> LiveHook | None:
        """The object of a placed hook; raises as ``HookObjects.look``."""
        return await self.hooks.look(hook, owner=owner_of(pattern), impersonate=self.account(pattern))

    async def create_hook(self, pattern: DesignPattern, hook: Object, *, run: str) -> LiveHook | None:
        """Make the object of a placed hook; as ``HookObjects.create``."""
        return await self.hooks.create(hook, run=run, owner=owner_of(pattern), impersonate=self.account(pattern))

    async def delete_hook(self, pattern: DesignPattern, hook: Object, *, uid: str) -> None:
        """Delete the object of a placed hook; raises as ``HookObjects.delete``."""
        await self.hooks.delete(hook, uid=uid, impersonate=self.account(pattern))

    async def prune_for_hook(self, pattern: DesignPattern, hook: Object) -> PruneResult:
        """Delete what was an ordinary object of the version before, where a placed hook has its name now."""
        self.managed.release((hook.key,), owner=owner_of(pattern).id)
        return await self.prune(pattern, inventory.entries_of((hook,)))

    async def cause_of_hook(self, pattern: DesignPattern, key: ObjectKey) -> str:
        """What the pods of a hook say; as ``HookObjects.cause``."""
        return await self.hooks.cause(key, impersonate=self.account(pattern))

    async def is_namespace_going(self, namespace: str) -> bool:
        """As ``HookObjects.is_namespace_going``."""
        return await self.hooks.is_namespace_going(namespace)

    async def is_of_helm(self, pattern: DesignPattern, objects: Iterable[Object]) -> bool:
        """Whether one of these placed objects is there, and of a release of Helm."""
        account = self.account(pattern)
        for each in objects:
            if await self.hooks.is_of_helm(each, impersonate=account):
                return True
        return False

    async def watch(self, *, group: str, kind: str) -> None:
        """See to it that the objects of a kind are watched, and known.

        Raises:
            ApiError, KindNotFound: nobody can ask for it.
        """
        await self.managed.ready(await self.discovery.find(group=group, kind=kind))

    def forget(self, owner: str) -> None:
        """A pattern is gone: its objects count for nothing any more."""
        self.managed.forget(owner)
        self.transfers.forget(owner)
