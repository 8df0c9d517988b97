"""Publishes files as an artifact that Meshery, Flux and this operator read alike.

Shape: Flux's OCI artifacts, as Meshery's own build of designs makes them: one tar of the files. The same files make
the same bytes, hence the same digest, on every machine and day.
"""

import asyncio
import io
import json
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from yarl import URL

from pattern_operator.api.artifact import Descriptor, File
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Revision, is_tag
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_UNPACKED, MAX_UNPACKED_FILES
from pattern_operator.source.manifest import OCI_MANIFEST
from pattern_operator.source.registry import Registry
from pattern_operator.source.tarheader import BadHeader, safe_path

CONFIG: Final = "application/vnd.cncf.flux.config.v1+json"
CONTENT: Final = "application/vnd.cncf.flux.content.v1.tar+gzip"
CREATED: Final = "org.opencontainers.image.created"  # image-spec 1.1, "Pre-Defined Annotation Keys"


async def push(
    files: Sequence[File],
    *,
    registry: Registry,
    tag: str,
    created: datetime | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Revision:
    """Push ``files`` under ``tag``; blobs that the registry has are not sent again.

    ``created`` and ``annotations`` go into the manifest, and so into the digest.

    Raises:
        Stalled: INVALID_REFERENCE: ``tag`` is none. ARTIFACT_UNSUPPORTED, ARTIFACT_TOO_LARGE: no files, or files that
            the operator would not take back. DIGEST_MISMATCH: the registry stored something else. And what
            ``Registry`` raises.
        Transient: the registry could not be asked.
    """
    if not is_tag(tag):
        raise Stalled(reason=Reason.INVALID_REFERENCE, message=f"{tag!r} is no tag: use letters, digits and . _ -")
    tar = await asyncio.to_thread(_tar, files)
    layer = await asyncio.to_thread(_gzip, tar)
    noted = dict(annotations or {})
    if created is not None:
        noted[CREATED] = created.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _written(await _blob(registry, _config(tar), media_type=CONFIG)),
            "layers": [_written(await _blob(registry, layer, media_type=CONTENT))],
            **({"annotations": noted} if noted else {}),
        }
    )
    return Revision(tag, await _manifest(registry, manifest, tag=tag))


def _tar(files: Sequence[File]) -> bytes:
    """A tar without anything of this machine in it: sorted, no owner, no time."""
    _refuse(files)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted(files, key=lambda each: each.path):
            entry = tarfile.TarInfo(file.path)
            entry.size, entry.mode = len(file.content), 0o644
            archive.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def _refuse(files: Sequence[File]) -> None:
    paths = [file.path for file in files]
    if not files or len(set(paths)) != len(paths):
        raise Stalled(
            reason=Reason.ARTIFACT_UNSUPPORTED,
            message="there is nothing to push, or one path occurs twice: name files.",
        )
    if len(files) > MAX_UNPACKED_FILES or sum(len(file.content) for file in files) > MAX_UNPACKED:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"{len(files)} files are more than the operator takes ({MAX_UNPACKED_FILES} files, {MAX_UNPACKED} "
            "bytes): split the pattern.",
        )
    for path in paths:
        try:
            safe_path(path)
        except BadHeader as error:
            raise Stalled(
                reason=Reason.ARTIFACT_UNSUPPORTED, message=f"cannot push {path!r}: {error}; rename it."
            ) from error


def _gzip(content: bytes) -> bytes:
    compress = zlib.compressobj(level=9, wbits=31)  # a gzip header without time or name
    return compress.compress(content) + compress.flush()


def _config(tar: bytes) -> bytes:
    """An image config that names the layer's content (image-spec 1.1, "Image Configuration"), as Flux writes it."""
    return _json(
        {"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(tar))]}}
    )


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def _written(descriptor: Descriptor) -> dict[str, object]:
    return {"mediaType": descriptor.media_type, "digest": str(descriptor.digest), "size": descriptor.size}


async def _blob(registry: Registry, content: bytes, *, media_type: str) -> Descriptor:
    """Upload a blob unless it is there (distribution-spec 1.1, "POST then PUT")."""
    digest = Digest.of(content)
    what = registry.what(f"upload of blob {digest}")
    there = await registry.ask("HEAD", f"blobs/{digest}", what=what, expect=(200, 404))
    if there.status == 404:
        begun = await registry.ask("POST", "blobs/uploads/", what=what, expect=(202,))
        try:
            session = begun.url.join(URL(begun.headers["Location"], encoded=True))
        except (KeyError, ValueError) as error:
            raise Transient(
                reason=Reason.REGISTRY_UNAVAILABLE, message=f"{what}: the registry says not where to."
            ) from error
        await registry.ask(
            "PUT",
            URL(f"{session}{'&' if session.raw_query_string else '?'}digest={digest}", encoded=True),
            what=what,
            headers={"Content-Type": "application/octet-stream"},
            body=content,
            expect=(201,),
        )
    return Descriptor(media_type, digest, len(content))


async def _manifest(registry: Registry, content: bytes, *, tag: str) -> Digest:
    digest = Digest.of(content)
    what = registry.what(f"push of {tag}")
    answer = await registry.ask(
        "PUT", f"manifests/{tag}", what=what, headers={"Content-Type": OCI_MANIFEST}, body=content, expect=(201,)
    )
    stored = answer.headers.get("Docker-Content-Digest", str(digest))
    if stored != str(digest):
        raise Stalled(
            reason=Reason.DIGEST_MISMATCH,
            message=f"{what}: the registry stored {stored[:80]!r} and not {digest}: something in between changed it.",
        )
    return digest
