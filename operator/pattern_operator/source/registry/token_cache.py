"""Caches tokens of registries, so that a settled operator hardly ever asks a token service."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from pattern_operator.limits import MAX_TOKENS
from pattern_operator.source.credentials.credential import Credential

_BESIDE: Final = 512  # bytes of a token beside its texts
FOREVER: Final = float("inf")  # seconds that Basic credentials hold
LOCK_SECONDS: Final = 5.0  # seconds that others may take to ask for the same; a token service takes a part of one
_EXPIRY_MARGIN: Final = 10.0  # seconds before its end from which a token is not used: the request must still arrive


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token is good for: a repository of a registry, what is done there, and by which user.

    ``token_service`` is the one that a user named: what came from it is for nobody who did not name it.
    """

    registry: str  # scheme://host[:port]
    repository: str
    action: str  # pull, or push
    credential: Credential | None
    token_service: str | None = None


@dataclass(frozen=True, slots=True)
class CachedToken:
    """The value of an Authorization header, and until when it holds, by the clock of the cache."""

    authorization: str = field(repr=False)
    expires: float

    @property
    def may_change(self) -> bool:
        """Whether asking again may give another: a token service gives new ones, and Basic credentials stay."""
        return self.expires != FOREVER


class TokenCache:
    """Tokens by scope, for as long as they hold, in ``MAX_TOKENS`` bytes; the least recently used go first.

    For use by one event loop.

    ``clock`` counts seconds and never goes back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._tokens: OrderedDict[Scope, CachedToken] = OrderedDict()
        self._size = 0
        self._locks: WeakValueDictionary[Scope, asyncio.Lock] = WeakValueDictionary()

    def get(self, scope: Scope) -> CachedToken | None:
        """The token for ``scope``, when there is one that still holds."""
        token = self._tokens.get(scope)
        if token is None:
            return None
        if token.expires <= self.clock():
            self._drop(scope)
            return None
        self._tokens.move_to_end(scope)
        return token

    def put(self, scope: Scope, authorization: str, *, seconds: float) -> CachedToken:
        """Remember a token that the registry lets live for ``seconds``."""
        token = CachedToken(authorization, self.clock() + seconds - min(_EXPIRY_MARGIN, seconds / 2))
        self._drop(scope)
        self._tokens[scope] = token
        self._size += _size(scope, token)
        while self._size > MAX_TOKENS:
            self._drop(next(iter(self._tokens)))
        return token

    def forget(self, scope: Scope, token: CachedToken) -> None:
        """Drop a token that was refused; a newer one stays."""
        if self._tokens.get(scope) is token:
            self._drop(scope)

    def _drop(self, scope: Scope) -> None:
        token = self._tokens.pop(scope, None)
        if token is not None:
            self._size -= _size(scope, token)

    @asynccontextmanager
    async def lock(self, scope: Scope) -> AsyncIterator[None]:
        """Let one at a time ask for a token; those who waited look here first.

        Nobody waits for long: where each request fails, the last in the queue would wait for all of them.
        """
        lock = self._locks.setdefault(scope, asyncio.Lock())
        has_it = False
        with suppress(TimeoutError):
            async with asyncio.timeout(LOCK_SECONDS):
                has_it = await lock.acquire()
        try:
            yield
        finally:
            if has_it:
                lock.release()


def _size(scope: Scope, token: CachedToken) -> int:
    """Bytes of memory, about: a credential counts with each token, because it may be the last to hold it."""
    texts = len(scope.registry) + len(scope.repository) + len(scope.token_service or "") + len(token.authorization)
    return _BESIDE + texts + (scope.credential.size if scope.credential is not None else 0)
