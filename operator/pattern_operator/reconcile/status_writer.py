"""The one place that writes a DesignPattern: its status, the finalizer, and what is written ahead.

Writes nothing when nothing changed.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import msgspec
import orjson

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import FIELD_MANAGER, GROUP, PLURAL, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.object import Body
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, Status
from pattern_operator.apply.errors import reason_of
from pattern_operator.apply.rbac_denial import MissingPermission
from pattern_operator.errors import Stalled, Transient
from pattern_operator.executors import Threads
from pattern_operator.kube import ApiError, Session, objects
from pattern_operator.kube.conflict import is_overtaken
from pattern_operator.kube.kind_existence import is_missing
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.reconcile.inventory_size import written as inventory_as_written
from pattern_operator.reconcile.masked_status import masked
from pattern_operator.reconcile.pattern_patch import (
    REMOVE_ANNOTATION,
    add_annotation,
    add_finalizer,
    guarded,
    remove_finalizer,
    status_change,
)
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of
from pattern_operator.reconcile.status_budget import within_budget
from pattern_operator.reconcile.write_ahead import Ahead, keep_ahead, kept_ahead
from pattern_operator.telemetry import SecretValues

Verb = Callable[..., Awaitable[Body]]
Change = dict[str, Any] | list[dict[str, Any]]  # a JSON merge patch, or a JSON patch
LOOKS: Final = 5  # at a pattern that others change while its status is written
_to_status: Final = partial(objects.patch_merge, subresource="status")


class PatternDeleted(Exception):
    """The DesignPattern does not exist any more: there is nothing left to write to."""

    def __init__(self, key: PatternKey) -> None:
        super().__init__(f"DesignPattern {key} is gone")


class Overtaken(Transient):
    """The DesignPattern is not what the write was made for: somebody changed it meanwhile."""


class StatusWriter:
    """Writes status by JSON merge patch and the finalizer by JSON patch, and takes the answer in as the newest state.

    What is written ahead goes out with the finalizer in one patch. No status has a value of ``secrets`` in its words.

    An answer may be the first to tell that the user asked for something else meanwhile: ``wake`` is called then. What
    is returned is the pattern as it was asked when the run began, with what was written since.
    """

    def __init__(
        self,
        session: Session,
        patterns: PatternStore,
        *,
        wake: Callable[[PatternKey], None],
        cpu: Threads,
        secrets: SecretValues | None = None,
    ) -> None:
        self._cpu = cpu  # where what is large is compressed
        self._session = session
        self._patterns = patterns
        self._wake = wake
        self._secrets = secrets or SecretValues()

    async def status(self, pattern: DesignPattern, status: Status) -> DesignPattern:
        """Make ``status`` the status of ``pattern``; the pattern as it is afterwards.

        A status that somebody else wrote meanwhile is never written over: a leader that was paused, or a request that a
        proxy kept, would put an old inventory in the place of a newer one.

        Raises:
            PatternDeleted: the resource does not exist any more.
            Stalled: the inventory or the whole does not fit into what the API server takes.
            Transient: the API server could not be asked, or refused; or somebody else wrote the status.
        """
        status = self._to_be_written(pattern, status)
        for _ in range(LOOKS):
            change = await self._change(pattern, status)
            if not change:
                return pattern
            try:
                written = await self._write(pattern, status, change)
            except Overtaken:  # mostly others changed labels, annotations or the spec
                pattern = await self._look_again(pattern)
                continue
            if "inventory" in change and written.status.inventory != status.inventory:
                await self._put_back(pattern, written)
            return written
        raise _overtaken(key_of(pattern), "is changed again and again while its status is written; it is retried.")

    async def first_status(self, pattern: DesignPattern, status: Status) -> None:
        """Make ``status`` the status of ``pattern``, if nobody wrote it since. Raises as ``status`` does."""
        status = self._to_be_written(pattern, status)
        await self._write(pattern, status, status_change(pattern.status, status))

    def _to_be_written(self, pattern: DesignPattern, status: Status) -> Status:
        return within_budget(masked(status, self._secrets.of(str(key_of(pattern)))))

    async def _change(self, pattern: DesignPattern, status: Status) -> dict[str, Any]:
        """The merge patch of the status; empty where nothing is to be written."""
        change = status_change(pattern.status, status)
        ahead = pattern.metadata.annotations.write_ahead  # status does not have these yet, although it says so here
        if ahead or status.inventory != pattern.status.inventory:
            change["inventory"] = await self._inventory(status.inventory, pattern)
        return change

    async def _write(self, pattern: DesignPattern, status: Status, change: Change) -> DesignPattern:
        """Write into the very state of the pattern that is known; raises Overtaken where it is another one now."""
        self._patterns.note_sent(key_of(pattern), status)
        metadata = {"resourceVersion": pattern.metadata.resource_version}
        return await self._patch(pattern, {"metadata": metadata, "status": change}, by=_to_status)

    async def _look_again(self, pattern: DesignPattern) -> DesignPattern:
        """The pattern as it is now, where its status is what this process knows.

        Raises:
            PatternDeleted, Transient: as ``status``.
        """
        key = key_of(pattern)
        reading = partial(objects.get, self._session, DESIGN_PATTERN, namespace=key.namespace, name=key.name)
        newest = await self._ask(pattern, reading, f"get {PLURAL}.{GROUP}")
        if newest.metadata.uid != pattern.metadata.uid:
            raise PatternDeleted(key)
        found = _merged(pattern, newest)
        if found.status != pattern.status and not self._patterns.was_sent(key, found.status):
            raise _overtaken(key, "has a status that somebody else wrote meanwhile; it is looked at again.")
        return found

    async def _inventory(self, inventory: Inventory, pattern: DesignPattern) -> dict[str, Any]:
        """The inventory as a merge patch: written one way, and removed the other way."""
        cpu = self._cpu.of(pattern.metadata.namespace)
        whole: dict[str, Any] = msgspec.to_builtins(await inventory_as_written(inventory, cpu=cpu))
        return {"count": len(inventory.entries), "entries": None, "compressed": None} | whole

    async def _put_back(self, before: DesignPattern, written: DesignPattern) -> None:
        """An API server drops a field that its CRD does not have; what was there before must not be lost with it."""
        status = msgspec.structs.replace(written.status, inventory=before.status.inventory)
        await self._write(written, status, {"inventory": await self._inventory(before.status.inventory, before)})
        raise Stalled(
            reason=Reason.INVALID_STATUS,
            message="the API server does not keep status.inventory as it is written: the CRD of DesignPattern is older"
            " than the operator. Apply the CRD of this version (kubectl apply --server-side -k crds); the status that"
            " was there is kept.",
        )

    async def add_finalizer(self, pattern: DesignPattern) -> DesignPattern:
        """Put our finalizer on ``pattern``, so that its objects are never left behind. Raises as ``write_ahead``.

        What is written ahead, and not in status yet, goes out again with it: who removed the one removed the other.
        """
        if pattern.metadata.finalizers.ours is not None:
            return pattern
        return await self.write_ahead(pattern, kept_ahead(pattern))

    async def write_ahead(self, pattern: DesignPattern, ahead: Ahead | None) -> DesignPattern:
        """Put our finalizer on ``pattern``, and what is about to exist, by one patch of its metadata.

        Raises:
            PatternDeleted, Transient: as ``status``.
            Stalled: something in between does not let the annotation be written.
        """
        operations = [
            *([add_finalizer(pattern)] if pattern.metadata.finalizers.ours is None else ()),
            *([add_annotation(pattern, ahead.text)] if ahead is not None else ()),
        ]
        written = await self._send(pattern, guarded(pattern, operations), by=objects.patch_json)
        if ahead is not None and written.metadata.annotations.write_ahead != ahead.entries:
            raise Stalled(
                reason=Reason.INVALID_STATUS,
                message=f"the annotation {WRITE_AHEAD_ANNOTATION} is not kept as the operator writes it, and so a crash"
                " could lose objects: look at the admission webhooks for DesignPatterns; nothing was changed.",
            )
        return _merged(pattern, written)

    async def remove_ahead(self, pattern: DesignPattern) -> DesignPattern:
        """Take away the annotation of the first run, which counts for nothing. Raises as ``status`` does."""
        change = guarded(pattern, [REMOVE_ANNOTATION])
        return await self._patch(pattern, change, by=objects.patch_json)

    async def remove_finalizer(self, pattern: DesignPattern) -> DesignPattern:
        """Take our finalizer away: the API server deletes the resource. Raises as ``status`` does."""
        place = pattern.metadata.finalizers.ours
        if place is None:
            return pattern
        change = guarded(pattern, [remove_finalizer(place)])
        return await self._patch(pattern, change, by=objects.patch_json)

    def _refused(self, key: PatternKey, error: ApiError, what: str) -> Transient:
        """The error of a write that failed; a right that the operator itself lacks is known to its probes, too."""
        lacking = MissingPermission.of(error)
        if lacking is None:
            grant = ""
        else:
            self._session.own_permissions.answered(what, error.code)
            grant = f". {lacking.who} is the operator's own: {lacking.granted()}"
        refused = error.is_denial or error.code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
        return Transient(
            reason=Reason.APPLY_FAILED if refused else reason_of(error),
            message=f"DesignPattern {key} could not be written: {error.message}{grant}",
            retry_after=error.retry_after,
        )

    async def _patch(self, pattern: DesignPattern, change: Change, *, by: Verb) -> DesignPattern:
        return _merged(pattern, await self._send(pattern, change, by=by))

    async def _send(self, pattern: DesignPattern, change: Change, *, by: Verb) -> DesignPattern:
        """Send a patch; the pattern as the API server has it then."""
        key, body = key_of(pattern), orjson.dumps(change)
        place = {"namespace": key.namespace, "name": key.name}
        sending = partial(by, self._session, DESIGN_PATTERN, **place, body=body, field_manager=FIELD_MANAGER)
        return await self._ask(pattern, sending, _what(by))

    async def _ask(self, pattern: DesignPattern, asking: Callable[[], Awaitable[Body]], what: str) -> DesignPattern:
        """The pattern as the API server answers; ``what`` is the right that it takes."""
        key = key_of(pattern)
        try:
            body = await asking()
        except ApiError as error:
            if is_missing(error, key.name):  # and not only that the kind is not served for a moment
                raise PatternDeleted(key) from error
            if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and not error.is_denial:
                raise Stalled(
                    reason=Reason.STATUS_TOO_LARGE,
                    message=f"DesignPattern {key} could not be written: {error.message}. Make its spec and annotations"
                    " smaller, or split the pattern; it is retried when they change.",
                ) from error
            if is_overtaken(error, DESIGN_PATTERN, key.name):
                raise _overtaken(key, f"could not be written: {error.message}") from error
            raise self._refused(key, error, what) from error
        self._session.own_permissions.answered(what, HTTPStatus.OK)
        try:
            written = self._patterns.read(body)
        except msgspec.ValidationError as error:
            raise Transient(
                reason=Reason.API_SERVER_UNAVAILABLE,
                message=f"DesignPattern {key} was written, and the answer is not a DesignPattern: look at the webhooks"
                " and proxies in between, and at the version of the CRD.",
            ) from error
        if self._patterns.take(written) is not None:
            self._wake(key)
        return written


def _overtaken(key: PatternKey, what: str) -> Overtaken:
    return Overtaken(reason=Reason.MODIFIED, message=f"DesignPattern {key} {what}")


def _merged(pattern: DesignPattern, written: DesignPattern) -> DesignPattern:
    """The pattern as it was asked, with what was written since."""
    written = keep_ahead(pattern, written)
    asked = pattern.metadata.annotations.requested_at
    metadata = msgspec.structs.replace(
        pattern.metadata,
        annotations=msgspec.structs.replace(written.metadata.annotations, requested_at=asked),
        finalizers=written.metadata.finalizers,
        resource_version=written.metadata.resource_version,
    )
    return msgspec.structs.replace(pattern, metadata=metadata, status=written.status)


def _what(by: Verb) -> str:
    return f"patch {PLURAL}.{GROUP}/status" if by is _to_status else f"patch {PLURAL}.{GROUP}"
