"""Where signatures are looked for: a repository of a registry, or a layout on this machine."""

from collections.abc import AsyncIterator, Callable
from typing import ParamSpec, Protocol, TypeVar

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reference import Digest
from pattern_operator.limits import MAX_MANIFEST
from pattern_operator.source.registry.client import FetchedManifest
from pattern_operator.source.registry.connections import ConnectionWaits
from pattern_operator.source.registry.timeouts import Timeouts
from pattern_operator.source.registry.transport import Response

P = ParamSpec("P")
T = TypeVar("T")


class SignatureSource(Protocol):
    """What is asked of it; see RepositoryClient."""

    timeouts: Timeouts
    waits: ConnectionWaits

    def context(self, thing: str) -> str: ...  # noqa: D102 - see the class

    async def manifest(  # noqa: D102 - see the class
        self, reference: str | Digest, *, limit: int = MAX_MANIFEST, context: str = ""
    ) -> FetchedManifest: ...

    async def blob(self, descriptor: Descriptor) -> bytes: ...  # noqa: D102 - see the class

    def pages(self, path: str, *, context: str, most: int) -> AsyncIterator[Response]: ...  # noqa: D102 - see the class

    async def offload(  # noqa: D102 - see the class
        self, size: int, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T: ...
