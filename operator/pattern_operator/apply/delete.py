"""Objects out of the cluster, each only if it is still ours to delete."""

from collections.abc import Awaitable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

from pattern_operator.aio import run_all
from pattern_operator.api.fields import ObjectMeta, finalizers_of, text_at
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.account_rbac import rbac_of_account
from pattern_operator.apply.blocking_admission import blocking_admission
from pattern_operator.apply.data import holds_data
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome, terminating
from pattern_operator.apply.errors import deletion_failure_of, is_unavailable
from pattern_operator.apply.inventory import key_of
from pattern_operator.apply.leaving_holders import name_holders
from pattern_operator.apply.live_object import LiveObject, LiveObjects, recheck_kind_of_any_version
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.owner_metadata import remove_leftover_metadata, remove_owner_metadata
from pattern_operator.apply.ownership import Owner, is_namespace, is_protected
from pattern_operator.apply.protected import DEFAULT_PROTECTED, Protected
from pattern_operator.apply.remaining_content import find_remaining_content, is_container
from pattern_operator.apply.request_lanes import CONCURRENCY, lanes_of
from pattern_operator.apply.result import ApplyFailure, of_defect
from pattern_operator.apply.transfer import Transfers
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.kube import (
    ApiError,
    ApiUnavailable,
    Discovery,
    KindNotFound,
    Propagation,
    Resource,
    Session,
    objects,
)
from pattern_operator.kube.errors import not_served_yet
from pattern_operator.kube.kind_existence import Definitions, is_missing

