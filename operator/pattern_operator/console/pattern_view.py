"""What a user's own watch knows of the patterns: one list and one watch, whatever number of tabs look at it.

The API server judges a watch when it begins and never again. So each lasts for less than a minute: where the rights of
the user are gone, or the token, the next one is refused, and what was known is forgotten.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from pattern_operator.console.pattern_list import PatternRow
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import ApiError, ApiUnavailable, Session, TableRow, table_pages, watch_table
from pattern_operator.kube.wellknown import DESIGN_PATTERN

MAX_ROWS: Final = 20_000  # of one view: 20 MiB; to filter and sort them holds the event loop for some 20 ms
WATCH_SECONDS: Final = (25, 40)  # of one watch: revoked rights are noticed in less than a minute
IDLE_SECONDS: Final = 60.0  # after the last tab and request a view is given up
FIRST_BACK_OFF: Final = 0.5
LAST_BACK_OFF: Final = 20.0  # under 10 tries in the first minute
_SHORTEST_WATCH: Final = 1.0  # seconds; a server that is leaving ends each watch at once


class ViewPhase(StrEnum):
    """How a view is. The last three are its end."""

    LOADING = "loading"
    LIVE = "live"
    NOT_LIVE = "not-live"  # the server cannot be asked: what is known may be old
    FORBIDDEN = "forbidden"
    SIGNED_OUT = "signed-out"
    IDLE = "idle"  # nobody has looked for a while


@dataclass(frozen=True, slots=True)
class ViewState:
    """The phase of a view, and the server's words for why; ``ended``: nothing changes any more."""

    phase: ViewPhase
    message: str = ""

    @property
    def ended(self) -> bool:
        """Whether the view is given up."""
        return self.phase in (ViewPhase.FORBIDDEN, ViewPhase.SIGNED_OUT, ViewPhase.IDLE)


class PatternView:
    """The patterns of one namespace, or of all, as ``session`` sees them; ``run`` keeps it.

    ``changes`` grows with each change of ``rows`` or ``state``. ``truncated``: there are more than ``MAX_ROWS``.
    """

    def __init__(self, session: Session, *, namespace: str, errors: InternalErrors, clock: Callable[[], float]) -> None:
        self.namespace = namespace
        self.rows: dict[tuple[str, str], PatternRow] = {}
        self.state = ViewState(ViewPhase.LOADING)
        self.truncated = False
        self.changes = 0
        self._session = session
        self._errors = errors
        self._clock = clock
        self._changed = asyncio.Event()
        self._lookers = 0
        self._last_use = clock()

    def use(self) -> None:
        """Say that somebody has just looked."""
        self._last_use = self._clock()

    def enter(self) -> None:
        """Say that somebody looks until ``leave``."""
        self._lookers += 1

    def leave(self) -> None:
        """Say that somebody who looked does not any more."""
        self._lookers -= 1
        self.use()

    async def changed(self, since: int) -> None:
        """Wait until ``changes`` is not ``since`` any more."""
        while self.changes == since:
            await self._changed.wait()

    async def loaded(self) -> None:
        """Wait until something is known: the patterns, or why they are not."""
        while self.state.phase is ViewPhase.LOADING:
            await self.changed(self.changes)

    def sign_out(self) -> None:
        """Forget all: the user has left."""
        self._become(ViewState(ViewPhase.SIGNED_OUT))

    async def run(self) -> None:
        """List and watch until nobody looks any more, or the server does not let the user."""
        failures = 0
        while not self.state.ended:
            try:
                version = await self._list()
                failures = 0
                while self._is_used():
                    version = await self._follow(version)
                self._become(ViewState(ViewPhase.IDLE))
            except ApiError as error:
                failures += 1
                self._failed(error)
            except Exception as error:  # a defect costs this view for a moment, and not the console
                self._errors.record("watch", error)
                failures += 1
                self._become(ViewState(ViewPhase.NOT_LIVE, "the console failed on what the API server sent"))
            if not self.state.ended:
                await asyncio.sleep(_back_off(failures))
                if not self._is_used():
                    self._become(ViewState(ViewPhase.IDLE))

    async def _list(self) -> str:
        """Take over all that there is; the version to watch from."""
        found: dict[tuple[str, str], PatternRow] = {}
        version, truncated = "", False
        async with aclosing(table_pages(self._session, DESIGN_PATTERN, namespace=self.namespace)) as pages:
            async for page in pages:
                version, taken = page.version, page.rows[: MAX_ROWS - len(found)]
                found |= {(row.namespace, row.name): PatternRow.of(row) for row in taken}
                truncated = len(taken) < len(page.rows) or (len(found) >= MAX_ROWS and bool(page.more))
                if truncated:
                    break
        if not version:
            raise ApiUnavailable(code=0, reason="Unreadable", message="the list that was sent has no resourceVersion")
        self.rows, self.truncated = found, truncated
        self._become(ViewState(ViewPhase.LIVE))
        return version

    async def _follow(self, version: str) -> str:
        """Watch once from ``version``; the version to go on from."""
        seconds, began = random.randint(*WATCH_SECONDS), self._clock()  # noqa: S311 - spreads load, no secret
        watch = watch_table(self._session, DESIGN_PATTERN, namespace=self.namespace, version=version, seconds=seconds)
        async with aclosing(watch) as events:
            async for event in events:
                version = event.version or version
                if event.row is not None:
                    self._take(event.row, deleted=event.type == "DELETED")
        if self._clock() - began < _SHORTEST_WATCH:
            raise ApiUnavailable(code=0, reason="Unreachable", message="the API server ended the watch at once")
        return version

    def _take(self, row: TableRow, *, deleted: bool) -> None:
        key = (row.namespace, row.name)
        if deleted:
            self.rows.pop(key, None)
        elif key in self.rows or len(self.rows) < MAX_ROWS:
            self.rows[key] = PatternRow.of(row)
        else:
            self.truncated = True
        self._tell()

    def _failed(self, error: ApiError) -> None:
        match error.code:
            case HTTPStatus.UNAUTHORIZED:
                self._become(ViewState(ViewPhase.SIGNED_OUT))
            case HTTPStatus.FORBIDDEN:
                self._become(ViewState(ViewPhase.FORBIDDEN, error.message))
            case HTTPStatus.GONE:  # the version is too old: what is listed next is current
                return
            case _:
                self._become(ViewState(ViewPhase.NOT_LIVE, error.message))

    def _become(self, state: ViewState) -> None:
        """Take a state; at its end the view knows nothing any more, and none that came to its end begins again."""
        if self.state.ended or (state == self.state and state.phase is not ViewPhase.LIVE):
            return
        self.state = state
        if state.ended:
            self.rows = {}
        self._tell()

    def _tell(self) -> None:
        self.changes += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def _is_used(self) -> bool:
        return self._lookers > 0 or self._clock() - self._last_use < IDLE_SECONDS


def _back_off(failures: int) -> float:
    """Seconds until the next try: doubled with each failure in a row, spread by a quarter."""
    longest = min(LAST_BACK_OFF, FIRST_BACK_OFF * (1 << min(max(failures - 1, 0), 10)))
    return longest * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, no secret
