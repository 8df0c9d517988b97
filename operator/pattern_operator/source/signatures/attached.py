"""What refers to an artifact, whatever it is: signatures, attestations, SBOMs. It is listed, and not read.

Places: those of ``fetch``, and the tag ``sha256-<hex>.sbom`` that cosign wrote before it had attestations. What is
listed says of itself what it is: who wants to know whether that holds verifies it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pattern_operator.api.artifact import SIGNATURE_PREDICATE, Descriptor, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Transient
from pattern_operator.limits import MAX_REFERRER_PAGES, MAX_REFERRERS, MAX_SIGNATURE_MANIFEST
from pattern_operator.source.manifest import parse_index, parse_manifest
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.signatures.formats import (
    LAYER_PREDICATE_HINT,
    PREDICATE_HINT,
    STATEMENTS,
    format_of_type,
)
from pattern_operator.source.signatures.place import SignatureSource
from pattern_operator.source.signatures.referrers import entries_of, referrers_tag

_SBOM: Final = re.compile(r"spdx|cyclonedx|syft|sbom")
_MAX_TAG: Final = 128


class AttachedKind(StrEnum):
    """What something that refers to an artifact calls itself."""

    SIGNATURE = "signature"
    ATTESTATION = "attestation"
    SBOM = "sbom"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Attached:
    """What refers to an artifact: ``media_type`` is its artifact type, ``predicate_type`` what it says that it states.

    ``where`` names it as signatures are named; ``size`` in bytes is that of its manifest, or of its layer.
    """

    kind: AttachedKind
    media_type: str
    where: str
    size: int
    predicate_type: str = ""


@dataclass(frozen=True, slots=True)
class Attachments:
    """What was found, in the order of the registry; ``more`` counts what was not kept, ``failures`` hide others."""

    entries: tuple[Attached, ...] = ()
    failures: tuple[PatternError, ...] = ()
    more: int = 0


async def list_attached(digest: Digest, *, registry: SignatureSource) -> Attachments:
    """Everything in the repository that refers to ``digest``, at most ``MAX_REFERRERS``, within a look-up's time."""
    context = registry.context(f"what refers to {digest}")
    deadline = Deadline.after(registry.timeouts.lookup, context=context, waits=registry.waits)
    found: dict[str, Attached] = {}
    failures: list[PatternError] = []
    refusal: PatternError | None = None  # of the API: what is under the tag then counts
    try:
        async with deadline.enforced():
            async for page in registry.pages(f"referrers/{digest}", context=context, most=MAX_REFERRER_PAGES):
                listed = await entries_of(page, registry=registry, context=context, types=None)
                found |= {each.where: each for each in map(_referrer, listed.entries)}
    except PatternError as error:
        refusal = error
    tagged = None
    try:
        async with deadline.enforced():
            tagged = await _by_tag(digest, registry=registry)
            found |= {each.where: each for each in tagged or ()}
            for ending, kind in ((".att", AttachedKind.ATTESTATION), (".sbom", AttachedKind.SBOM)):
                for each in await _layers(digest, ending, kind, registry=registry):
                    found[each.where] = each
    except PatternError as error:
        failures.append(error)
    is_answered = tagged is not None or (refusal is not None and refusal.reason is Reason.ARTIFACT_NOT_FOUND)
    if refusal is not None and (isinstance(refusal, Transient) or not is_answered):
        failures.insert(0, refusal)
    entries = tuple(found.values())
    return Attachments(entries[:MAX_REFERRERS], tuple(failures), max(len(entries) - MAX_REFERRERS, 0))


async def _by_tag(digest: Digest, *, registry: SignatureSource) -> tuple[Attached, ...] | None:
    """What the tag of the referrers lists ("Referrers Tag Schema"); None where there is none."""
    tag = referrers_tag(digest)
    context = registry.context(f"tag {tag}")
    try:
        content = await registry.manifest(tag)
    except PatternError as error:
        if error.reason is Reason.ARTIFACT_NOT_FOUND:
            return None
        raise
    if content.digest == digest:  # a registry that reads the tag as the digest
        return None
    index = await registry.offload(
        len(content.body), parse_index, content.body, types=None, content_type=content.media_type, context=context
    )
    return tuple(map(_referrer, index.entries))


async def _layers(
    digest: Digest, ending: str, kind: AttachedKind, *, registry: SignatureSource
) -> tuple[Attached, ...]:
    """What one of cosign's tags holds, a layer each; nothing where there is no such tag."""
    tag = f"{digest.algorithm}-{digest.hex}{ending}"
    if len(tag) > _MAX_TAG:
        return ()
    try:
        content = await registry.manifest(tag, limit=MAX_SIGNATURE_MANIFEST)
    except PatternError as error:
        if error.reason is Reason.ARTIFACT_NOT_FOUND:
            return ()
        raise
    if content.digest == digest:
        return ()
    manifest = await registry.offload(
        len(content.body),
        parse_manifest,
        content.body,
        content_type=content.media_type,
        context=registry.context(f"tag {tag}"),
        max_layers=MAX_REFERRERS,
    )
    return tuple(
        Attached(kind, layer.media_type, f"{tag} layer {number}", layer.size, _hint(layer, LAYER_PREDICATE_HINT))
        for number, layer in enumerate(manifest.layers, start=1)
    )


def _referrer(entry: Descriptor) -> Attached:
    media_type, predicate = entry.artifact_type or "", _hint(entry, PREDICATE_HINT)
    kind = _kind(media_type, predicate)
    return Attached(
        kind,
        media_type,
        f"referrer {entry.digest}",
        entry.size,
        "" if predicate == SIGNATURE_PREDICATE else predicate,
    )


def _hint(descriptor: Descriptor, name: str) -> str:
    return descriptor.annotations.get(name, "")


def _kind(media_type: str, predicate: str) -> AttachedKind:
    form = format_of_type(media_type)
    if form is SignatureFormat.BUNDLE and predicate not in ("", SIGNATURE_PREDICATE):
        return AttachedKind.ATTESTATION
    if form is not None:
        return AttachedKind.SIGNATURE
    if media_type in STATEMENTS:
        return AttachedKind.ATTESTATION
    return AttachedKind.SBOM if _SBOM.search(media_type) else AttachedKind.OTHER
