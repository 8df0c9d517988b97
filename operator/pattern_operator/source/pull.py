"""Brings an artifact here, every byte of it checked against the digest it is known by."""

from pattern_operator.api.artifact import Artifact, Descriptor
from pattern_operator.api.reference import Digest, Reference, Revision
from pattern_operator.executors import run_in
from pattern_operator.source.cache import Cache
from pattern_operator.source.layers import LayerChoice, chosen_layers, files_of
from pattern_operator.source.manifest import parse_manifest
from pattern_operator.source.registry import Registry


async def pull(
    reference: Reference,
    revision: Revision,
    *,
    registry: Registry,
    cache: Cache,
    layer: LayerChoice,
    running: Digest | None = None,
) -> Artifact:
    """Pull ``revision``, from the cache where it is there.

    What was pulled before needs no request from who was shown it before. Who was not asks with one HEAD whether the
    registry would show it, unless it is ``running``: what the asking pattern has in the cluster already.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND, DIGEST_MISMATCH, SIZE_MISMATCH, ARTIFACT_TOO_LARGE, ARTIFACT_UNSUPPORTED,
            ARCHIVE_REFUSED, LAYER_NOT_FOUND, and what ``Registry`` raises.
        Transient: the registry or the cache cannot be used.
    """
    what = f"{reference.repository}@{revision.digest}"
    body, media_type = await _manifest(revision, registry=registry, cache=cache, running=running)
    manifest = parse_manifest(body, content_type=media_type, what=what)
    blobs = [
        (descriptor, await _blob(descriptor, registry=registry, cache=cache))
        for descriptor in chosen_layers(manifest, choice=layer, what=what)
    ]
    files = await run_in(registry.executors.cpu, files_of, manifest, blobs, choice=layer, what=what)
    return Artifact(
        repository=reference.repository,
        revision=revision,
        manifest=Descriptor(manifest.media_type, revision.digest, len(body)),
        files=files,
        artifact_type=manifest.artifact_type or manifest.config.media_type,
        annotations=manifest.annotations,
    )


async def _manifest(
    revision: Revision, *, registry: Registry, cache: Cache, running: Digest | None
) -> tuple[bytes, str]:
    """The bytes of the manifest, and what the registry calls them, which the cache does not know."""
    cached = await cache.get(revision.digest, place=registry.place)
    if cached is not None:
        if revision.digest != running:
            await registry.ensure_readable(revision.digest)
        return cached, ""
    content = await registry.manifest(revision.digest)
    parse_manifest(content.body, content_type=content.media_type, what=registry.what(f"manifest {revision.digest}"))
    await cache.put(revision.digest, content.body, place=registry.place)
    return content.body, content.media_type


async def _blob(descriptor: Descriptor, *, registry: Registry, cache: Cache) -> bytes:
    cached = await cache.get(descriptor.digest, place=registry.place)
    if cached is not None and len(cached) == descriptor.size:
        return cached
    content = await registry.blob(descriptor)
    await cache.put(descriptor.digest, content, place=registry.place)
    return content
