"""Objects to the cluster by server-side apply: one request an object, waves in order, no failure ends the rest.

Source: Kubernetes documentation, "Server-Side Apply". The field manager is ``pattern-operator`` for every pattern, so
that two operators' patterns are told apart by the owner label, never by managers. The first apply of an object that
no watch shows makes it, or is refused where there is one (``create_only``); then one GET of its metadata tells whose it
is (``ownership_check``).
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Literal, TypeVar

from pattern_operator.aio import run_all
from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.fields import mapping_at
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.adoption import Policy, Refuse, Skip
from pattern_operator.apply.annotations import never_applied
from pattern_operator.apply.apply_answer import UnexpectedAnswer
from pattern_operator.apply.apply_run import ApplyRequest, ApplyRun, OnApplied
from pattern_operator.apply.crd import is_crd, is_established, kinds_of_crds, until_established
from pattern_operator.apply.defaulted_fields import explain_defaulted_fields
from pattern_operator.apply.errors import failure_of, is_unavailable, kind_not_found, passes_by_itself
from pattern_operator.apply.existing import read
from pattern_operator.apply.finished import content_hash
from pattern_operator.apply.ignore_differences import decode_rules
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.need import ObjectNeeded
from pattern_operator.apply.new_kind import retry_new_kind
from pattern_operator.apply.object_apply import Contested, ObjectApply
from pattern_operator.apply.object_locks import LockTimeout
from pattern_operator.apply.owner_metadata import get_existing, read_if_there
from pattern_operator.apply.ownership import Owner, apply_policy_of, is_namespace, is_protected
from pattern_operator.apply.ownership_check import OwnerLookup, OwnershipCheck
from pattern_operator.apply.protected import DEFAULT_PROTECTED, Protected
from pattern_operator.apply.replicas import scaled_in
from pattern_operator.apply.request_lanes import CONCURRENCY, lanes_of
from pattern_operator.apply.result import ApplyFailure, ApplyResult, of_defect
from pattern_operator.apply.scope import find
from pattern_operator.apply.server_side_apply import ServerSideApply
from pattern_operator.apply.skip_check import SkipCheck
from pattern_operator.apply.transfer import Transfers
from pattern_operator.apply.wave import waves
from pattern_operator.apply.withdrawals import Withdrawals
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.kube import ApiError, ApiUnavailable, Discovery, KindNotFound, Resource, Session

Taken = TypeVar("Taken")


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
        holder: OwnerLookup = lambda _, __: None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        """``holder(label, key)`` is the living pattern that an owner label names, if it still has the object."""
        self._session = session
        self._discovery = discovery
        self._managed = managed_objects
        self._protected = protected
        self._transfers = transfers if transfers is not None else Transfers()
        self._skips = SkipCheck(session, managed_objects=managed_objects)
        self._withdrawals = Withdrawals(session)
        self._object = ObjectApply(
            check=OwnershipCheck(
                session,
                discovery,
                managed_objects=managed_objects,
                transfers=self._transfers,
                holder=holder,
            ),
            sender=ServerSideApply(session, discovery),
            withdrawals=self._withdrawals,
            transfers=self._transfers,
            on_request=managed_objects.record_request,
        )
        self._slots = FairSemaphore(concurrency)

    async def apply_all(
        self,
        desired: Iterable[Object],
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

        ``desired`` are scoped; ``owned`` are the keys of the inventory, which alone make nothing ours. Fields of an
        object that carries our owner label are taken back from whoever holds them now. ``adopt`` says what becomes of
        what was there before, ``ignored`` which fields others write. ``impersonate`` is the user in whose name to look
        and to apply. ``on_applied`` is called with each object and the server's answer. Every answer is recorded in the
        managed objects.
        """
        desired = tuple(desired)
        request = ApplyRequest(
            owner=owner,
            conflicts=conflicts,
            adopt=adopt,
            rules=decode_rules(ignored),
            owned=owned,
            impersonate=impersonate,
            scaled=scaled_in(desired),
        )
        run = ApplyRun(
            request=request,
            on_applied=on_applied,
            own_kinds=kinds_of_crds(desired),
            namespaces={each.key.name for each in desired if is_namespace(each.key) and not is_protected(each.key)},
        )
        for wave in waves(each for each in desired if not is_protected(each.key)):
            if run.not_established:
                await until_established(run.not_established, session=self._session, owner=owner.id)
                run.not_established.clear()
            await run_all(self._attempt(each, run) for each in wave)
        return run.result()

    async def is_resumed(self, key: ObjectKey, *, impersonate: str | None) -> bool:
        """Whether an object that was to be skipped need not be any more, or is gone; False where nobody says."""
        try:
            resource = await self._discovery.find(group=key.group, kind=key.kind)
            existing = await get_existing(self._session, resource, key, impersonate=impersonate)
        except (ApiError, KindNotFound):
            return False  # it is looked at again
        return existing is None or not existing.paused

    async def read_live(
        self,
        desired: Collection[Object],
        *,
        owner: Owner,
        impersonate: str | None,
        take: Callable[[Object, Body], Awaitable[Taken]],
    ) -> dict[ObjectKey, Taken]:
        """What ``take`` takes of those of the objects that are there and carry the label of ``owner``.

        It is given an object and what it is in the cluster, which may be large and is let go then: no more are held
        than are read at once.

        Raises:
            what ``take`` raises.
            ApiError: the API server could not be asked, or refuses.
        """
        found: dict[ObjectKey, Taken] = {}

        async def look(each: Object) -> None:
            async with self._slots.acquire(*lanes_of(each.key, owner)):
                body = await read_if_there(each, session=self._session, discovery=self._discovery, user=impersonate)
                if body is not None and read(body).owner == owner.id:
                    found[each.key] = await take(each, body)

        await run_all(look(each) for each in desired)
        return found

    async def _attempt(self, desired: Object, run: ApplyRun) -> None:
        key, owner = desired.key, run.request.owner
        if why := self._protected.why(key, desired.body):
            self._failed(ApplyFailure(key, Reason.PROTECTED_OBJECT, f"{why}, so no pattern may contain it"), run)
            return
        try:
            if why := never_applied(mapping_at(desired.body, "metadata", "annotations")):
                self._skip(key, why, run)
                return
            resource = await find(desired, own_kinds=run.own_kinds, discovery=self._discovery)
            await self._managed.ready(resource)  # may take long, and holds no slot
            async with self._slots.acquire(*lanes_of(key, owner)):
                if run.unavailable is not None:
                    run.fail(failure_of(key, run.unavailable))
                    return
                await self._apply_object(desired, resource, run)
        except (ValueError, Contested, LockTimeout) as error:
            failure = ApplyFailure(key, Reason.APPLY_FAILED, str(error))
            self._failed(failure, run, passes=not isinstance(error, ValueError))
        except UnexpectedAnswer as error:  # it is there, and we made or changed it: it stays ours
            run.fail_stored(ApplyFailure(key, error.reason, str(error)))
            self._transfers.exclude(key, owner.id)
        except KindNotFound as error:
            self._failed(kind_not_found(key, error), run)
        except ApiError as error:
            self._refused(desired, error, run)
        except Exception as error:  # a defect costs this object
            self._session.internal_errors.record("apply", error)
            run.fail(of_defect(key))
            self._transfers.exclude(key, owner.id)

    def _refused(self, desired: Object, error: ApiError, run: ApplyRun) -> None:
        """The API server refused the object, or did not answer."""
        key = desired.key
        if is_unavailable(error):
            run.unavailable = error
        if isinstance(error, ApiUnavailable):
            run.fail(failure_of(key, error))  # the answer may be lost, and the object there: it stays ours
            return
        failure = failure_of(key, error, account=run.request.impersonate)
        failure = explain_defaulted_fields(failure, error, body=desired.body)
        self._failed(failure, run, passes=passes_by_itself(error))

    def _failed(self, failure: ApplyFailure, run: ApplyRun, *, passes: bool = False) -> None:
        """The object was not applied for certain: it is ours only where it was so before.

        Who could not take what was offered holds nobody up with it, unless the refusal ``passes`` by itself.
        """
        run.fail(failure)
        if not passes:
            self._transfers.exclude(failure.key, run.request.owner.id)
        if not self._is_ours(failure.key, run.request):
            run.disowned.add(failure.key)

    def _skip(self, key: ObjectKey, why: str, run: ApplyRun) -> None:
        run.skipped.append((key, why))
        self._transfers.stop_waiting(key, run.request.owner.id)

    async def _apply_object(self, desired: Object, resource: Resource, run: ApplyRun) -> None:
        key, owner, content = desired.key, run.request.owner.id, content_hash(desired)
        if why := await self._skips.reason(desired, resource, content, run):
            self._skip(key, why, run)
            return
        with self._managed.applying(key, owner=owner):
            answer = await retry_new_kind(lambda: self._object.apply(desired, resource, run), key, run)
            if isinstance(answer, dict):
                policy = apply_policy_of(mapping_at(desired.body, "metadata"))
                self._managed.record(
                    answer,
                    key=key,
                    owner=owner,
                    resource=resource,
                    content=content,
                    policy=policy,
                    remaining=run.remaining.get(key, ()),
                )
        match answer:
            case Skip(ours=True):
                self._skip(key, answer.why, run)
                await self._skips.count_as_pending(key, resource, run.request)
            case Skip():
                self._skip(key, answer.why, run)
                self._managed.release([key], owner=owner)
                run.disowned.add(key)
            case Refuse():
                need = ObjectNeeded(key) if answer.reason is Reason.OWNED_BY_ANOTHER_PATTERN else None
                run.fail(ApplyFailure(key, answer.reason, answer.message, need=need))
                run.disowned.add(key)
            case _:
                self._applied(desired, answer, run)

    def _applied(self, desired: Object, answer: Body, run: ApplyRun) -> None:
        run.applied.append(desired.key)
        self._transfers.stop_waiting(desired.key, run.request.owner.id)
        if is_crd(desired.key) and not is_established(answer):
            self._discovery.invalidate()
            run.not_established.add(desired.key.name)
        if run.on_applied is not None:
            run.on_applied(desired, answer)

    def _is_ours(self, key: ObjectKey, request: ApplyRequest) -> bool:
        """Whether the object may carry our label in the cluster, as far as can be known without asking.

        The inventory alone does not say so: it is written ahead, and then also names what was never applied.
        """
        if self._withdrawals.has(key, request.owner.id):
            return False
        managed = self._managed.get(key)
        if managed is not None and managed.carries_label_of(request.owner.id):
            return True
        return key in request.owned and not self._managed.is_known_absent(key)
