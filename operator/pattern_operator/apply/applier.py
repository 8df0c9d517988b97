"""Objects to the cluster by server-side apply: one request an object, waves in order, no failure ends the rest.

Source: Kubernetes documentation, "Server-Side Apply". The field manager is ``pattern-operator`` for every pattern, so
that two operators' patterns are told apart by the owner label, never by managers. Before the first apply of an object
that no watch shows as the pattern's own, one GET of its metadata tells whose it is (``adoption``).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Final, Literal, TypeVar

from pattern_operator.aio import run_all
from pattern_operator.api.fields import ObjectMeta, mapping_at
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import OF_CREATE_NAMESPACE, Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.spec import IgnoreDifferences
from pattern_operator.apply.adoption import PAUSED, Adopt, Create, Decision, Own, Policy, Refuse, Skip, decide
from pattern_operator.apply.annotations import IF_ABSENT, IGNORE
from pattern_operator.apply.annotations import apply_policy_of as asked_of
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.crd import CrdKinds, is_crd, is_established, kinds_of_crds, until_established
from pattern_operator.apply.defaulted_fields import explain_defaulted_fields
from pattern_operator.apply.errors import failure_of, is_missing_namespace, is_uid_conflict, is_unavailable
from pattern_operator.apply.existing import Existing, has_other_managers, read
from pattern_operator.apply.field_reclaim import FieldReclaim, may_reclaim
from pattern_operator.apply.field_release import fields_left_to_others, read_and_release_fields, release_fields
from pattern_operator.apply.finished import MAY_HAVE_FINISHED, NOT_RERUN, content_hash, is_ephemeral
from pattern_operator.apply.ignore_differences import (
    Pointer,
    Rule,
    decode_rules,
    formerly_applied,
    without,
    without_released,
)
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.migrate import migrate, needs_migration
from pattern_operator.apply.need import KindNeeded, ObjectNeeded
from pattern_operator.apply.object_locks import LockTimeout, ObjectLocks
from pattern_operator.apply.owner_metadata import get_existing, withdraw_apply
from pattern_operator.apply.ownership import (
    Owner,
    add_owner_metadata,
    apply_policy_of,
    is_namespace,
    is_protected,
)
from pattern_operator.apply.protected import DEFAULT_PROTECTED, Protected
from pattern_operator.apply.pvc_size import STORAGE, explain_grown_pvc
from pattern_operator.apply.replaced_fields import is_touched
from pattern_operator.apply.replicas import scaled_in, scaler_of, sets_replicas
from pattern_operator.apply.result import ApplyFailure, ApplyResult, of_defect
from pattern_operator.apply.scope import find
from pattern_operator.apply.takeover_check import check_takeover
from pattern_operator.apply.transfer import Transfers
from pattern_operator.apply.wave import waves
from pattern_operator.fair_queue import Lane
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.kube import ApiError, ApiUnavailable, Conflicts, Discovery, KindNotFound, Resource, Session
from pattern_operator.kube import objects as verbs
from pattern_operator.kube.kind_existence import is_missing

# Times the free slots that each may hold: 21, 24 and 30 of 32 where it is alone.
PATTERN_SHARE: Final = 2
NAMESPACE_SHARE: Final = 3
KIND_SHARE: Final = 15
CONCURRENCY: Final = 32  # requests at once for all patterns together: more only queue in the API server
# What was created a moment ago is served a moment later, and nothing tells when: seconds between tries.
NEW_KIND_DELAYS: Final = (0.05, 0.1, 0.2, 0.4, 0.8)

OWNED: Final = Reason.OWNED_BY_ANOTHER_PATTERN
LOOKS: Final = 3  # at an object that others make anew meanwhile

T = TypeVar("T")
Holder = Callable[[str, ObjectKey], Owner | None]
OnApplied = Callable[[Object, Body], None]


@dataclass(slots=True, kw_only=True)
class _Run:
    """One call of ``apply_all``: what it was asked, and what came of it so far."""

    owner: Owner
    conflicts: Literal["Fail", "Take"]
    adopt: Policy
    rules: tuple[Rule, ...]
    owned: Collection[ObjectKey]
    impersonate: str | None
    on_applied: OnApplied | None
    own_kinds: CrdKinds
    namespaces: set[str]  # that the pattern itself brings
    scaled: frozenset[tuple[str, str, str, str]]  # what its autoscalers aim at
    applied: list[ObjectKey] = field(default_factory=list)
    skipped: list[tuple[ObjectKey, str]] = field(default_factory=list)
    notes: dict[ObjectKey, str] = field(default_factory=dict)  # what people should know of what was applied
    disowned: set[ObjectKey] = field(default_factory=set)
    created: set[ObjectKey] = field(default_factory=set)
    configured: set[ObjectKey] = field(default_factory=set)
    failures: list[ApplyFailure] = field(default_factory=list)
    coming: set[str] = field(default_factory=set)  # names of the CRDs that are applied and not served yet
    away: ApiError | None = None  # the API server does not answer, or throttles us

    def note_change(self, key: ObjectKey, decision: Create | Own | Adopt, answer: Body) -> None:
        """Write down whether an apply made or changed the object: one that changes nothing leaves its version."""
        if isinstance(decision, Create):
            self.created.add(key)
        elif decision.version and ObjectMeta.of(answer).resource_version != decision.version:
            self.configured.add(key)

    def fail(self, failure: ApplyFailure) -> None:
        """Write down what could not be applied; nobody waits for a namespace or a kind that it was to bring."""
        key = failure.key
        self.failures.append(failure)
        if is_namespace(key):
            self.namespaces.discard(key.name)
        elif is_crd(key):
            self.own_kinds = {at: r for at, r in self.own_kinds.items() if f"{r.plural}.{r.group}" != key.name}


class Applier:
    """Applies the objects of all patterns, never more than ``concurrency`` requests at once, in fair shares."""

    def __init__(
        self,
        session: Session,
        discovery: Discovery,
        *,
        managed_objects: ManagedObjects,
        protected: Protected = DEFAULT_PROTECTED,
        transfers: Transfers | None = None,
        holder: Holder = lambda _, __: None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        """``holder(label, key)`` is the living pattern that an owner label names, if it still has the object."""
        self._session = session
        self._discovery = discovery
        self._managed = managed_objects
        self._protected = protected
        self._transfers = transfers if transfers is not None else Transfers()
        self._holder = holder
        self._locks = ObjectLocks()
        # UIDs of objects of others that carry the label of an owner (its id) by a lost race.
        self._unwithdrawn: dict[tuple[str, ObjectKey], str] = {}
        self._slots = FairSemaphore(concurrency)

    async def apply_all(
        self,
        objects: Iterable[Object],
        *,
        owner: Owner,
        conflicts: Literal["Fail", "Take"],
        owned: Collection[ObjectKey],
        adopt: Policy = "IfUnowned",
        ignored: tuple[IgnoreDifferences, ...] = (),
        impersonate: str | None = None,
        on_applied: OnApplied | None = None,
    ) -> ApplyResult:
        """Apply what can be applied, and say of each object what came of it. Never raises for what a server answers.

        ``objects`` are scoped; ``owned`` are the keys of the inventory, which alone make nothing ours. Fields of an
        object that carries our owner label are taken back from whoever holds them now. ``adopt`` says what becomes of
        what was there before, ``ignored`` which fields others write. ``impersonate`` is the user in whose name to look
        and to apply. ``on_applied`` is called with each object and the server's answer. Every answer is recorded in the
        managed_objects.
        """
        objects = tuple(objects)
        run = _Run(
            owner=owner,
            conflicts=conflicts,
            adopt=adopt,
            rules=decode_rules(ignored),
            owned=owned,
            impersonate=impersonate,
            on_applied=on_applied,
            own_kinds=kinds_of_crds(objects),
            scaled=scaled_in(objects),
            namespaces={each.key.name for each in objects if is_namespace(each.key) and not is_protected(each.key)},
        )
        for wave in waves(each for each in objects if not is_protected(each.key)):
            if run.coming:
                await until_established(run.coming, session=self._session, owner=owner.id)
                run.coming.clear()
            await run_all(self._attempt(each, run) for each in wave)
        return ApplyResult(
            tuple(sorted(run.applied)),
            tuple(sorted(run.skipped)),
            tuple(sorted(run.failures, key=str)),
            frozenset(run.disowned),
            tuple(sorted(run.notes.items())),
            frozenset(run.created),
            frozenset(run.configured),
        )

    async def is_resumed(self, key: ObjectKey, *, impersonate: str | None) -> bool:
        """Whether an object that was to be skipped need not be any more, or is gone; False where nobody says."""
        try:
            resource = await self._discovery.find(group=key.group, kind=key.kind)
            existing = await get_existing(self._session, resource, key, impersonate=impersonate)
        except (ApiError, KindNotFound):
            return False  # it is looked at again
        return existing is None or not existing.paused

    async def _attempt(self, desired: Object, run: _Run) -> None:
        key = desired.key
        if why := self._protected.why(key, desired.body):
            self._failed(ApplyFailure(key, Reason.PROTECTED_OBJECT, f"{why}, so no pattern may hold it"), run)
            return
        try:
            asked, annotation = asked_of(mapping_at(desired.body, "metadata", "annotations"))
            if asked == IGNORE:
                run.skipped.append((key, f"is never applied: it is annotated {annotation}"))
                self._transfers.stop_waiting(key, run.owner.id)
                return
            resource = await find(desired, own_kinds=run.own_kinds, discovery=self._discovery)
            await self._managed.ready(resource)  # may take long, and holds no slot
            async with self._slots.acquire(*lanes_of(key, run.owner)):
                if run.away is not None:
                    run.fail(failure_of(key, run.away))
                    return
                await self._apply_object(desired, resource, run)
        except ValueError as error:
            self._failed(ApplyFailure(key, Reason.APPLY_FAILED, str(error)), run)
        except KindNotFound as error:
            need = KindNeeded(error.group, error.kind, error.version or "")
            self._failed(ApplyFailure(key, Reason.KIND_NOT_FOUND, str(error), need=need), run)
        except ApiError as error:
            if is_unavailable(error):
                run.away = error
            if isinstance(error, ApiUnavailable):
                run.fail(failure_of(key, error))  # the answer may be lost, and the object there: it stays ours
            else:
                failure = failure_of(key, error, account=run.impersonate)
                self._failed(explain_defaulted_fields(failure, error, body=desired.body), run, passes=_passes(error))
        except Exception as error:  # a defect costs this object
            self._session.internal_errors.record("apply", error)
            run.fail(of_defect(key))
            self._transfers.exclude(key, run.owner.id)

    def _failed(self, failure: ApplyFailure, run: _Run, *, passes: bool = False) -> None:
        """The object was not applied for certain: it is ours only where it was so before.

        Who could not take what was offered holds nobody up with it, unless the refusal ``passes`` by itself.
        """
        run.fail(failure)
        if not passes:
            self._transfers.exclude(failure.key, run.owner.id)
        if not self._is_ours(failure.key, run):
            run.disowned.add(failure.key)

    async def _why_not(self, desired: Object, resource: Resource, content: bytes, run: _Run) -> str:
        """Why the object is not sent although it is desired; empty where it is."""
        key = desired.key
        managed = self._managed.get(key)
        paused = (
            managed is not None
            and managed.present
            and managed.observed.label == run.owner.id
            and managed.observed.paused
        )
        if paused and self._managed.is_watched(key):
            self._managed.mark_pending(key, owner=run.owner.id)
            return PAUSED
        if_absent = apply_policy_of(mapping_at(desired.body, "metadata")) == IF_ABSENT
        if if_absent and await self._retry_new_kind(lambda: self._is_there(key, resource, run), key, run):
            return "is skipped: it is there, and annotated ssa: IfAbsent"
        if managed is None or managed.owner != run.owner.id or not self._managed.is_watched(key):
            return ""
        if managed.observed.end_unobserved and not managed.content and is_ephemeral(desired.body, key=key):
            managed.content = content  # nobody knows what ran: it is taken for this
        if not managed.has_finished(content):
            return ""
        return MAY_HAVE_FINISHED if managed.observed.end_unobserved else NOT_RERUN

    async def _apply_object(self, desired: Object, resource: Resource, run: _Run) -> None:
        key, content = desired.key, content_hash(desired)
        if why := await self._why_not(desired, resource, content, run):
            run.skipped.append((key, why))
            self._transfers.stop_waiting(key, run.owner.id)
            return
        with self._managed.applying(key, owner=run.owner.id):
            answer = await self._retry_new_kind(lambda: self._apply(desired, resource, run), key, run)
            if isinstance(answer, dict):
                policy = apply_policy_of(mapping_at(desired.body, "metadata"))
                self._managed.record(
                    answer, key=key, owner=run.owner.id, resource=resource, content=content, policy=policy
                )
        if isinstance(answer, Skip | Refuse):
            if isinstance(answer, Skip):
                run.skipped.append((key, answer.why))
                self._transfers.stop_waiting(key, run.owner.id)
                if answer.ours:
                    await self._count(key, resource, run)
                    return
                self._managed.release([key], owner=run.owner.id)
            else:
                owned = answer.reason is OWNED
                need = ObjectNeeded(key) if owned else None
                run.fail(ApplyFailure(key, answer.reason, answer.message, need=need))
            run.disowned.add(key)
            return
        run.applied.append(key)
        self._transfers.stop_waiting(key, run.owner.id)
        if is_crd(key) and not is_established(answer):
            self._discovery.invalidate()
            run.coming.add(key.name)
        if run.on_applied is not None:
            run.on_applied(desired, answer)

    async def _apply(self, desired: Object, resource: Resource, run: _Run) -> Body | Skip | Refuse:
        """Look whose the object is, and apply it where it may be the pattern's; the answer, or why it was not sent.

        Each apply is for the very object that was looked at (its UID): where another took its place meanwhile, the API
        server refuses, and it is looked at again.

        Raises:
            ApiError, KindNotFound: it was refused.
            ValueError: it is not JSON.
        """
        key = desired.key
        withdrawn = await self._withdraw(key, resource, run)  # the watch may not show that yet
        place = self._locks.at(key)
        for number in range(LOOKS):
            since = place.uses
            known = None if number or withdrawn else self._known(key, run)
            decision = known or await self._look(desired, resource, run)
            if isinstance(decision, Skip | Refuse):
                return decision
            send = partial(self._send_to_the_seen, desired, resource, decision, run)
            try:  # what carries our label already is nobody else's to take: no turn is needed
                with self._transfers.taking(key, run.owner):
                    answer = await (send() if known is not None else place.take(send, since=since))
            except LockTimeout as error:
                return Refuse(Reason.APPLY_FAILED, str(error))
            if answer is not None:
                return answer
        return Refuse(
            Reason.APPLY_FAILED, "is changed or made anew by somebody again and again; it is tried again later."
        )

    async def _send_to_the_seen(
        self, desired: Object, resource: Resource, decision: Create | Own | Adopt, run: _Run
    ) -> Body | None:
        """Apply to the very object that was looked at; None where another took its place, to be looked at anew."""
        try:
            answer = await self._send(desired, resource, decision, run)
        except ApiError as error:
            if not is_uid_conflict(error):
                raise
            return None
        if not (isinstance(decision, Create) and has_other_managers(answer)):
            run.note_change(desired.key, decision, answer)
            return answer
        # Somebody made it between the look and the apply: it is theirs, and decided about as such.
        self._unwithdrawn[run.owner.id, desired.key] = read(answer).uid
        await self._withdraw(desired.key, resource, run)
        return None

    async def _withdraw(self, key: ObjectKey, resource: Resource, run: _Run) -> bool:
        """Take our apply off an object of somebody else, also where an earlier try failed; whether there was one.

        Until that is done the object is in no inventory: its label would let it be deleted with the pattern.
        """
        uid = self._unwithdrawn.get((run.owner.id, key))
        if uid is None:
            return False
        run.disowned.add(key)
        existing = await get_existing(self._session, resource, key, impersonate=run.impersonate)
        if existing is not None and (existing.uid, existing.owner) == (uid, run.owner.id):
            await withdraw_apply(self._session, resource, key, uid=uid, impersonate=run.impersonate)
        del self._unwithdrawn[run.owner.id, key]
        run.disowned.discard(key)
        return True

    def _known(self, key: ObjectKey, run: _Run) -> Own | None:
        """What a watch that is in step says without a request: the object carries our label."""
        managed = self._managed.get(key)
        if (
            managed is None
            or not managed.present
            or managed.observed.label != run.owner.id
            or not self._managed.is_watched(key)
        ):
            return None
        seen, version = managed.observed, str(managed.observed.version or "")
        return Own(
            seen.uid,
            adopted=seen.adopted,
            scaled_by=seen.scaled_by,
            scales=seen.scales,
            touched=seen.touched and (managed.drifted or not managed.expected),
            version=version,
        )

    async def _look(self, desired: Object, resource: Resource, run: _Run) -> Decision:
        key = desired.key
        try:
            existing = await get_existing(self._session, resource, key, impersonate=run.impersonate)
        except ApiError as error:
            if error.code == HTTPStatus.NOT_FOUND and not is_missing_namespace(error):
                await self._recheck_kind(resource)
            raise
        holder = self._holder(existing.owner, key) if existing is not None and existing.owner else None
        decision = decide(
            existing,
            key=key,
            policy=_policy(desired, run),
            owner=run.owner,
            holder=holder,
            remembered=existing is not None and self._is_remembered(existing, key, run),
            is_only_to_be_there=_is_only_to_be_there(desired),
            offered=existing is not None and self._transfers.is_offered(key, by=existing.owner, to=run.owner.id),
        )
        if existing is not None and isinstance(decision, Refuse) and decision.reason is OWNED:
            why = await self._line_up(desired, resource, existing, run)
            return replace(decision, message=f"{decision.message}{why}")
        if isinstance(decision, Own | Adopt) and existing is not None:
            decision = replace(decision, scaled_by=scaler_of(existing.entries), version=existing.version)
        if isinstance(decision, Own) and existing is not None:
            entries = existing.entries
            return replace(decision, scales=sets_replicas(entries), touched=is_touched(entries))
        if isinstance(decision, Adopt) and existing is not None:
            return replace(decision, migrates=needs_migration(existing.entries, existing.annotations))
        return decision

    async def _line_up(self, desired: Object, resource: Resource, existing: Existing, run: _Run) -> str:
        """Let the pattern wait for the object of another, once its account has shown that it could take it over.

        What to add to the message where it could not.
        """
        key = desired.key
        if existing.paused or existing.deleting:
            self._transfers.stop_waiting(key, run.owner.id)
            return ""
        if not self._transfers.may_wait(key, run.owner.id):
            return ""
        place = (self._session, resource, desired, existing)
        try:
            await check_takeover(*place, owner=run.owner, rules=run.rules, impersonate=run.impersonate)
        except ApiError as error:
            failure = failure_of(key, error, account=run.impersonate)
            return "" if _passes(error) else f" It is not handed over to this pattern: {failure.message}"
        except ValueError as error:
            return f" It is not handed over to this pattern: {error}"
        self._transfers.wait(key, run.owner)
        return ""

    def _is_remembered(self, existing: Existing, key: ObjectKey, run: _Run) -> bool:
        """Whether somebody took the label off an object of ours: seen in this life, or in the inventory of the last."""
        managed = self._managed.get(key)
        if (
            managed is not None
            and managed.owner == run.owner.id
            and managed.expected
            and managed.observed.uid == existing.uid
        ):
            return True
        return not existing.owner and key in run.owned and existing.pattern == str(run.owner)

    async def _send(self, desired: Object, resource: Resource, decision: Create | Own | Adopt, run: _Run) -> Body:
        key = desired.key
        left, note = await fields_left_to_others(
            self._session,
            desired,
            rules=run.rules,
            scaled_by="" if isinstance(decision, Create) else decision.scaled_by,
            scales=isinstance(decision, Own) and decision.scales,
            scaled=(key.group, key.kind, key.namespace, key.name) in run.scaled,
            impersonate=run.impersonate,
        )
        if isinstance(decision, Own):
            left = (*left, *formerly_applied(run.rules, desired))
        send = partial(self._send_without, desired=desired, resource=resource, decision=decision, run=run)
        try:
            answer = await send(left)
        except ApiError as error:
            if error.code == HTTPStatus.NOT_FOUND and not is_missing_namespace(error):
                await self._recheck_kind(resource)
            note = await explain_grown_pvc(self._session, resource, desired, error, impersonate=run.impersonate)
            if not note:
                raise
            answer = await send((*left, STORAGE))
        if note:
            run.notes[key] = note
        return answer

    async def _send_without(
        self,
        left: tuple[Pointer, ...],
        *,
        desired: Object,
        resource: Resource,
        decision: Create | Own | Adopt,
        run: _Run,
    ) -> Body:
        """Apply the object without what of it is left to others, but where it is made: then with all of it."""
        key = desired.key
        take = isinstance(decision, Own) or (isinstance(decision, Adopt) and run.conflicts == "Take")
        marked = add_owner_metadata(
            desired,
            owner=run.owner,
            adopted=isinstance(decision, Adopt) or (isinstance(decision, Own) and decision.adopted),
            uid="" if isinstance(decision, Create) else decision.uid,
        )
        sent = without(marked.body, left) if left and not isinstance(decision, Create) else marked.body
        body = apply_body(replace(marked, body=sent))
        apply = partial(
            verbs.apply,
            self._session,
            resource,
            body=body,
            namespace=key.namespace,
            name=key.name,
            field_manager=FIELD_MANAGER,
            conflicts=Conflicts.FORCE if take else Conflicts.FAIL,
            impersonate=run.impersonate,
        )
        others = FieldReclaim(
            session=self._session,
            resource=resource,
            desired=marked,
            sent=body,
            left=left,
            may=partial(may_reclaim, decision, takes=take),
            impersonate=run.impersonate,
        )
        send = apply if isinstance(decision, Create) else partial(others.applied, apply)
        there = (self._session, resource, marked)
        if isinstance(decision, Adopt) and decision.migrates:
            keep = partial(without_released, body=marked.body, paths=left)
            place = (self._session, resource, key)
            await migrate(*place, send=apply, insist=send, keep=keep, impersonate=run.impersonate)
        if isinstance(decision, Own):
            if decision.touched:
                await others.replaced()
            if left:
                await read_and_release_fields(*there, paths=left, impersonate=run.impersonate)
        answer = await send()
        if left and isinstance(decision, Create):
            answer = await release_fields(*there, live=answer, paths=left, impersonate=run.impersonate)
        return answer

    def _is_ours(self, key: ObjectKey, run: _Run) -> bool:
        """Whether the object may carry our label in the cluster, as far as can be known without asking.

        The inventory alone does not say so: it is written ahead, and then also names what was never applied.
        """
        if (run.owner.id, key) in self._unwithdrawn:
            return False
        managed = self._managed.get(key)
        if managed is not None and managed.present and managed.observed.label == run.owner.id:
            return True
        return key in run.owned and not self._managed.is_known_absent(key)

    async def _recheck_kind(self, resource: Resource) -> None:
        """The path is not there: look whether the kind still is; raises KindNotFound when it is not."""
        self._discovery.invalidate(resource)
        await self._discovery.find(group=resource.group, kind=resource.kind, version=resource.version)

    async def _retry_new_kind(self, apply: Callable[[], Awaitable[T]], key: ObjectKey, run: _Run) -> T:
        """Try again for a moment where the pattern itself has just brought the kind or the namespace."""
        for pause in NEW_KIND_DELAYS:
            try:
                return await apply()
            except (ApiError, KindNotFound) as error:
                if not _is_of_new_kind(error, key, run):
                    raise
            await asyncio.sleep(pause)
        return await apply()

    async def _count(self, key: ObjectKey, resource: Resource, run: _Run) -> None:
        """Let an object of ours that is skipped count for the pattern's health, and remember that it was not sent."""
        body = await verbs.get(
            self._session, resource, namespace=key.namespace, name=key.name, impersonate=run.impersonate
        )
        self._managed.observe(body, key=key)
        self._managed.mark_pending(key, owner=run.owner.id)

    async def _is_there(self, key: ObjectKey, resource: Resource, run: _Run) -> bool:
        """Whether an object that is applied only if absent exists.

        One of ours counts for the pattern's health, and no other is owned.
        """
        try:
            body = await verbs.get(
                self._session, resource, namespace=key.namespace, name=key.name, impersonate=run.impersonate
            )
        except ApiError as error:
            if is_missing(error, key.name):
                return False
            raise
        if read(body).owner == run.owner.id:
            self._managed.record(body, key=key, owner=run.owner.id, resource=resource, policy=IF_ABSENT)
        else:
            run.disowned.add(key)
        return True


