"""The wait between a CRD and its first object: until the API server says that it serves the kind."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

from pattern_operator.aio import background_task
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.apply.definition import is_established
from pattern_operator.kube import ApiError, Projection, Reflector, Session, WatchEvent
from pattern_operator.kube.wellknown import CRD

PATIENCE: Final = 10.0  # seconds; one server needs 20 ms, several of them up to 5 s (apiextensions "establishing")


async def until_established(names: Iterable[str], *, session: Session, owner: str) -> None:
    """Watch the CRDs of these names, which carry the owner's label, until all are served.

    Gives up in silence when the time is over or they cannot be watched: applying their objects then says what is wrong.
    """
    missing = set(names)
    done = asyncio.Event()

    def changed(change: WatchEvent) -> None:
        if is_established(change.object):
            missing.discard(ObjectMeta.of(change.object).name)
        if not missing:
            done.set()

    def failed(_: ApiError) -> None:
        done.set()

    watch = Reflector(
        session,
        CRD,
        projection=Projection.FULL,
        label_selector=f"{OWNER_LABEL}={owner}",
        on_change=changed,
        on_problem=failed,
    )
    async with background_task(watch.run(), name="watch-established"):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await done.wait()
