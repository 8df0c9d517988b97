"""Publishes files as an artifact that Meshery, Flux and this operator read alike.

Shape: Flux's OCI artifacts, as Meshery's own build of designs makes them: one tar of the files. The same files make
the same bytes, hence the same digest, on every day and machine (whose zlib compresses alike).
"""

import io
import struct
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Revision, is_tag
from pattern_operator.archive.tarheader import InvalidHeader, safe_path
from pattern_operator.errors import Stalled
from pattern_operator.executors import run_in
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_UNPACK_RATIO, MAX_UNPACKED, MAX_UNPACKED_FILES
from pattern_operator.quote import quoted
from pattern_operator.source.manifest import OCI_MANIFEST
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.upload import CREATED, date_text, json_bytes, put_manifest, upload_blob, written

CONFIG: Final = "application/vnd.cncf.flux.config.v1+json"
CONTENT: Final = "application/vnd.cncf.flux.content.v1.tar+gzip"
_GZIP_HEADER: Final = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"  # RFC 1952: neither time, name nor system (zlib names one)


async def push(
    files: Sequence[File],
    *,
    registry: RepositoryClient,
    tag: str,
    created: datetime | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Revision:
    """Push ``files`` under ``tag``; blobs that the registry has are not sent again.

    ``created`` and ``annotations`` go into the manifest, and so into the digest.

    Raises:
        Stalled: INVALID_REFERENCE: ``tag`` is none. ARTIFACT_UNSUPPORTED, ARTIFACT_TOO_LARGE: no files, or files that
            the operator would not take back. DIGEST_MISMATCH: the registry stored something else. And what
            ``RepositoryClient`` raises.
        Transient: the registry could not be asked.
    """
    if not is_tag(tag):
        raise Stalled(
            reason=Reason.INVALID_REFERENCE, message=f"{quoted(tag)} is not a tag: use letters, digits and . _ -"
        )
    tar = await run_in(registry.executors.cpu, _tar, files)
    layer = await run_in(registry.executors.cpu, _gzip, tar)
    noted = dict(annotations or {})
    if created is not None:
        noted[CREATED] = date_text(created)
    manifest = json_bytes(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": written(await upload_blob(registry, _config(tar), media_type=CONFIG)),
            "layers": [written(await upload_blob(registry, layer, media_type=CONTENT))],
            **({"annotations": noted} if noted else {}),
        }
    )
    return Revision(tag, await put_manifest(registry, manifest, reference=tag))


def _tar(files: Sequence[File]) -> bytes:
    """A tar without anything of this machine in it: sorted, no owner, no time."""
    by_path = _by_path(files)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(by_path.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _by_path(files: Sequence[File]) -> dict[str, bytes]:
    """The files by the names they will have; refuses what the operator would not take back."""
    by_path: dict[str, bytes] = {}
    for file in files:
        try:
            path = safe_path(file.path)
        except InvalidHeader as error:
            raise Stalled(
                reason=Reason.ARTIFACT_UNSUPPORTED, message=f"cannot push {quoted(file.path)}: {error}; rename it."
            ) from error
        if path in by_path:
            raise Stalled(
                reason=Reason.ARTIFACT_UNSUPPORTED, message=f"cannot push {quoted(path)} twice: leave out all but one."
            )
        by_path[path] = file.content
    if not by_path:
        raise Stalled(reason=Reason.ARTIFACT_UNSUPPORTED, message="there is nothing to push: name files.")
    if len(by_path) > MAX_UNPACKED_FILES or sum(map(len, by_path.values())) > MAX_UNPACKED:
        raise _too_large(f"{len(by_path)} files", f"{MAX_UNPACKED_FILES} files, {MAX_UNPACKED} bytes")
    return by_path


def _gzip(tar: bytes) -> bytes:
    """Compress ``tar``, but no more than the operator would unpack again: what repeats itself a lot is only wrapped."""
    packed = _deflated(tar, level=9)
    if len(tar) > MAX_UNPACK_RATIO * len(packed):
        packed = _deflated(tar, level=0)
    if len(tar) > MAX_UNPACKED or len(packed) > MAX_LAYERS_TOTAL:
        raise _too_large(
            f"{len(tar)} bytes ({len(packed)} compressed)", f"{MAX_UNPACKED}, {MAX_LAYERS_TOTAL} compressed"
        )
    return packed


def _deflated(content: bytes, *, level: int) -> bytes:
    compress = zlib.compressobj(level=level, wbits=-15)
    deflated = compress.compress(content) + compress.flush()
    return _GZIP_HEADER + deflated + struct.pack("<II", zlib.crc32(content), len(content))


def _too_large(size: str, limits: str) -> Stalled:
    return Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE,
        message=f"{size} are more than the operator takes ({limits}): split the pattern.",
    )


def _config(tar: bytes) -> bytes:
    """An image config that names the layer's content (image-spec 1.1, "Image Configuration"), as Flux writes it."""
    return json_bytes(
        {"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(tar))]}}
    )
