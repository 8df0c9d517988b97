"""Remembers what lets us in, so that a settled operator asks a registry once and its token service hardly ever."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from pattern_operator.source.credentials import Credential

_MAX_GRANTS: Final = 16_384  # some 4 KiB each at worst: a token for every repository of a large cluster
_LEEWAY: Final = 10.0  # seconds before its end at which a token is no longer used: the request must still arrive


@dataclass(frozen=True, slots=True)
class Scope:
    """What a grant is good for: a repository of a registry, what is done there, and as whom."""

    registry: str  # scheme://host[:port]
    repository: str
    action: str  # pull, or push
    credential: Credential | None


@dataclass(frozen=True, slots=True)
class Grant:
    """The value of an Authorization header, and until when it holds, by the clock of the cache."""

    authorization: str = field(repr=False)
    expires: float


class TokenCache:
    """Grants by scope, for as long as they hold; the least recently used go first. For use by one event loop.

    ``clock`` counts seconds and never goes back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._grants: OrderedDict[Scope, Grant] = OrderedDict()
        self._locks: WeakValueDictionary[Scope, asyncio.Lock] = WeakValueDictionary()

    def get(self, scope: Scope) -> Grant | None:
        """The grant for ``scope``, when there is one that still holds."""
        grant = self._grants.get(scope)
        if grant is None:
            return None
        if grant.expires <= self.clock():
            del self._grants[scope]
            return None
        self._grants.move_to_end(scope)
        return grant

    def put(self, scope: Scope, authorization: str, *, seconds: float) -> Grant:
        """Remember a grant that the registry lets live for ``seconds``."""
        grant = Grant(authorization, self.clock() + seconds - min(_LEEWAY, seconds / 2))
        self._grants[scope] = grant
        self._grants.move_to_end(scope)
        while len(self._grants) > _MAX_GRANTS:
            self._grants.popitem(last=False)
        return grant

    def forget(self, scope: Scope, grant: Grant) -> None:
        """Drop a grant that was refused; a newer one stays."""
        if self._grants.get(scope) is grant:
            del self._grants[scope]

    def lock(self, scope: Scope) -> AbstractAsyncContextManager[None]:
        """Let one at a time ask for a grant; those who waited look here first."""
        return self._locks.setdefault(scope, asyncio.Lock())
