"""What refers to an artifact and may sign it: by the referrers API, and by the fallback tag where that does not tell.

Format: OCI distribution-spec 1.1, "Listing Referrers" and "Referrers Tag Schema". Only a valid index is an answer of
the API. Registries that have none say so with 400, 404, 405, 406, 410 or a page, so whatever else comes, the tag is
read as well, and what went wrong is handed on beside what was found.
"""

from dataclasses import dataclass
from typing import Final

from pattern_operator.api.artifact import SIGNATURE_PREDICATE, Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.limits import MAX_REFERRER_PAGES, MAX_REFERRERS
from pattern_operator.source.manifest import parse_index
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.registry.errors import not_a_manifest
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.registry.transport import Response
from pattern_operator.source.signatures.formats import BUNDLES, COSIGN, PREDICATE_HINT, SAYS_NOTHING

_ATTESTATION: Final = 3
_MAY_SIGN: Final = BUNDLES | {COSIGN} | SAYS_NOTHING


@dataclass(frozen=True, slots=True)
class Listing:
    """The referrers that may be signatures, in order and none twice, and what hides others of them."""

    entries: tuple[Descriptor, ...] = ()
    failures: tuple[PatternError, ...] = ()


@dataclass(frozen=True, slots=True)
class FallbackTag:
    """The tag of the referrers is there and is not an index: what it is instead, as an error says it."""

    name: str
    refusal: Stalled


async def list_referrers(digest: Digest, *, registry: RepositoryClient, deadline: Deadline) -> Listing | FallbackTag:
    """Ask what refers to ``digest``, and may be a signature by the type that it is listed with.

    Of other types, as scan reports, SBOMs and documentation, there may be as many as pages are read.
    """
    listed = await _by_api(digest, registry=registry, deadline=deadline)
    if listed is not None and not listed.failures:
        return listed
    tagged = await _by_tag(digest, registry=registry, deadline=deadline)
    if listed is None or not (listed.entries or listed.failures):
        return tagged
    if isinstance(tagged, FallbackTag):
        return Listing(listed.entries, (*listed.failures, tagged.refusal))
    return _joined(listed, tagged, digest=digest)


async def _by_api(digest: Digest, *, registry: RepositoryClient, deadline: Deadline) -> Listing | None:
    """What the API lists, as far as it goes; None where there is no API."""
    context = registry.context(f"referrers of {digest}")
    found, read = Listing(), False
    try:
        async with deadline.enforced():
            async for page in registry.pages(f"referrers/{digest}", context=context, most=MAX_REFERRER_PAGES):
                listed = await _entries(page, registry=registry, context=context)
                found = await registry.offload(len(page.body), _joined, found, listed, digest=digest)
                read = True
    except PatternError as error:
        if error.reason is not Reason.ARTIFACT_NOT_FOUND:
            return Listing(found.entries, (*found.failures, error))
        if not read:
            return None
        message = f"{context}: a page of it is gone; it is retried later."  # a list that ends in the middle
        gone = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=message)
        return Listing(found.entries, (*found.failures, gone))
    return found


async def _entries(page: Response, *, registry: RepositoryClient, context: str) -> Listing:
    """What a page lists; nothing of it is quoted where another host than the registry gave it."""
    content_type = page.headers.get("Content-Type", "")
    try:
        return await registry.offload(len(page.body), _read, page.body, content_type=content_type, context=context)
    except Stalled as error:
        if page.foreign and error.reason is Reason.ARTIFACT_UNSUPPORTED:
            raise not_a_manifest(context, host=page.host) from None
        raise


def referrers_tag(digest: Digest) -> str:
    """The tag of the list of referrers, where a registry keeps none: at most 64 digits ("Referrers Tag Schema")."""
    return f"{digest.algorithm}-{digest.hex[:64]}"


async def _by_tag(digest: Digest, *, registry: RepositoryClient, deadline: Deadline) -> Listing | FallbackTag:
    """What the fallback tag lists; none where there is no such tag."""
    tag = referrers_tag(digest)
    try:
        async with deadline.enforced():
            content = await registry.manifest(tag)
    except PatternError as error:
        return Listing() if error.reason is Reason.ARTIFACT_NOT_FOUND else Listing(failures=(error,))
    if content.digest == digest:  # a registry that reads the tag as the digest: nothing is tagged so
        return Listing()
    try:
        listed = await registry.offload(
            len(content.body),
            _read,
            content.body,
            content_type=content.media_type,
            context=registry.context(f"tag {tag}"),
        )
        return await registry.offload(len(content.body), _joined, Listing(), listed, digest=digest)
    except Stalled as error:
        return FallbackTag(tag, error)


def _read(content: bytes, *, content_type: str, context: str) -> Listing:
    index = parse_index(content, types=_MAY_SIGN, content_type=content_type, context=context)
    return Listing(index.entries, index.refusals)


def _joined(one: Listing, other: Listing, *, digest: Digest) -> Listing:
    """Both together, none twice, and where there are too many of them those that are most likely signatures.

    What is called an attestation is only then left out for it, and not missed: of those there may be any number.
    """
    unique = list({entry.digest: entry for entry in (*one.entries, *other.entries)}.values())
    failures = [*one.failures, *other.failures]
    if len(unique) > MAX_REFERRERS:
        unique.sort(key=_likeness)
        said = any(failure.reason is Reason.TOO_MANY_SIGNATURES for failure in failures)
        if not said and _likeness(unique[MAX_REFERRERS]) < _ATTESTATION:
            message = (
                f"{digest} has more than {MAX_REFERRERS} referrers that may be signatures, and no more are looked at:"
                " remove those that are not needed from the registry."
            )
            failures.append(Stalled(reason=Reason.TOO_MANY_SIGNATURES, message=message))
    return Listing(tuple(unique[:MAX_REFERRERS]), tuple(failures))


def _likeness(entry: Descriptor) -> int:
    """How likely a referrer is a signature by what it is listed with: the lower, the likelier."""
    hint = entry.annotations.get(PREDICATE_HINT, "")
    if hint:
        return 0 if hint == SIGNATURE_PREDICATE else _ATTESTATION
    return 1 if (entry.artifact_type or "").lower() not in SAYS_NOTHING else 2
