"""Stops the process on SIGTERM and SIGINT: in good order within the grace, and at once after it.

A thread of its own counts the grace, so that nothing can hold the process: no task that swallows its cancellation, no
thread that is blocked (the interpreter waits for those of executors), no library, and no event loop that is stuck.
"""

import asyncio
import logging
import os
import select
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

logger = logging.getLogger(__name__)

GRACE: Final = 15.0  # seconds between the first signal and the hard end; a pod has 30
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Shutdown:
    """``requested`` is set by the first SIGTERM or SIGINT; a second one ends the process at once, as the grace does.

    ``exit_process`` is given the exit code and does not return; the exit code of a hard end is 1.
    """

    def __init__(self, *, grace: float = GRACE, exit_process: Callable[[int], Any] = os._exit) -> None:
        self.requested = asyncio.Event()
        self._grace = grace
        self._exit_process = exit_process
        self._loop = asyncio.get_running_loop()
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        threading.Thread(target=self._count, name="shutdown", daemon=True).start()

    def install_signal_handlers(self) -> None:
        """Take the signals, also from a library that took them for itself."""
        for number in _SIGNALS:
            self._loop.remove_signal_handler(number)
            # Not the loop's own handlers: they run when the loop comes round, and it may be stuck.
            signal.signal(number, self._signalled)

    def request_stop(self) -> None:
        """Stop the process as a signal does: the grace begins."""
        with suppress(BlockingIOError, OSError):  # a thousand signals already, or the pipe is closed
            os.write(self._write, b"!")
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self.requested.set)

    def exit_now(self, why: str) -> None:
        """Exit now: there is no way back to a clean state."""
        logger.critical("exits now: %s", why)
        self._exit_process(1)

    def _signalled(self, _number: int, _frame: object) -> None:
        self.request_stop()

    def _count(self) -> None:
        """Wait for the first signal, and then for the second one or the end of the grace."""
        os.read(self._read, 1)
        again, _, _ = select.select([self._read], [], [], self._grace)
        # No logging: what hangs may hold its lock.
        os.write(2, b"exits now: a second signal\n" if again else b"exits now: it did not stop within the grace\n")
        self._exit_process(1)
