"""Runs kopf inside the operator's own event loop, and ends it in good order or by force."""

import asyncio
from collections.abc import Iterable
from typing import Final

import kopf

from pattern_operator.aio import cancel_within
from pattern_operator.kube import identity
from pattern_operator.shutdown import Shutdown

GRACE: Final = 10.0  # seconds that kopf has to end by itself
FORCED_GRACE: Final = 3.0  # seconds that it has once it is cancelled


async def run_kopf(registry: kopf.OperatorRegistry, *, shutdown: Shutdown, until: Iterable[asyncio.Event]) -> None:
    """Let kopf call the handlers of ``registry`` until one of the events is set; what it fails with is raised.

    Raises:
        TasksStillRunning: kopf does not end.
    """
    stop = asyncio.Event()
    waiting = [asyncio.create_task(each.wait(), name="stop kopf") for each in until]
    for task in waiting:
        task.add_done_callback(lambda _: stop.set())
    running = asyncio.create_task(_run(registry, shutdown=shutdown, stop=stop), name="kopf")
    try:
        await asyncio.wait({running, *waiting}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({running}, timeout=GRACE)
    finally:
        for task in waiting:
            task.cancel()
        await cancel_within({running}, grace=FORCED_GRACE)
    if not running.cancelled():
        running.result()


async def _run(registry: kopf.OperatorRegistry, *, shutdown: Shutdown, stop: asyncio.Event) -> None:
    existing = asyncio.all_tasks()
    # Without an identity kopf asks the system for its user's name, and an image's user 65532 has none.
    tasks = await kopf.spawn_tasks(
        registry=registry,
        identity=identity(),  # type: ignore[arg-type]  # a NewType of str that kopf does not export
        standalone=True,
        clusterwide=True,
        stop_flag=stop,
    )
    shutdown.install_signal_handlers()  # kopf takes the signals for itself
    await kopf.run_tasks(tasks, ignored=existing)
