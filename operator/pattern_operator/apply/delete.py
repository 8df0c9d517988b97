"""Objects out of the cluster, many at once: the kind of each is looked up, then it is deleted (``object_delete``)."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from pattern_operator.aio import run_all
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.account_rbac import rbac_of_account
from pattern_operator.apply.blocking_admission import blocking_admission
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.delete_run import DeleteRun
from pattern_operator.apply.errors import deletion_failure_of, is_unavailable
from pattern_operator.apply.inventory import key_of
from pattern_operator.apply.leaving_holders import name_holders
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.object_delete import ObjectDelete
from pattern_operator.apply.ownership import Owner, is_protected
from pattern_operator.apply.protected import DEFAULT_PROTECTED, Protected
from pattern_operator.apply.request_lanes import CONCURRENCY, lanes_of
from pattern_operator.apply.result import ApplyFailure, of_defect
from pattern_operator.apply.transfer import Transfers
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.kube import (
    ApiError,
    Discovery,
    KindNotFound,
    Resource,
    Session,
    objects,
)
from pattern_operator.kube.errors import not_served_yet
from pattern_operator.kube.kind_existence import Definitions


class Deleter:
    """Deletes objects of all patterns, never more than ``concurrency`` requests at once, in fair shares."""

    def __init__(
        self,
        session: Session,
        discovery: Discovery,
        *,
        managed_objects: ManagedObjects,
        protected: Protected = DEFAULT_PROTECTED,
        transfers: Transfers | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._session = session
        self._discovery = discovery
        self._managed = managed_objects
        self._protected = protected
        self._transfers = transfers if transfers is not None else Transfers()
        self._one = ObjectDelete(session, discovery, managed_objects=managed_objects, transfers=self._transfers)
        self._slots = FairSemaphore(concurrency)

    async def delete_all(
        self,
        entries: Iterable[InventoryEntry],
        *,
        owner: Owner,
        impersonate: str | None,
        otherwise: Reason,
        later: Collection[ObjectKey] = (),
        definitions: Definitions | None = None,
    ) -> list[Deletion]:
        """Delete the objects of ``entries`` that are ours, all at once; never raises for what a server answers.

        What the watches know is believed, and the delete carries the UID of what they saw; an object they do not know
        is read first. ``otherwise`` is the reason of a failure when the refusal has no more special one.
        ``later`` are the objects that go after these, and do not keep a Namespace that goes before them.
        ``definitions`` were read for the waves before (``Deleter.definitions``).
        """
        definitions = definitions or self.definitions()
        run = DeleteRun(owner=owner, impersonate=impersonate, otherwise=otherwise, later=later, definitions=definitions)
        for key in later:  # whoever waits for several objects of a pattern hears of all of them at once
            self._transfers.delay_reason(key, by=owner)
        return await run_all(self._attempt(entry, run) for entry in entries)

    def definitions(self) -> Definitions:
        """What tells whether kinds are gone, to be read once for several calls of ``delete_all``."""
        return self._discovery.definitions()

    async def account_rbac(self, keys: Iterable[ObjectKey], *, owner: Owner, impersonate: str) -> frozenset[ObjectKey]:
        """Which of these bindings bind ``impersonate``, and their roles; never raises for what a server answers."""
        return await rbac_of_account(
            impersonate, keys, read=partial(self._body_of, owner=owner, impersonate=impersonate)
        )

    async def blocking_admission(
        self, said: Iterable[str], leaving: Collection[ObjectKey], *, owner: Owner, impersonate: str | None
    ) -> frozenset[ObjectKey]:
        """Which of ``leaving`` refused what the API server ``said``; never raises for what a server answers."""
        return await blocking_admission(
            said, leaving, read=partial(self._body_of, owner=owner, impersonate=impersonate)
        )

    async def name_holders(
        self,
        failures: Collection[ApplyFailure],
        *,
        desired: Mapping[ObjectKey, Object],
        leaving: Collection[ObjectKey],
        owner: Owner,
        impersonate: str | None,
    ) -> tuple[ApplyFailure, ...]:
        """The failures, with what of ``leaving`` stands in their way; never raises for what a server answers."""
        read = partial(self._body_of, owner=owner, impersonate=impersonate)
        return await name_holders(failures, desired=desired, leaving=leaving, read=read)

    async def _body_of(self, key: ObjectKey, *, owner: Owner, impersonate: str | None) -> Body | None:
        resource = await self._discovery.find(group=key.group, kind=key.kind)
        async with self._slots.acquire(*lanes_of(key, owner)):
            return await objects.get(
                self._session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate
            )

    async def _attempt(self, entry: InventoryEntry, run: DeleteRun) -> Deletion:
        key = key_of(entry)
        try:
            if is_protected(key):
                deletion = Deletion(
                    entry, key, DeletionOutcome.SKIPPED, "is a namespace of the cluster, which no pattern owns"
                )
            elif why := self._protected.why(key):
                deletion = Deletion(entry, key, DeletionOutcome.SKIPPED, f"stays: it {why}")
            else:
                deletion = await self._delete_if_kind_is_served(entry, key, run)
        except ApiError as error:
            if is_unavailable(error):
                run.unavailable = error
            return _failed(entry, error, run)
        except Exception as error:  # a defect costs this object
            self._session.internal_errors.record("delete", error)
            failure = of_defect(key)
            return Deletion(entry, key, DeletionOutcome.FAILED, failure.message, failure)
        self._managed.release([key], owner=run.owner.id)
        return deletion

    async def _delete_if_kind_is_served(self, entry: InventoryEntry, key: ObjectKey, run: DeleteRun) -> Deletion:
        """With its kind went every object of it; a kind that only is not shown at the moment is asked for again.

        Raises:
            ApiError: it could not be deleted, or nobody can say whether its kind is gone.
        """
        try:
            return await self._find_and_delete(entry, key, run)
        except KindNotFound:
            if await self._discovery.is_gone(group=key.group, kind=key.kind, definitions=run.definitions):
                return Deletion(entry, key, DeletionOutcome.DELETED)
            raise not_served_yet(f"{key.kind}.{key.group}") from None

    async def _find_and_delete(self, entry: InventoryEntry, key: ObjectKey, run: DeleteRun) -> Deletion:
        resource = await self._find(key, entry.v)
        if resource.namespaced != bool(
            key.namespace
        ):  # its CRD was created again with another scope: it went with that
            return Deletion(entry, key, DeletionOutcome.DELETED)
        await self._managed.ready(resource)  # may take long, and holds no slot
        async with self._slots.acquire(*lanes_of(key, run.owner)):
            if run.unavailable is not None:
                raise run.unavailable
            return await self._one.delete(entry, key, resource, run)

    async def _find(self, key: ObjectKey, version: str) -> Resource:
        try:
            return await self._discovery.find(group=key.group, kind=key.kind, version=version)
        except KindNotFound as error:
            if not error.served:
                # Discovery shows a kind that a pattern has just brought a moment later than its watch; what is not
                # shown there is not gone.
                if (followed := self._managed.resource_of(key)) is not None:
                    return followed
                raise
        return await self._discovery.find(group=key.group, kind=key.kind)  # its versions moved on


def _failed(entry: InventoryEntry, error: ApiError, run: DeleteRun) -> Deletion:
    key = key_of(entry)
    failure = deletion_failure_of(key, error, otherwise=run.otherwise, account=run.impersonate)
    return Deletion(entry, key, DeletionOutcome.FAILED, failure.message, failure)
