"""Takes the operator out of a cluster, in the order that leaves nothing behind: patterns, the operator, then its kind.

Patterns go while the operator works, for it deletes what they hold and lets go of their finalizers. Its rights go after
it, and its CRD when no pattern is left: a CRD that is deleted with patterns in it waits for an operator that is gone.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

import orjson

from pattern_operator.aio import run_all
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
from pattern_operator.kube.beside import beside
from pattern_operator.reconcile import DESIGN_PATTERN

_AT_ONCE: Final = 16  # patterns that are deleted at once
_SERVED: Final = 60.0  # seconds that the API server has to take a CRD away


class NotGone(Exception):
    """An object whose deletion has begun is still there."""

    def __init__(self, part: Part) -> None:
        super().__init__(f"{part} is being deleted and is not gone after {_SERVED:.0f} s")
        self.part = part


class Fate(StrEnum):
    """What becomes of the objects that patterns hold: as each pattern says, or all of them stay."""

    AS_EACH_SAYS = "as each pattern says"
    KEEP = "keep"


async def uninstall(
    found: Installation, session: Session, *, fate: Fate, seconds: float, tell: Callable[[str], None]
) -> tuple[Pattern, ...]:
    """Take away what there is. Returns the patterns that are left after so many ``seconds``: then nothing else was.

    ``tell`` hears what goes on.

    Raises:
        ApiError: the API server refused, or does not answer.
        NotGone: the CRD or the namespace is being deleted, and does not go.
    """
    left = await _remove_patterns(found, session, fate=fate, seconds=seconds, tell=tell)
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
    found: Installation, session: Session, *, fate: Fate, seconds: float, tell: Callable[[str], None]
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
    async with beside(watch.run(), name="watch patterns"):
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await watch.synced.wait()
                told = len(found.patterns)
                if told:  # some are gone before all are deleted: what is about to happen is told first
                    tell(f"{told} of {told} patterns left")
                await _delete_patterns(found, session, fate=fate)
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


async def _delete_patterns(found: Installation, session: Session, *, fate: Fate) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(pattern: Pattern) -> None:
        async with gate:
            with _overtaken():
                if fate is Fate.KEEP and found.holder:
                    await _set_orphan(session, pattern)
                uid = ObjectMeta.of(pattern.body).uid
                await objects.delete(session, DESIGN_PATTERN, namespace=pattern.namespace, name=pattern.name, uid=uid)
                if fate is Fate.KEEP and not found.holder:
                    await _let_go(session, pattern)

    await run_all(one(each) for each in found.patterns)


@contextmanager
def _overtaken() -> Iterator[None]:
    """Let an ApiError pass that says that somebody else was faster: the object is gone, or is another one now."""
    try:
        yield
    except ApiError as error:
        if error.code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
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


async def _let_go(session: Session, pattern: Pattern) -> None:
    """Take our finalizer away in the operator's place: what the pattern holds stays, and nobody looks after it."""
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
    """Wait until the object is gone, so that all of it can be installed again; raises NotGone."""
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
        async with beside(watch.run(), name=f"watch {part}"), asyncio.timeout(_SERVED):
            await watch.synced.wait()
            if there:
                await gone.wait()
    except TimeoutError as error:
        raise NotGone(part) from error
