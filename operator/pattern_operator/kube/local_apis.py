"""Which group versions the API server serves by itself, built in or by CRDs, and which it passes on to others.

Source: kube-aggregator, ``pkg/controllers/autoregister``: the APIServices that it makes for its own groups and for
those of CRDs are labelled so, and are removed by it where the label is somebody else's; an aggregated server's carry
no such label.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.kube import objects
from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.pagination import PAGE, Page
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.session import Session
from pattern_operator.kube.wellknown import API_SERVICE

OF_THE_SERVER: Final = "kube-aggregator.kubernetes.io/automanaged in (onstart, true)"
KEPT: Final = 600.0  # seconds that an answer is believed: somebody may register a server of their own for a group
MISS_INTERVAL: Final = 10.0  # seconds between two lists for what is not in them


class LocalApis:
    """One list for all group versions, asked for once when the first is needed."""

    def __init__(self, session: Session, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._clock = clock
        self._lock = asyncio.Lock()
        self._names: frozenset[str] = frozenset()  # of APIServices, ``<version>.<group>``
        self._read_at: float | None = None

    async def serve(self, resource: Resource) -> bool:
        """Whether the API server itself serves ``resource``; False also where nobody can say."""
        name = f"{resource.version}.{resource.group}"
        if not self._is_fresh(name):
            async with self._lock:
                if not self._is_fresh(name):
                    await self._read()
        return name in self._names

    def _is_fresh(self, name: str) -> bool:
        if self._read_at is None:
            return False
        return self._clock() - self._read_at < (KEPT if name in self._names else MISS_INTERVAL)

    async def _read(self) -> None:
        """List them; where that fails nothing is known until it is tried again."""
        names: set[str] = set()
        token = ""
        try:
            while True:
                answer = await objects.list_metadata(
                    self._session, API_SERVICE, limit=PAGE, token=token, label_selector=OF_THE_SERVER
                )
                page = Page.of(answer, after=token)
                names |= {ObjectMeta.of(each).name for each in page.items}
                if not (token := page.more):
                    break
        except ApiError:
            names.clear()
        self._names, self._read_at = frozenset(names), self._clock()
