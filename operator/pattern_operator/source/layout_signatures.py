"""An OCI image layout in place of a repository, for who looks for signatures: what ``oras copy -r`` has written.

Format: OCI image-spec 1.1, "Image Layout". Everything in it is listed in its one index: there is no list of referrers,
so all that is listed may be one, and says itself what it refers to.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Stalled
from pattern_operator.executors import Executors, run_in
from pattern_operator.json_fields import object_list_field, string_map_field
from pattern_operator.limits import MAX_MANIFEST
from pattern_operator.source.layout_marker import INDEX
from pattern_operator.source.local_tree import opened, read_below, shown
from pattern_operator.source.manifest import OCI_INDEX, read_descriptor, unsupported
from pattern_operator.source.offload import offload
from pattern_operator.source.registry.client import FetchedManifest
from pattern_operator.source.registry.connections import ConnectionWaits
from pattern_operator.source.registry.timeouts import DEFAULT_TIMEOUTS
from pattern_operator.source.registry.transport import Response
from pattern_operator.source.signatures.referrers import is_referrers_tag
from pattern_operator.strict_json import InvalidDocument, read_bounded

_REF_NAME: Final = "org.opencontainers.image.ref.name"  # image-spec 1.1, "Pre-Defined Annotation Keys"
P = ParamSpec("P")
T = TypeVar("T")


class LayoutSignatures:
    """The manifests and blobs of a layout, each checked against its digest; ``repository`` is what it is a copy of.

    Every request may raise Stalled: ARTIFACT_NOT_FOUND, DIGEST_MISMATCH, SIZE_MISMATCH, ARTIFACT_TOO_LARGE,
    ARTIFACT_UNSUPPORTED, ARCHIVE_REFUSED.
    """

    def __init__(self, path: Path, repository: Repository, *, executors: Executors) -> None:
        self.repository = repository
        self.executors = executors
        self.timeouts = DEFAULT_TIMEOUTS
        self.waits = ConnectionWaits()
        self._path = path

    def context(self, thing: str) -> str:
        """``thing`` of this layout, for messages."""
        return f"the OCI layout {shown(self._path)}: {thing}"

    async def resolve_tag(self, tag: str) -> Digest:
        """The digest of what the layout calls ``tag``, or ``<repository>:tag`` in full."""
        named = {tag, f"{self.repository}:{tag}"}
        for entry in await self._listed():
            if entry.annotations.get(_REF_NAME) in named:
                return entry.digest
        raise self._missing(f"tag {tag}")

    async def manifest(
        self, reference: str | Digest, *, limit: int = MAX_MANIFEST, context: str = ""
    ) -> FetchedManifest:
        """The manifest of a tag or digest, of at most ``limit`` bytes; as the list of referrers, all that is listed."""
        if isinstance(reference, str) and is_referrers_tag(reference):
            listed = (await self._read(INDEX, most=limit, context=context or self.context(INDEX))).strip()
            return FetchedManifest(listed, Digest.of(listed), OCI_INDEX)
        digest = reference if isinstance(reference, Digest) else await self.resolve_tag(reference)
        body = await self._blob(digest, most=limit, context=context or self.context(f"manifest {reference}"))
        return FetchedManifest(body, digest, "")

    async def blob(self, descriptor: Descriptor) -> bytes:
        """The bytes that ``descriptor`` names."""
        context = self.context(f"blob {descriptor.digest}")
        content = await self._blob(descriptor.digest, most=descriptor.size, context=context)
        if len(content) != descriptor.size:
            message = f"{context} has {len(content)} bytes and not {descriptor.size}: copy it again."
            raise Stalled(reason=Reason.SIZE_MISMATCH, message=message)
        return content

    async def pages(self, path: str, *, context: str, most: int) -> AsyncIterator[Response]:
        """Nothing: a layout answers no requests."""
        raise self._missing(path)
        yield  # makes it a generator

    async def offload(self, size: int, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do ``work`` on ``size`` bytes, off the event loop where it may take long."""
        return await offload(self.executors.cpu, size, work, *args, **kwargs)

    async def _listed(self) -> list[Descriptor]:
        context = self.context(INDEX)
        try:
            document = read_bounded(await self._read(INDEX, most=MAX_MANIFEST, context=context))
            entries = object_list_field(document, "manifests")
            for each in entries:
                string_map_field(each, "annotations")
            return [read_descriptor(each) for each in entries]
        except InvalidDocument as error:
            raise unsupported(context, str(error)) from error

    async def _blob(self, digest: Digest, *, most: int, context: str) -> bytes:
        content = await self._read("blobs", digest.algorithm, digest.hex, most=most, context=context)
        if await self.offload(len(content), Digest.of, content, digest.algorithm) != digest:
            message = f"{context} does not have its digest: copy it again."
            raise Stalled(reason=Reason.DIGEST_MISMATCH, message=message)
        return content

    async def _read(self, *parts: str, most: int, context: str) -> bytes:
        try:
            return await run_in(self.executors.disk, _read_file, self._path, parts, most)
        except FileNotFoundError:
            raise self._missing(context) from None
        except OSError as error:
            message = f"{context} cannot be read ({error.strerror}): name the folder of a layout."
            raise Stalled(reason=Reason.ARTIFACT_UNSUPPORTED, message=message) from error

    def _missing(self, what: str) -> Stalled:
        return Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND, message=f"{self.context(what)} is not there: copy it with its referrers."
        )


def _read_file(path: Path, parts: tuple[str, ...], most: int) -> bytes:
    with opened(path) as root:
        return read_below(root, parts, where=path, most=most)
