"""Attaches a document, such as a signature, to an artifact: as a referrer, which registries of every age then list.

Protocol: OCI distribution-spec 1.1, "Pushing Manifests with Subject" and "Referrers Tag Schema". A registry that has
the referrers API says so with ``OCI-Subject``, and lists the referrer by itself. For others the client keeps the list,
an index under the tag ``<algorithm>-<hex>``: it is read, extended and written back, and nothing locks it. Two who do so
at once can undo each other: who writes first is lost from the list. So it is read again, and extended again where that
happened; an entry of somebody who does not look again stays lost. Nothing is lost but the entry: the referrer itself is
in the registry under its digest, and signing again enters it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.limits import MAX_MANIFEST, MAX_REFERRER_PAGES
from pattern_operator.source.manifest import OCI_INDEX, OCI_MANIFEST, read_document
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.signatures.referrers import referrers_tag
from pattern_operator.source.upload import json_bytes, put, upload_blob, written

EMPTY: Final = "application/vnd.oci.empty.v1+json"  # image-spec 1.1, "Guidance for an Empty Descriptor"
_TRIES: Final = 5  # of writing the list; each that fails is another writer in the time between two requests
_WAIT: Final = 0.2  # seconds before the second try, twice as many before each further one


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is attached: one blob, with the type that it is found by."""

    content: bytes = field(repr=False)
    media_type: str
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attached:
    """The referrer. ``tag`` is that of the list it was entered into; None where the registry lists it by itself."""

    digest: Digest
    tag: str | None


async def attach(
    attachment: Attachment,
    *,
    subject: Descriptor,
    registry: RepositoryClient,
    sleep: Callable[[float], Awaitable[None]],
) -> Attached:
    """Push ``attachment`` as a referrer of ``subject``, an artifact of the same repository.

    ``sleep`` waits for so many seconds, between tries.

    Raises:
        Stalled: ARTIFACT_UNSUPPORTED, ARTIFACT_TOO_LARGE: there is something else under the tag of the list, or it is
            full. And what ``RepositoryClient`` raises.
        Transient: REGISTRY_UNAVAILABLE: others change the list all the time. Or the registry could not be asked.
    """
    config = await upload_blob(registry, b"{}", media_type=EMPTY)
    layer = await upload_blob(registry, attachment.content, media_type=attachment.media_type)
    manifest = json_bytes(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": attachment.media_type,
            "config": written(config),
            "layers": [written(layer)],
            "subject": written(subject),
            **({"annotations": dict(attachment.annotations)} if attachment.annotations else {}),
        }
    )
    digest = Digest.of(manifest)
    answer = await put(registry, manifest, reference=str(digest), media_type=OCI_MANIFEST)
    if answer.headers.get("OCI-Subject", "") == str(subject.digest) or await _is_listed(digest, subject, registry):
        return Attached(digest, None)
    entry = {
        **written(Descriptor(OCI_MANIFEST, digest, len(manifest))),
        "artifactType": attachment.media_type,
        **({"annotations": dict(attachment.annotations)} if attachment.annotations else {}),
    }
    tag = referrers_tag(subject.digest)
    for number in range(_TRIES):
        if number:
            await sleep(_WAIT * 2 ** (number - 1))
        await _enter(entry, tag=tag, subject=subject.digest, registry=registry)
        if any(each.get("digest") == str(digest) for each in await _entries(tag, subject.digest, registry)):
            return Attached(digest, tag)
    raise Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{registry.context(f'tag {tag}')}: {digest} was entered {_TRIES} times, and others who wrote at the"
        " same time removed it each time; try again later.",
    )


async def _is_listed(digest: Digest, subject: Descriptor, registry: RepositoryClient) -> bool:
    """Whether the referrers API lists it, though the registry did not say ``OCI-Subject``; some do not."""
    context = registry.context(f"referrers of {subject.digest}")
    try:
        async for page in registry.pages(f"referrers/{subject.digest}", context=context, most=MAX_REFERRER_PAGES):
            content_type = page.headers.get("Content-Type", "")
            document, _ = read_document(page.body, content_type=content_type, context=context)
            listed = document.get("manifests")
            if isinstance(listed, list) and any(
                isinstance(each, dict) and each.get("digest") == str(digest) for each in listed
            ):
                return True
    except PatternError:  # there is no API, or none that answers: then the tag is what readers go by
        return False
    return False


async def _enter(entry: Mapping[str, object], *, tag: str, subject: Digest, registry: RepositoryClient) -> None:
    """Write the list with one entry more, the others as they are."""
    entries = await _entries(tag, subject, registry)
    if any(each.get("digest") == entry["digest"] for each in entries):
        return
    index = json_bytes({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*entries, dict(entry)]})
    if len(index) > MAX_MANIFEST:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"{registry.context(f'tag {tag}')}: the list of what refers to {subject} has {len(entries)} entries"
            f" and would have more than {MAX_MANIFEST} bytes with another one: remove those that are not needed.",
        )
    await put(registry, index, reference=tag, media_type=OCI_INDEX)


async def _entries(tag: str, subject: Digest, registry: RepositoryClient) -> list[dict[str, object]]:
    """The entries of the list as they are; none where there is no list yet."""
    context = registry.context(f"tag {tag}")
    try:
        content = await registry.manifest(tag)
    except Stalled as error:
        if error.reason is Reason.ARTIFACT_NOT_FOUND:
            return []
        raise
    if content.digest == subject:  # a registry that reads the tag as the digest: nothing is tagged so
        return []
    document, media_type = read_document(content.body, content_type=content.media_type, context=context)
    listed = document.get("manifests")
    if media_type != OCI_INDEX or not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise Stalled(
            reason=Reason.ARTIFACT_UNSUPPORTED,
            message=f"{context} is where what refers to {subject} is listed, and is not an index: nothing there was"
            " changed; remove the tag, or sign in a registry that has the referrers API.",
        )
    return listed