_MAY_EXIST: Final = (
    "is kept, if there is one: it was about to be made when the operator ended, and the pattern's account may not read"
    " it. The account could hardly make it then; where it had the right before, look for it and delete it yourself"
)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One call of ``delete_all``."""

    owner: Owner
    impersonate: str | None
    otherwise: Reason
    later: Collection[ObjectKey] = ()  # that are deleted after these
    unavailable: ApiError | None = None  # the API server does not answer, or throttles us
    definitions: Definitions  # of kinds that discovery does not show


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
        self._live_objects = LiveObjects(session, discovery, managed_objects=managed_objects)
        self._protected = protected
        self._transfers = transfers if transfers is not None else Transfers()
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
        run = _Run(owner=owner, impersonate=impersonate, otherwise=otherwise, later=later, definitions=definitions)
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

    async def _attempt(self, entry: InventoryEntry, run: _Run) -> Deletion:
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

    async def _delete_if_kind_is_served(self, entry: InventoryEntry, key: ObjectKey, run: _Run) -> Deletion:
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

    async def _find_and_delete(self, entry: InventoryEntry, key: ObjectKey, run: _Run) -> Deletion:
        resource = await self._find(key, entry.v)
        if resource.namespaced != bool(
            key.namespace
        ):  # its CRD was created again with another scope: it went with that
            return Deletion(entry, key, DeletionOutcome.DELETED)
        await self._managed.ready(resource)  # may take long, and holds no slot
        async with self._slots.acquire(*lanes_of(key, run.owner)):
            if run.unavailable is not None:
                raise run.unavailable
            return await self._delete_ours(entry, key, resource, run)

    async def _delete_ours(self, entry: InventoryEntry, key: ObjectKey, resource: Resource, run: _Run) -> Deletion:
        owner, impersonate = run.owner, run.impersonate
        try:
            live = await self._live_objects.find(key, resource, impersonate=impersonate)
        except ApiError as error:
            if entry.pending and error.code == HTTPStatus.FORBIDDEN and not error.is_denial:
                return Deletion(entry, key, DeletionOutcome.SKIPPED, _MAY_EXIST)
            raise
        if live is None:
            return Deletion(entry, key, DeletionOutcome.ABSENT if entry.pending else DeletionOutcome.DELETED)
        if live.label != owner.id:
            if entry.pending:
                return Deletion(entry, key, DeletionOutcome.SKIPPED, "is kept: it is not the pattern's")
            rest = "" if live.label else await self._remove_leftovers(key, resource, run)
            return Deletion(entry, key, DeletionOutcome.SKIPPED, f"{live.why_not_ours}{rest}")
        if live.deleting:
            return self._going(entry, key, live.finalizers)
        if live.retention.pruned if run.otherwise is Reason.PRUNE_FAILED else live.retention.deleted:
            # For good: a label of ours on what no pattern has would be taken for an object that was lost.
            rest = await self._remove_owner_metadata(key, resource, owner=owner, impersonate=impersonate)
            why = f"stays: it is annotated {live.retention.asked} in the cluster{rest}"
            return Deletion(entry, key, DeletionOutcome.SKIPPED, why)
        data = holds_data(key, deletes_claims=live.deletes_claims)
        if why := self._transfers.delay_reason(key, by=owner, holds_data=data):
            return Deletion(entry, key, DeletionOutcome.TERMINATING, why)
        if why := await self._stays(key, live, run):
            rest = await self._remove_owner_metadata(key, resource, owner=owner, impersonate=impersonate)
            return Deletion(entry, key, DeletionOutcome.SKIPPED, f"stays: {why}{rest}")
        return await self._delete(entry, key, resource, uid=live.uid, impersonate=impersonate)

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

    async def _stays(self, key: ObjectKey, live: LiveObject, run: _Run) -> str:
        """Why an object that carries our label is not deleted all the same; empty where it is."""
        if live.adopted:
            return "it existed before the pattern and was adopted"
        if not is_container(key):
            return ""
        found = await find_remaining_content(
            key,
            session=self._session,
            discovery=self._discovery,
            impersonate=run.impersonate,
            later=run.later,
            owner=run.owner.id,
        )
        delete = f"kubectl delete {'namespace' if is_namespace(key) else 'crd'} {key.name}"
        return f"{found}. When nobody needs that any more: {delete}" if found else ""

    async def _remove_owner_metadata(
        self, key: ObjectKey, resource: Resource, *, owner: Owner, impersonate: str | None
    ) -> str:
        """Take our marks off what stays; what to add to the message where that was not possible."""
        self._managed.record_request(key)
        removing = remove_owner_metadata(self._session, resource, key, owner=owner.id, impersonate=impersonate)
        return await _unless_refused(removing, key, impersonate=impersonate)

    async def _remove_leftovers(self, key: ObjectKey, resource: Resource, run: _Run) -> str:
        """As ``_remove_owner_metadata``, of what lost our owner label, and still has our other marks."""
        self._managed.record_request(key)
        removing = remove_leftover_metadata(
            self._session, resource, key, pattern=str(run.owner), impersonate=run.impersonate
        )
        return await _unless_refused(removing, key, impersonate=run.impersonate)

    async def _delete(
        self, entry: InventoryEntry, key: ObjectKey, resource: Resource, *, uid: str, impersonate: str | None
    ) -> Deletion:
        self._managed.record_request(key)
        try:
            answer = await objects.delete(
                self._session,
                resource,
                namespace=key.namespace,
                name=key.name,
                uid=uid,
                propagation=propagation_of(key),
                impersonate=impersonate,
            )
        except ApiError as error:
            if is_missing(error, key.name):
                return Deletion(entry, key, DeletionOutcome.DELETED)
            await recheck_kind_of_any_version(error, resource, discovery=self._discovery)
            raise
        # Of some kinds the API server sends the last state of what went.
        if text_at(answer, "kind") == "Status" or not ObjectMeta.of(answer).deleting:
            return Deletion(entry, key, DeletionOutcome.DELETED)
        return self._going(entry, key, finalizers_of(answer))

    def _going(self, entry: InventoryEntry, key: ObjectKey, finalizers: tuple[str, ...]) -> Deletion:
        return terminating(entry, key, finalizers, watched=self._is_watched(key))

    def _is_watched(self, key: ObjectKey) -> bool:
        return self._managed.is_watched(key) and self._managed.get(key) is not None


async def _unless_refused(removing: Awaitable[None], key: ObjectKey, *, impersonate: str | None) -> str:
    try:
        await removing
    except ApiUnavailable:
        raise
    except ApiError as error:
        failure = deletion_failure_of(key, error, otherwise=Reason.APPLY_FAILED, account=impersonate)
        return f". Our label could not be removed: {failure.message}"
    return ""


def _failed(entry: InventoryEntry, error: ApiError, run: _Run) -> Deletion:
    key = key_of(entry)
    failure = deletion_failure_of(key, error, otherwise=run.otherwise, account=run.impersonate)
    return Deletion(entry, key, DeletionOutcome.FAILED, failure.message, failure)


def propagation_of(key: ObjectKey) -> Propagation:
    """What becomes of what the object owns: the pods of a workload go first, and the workload is there as long as they.

    So what the pods use, which goes after the workload, outlives them (Kubernetes documentation, "Foreground cascading
    deletion"). A custom object goes at once: the garbage collector knows a new kind half a minute later, and only its
    own controller, by a finalizer, can say when what it has made is gone.
    """
    owns_pods = key.group in ("apps", "batch") or key.group_kind == ("", "ReplicationController")
    return Propagation.FOREGROUND if owns_pods else Propagation.BACKGROUND