def lanes_of(key: ObjectKey, owner: Owner) -> tuple[Hashable, ...]:
    """Whom a request about an object counts for: its pattern, and beside it the pattern's namespace and the kind.

    The shares grow in this order: what is slow for one namespace, such as its webhook, must not close the kind to all.
    """
    return (
        Lane(("pattern", owner.id), PATTERN_SHARE),
        Lane(("namespace", owner.namespace), NAMESPACE_SHARE),
        Lane(("kind", key.group, key.kind), KIND_SHARE),
    )


def _policy(desired: Object, run: _Run) -> Policy:
    """A Namespace that is only there to be there is used as it is where it exists, and never a reason to fail."""
    return "IfUnowned" if _is_only_to_be_there(desired) and run.adopt == "Never" else run.adopt


def _is_only_to_be_there(desired: Object) -> bool:
    """Whether it is the Namespace that ``spec.apply.createNamespace`` asks for."""
    return is_namespace(desired.key) and desired.component == OF_CREATE_NAMESPACE


def _passes(error: ApiError) -> bool:
    """Whether what was refused may be taken by the next try although nobody has changed anything."""
    return is_unavailable(error) or is_uid_conflict(error) or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR


def _is_of_new_kind(error: ApiError | KindNotFound, key: ObjectKey, run: _Run) -> bool:
    if isinstance(error, KindNotFound) or error.code == HTTPStatus.NOT_FOUND:
        new_kind = any((group, kind) == (key.group, key.kind) for group, _, kind in run.own_kinds)
        return new_kind or key.namespace in run.namespaces
    # The ServiceAccount "default" of a new namespace is made by a controller; bare pods are refused before it is there.
    return error.code == HTTPStatus.FORBIDDEN and key.namespace in run.namespaces and "not found" in error.message
