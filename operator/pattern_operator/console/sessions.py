"""Who is signed in: sessions by a random id, in memory alone. What is lost with the process is signed in again.

An id is a secret that only the browser's cookie has; the session token is a second one that only pages have, so that
another site, which makes a browser send the cookie, cannot send a form.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.console.user import User
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import Endpoint

MAX_SESSIONS: Final = 500  # at once; each has some connections, and the rows that the user may see
MAX_OF_USER: Final = 10  # browsers of one user; of more the one that was not used for longest ends
IDLE_SECONDS: Final = 8 * 3600.0  # without a request a session ends: a working day
MAX_SECONDS: Final = 24 * 3600.0  # after which a session ends; the token may end before, which the API server says
_BITS: Final = 32  # bytes of an id: nobody guesses 256 bits


@dataclass(slots=True, eq=False)
class BrowserSession:
    """One browser in which ``user`` is signed in. ``credential`` tells whose requests it is for; it is never shown."""

    user: User
    began: float
    last_use: float
    credential: str = field(default="", repr=False)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(_BITS), repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(_BITS), repr=False)
    streams: int = 0

    def has_token(self, given: str) -> bool:
        """Whether this is the session token."""
        return secrets.compare_digest(self.token.encode(), given.encode(errors="replace"))


class Sessions:
    """All who are signed in. ``clock`` gives seconds that never go back."""

    def __init__(self, *, errors: InternalErrors, clock: Callable[[], float]) -> None:
        self._errors = errors
        self._clock = clock
        self._sessions: dict[str, BrowserSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    async def begin(self, endpoint: Endpoint, *, credential: str = "") -> BrowserSession:
        """Sign in whom the credentials of ``endpoint`` are of.

        Raises:
            ApiError: the API server does not know them (401), or could not be asked.
        """
        user = await User.open(endpoint, errors=self._errors, clock=self._clock)
        now = self._clock()
        session = BrowserSession(user, began=now, last_use=now, credential=credential)
        self._sessions[session.id] = session
        of_user = [each for each in self._sessions.values() if each.user.info == user.info]
        await self._end_oldest(of_user, most=MAX_OF_USER)
        await self._end_oldest(list(self._sessions.values()), most=MAX_SESSIONS)
        return session

    async def find(self, session_id: str) -> BrowserSession | None:
        """The session of an id, None where there is none, or it was over."""
        now = self._clock()
        over = [each for each in self._sessions.values() if _is_over(each, now)]
        for each in over:
            await self.end(each)
        session = self._sessions.get(session_id)
        if session is not None:
            session.last_use = now
        return session

    def with_credential(self, credential: str) -> BrowserSession | None:
        """A session that began with this credential, None where there is none."""
        return next((each for each in self._sessions.values() if each.credential == credential), None)

    async def end(self, session: BrowserSession) -> None:
        """Sign out: whoever has the cookie is nobody from now on."""
        if self._sessions.pop(session.id, None) is not None:
            await session.user.close()

    async def end_all(self) -> None:
        """Sign everybody out."""
        for each in list(self._sessions.values()):
            await self.end(each)

    async def _end_oldest(self, sessions: list[BrowserSession], *, most: int) -> None:
        for each in sorted(sessions, key=lambda one: one.last_use)[: max(0, len(sessions) - most)]:
            await self.end(each)


def _is_over(session: BrowserSession, now: float) -> bool:
    idle = now - session.last_use >= IDLE_SECONDS and not session.streams
    return idle or now - session.began >= MAX_SECONDS
