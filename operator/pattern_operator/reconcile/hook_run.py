"""Runs the hooks of one moment, one after the other, as far as they come: a hook that is not over is waited for.

No run of a pattern lasts as long as its hooks: while one is under way it ends as ``Waiting``, and what becomes of the
hook's object begins the next, which goes on from the record (``hook_record``). Source: Helm 4, ``pkg/action/hooks.go``.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.hook import DeletePolicy, Hook, HookEvent
from pattern_operator.api.names import REQUESTED_AT_ANNOTATION
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import HooksStatus
from pattern_operator.apply import PruneResult, ScopedObjects
from pattern_operator.apply.finalize import orphan_command
from pattern_operator.apply.hooks import HookState, LiveHook, holds_others, hooks_of
from pattern_operator.errors import PatternError, Stalled, Transient, Waiting
from pattern_operator.quote import cut
from pattern_operator.reconcile import hook_record
from pattern_operator.reconcile.hook_record import Phase
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.telemetry import about

MAX_CAUSE: Final = 1_024  # bytes of the reason why a hook failed, so that what can be done is never cut off

logger = logging.getLogger(__name__)


class HookPort(Protocol):
    """What the run of a hook may do; see cluster.Cluster."""

    async def place(self, pattern: DesignPattern, objects: Iterable[Object]) -> ScopedObjects: ...  # noqa: D102 - see the class
    async def look_at_hook(self, pattern: DesignPattern, hook: Object) -> LiveHook | None: ...  # noqa: D102 - see the class
    async def create_hook(self, pattern: DesignPattern, hook: Object, *, run: str) -> LiveHook | None: ...  # noqa: D102 - see the class
    async def delete_hook(self, pattern: DesignPattern, hook: Object, *, uid: str) -> None: ...  # noqa: D102 - see the class
    async def prune_for_hook(self, pattern: DesignPattern, hook: Object) -> PruneResult: ...  # noqa: D102 - see the class
    async def cause_of_hook(self, pattern: DesignPattern, key: ObjectKey) -> str: ...  # noqa: D102 - see the class


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRun:
    """The run of the hooks of one moment.

    ``note`` is told of each new record; ``write`` puts one into status, too. ``ordinary`` are the objects that the
    pattern has, or is about to have, beside its hooks; ``leaving`` those that only the version before has, each of
    which a hook may replace: ``forget`` takes one off the inventory.
    """

    pattern: DesignPattern
    ordinary: frozenset[ObjectKey]
    leaving: frozenset[ObjectKey]
    forget: Callable[[ObjectKey], None]
    port: HookPort
    note: Callable[[HooksStatus], None]
    write: Callable[[HooksStatus], Awaitable[None]]
    now: Callable[[], datetime]

    async def go(self, record: HooksStatus, hooks: Sequence[Hook]) -> HooksStatus:
        """Run what is left of the moment that ``record`` names; the record once all of it is over.

        Raises:
            Waiting: HOOK_RUNNING: one is under way, or the object of an earlier run is being deleted.
            Stalled: one failed; the record says so.
            Transient: the API server could not be asked.
        """
        ordered = [await self._placed(each) for each in hooks_of(hooks, HookEvent(record.event))]
        record = msgspec.structs.replace(record, completed=max(record.completed, 0))  # others may write there
        for number in range(record.completed, len(ordered)):
            record = await self._run(record, ordered[number], done=ordered[:number])
            record = hook_record.hook_is_over(record, number)
            self.note(record)
        if any(DeletePolicy.HOOK_SUCCEEDED in each.delete_policies for each in ordered):
            await self.write(record)  # who finds no object must know that its hook is over
            await self._delete_succeeded(record, ordered)
        return record

    async def _placed(self, hook: Hook) -> Hook:
        found = await self.port.place(self.pattern, (hook.object,))
        if found.unknown:
            raise Transient(reason=found.unknown[0].reason, message=f"hook {found.unknown[0]}")
        return replace(hook, object=found.objects[0])

    async def _run(self, record: HooksStatus, hook: Hook, *, done: Sequence[Hook]) -> HooksStatus:
        """Go on with one hook; the record once it is over."""
        key = hook.object.key
        if record.hook != str(key) or record.phase != Phase.RUNNING:
            record = await self._started(record, key)
        try:
            live = await self._there(record, hook)
        except Stalled as error:
            await self._fail(record, hook, error.message, done=done)
            raise self._failure(record, hook, error.message) from error
        record = hook_record.seen(record, live.uid, now=self.now())
        self.note(record)
        if live.outcome.state is HookState.SUCCEEDED:
            return record
        why = live.outcome.message
        if live.outcome.state is HookState.RUNNING:
            if not hook_record.is_overdue(self.pattern, record, now=self.now()):
                raise self._waiting(record, key, "runs, and is waited for")
            why = f"did not end within {self.pattern.spec.timeout} (spec.timeout)"
        cause = await self.port.cause_of_hook(self.pattern, key)
        why = f"{why}: {cause}" if cause else why
        await self._fail(record, hook, why, done=done)
        raise self._failure(record, hook, why)

    async def _started(self, record: HooksStatus, key: ObjectKey) -> HooksStatus:
        record = hook_record.started(record, key, now=self.now())
        self.note(record)
        await self.write(record)
        return record

    async def _there(self, record: HooksStatus, hook: Hook) -> LiveHook:
        """The object of this run, made where there is none; that of an earlier one goes first, as its policy says.

        Raises:
            Stalled: it cannot be made, or what is there is not the pattern's to delete, or it is gone.
            Waiting, Transient: not yet.
        """
        key, run = hook.object.key, hook_record.run_label(record, record.completed)
        if key in self.ordinary:
            raise self._failure(
                record,
                hook,
                "is an ordinary object of this version or of the one that runs, too: rename one of the two, or publish"
                " a version without the object first",
            )
        live = await self.port.look_at_hook(self.pattern, hook.object)
        if live is not None and self._is_former(live, key):
            await self._clear(record, hook, live)
            live = None
        if key in self.leaving:
            self.forget(key)
            await self.write(record)  # before the hook is made: else a repair would take its object for the former one
        if live is not None and live.run == run:
            return live
        if live is not None:
            if live.run and holds_others(key):
                return live
            await self._clear(record, hook, live)
        if record.uid:
            raise self._failure(record, hook, "is gone, and nobody saw how it ended")
        live = await self.port.create_hook(self.pattern, hook.object, run=run)
        if live is None:
            raise Transient(
                reason=Reason.MODIFIED,
                message=f"hook {key.display_name} was made by somebody else at this moment; it is looked at again.",
            )
        return live

    def _is_former(self, live: LiveHook, key: ObjectKey) -> bool:
        """Whether it is an ordinary object of the version before, which no hook made."""
        return key in self.leaving and live.ours and not live.run

    async def _clear(self, record: HooksStatus, hook: Hook, live: LiveHook) -> None:
        """Delete the object of an earlier run or version, once it ended; what is another's is never touched."""
        key = hook.object.key
        if not self._is_former(live, key) and not (live.ours and live.run):
            whose = f"belongs to DesignPattern {live.owner}" if live.owner else "no hook of this pattern made it"
            raise self._failure(
                record, hook, f"is there already, and {whose}: it is neither changed nor deleted. Delete or rename it"
            )
        if DeletePolicy.BEFORE_HOOK_CREATION not in hook.delete_policies:
            raise self._failure(
                record,
                hook,
                "is there from an earlier run or version, and its hook-delete-policy does not have"
                " before-hook-creation: delete it, or add that",
            )
        if live.outcome.state is HookState.RUNNING:
            if not hook_record.is_overdue(self.pattern, record, now=self.now()):
                raise self._not_yet(record, key, "of an earlier run is not over, and is waited for", live=live)
            record = await self._started(record, key)
        await self._remove(record, hook, live)
        left = await self.port.look_at_hook(self.pattern, hook.object)
        if left is None:
            return
        if hook_record.is_overdue(self.pattern, record, now=self.now()):
            raise self._failure(record, hook, "of an earlier run is being deleted, and does not go: see its finalizers")
        raise self._not_yet(record, key, "of an earlier run is being deleted", live=live)

    async def _remove(self, record: HooksStatus, hook: Hook, live: LiveHook) -> None:
        """Delete it as what it is: an object of the version before goes as any object that leaves the pattern."""
        if not self._is_former(live, hook.object.key):
            await self.port.delete_hook(self.pattern, hook.object, uid=live.uid)
            return
        pruned = await self.port.prune_for_hook(self.pattern, hook.object)
        if pruned.error is not None:
            raise pruned.error
        for _, why in pruned.skipped:
            raise self._failure(
                record, hook, f"is an object of the version that runs, and stays ({why}): delete or rename it"
            )

    async def _fail(self, record: HooksStatus, hook: Hook, why: str, *, done: Sequence[Hook]) -> None:
        failed = hook_record.failed(record, self._words(record, hook, why))
        self.note(failed)
        deletes = DeletePolicy.HOOK_FAILED in hook.delete_policies
        if deletes or any(DeletePolicy.HOOK_SUCCEEDED in each.delete_policies for each in done):
            await self.write(failed)
        if deletes:
            await self._delete(hook, run=hook_record.run_label(record, record.completed))
        await self._delete_succeeded(failed, done)

    async def _delete_succeeded(self, record: HooksStatus, done: Sequence[Hook]) -> None:
        for number, each in reversed(list(enumerate(done))):
            if DeletePolicy.HOOK_SUCCEEDED in each.delete_policies:
                await self._delete(each, run=hook_record.run_label(record, number))

    async def _delete(self, hook: Hook, *, run: str) -> None:
        """Delete the object of this run, and no other; its hook is over also where it cannot be deleted."""
        try:
            live = await self.port.look_at_hook(self.pattern, hook.object)
            if live is not None and live.run == run:
                await self.port.delete_hook(self.pattern, hook.object, uid=live.uid)
        except PatternError as error:
            said = about(self.pattern, reason=error.reason)
            logger.warning("the object of a hook stays: hook=%s: %s", hook.object.key, error.message, extra=said)

    def _failure(self, record: HooksStatus, hook: Hook, why: str) -> Stalled:
        return Stalled(reason=Reason.HOOK_FAILED, message=self._words(record, hook, why))

    def _words(self, record: HooksStatus, hook: Hook, why: str) -> str:
        """Said once, however often it is passed on: the hook, why it failed, and what can be done."""
        known = hook.object.key.display_name
        name = f"{record.event} hook {known}"
        if why.startswith(name):
            return why
        said = cut(why, MAX_CAUSE)
        said = said.removeprefix(known) if said.startswith(f"{known}:") else f" {said}"
        return f"{name}{said.rstrip('. ')}. {self._next_step(record)}"

    def _next_step(self, record: HooksStatus) -> str:
        """What makes a hook run that failed, and what lets a pattern go without it."""
        if record.event == HookEvent.POST_DELETE:
            return "It is not run again: nothing of the pattern is left"
        pattern = self.pattern.metadata
        again = f"kubectl annotate dp -n {pattern.namespace} {pattern.name} {REQUESTED_AT_ANNOTATION}=<anything new>"
        if record.event == HookEvent.PRE_DELETE:
            instead = (
                f"To let the pattern go without it, and keep its objects: {orphan_command(owner_of(self.pattern))}"
            )
            return f"It is run again for a changed spec, or {again} --overwrite. {instead}"
        return f"It is run again for a new revision, a changed spec, or {again} --overwrite"

    def _not_yet(self, record: HooksStatus, key: ObjectKey, what: str, *, live: LiveHook) -> PatternError:
        """What nothing tells of is looked at again."""
        waiting = self._waiting(record, key, what)
        return waiting if live.watched else Transient(reason=waiting.reason, message=waiting.message)

    def _waiting(self, record: HooksStatus, key: ObjectKey, what: str) -> Waiting:
        return Waiting(reason=Reason.HOOK_RUNNING, message=f"{record.event} hook {key.display_name} {what}")
