"""One object out of the cluster: looked at, and deleted if it is still ours and nobody is to have it or keep it.

The delete carries the UID of what was looked at: another object of the same name stays.
"""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Final

from pattern_operator.api.fields import ObjectMeta, finalizers_of, text_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.data import holds_data
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome, terminating
from pattern_operator.apply.delete_run import DeleteRun
from pattern_operator.apply.errors import deletion_failure_of
from pattern_operator.apply.live_object import LiveObject, LiveObjects, recheck_kind_of_any_version
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.owner_metadata import remove_leftover_metadata, remove_owner_metadata
from pattern_operator.apply.ownership import Owner, is_namespace
from pattern_operator.apply.remaining_content import find_remaining_content, is_container
from pattern_operator.apply.transfer import Transfers
from pattern_operator.kube import ApiError, ApiUnavailable, Discovery, Propagation, Resource, Session, objects
from pattern_operator.kube.kind_existence import is_missing

_MAY_EXIST: Final = (
    "is kept, if there is one: it was about to be made when the operator ended, and the pattern's account may not read"
    " it. The account could hardly make it then; where it had the right before, look for it and delete it yourself"
)


class ObjectDelete:
    """Deletes one object at a time; ``managed_objects`` know what the watches tell, ``transfers`` who is to have it."""

    def __init__(
        self, session: Session, discovery: Discovery, *, managed_objects: ManagedObjects, transfers: Transfers
    ) -> None:
        self._session = session
        self._discovery = discovery
        self._managed = managed_objects
        self._live_objects = LiveObjects(session, discovery, managed_objects=managed_objects)
        self._transfers = transfers

    async def delete(self, entry: InventoryEntry, key: ObjectKey, resource: Resource, run: DeleteRun) -> Deletion:
        """Look whose the object is, and delete it where it is ours and nothing keeps it; what came of it.

        Raises:
            ApiError: it could not be read or deleted.
        """
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
        return await self._send(entry, key, resource, uid=live.uid, impersonate=impersonate)

    async def _stays(self, key: ObjectKey, live: LiveObject, run: DeleteRun) -> str:
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

    async def _remove_leftovers(self, key: ObjectKey, resource: Resource, run: DeleteRun) -> str:
        """As ``_remove_owner_metadata``, of what lost our owner label, and still has our other marks."""
        self._managed.record_request(key)
        removing = remove_leftover_metadata(
            self._session, resource, key, pattern=str(run.owner), impersonate=run.impersonate
        )
        return await _unless_refused(removing, key, impersonate=run.impersonate)

    async def _send(
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


def propagation_of(key: ObjectKey) -> Propagation:
    """What becomes of what the object owns: the pods of a workload go first, and the workload is there as long as they.

    So what the pods use, which goes after the workload, outlives them (Kubernetes documentation, "Foreground cascading
    deletion"). A custom object goes at once: the garbage collector knows a new kind half a minute later, and only its
    own controller, by a finalizer, can say when what it has made is gone.
    """
    owns_pods = key.group in ("apps", "batch") or key.group_kind == ("", "ReplicationController")
    return Propagation.FOREGROUND if owns_pods else Propagation.BACKGROUND
