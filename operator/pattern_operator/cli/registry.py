"""How a command reaches a registry: a reference off the command line, and a client with the user's own credentials."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pattern_operator import __version__
from pattern_operator.api.artifact import Artifact
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import OCI_SCHEME, InvalidReference, Reference, Repository
from pattern_operator.cli import output
from pattern_operator.errors import Stalled
from pattern_operator.executors import Executors, run_in
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_MANIFEST
from pattern_operator.source import (
    DiskCache,
    LayerSelector,
    Network,
    RepositoryClient,
    SystemResolver,
    TokenCache,
    from_docker_home,
    pull,
    resolve,
)

_ROOM: Final = MAX_LAYERS_TOTAL + MAX_MANIFEST  # of one artifact


def reference(text: str) -> Reference:
    """Read ``[oci://]host/name[:tag][@digest]``.

    Raises:
        Stalled: INVALID_REFERENCE; the message says what is right.
    """
    try:
        return Reference.parse(text)
    except InvalidReference as error:
        raise Stalled(reason=Reason.INVALID_REFERENCE, message=str(error)) from None  # its words are all there is


def has_tag(text: str) -> bool:
    """Whether a reference, as it is typed, names a tag by itself."""
    return ":" in text.partition("@")[0].rpartition("/")[2]


def is_reference(text: str) -> bool:
    """Whether ``text``, which may be a path as well, names an artifact: by its scheme, or by a tag or digest."""
    if text.startswith(OCI_SCHEME):
        return True
    name = text.rpartition("/")[2]
    try:
        Reference.parse(text)
    except InvalidReference:
        return False
    return ":" in name or "@" in name


@asynccontextmanager
async def opened(
    repository: Repository, *, insecure: bool, token_service: str | None = None
) -> AsyncIterator[RepositoryClient]:
    """A client of ``repository`` as long as the block runs; nothing is sent yet.

    Raises:
        Stalled: SECRET_INVALID: the user's docker config cannot be read.
    """
    with Executors.open() as executors:
        credentials = await run_in(executors.disk, from_docker_home)
        async with Network.open(resolver=SystemResolver(executors.names)) as network:
            yield RepositoryClient(
                repository,
                network=network,
                credentials=credentials,
                scheme="http" if insecure else "https",
                token_service=token_service,
                tokens=TokenCache(),
                user_agent=f"patternctl/{__version__}",
                executors=executors,
            )


async def pulled(
    wanted: Reference, *, insecure: bool, layer: LayerSelector, token_service: str | None = None
) -> Artifact:
    """The artifact, every byte of it checked; raises as ``resolve`` and ``pull``.

    It is kept for as long as it takes: a cache that outlives the command would be shared by commands that run at once.
    """
    with TemporaryDirectory(prefix="patternctl-") as directory:
        async with opened(wanted.repository, insecure=insecure, token_service=token_service) as client:
            cache = DiskCache(Path(directory), max_size=_ROOM, disk=client.executors.disk)
            output.progress(f"asking {wanted.repository.host} for {wanted}")
            revision = await resolve(wanted, registry=client)
            output.progress(f"pulling {wanted.repository}@{revision.digest}")
            return await pull(wanted, revision, registry=client, cache=cache, layer=layer)
