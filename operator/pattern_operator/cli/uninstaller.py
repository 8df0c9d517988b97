"""Removes the operator from a cluster, in the order that leaves nothing behind: patterns, the operator, then the CRD.

Patterns are deleted while the operator runs, because it deletes their objects and removes their finalizers. Its RBAC is
deleted after it, and the CRD when no pattern is left: with patterns in it, its deletion would wait for the operator.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

import orjson

from pattern_operator.aio import background_task, run_all
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.names import FIELD_MANAGER, FINALIZER
from pattern_operator.cli.installation import CRD_NAME, CRDS, NAMESPACES, Installation, Part, Pattern, get, pattern_of
from pattern_operator.kube import (
    ApiError,
    ApiUnavailable,
    Projection,
    Reflector,
    Session,
    WatchEvent,
    WatchEventType,
    objects,
)
from pattern_operator.kube.wellknown import DESIGN_PATTERN

_AT_ONCE: Final = 16  # patterns that are deleted at once
_SERVED: Final = 60.0  # seconds that the API server has to take a CRD away


class DeletionTimeoutError(Exception):
    """An object whose deletion has begun is still there."""

    def __init__(self, part: Part) -> None:
        super().__init__(f"{part} is being deleted and is not gone after {_SERVED:.0f} s")
        self.part = part


class ObjectPolicy(StrEnum):
    """What becomes of the patterns' objects: as each pattern says, or all are kept."""

    AS_PATTERN_SAYS = "as each pattern says"
    KEEP = "keep"


async def uninstall(
    found: Installation, session: Session, *, policy: ObjectPolicy, seconds: float, tell: Callable[[str], None]
) -> tuple[Pattern, ...]:
    """Delete what was found. Returns the patterns that are left after ``seconds``: then nothing else was deleted.

    ``tell`` is called with each step.

    Raises:
        ApiError: the API server refused, or does not answer.
        DeletionTimeoutError: the CRD or the namespace is being deleted and is not gone in time.
    """
    left = await _remove_patterns(found, session, policy=policy, seconds=seconds, tell=tell)
    if left:
        return left
    for part in found.parts:
        if part.resource is not NAMESPACES:
            await _delete(session, part, tell=tell)
    last = [Part(CRDS, "", CRD_NAME)] if found.crd else []
    for part in (*last, *(each for each in found.parts if each.resource is NAMESPACES)):
        await _delete(session, part, tell=tell)
        await _until_gone(session, part)
    return ()


# --- patterns --------------------------------------------------------------------------------------------------------


async def _remove_patterns(
    found: Installation, session: Session, *, policy: ObjectPolicy, seconds: float, tell: Callable[[str], None]
) -> tuple[Pattern, ...]:
    """Delete the patterns of ``found`` and wait until none is there; those that are there after so many seconds."""
    if not found.crd:
        return ()
    there: dict[tuple[str, str], dict[str, Any]] = {}
    changed = asyncio.Event()

    def observe(change: WatchEvent) -> None:
        meta = ObjectMeta.of(change.object)
        if change.type is WatchEventType.DELETED:
            there.pop((meta.namespace, meta.name), None)
        else:
            there[meta.namespace, meta.name] = change.object
        changed.set()

    watch = Reflector(session, DESIGN_PATTERN, projection=Projection.FULL, on_change=observe)
    async with background_task(watch.run(), name="watch patterns"):
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await watch.synced.wait()
                told = len(found.patterns)
                if told:  # some are gone before all are deleted: the number is printed first
                    tell(f"{told} of {told} patterns left")
                await _delete_patterns(found, session, policy=policy)
                while there:
                    changed.clear()
                    if len(there) != told:
                        told = len(there)
                        tell(f"{told} of {len(found.patterns)} patterns left")
                    await changed.wait()
        if not watch.synced.is_set():  # what was not seen is not gone
            raise ApiUnavailable(
                code=0, reason="Unreachable", message="the API server did not list the patterns in time"
            )
    return tuple(pattern_of(body, Counter()) for _, body in sorted(there.items()))


async def _delete_patterns(found: Installation, session: Session, *, policy: ObjectPolicy) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(pattern: Pattern) -> None:
        async with gate:
            with _overtaken():
                if policy is ObjectPolicy.KEEP and found.holder:
                    await _set_orphan(session, pattern)
                uid = ObjectMeta.of(pattern.body).uid
                await objects.delete(session, DESIGN_PATTERN, namespace=pattern.namespace, name=pattern.name, uid=uid)
                if policy is ObjectPolicy.KEEP and not found.holder:
                    await _remove_finalizer(session, pattern)

    await run_all(one(each) for each in found.patterns)


@contextmanager
def _overtaken() -> Iterator[None]:
    """Ignore the errors of a lost race: the object is gone, or is another one now."""
    try:
        yield
    except ApiError as error:
        if error.is_denial or error.code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            raise


async def _set_orphan(session: Session, pattern: Pattern) -> None:
    change = orjson.dumps({"spec": {"apply": {"deletionPolicy": "Orphan"}}})
    await objects.patch_merge(
        session,
        DESIGN_PATTERN,
        body=change,
        namespace=pattern.namespace,
        name=pattern.name,
        field_manager=FIELD_MANAGER,
    )


async def _remove_finalizer(session: Session, pattern: Pattern) -> None:
    """Remove the finalizer in the operator's place: the objects stay, and are not managed any more."""
    body = await get(session, DESIGN_PATTERN, pattern.name, namespace=pattern.namespace)
    finalizers = ObjectMeta.of(body).finalizers if body is not None else ()
    if FINALIZER not in finalizers:
        return
    path = f"/metadata/finalizers/{finalizers.index(FINALIZER)}"
    operations = [{"op": "test", "path": path, "value": FINALIZER}, {"op": "remove", "path": path}]
    await objects.patch_json(
        session,
        DESIGN_PATTERN,
        body=orjson.dumps(operations),
        namespace=pattern.namespace,
        name=pattern.name,
        field_manager=FIELD_MANAGER,
    )


# --- the rest --------------------------------------------------------------------------------------------------------


async def _delete(session: Session, part: Part, *, tell: Callable[[str], None]) -> None:
    with _overtaken():
        await objects.delete(session, part.resource, namespace=part.namespace, name=part.name)
        tell(f"deleted {part}")


async def _until_gone(session: Session, part: Part) -> None:
    """Wait until the object is gone, so that all of it can be installed again; raises DeletionTimeoutError."""
    gone = asyncio.Event()
    there = set[str]()

    def observe(change: WatchEvent) -> None:
        if change.type is WatchEventType.DELETED:
            gone.set()
        else:
            there.add(part.name)

    selector = f"metadata.name={part.name}"
    watch = Reflector(
        session, part.resource, projection=Projection.METADATA, field_selector=selector, on_change=observe
    )
    try:
        async with background_task(watch.run(), name=f"watch {part}"), asyncio.timeout(_SERVED):
            await watch.synced.wait()
            if there:
                await gone.wait()
    except TimeoutError as error:
        raise DeletionTimeoutError(part) from error
