"""What Helm calls the capabilities of a cluster: its version, and each API version and kind that it serves."""

import time
from collections.abc import Callable
from typing import Final

from pattern_operator.api.capabilities import Capabilities
from pattern_operator.api.fields import text_at
from pattern_operator.kube.decode import read_object
from pattern_operator.kube.discovery import Discovery
from pattern_operator.kube.session import Session

_FRESH: Final = 300.0  # seconds after which the version is read again: a cluster is upgraded while the operator runs
MAX_API_VERSIONS: Final = 10_000  # a cluster with 500 CRDs has some 1,500; above this many, kinds are left out


class ServerCapabilities:
    """The capabilities of one API server; they cost nothing while discovery and version are known."""

    def __init__(self, session: Session, discovery: Discovery, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._session, self._discovery, self._clock = session, discovery, clock
        self._version: tuple[str, float] | None = None

    async def read(self) -> Capabilities:
        """What the server is and serves; raises ApiError where it cannot be asked."""
        kinds = await self._discovery.kinds()
        versions = {kind.api_version for kind in kinds}
        named = {f"{kind.api_version}/{kind.kind}" for kind in kinds}
        all_of_them = versions | named if len(versions | named) <= MAX_API_VERSIONS else versions
        return Capabilities(await self._read_version(), tuple(sorted(all_of_them)[:MAX_API_VERSIONS]))

    async def _read_version(self) -> str:
        now = self._clock()
        if self._version is None or now - self._version[1] > _FRESH:
            answer = await read_object(await self._session.request("GET", "/version"))
            self._version = (text_at(answer, "gitVersion"), now)
        return self._version[0]
