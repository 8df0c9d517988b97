"""Objects to the cluster by server-side apply: one request an object, waves in order, no failure ends the rest.

Source: Kubernetes documentation, "Server-Side Apply". The field manager is ``pattern-operator`` for every pattern, so
that two operators' patterns are told apart by the owner label and ``Claims``, never by managers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal

from pattern_operator.aio import run_all
from pattern_operator.api.fields import mapping_at
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.child import Child
from pattern_operator.apply.children import Children
from pattern_operator.apply.definition import Definitions, definitions, is_definition, is_established
from pattern_operator.apply.established import until_established
from pattern_operator.apply.intent import intent
from pattern_operator.apply.outcome import Applied, ApplyFailure, of_defect
from pattern_operator.apply.ownership import (
    IF_ABSENT,
    IGNORE,
    Owner,
    is_namespace,
    is_protected,
    label_of,
    ssa_of,
    stamp,
)
from pattern_operator.apply.protected import OF_THE_MANIFESTS, Protected
from pattern_operator.apply.refusal import is_away, is_missing_namespace, refusal
from pattern_operator.apply.scope import find
from pattern_operator.apply.wave import waves
from pattern_operator.kube import ApiError, Conflicts, Discovery, KindNotFound, Resource, Session
from pattern_operator.kube import objects as verbs
from pattern_operator.kube.slots import Slots

CONCURRENCY: Final = 32  # requests at once for all patterns together: more only queue in the API server
# What was created a moment ago is served a moment later, and nothing tells when: seconds between tries.
SETTLING: Final = (0.05, 0.1, 0.2, 0.4, 0.8)

OnApplied = Callable[[Object, Body], None]


@dataclass(slots=True, kw_only=True)
class _Run:
    """One call of ``apply_all``: what it was asked, and what came of it so far."""

    owner: Owner
    conflicts: Literal["Fail", "Take"]
    owned: Collection[ObjectKey]
    impersonate: str | None
    on_applied: OnApplied | None
    brought: Definitions
    namespaces: set[str]  # that the pattern itself brings
    applied: list[ObjectKey] = field(default_factory=list)
    left: list[tuple[ObjectKey, str]] = field(default_factory=list)
    failures: list[ApplyFailure] = field(default_factory=list)
    coming: set[str] = field(default_factory=set)  # names of the CRDs that are applied and not served yet
    away: ApiError | None = None  # the API server does not answer, or wants to be left alone

    def fail(self, failure: ApplyFailure) -> None:
        """Write down what could not be applied; nobody waits for a namespace or a kind that it was to bring."""
        key = failure.key
        self.failures.append(failure)
        if is_namespace(key):
            self.namespaces.discard(key.name)
        elif is_definition(key):
            self.brought = {at: r for at, r in self.brought.items() if f"{r.plural}.{r.group}" != key.name}


class Applier:
    """Applies the objects of all patterns, never more than ``concurrency`` requests at once, in fair shares."""

    def __init__(
        self,
        session: Session,
        discovery: Discovery,
        *,
        children: Children,
        protected: Protected = OF_THE_MANIFESTS,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._session = session
        self._discovery = discovery
        self._children = children
        self._protected = protected
        self._slots = Slots(concurrency)

    async def apply_all(
        self,
        objects: Iterable[Object],
        *,
        owner: Owner,
        conflicts: Literal["Fail", "Take"],
        owned: Collection[ObjectKey],
        impersonate: str | None = None,
        on_applied: OnApplied | None = None,
    ) -> Applied:
        """Apply what can be applied, and say of each object what came of it. Never raises for what a server answers.

        ``objects`` are localized; ``owned`` are the keys of the inventory. Fields of an object that carries our owner
        label are taken back from whoever holds them now, and so are those of ``owned`` where no watch can tell.
        ``impersonate`` is the user in whose name to apply. ``on_applied`` is called
        with each object and the server's answer. Every answer is recorded in the children.
        """
        objects = tuple(objects)
        run = _Run(
            owner=owner,
            conflicts=conflicts,
            owned=owned,
            impersonate=impersonate,
            on_applied=on_applied,
            brought=definitions(objects),
            namespaces={each.key.name for each in objects if is_namespace(each.key) and not is_protected(each.key)},
        )
        for wave in waves(each for each in objects if not is_protected(each.key)):
            if run.coming:
                await until_established(run.coming, session=self._session, owner=owner.id)
                run.coming.clear()
            await run_all(self._attempt(each, run) for each in wave)
        return Applied(tuple(sorted(run.applied)), tuple(sorted(run.left)), tuple(sorted(run.failures, key=str)))

    async def _attempt(self, wanted: Object, run: _Run) -> None:
        key = wanted.key
        if why := self._protected.why(key, wanted.body):
            run.fail(ApplyFailure(key, Reason.PROTECTED_OBJECT, f"{why}, so no pattern may hold it"))
            return
        try:
            if ssa_of(mapping_at(wanted.body, "metadata")) == IGNORE:
                run.left.append((key, "is never applied: it is annotated ssa: Ignore"))
                return
            resource = await find(wanted, brought=run.brought, discovery=self._discovery)
            await self._children.ready(resource)  # may take long, and holds no slot
            async with self._slots.hold(*lanes_of(key, run.owner)):
                if run.away is not None:
                    run.fail(refusal(key, run.away))
                    return
                await self._bring(wanted, resource, run)
        except ValueError as error:
            run.fail(ApplyFailure(key, Reason.APPLY_FAILED, str(error)))
        except KindNotFound as error:
            run.fail(ApplyFailure(key, Reason.KIND_NOT_FOUND, str(error)))
        except ApiError as error:
            if is_away(error):
                run.away = error
            run.fail(refusal(key, error))
        except Exception as error:  # a defect costs this object
            self._session.internal_errors.record("apply", error)
            run.fail(of_defect(key))

    async def _bring(self, wanted: Object, resource: Resource, run: _Run) -> None:
        key = wanted.key
        child = self._children.get(key) or await self._look(key, resource, run)
        if child is not None and child.present and child.seen.paused:
            self._children.expect(key, owner=run.owner.id)
            run.left.append((key, "is let be: it is annotated reconcile: disabled in the cluster"))
            return
        if ssa_of(mapping_at(wanted.body, "metadata")) == IF_ABSENT and await self._is_there(key, resource, run):
            run.left.append((key, "is let be: it is there, and annotated ssa: IfAbsent"))
            return
        with self._children.applying(key):
            answer = await self._settling(lambda: self._apply(wanted, resource, run), key, run)
            self._children.record(answer, key=key, owner=run.owner.id, resource=resource)
        run.applied.append(key)
        if is_definition(key) and not is_established(answer):
            self._discovery.forget()
            run.coming.add(key.name)
        if run.on_applied is not None:
            run.on_applied(wanted, answer)

    async def _apply(self, wanted: Object, resource: Resource, run: _Run) -> Body:
        """Send the one request; raises ApiError, KindNotFound, and ValueError for what is no JSON."""
        key = wanted.key
        take = run.conflicts == "Take" or self._is_ours(key, run)
        try:
            return await verbs.apply(
                self._session,
                resource,
                body=intent(stamp(wanted, owner=run.owner)),
                namespace=key.namespace,
                name=key.name,
                field_manager=FIELD_MANAGER,
                conflicts=Conflicts.TAKE if take else Conflicts.FAIL,
                impersonate=run.impersonate,
            )
        except ApiError as error:
            if error.code == HTTPStatus.NOT_FOUND and not is_missing_namespace(error):
                await self._doubt(resource)
            raise

    def _is_ours(self, key: ObjectKey, run: _Run) -> bool:
        """Whether the fields of the object may be taken back from others without asking.

        The inventory alone does not say so: it is written ahead, and then also names what was never applied.
        """
        child = self._children.get(key)
        if child is not None:
            return child.owner == run.owner.id and (child.expected or child.seen.label == run.owner.id)
        return key in run.owned and not self._children.knows(key)

    async def _look(self, key: ObjectKey, resource: Resource, run: _Run) -> Child | None:
        """Look at an object that a watch may have told of before any pattern had it: nothing was kept of it then."""
        if not self._children.sees(key) or self._children.knows(key):
            return None
        try:
            body = await verbs.get(
                self._session, resource, namespace=key.namespace, name=key.name, impersonate=run.impersonate
            )
        except ApiError as error:
            if error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
                return None
            raise
        return self._children.observe(body, key=key)

    async def _doubt(self, resource: Resource) -> None:
        """The path is not there: look whether the kind still is; raises KindNotFound when it is not."""
        self._discovery.forget()
        await self._discovery.find(group=resource.group, kind=resource.kind, version=resource.version)

    async def _settling(self, apply: Callable[[], Awaitable[Body]], key: ObjectKey, run: _Run) -> Body:
        """Try again for a moment where the pattern itself has just brought the kind or the namespace."""
        for pause in SETTLING:
            try:
                return await apply()
            except (ApiError, KindNotFound) as error:
                if not _may_settle(error, key, run):
                    raise
            await asyncio.sleep(pause)
        return await apply()

    async def _is_there(self, key: ObjectKey, resource: Resource, run: _Run) -> bool:
        """Whether the object exists; one of ours counts for the pattern's health."""
        try:
            body = await verbs.get(
                self._session, resource, namespace=key.namespace, name=key.name, impersonate=run.impersonate
            )
        except ApiError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return False
            raise
        if label_of(mapping_at(body, "metadata")) == run.owner.id:
            self._children.record(body, key=key, owner=run.owner.id, resource=resource)
        return True


def lanes_of(key: ObjectKey, owner: Owner) -> tuple[Hashable, ...]:
    """Whom a request about an object counts for: its pattern, and beside it the pattern's namespace and the kind."""
    return ("pattern", owner.id), ("namespace", owner.namespace), ("kind", key.group, key.kind)


def _may_settle(error: ApiError | KindNotFound, key: ObjectKey, run: _Run) -> bool:
    if isinstance(error, KindNotFound) or error.code == HTTPStatus.NOT_FOUND:
        new_kind = any((group, kind) == (key.group, key.kind) for group, _, kind in run.brought)
        return new_kind or key.namespace in run.namespaces
    # The ServiceAccount "default" of a new namespace is made by a controller; bare pods are refused before it is there.
    return error.code == HTTPStatus.FORBIDDEN and key.namespace in run.namespaces and "not found" in error.message
