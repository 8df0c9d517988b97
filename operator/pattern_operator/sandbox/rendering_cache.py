"""Answers of workers that are kept, so that to render the same again costs no process.

Drift is repaired from a rendering that is made anew, and many patterns may have one artifact. What is kept is the
answer as it came: each use is decoded for itself, and shares nothing. The key is a hash of all that decides an answer;
what a chart makes up is decided by nothing in it, so such an answer is for one generation of one pattern.
It may be one over values of Secrets, so it never leaves the process.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from pattern_operator.sandbox.build import Layers

_PIECE: Final = 1024 * 1024


def rendering_key(request: bytes, layers: Layers) -> bytes:
    """A hash of a request and of the bytes of its layers; blocks, some 1 ms a MiB."""
    digest = hashlib.sha256(len(request).to_bytes(8, "big") + request)
    for layer, content in layers:
        digest.update(layer.size.to_bytes(8, "big"))
        content.seek(0)
        while piece := content.read(_PIECE):
            digest.update(piece)
    return digest.digest()


def key_of_installation(key: bytes, installation: str) -> bytes:
    """The key of an answer that another installation of the same must not get: passwords are made up in it."""
    return hashlib.sha256(key + installation.encode()).digest()


class RenderingCache:
    """Answers of at most ``share`` bytes for a tenant and ``total`` for all; what was not used longest goes first.

    A tenant gets only what was made for it, and evicts its own before that of others. For use by one event loop.
    """

    def __init__(self, total: int, *, share: int) -> None:
        self._total, self._share = total, share
        self._answers: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._sizes: dict[str, int] = {}

    @property
    def size(self) -> int:
        """The bytes of all answers."""
        return sum(self._sizes.values())

    def get(self, tenant: str, key: bytes) -> bytes | None:
        """The answer that was put for ``tenant`` under ``key``."""
        answer = self._answers.get((tenant, key))
        if answer is not None:
            self._answers.move_to_end((tenant, key))
        return answer

    def put(self, tenant: str, key: bytes, answer: bytes) -> None:
        """Keep an answer, unless it is larger than a share."""
        if len(answer) > self._share:
            return
        self._remove((tenant, key))
        while self._sizes.get(tenant, 0) + len(answer) > self._share:
            self._remove(next(each for each in self._answers if each[0] == tenant))
        while self.size + len(answer) > self._total:
            self._remove(next(iter(self._answers)))
        self._answers[tenant, key] = answer
        self._sizes[tenant] = self._sizes.get(tenant, 0) + len(answer)

    def _remove(self, name: tuple[str, bytes]) -> None:
        answer = self._answers.pop(name, None)
        if answer is None:
            return
        self._sizes[name[0]] -= len(answer)
        if not self._sizes[name[0]]:
            del self._sizes[name[0]]


class UnderWay:
    """Answers that are being made: who needs the same one waits for the first to be made. For use by one event loop."""

    def __init__(self) -> None:
        self._ended: dict[tuple[str, bytes], asyncio.Event] = {}

    @asynccontextmanager
    async def first(self, tenant: str, key: bytes) -> AsyncIterator[None]:
        """Wait until whoever makes this answer has ended; during the block others wait for this one.

        One is waited for, and no more: where it made nothing that is kept, all others make theirs side by side.
        """
        name = (tenant, key)
        if (first := self._ended.get(name)) is not None:
            await first.wait()
        ended = asyncio.Event()
        is_first = self._ended.setdefault(name, ended) is ended
        try:
            yield
        finally:
            if is_first:
                del self._ended[name]
            ended.set()
