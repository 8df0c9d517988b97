"""Pulls an artifact, every byte of it checked against its digest: first the manifest, then the layers.

What an artifact says is one document of a few KiB, and decides whether it is verified. Its layers are pulled
after that, straight into the cache, so that they are nowhere in memory as a whole.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from pattern_operator.api.artifact import Artifact, Descriptor
from pattern_operator.api.reference import Digest, Reference, Revision
from pattern_operator.archive import Layer, LayerSelector, extract_files
from pattern_operator.executors import run_in
from pattern_operator.limits import MAX_SMALL_CONTENT
from pattern_operator.source.cache.store import ContentStore
from pattern_operator.source.image_index import manifest_of_index
from pattern_operator.source.layers import layer_of, select_layers
from pattern_operator.source.manifest import Manifest, parse_manifest
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.registry.errors import size_mismatch
from pattern_operator.source.registry.timeouts import Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedManifest:
    """What an artifact says of itself, checked against its digest, and the layers of it that are to be pulled.

    ``context`` names it in messages, ``size`` is that of the manifest in bytes.
    """

    context: str
    manifest: Manifest
    size: int
    selected: tuple[Descriptor, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """The media types of all its layers."""
        return tuple(layer.media_type for layer in self.manifest.layers)


async def fetch_manifest(
    reference: Reference,
    revision: Revision,
    *,
    registry: RepositoryClient,
    cache: ContentStore,
    layer: LayerSelector,
    running: Digest | None = None,
) -> ResolvedManifest:
    """Read the manifest of ``revision``, from the cache where it is there; no layer is asked for.

    Of an index, the one manifest in it that is not an attestation.

    What was pulled before needs no request from who was shown it before. Who was not asks with one HEAD whether the
    registry would show it, unless it is ``running``: what the asking pattern has in the cluster already.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND, DIGEST_MISMATCH, SIZE_MISMATCH, ARTIFACT_TOO_LARGE, ARTIFACT_UNSUPPORTED,
            LAYER_NOT_FOUND, and what ``RepositoryClient`` raises.
        Transient: the registry or the cache cannot be used.
    """
    context = f"{reference.repository}@{revision.digest}"
    async with Deadline.after(
        registry.timeouts.lookup, context=f"{context}: pulling its manifest", waits=registry.waits
    ).enforced():
        shown = revision.digest == running
        tag = revision.tag if reference.digest is None else ""
        body, media_type = await _manifest(revision.digest, tag=tag, registry=registry, cache=cache, shown=shown)
        only = await registry.offload(len(body), manifest_of_index, body, content_type=media_type, context=context)
        if only is not None:  # whoever may see the index is shown what it lists, in the same repository
            context = f"{context} (its manifest {only.digest})"
            body, media_type = await _manifest(only.digest, registry=registry, cache=cache, shown=True)
            if len(body) != only.size:
                raise size_mismatch(context, size=only.size, sent=str(len(body)))
    manifest = await registry.offload(len(body), parse_manifest, body, content_type=media_type, context=context)
    selected = select_layers(manifest, selector=layer, context=context)
    return ResolvedManifest(context=context, manifest=manifest, size=len(body), selected=selected)


@asynccontextmanager
async def open_layers(
    artifact: ResolvedManifest, *, registry: RepositoryClient, cache: ContentStore
) -> AsyncIterator[tuple[tuple[Layer, BinaryIO], ...]]:
    """The selected layers, each with its checked content open for reading during the block; pulled where they must be.

    Raises:
        Stalled: SIZE_MISMATCH, DIGEST_MISMATCH, and what ``RepositoryClient`` raises.
        Transient: the registry or the cache cannot be used.
    """
    seconds = registry.timeouts.for_bodies(sum(descriptor.size for descriptor in artifact.selected))
    deadline = Deadline.after(seconds, context=f"{artifact.context}: pulling its layers", waits=registry.waits)
    async with AsyncExitStack() as stack:
        opened: list[tuple[Layer, BinaryIO]] = []
        for descriptor in artifact.selected:
            file = await cache.open(
                descriptor.digest, size=descriptor.size, scope=registry.cache_scope, tenant=registry.tenant
            )
            if file is None:
                file = await _pull_layer(descriptor, registry=registry, cache=cache, deadline=deadline)
            stack.callback(file.close)
            opened.append((layer_of(descriptor), file))
        yield tuple(opened)


async def _pull_layer(
    descriptor: Descriptor, *, registry: RepositoryClient, cache: ContentStore, deadline: Deadline
) -> BinaryIO:
    """Pull a layer into the cache; a small one through memory, which needs no file before it can be read."""
    if descriptor.size <= MAX_SMALL_CONTENT:
        async with deadline.enforced():
            content = await registry.blob(descriptor)
        await cache.put(descriptor.digest, content, scope=registry.cache_scope, tenant=registry.tenant)
        return BytesIO(content)
    async with cache.writer(descriptor.digest, scope=registry.cache_scope, tenant=registry.tenant) as writer:
        async with deadline.enforced():
            await registry.download(descriptor, write=writer.write)
        return await writer.commit()


async def pull(
    reference: Reference,
    revision: Revision,
    *,
    registry: RepositoryClient,
    cache: ContentStore,
    layer: LayerSelector,
    running: Digest | None = None,
) -> Artifact:
    """Pull all of ``revision``, and hold its files in memory.

    Raises:
        Stalled: ARCHIVE_REFUSED, and as ``fetch_manifest`` and ``open_layers``.
        Transient: the registry or the cache cannot be used.
    """
    artifact = await fetch_manifest(reference, revision, registry=registry, cache=cache, layer=layer, running=running)
    async with open_layers(artifact, registry=registry, cache=cache) as layers:
        files = await run_in(
            registry.executors.cpu,
            extract_files,
            layers,
            selector=layer,
            context=artifact.context,
            types=artifact.types,
        )
    manifest = artifact.manifest
    return Artifact(
        repository=reference.repository,
        revision=revision,
        manifest=Descriptor(manifest.media_type, revision.digest, artifact.size),
        files=files,
        artifact_type=manifest.artifact_type or manifest.config.media_type,
        annotations=manifest.annotations,
    )


async def _manifest(
    digest: Digest, *, tag: str = "", registry: RepositoryClient, cache: ContentStore, shown: bool
) -> tuple[bytes, str]:
    """The bytes of a manifest or index, and what the registry calls them, which the cache does not know.

    ``tag`` is what led to it. ``shown``: who asks may see it, as far as it is in the cache.
    """
    cached = await cache.get(digest, scope=registry.cache_scope, tenant=registry.tenant)
    if cached is not None:
        if not shown:
            await registry.ensure_readable(digest, tag=tag)
        return cached, ""
    content = await registry.manifest_of(digest, tag=tag)
    context = registry.context(f"manifest {digest}")
    await registry.offload(len(content.body), _check, content.body, content_type=content.media_type, context=context)
    await cache.put(digest, content.body, scope=registry.cache_scope, tenant=registry.tenant)
    return content.body, content.media_type


def _check(content: bytes, *, content_type: str, context: str) -> None:
    """Refuse what is neither a manifest nor an index that leads to one: it is not kept."""
    if manifest_of_index(content, content_type=content_type, context=context) is None:
        parse_manifest(content, content_type=content_type, context=context)
