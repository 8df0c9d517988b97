"""What the steps may do to the cluster, in the name of the pattern's account: it implements their ports.

It decides nothing and remembers nothing of a pattern.
"""

from collections.abc import Collection, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
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
    prune,
    resolve_scope,
)
from pattern_operator.apply.apply_run import OnApplied
from pattern_operator.apply.errors import reason_of
from pattern_operator.errors import Transient
from pattern_operator.executors import Executors, run_in
from pattern_operator.kube import ApiError, Discovery
from pattern_operator.reconcile.comparison import Sent, sent_of
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore
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
    transfers: Transfers
    protected: Protected
    tenancy: Tenancy
    executors: Executors

    def account(self, pattern: DesignPattern) -> str | None:
        """In whose name everything of a pattern is done; raises as ``account_of``."""
        return account_of(pattern, tenancy=self.tenancy)

    def cpu(self, pattern: DesignPattern) -> Executor:
        """Where what takes long is computed for a pattern."""
        return self.executors.of(pattern.metadata.namespace).cpu

    def ancestors(self, pattern: DesignPattern) -> frozenset[PatternKey]:
        """The pattern itself, the pattern that applied it, the one that applied that, and so on."""
        return self.patterns.ancestors(pattern)

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
        """The rules of ``ignoreDifferences`` that fit no object, a sentence each."""
        rules = pattern.spec.apply.ignore_differences or ()
        return await run_in(self.executors.cpu, ignore_differences.unmatched_rules, rules, objects) if rules else ()

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
