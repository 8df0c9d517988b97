"""Sends blobs and manifests to a registry, and believes only that they are stored which it says are.

Protocol: OCI distribution-spec 1.1, "Pushing blobs" and "Pushing Manifests".
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from yarl import URL

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source.manifest import OCI_MANIFEST
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.registry.redirects import UnsafeRedirect, address
from pattern_operator.source.registry.transport import Response

CREATED: Final = "org.opencontainers.image.created"  # image-spec 1.1, "Pre-Defined Annotation Keys"


def json_bytes(document: Mapping[str, object]) -> bytes:
    """A document as it is pushed: the same one has the same bytes."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def written(descriptor: Descriptor) -> dict[str, object]:
    """A descriptor as a manifest has it."""
    return {"mediaType": descriptor.media_type, "digest": str(descriptor.digest), "size": descriptor.size}


def date_text(moment: datetime) -> str:
    """A time as annotations have it (RFC 3339)."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


async def upload_blob(registry: RepositoryClient, content: bytes, *, media_type: str) -> Descriptor:
    """Upload a blob unless it is there ("POST then PUT")."""
    digest = Digest.of(content)
    context = registry.context(f"upload of blob {digest}")
    there = await registry.request("HEAD", f"blobs/{digest}", context=context, expect=(200, 404))
    if there.status == 404:
        begun = await registry.request("POST", "blobs/uploads/", context=context, expect=(202,))
        session = upload_target(begun.headers.get("Location", ""), source=begun.url, context=context)
        await registry.request(
            "PUT",
            URL(f"{session}{'&' if session.raw_query_string else '?'}digest={digest}", encoded=True),
            context=context,
            headers={"Content-Type": "application/octet-stream"},
            body=content,
            expect=(201,),
            given_by=begun,
        )
    return Descriptor(media_type, digest, len(content))


async def put_manifest(registry: RepositoryClient, content: bytes, *, reference: str) -> Digest:
    """Push an image manifest under a tag or its digest; raises as ``put``."""
    digest = Digest.of(content)
    await put(registry, content, reference=reference, media_type=OCI_MANIFEST)
    return digest


async def put(registry: RepositoryClient, content: bytes, *, reference: str, media_type: str) -> Response:
    """Push a manifest or an index under a tag or its digest.

    Raises:
        Stalled: DIGEST_MISMATCH: the registry stored something else.
    """
    context = registry.context(f"push of {reference}")
    answer = await registry.request(
        "PUT",
        f"manifests/{reference}",
        context=context,
        headers={"Content-Type": media_type},
        body=content,
        expect=(201,),
    )
    ensure_stored(Digest.of(content), answer.headers.get("Docker-Content-Digest", ""), context=context)
    return answer


def upload_target(location: str, *, source: URL, context: str) -> URL:
    """Where the registry at ``source`` wants a blob.

    Raises:
        Transient: REGISTRY_UNAVAILABLE: it names no address, or one over plain http.
    """
    try:
        return address(location, source=source)
    except UnsafeRedirect as error:
        raise Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{context}: the registry sends the content {error}, which is not followed; try again later.",
        ) from error


def ensure_stored(digest: Digest, header: str, *, context: str) -> None:
    """Refuse a manifest that the registry stored as another one; ``header`` is what it says, if anything.

    Raises:
        Stalled: DIGEST_MISMATCH.
    """
    if header in ("", str(digest)):
        return
    raise Stalled(
        reason=Reason.DIGEST_MISMATCH,
        message=f"{context}: the registry stored {_digest_in(header)} and not {digest}: something in between changed"
        " it.",
    )


def _digest_in(header: str) -> str:
    try:
        return str(Digest.parse(header))
    except InvalidReference:
        return "something that has no digest"
