"""What refers to an artifact and may sign it: by the referrers API, and by the fallback tag where that does not tell.

Format: OCI distribution-spec 1.1, "Listing Referrers" and "Referrers Tag Schema". Only a valid index is an answer of
the API. Registries that have none say so with 400, 404, 405, 406, 410 or a page, so whatever else comes, the tag is
read as well, and what went wrong is handed on beside what was found.

What the API lists has the type of its manifest, by the specification, so of other types nothing is looked at. The list
under the tag is kept by clients, who may enter a wrong type or none: of those that it calls something else, some are
looked at, after all others.
"""

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.limits import MAX_REFERRER_PAGES, MAX_REFERRERS, MAX_UNLIKELY_REFERRERS
from pattern_operator.source.manifest import parse_index
from pattern_operator.source.registry.errors import not_a_manifest
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.registry.transport import Response
from pattern_operator.source.signatures.formats import UNLIKELY, rank_of_entry, types_of_referrers
from pattern_operator.source.signatures.place import SignatureSource

NOTHING_ELSE: Final[frozenset[str]] = frozenset()  # no predicates: signatures alone are looked for


@dataclass(frozen=True, slots=True)
class Listing:
    """The referrers that may be signatures, in order and none twice, and what hides others of them.

    ``passed_over`` says how many there are that are called something else, and were left out because there are many.
    """

    entries: tuple[Descriptor, ...] = ()
    failures: tuple[PatternError, ...] = ()
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class FallbackTag:
    """The tag of the referrers is there and is not an index: what it is instead, as an error says it."""

    name: str
    refusal: Stalled


async def list_referrers(
    digest: Digest, *, registry: SignatureSource, deadline: Deadline, predicates: Set[str] = NOTHING_ELSE
) -> Listing | FallbackTag:
    """Ask what refers to ``digest``, and may sign it, or attest one of ``predicates``, by what it is listed as.

    Of other types, as scan reports, SBOMs and documentation, there may be as many as pages are read.
    """
    listed = await _by_api(digest, registry=registry, deadline=deadline, predicates=predicates)
    if listed is not None and not listed.failures:
        return listed
    tagged = await _by_tag(digest, registry=registry, deadline=deadline, predicates=predicates)
    if listed is None or not (listed.entries or listed.failures):
        return tagged
    if isinstance(tagged, FallbackTag):
        return Listing(listed.entries, (*listed.failures, tagged.refusal), listed.passed_over)
    return _joined(listed, tagged, digest=digest, predicates=predicates)


async def _by_api(
    digest: Digest, *, registry: SignatureSource, deadline: Deadline, predicates: Set[str]
) -> Listing | None:
    """What the API lists, as far as it goes; None where there is no API."""
    context = registry.context(f"referrers of {digest}")
    types = types_of_referrers(predicates)
    found, read = Listing(), False
    try:
        async with deadline.enforced():
            async for page in registry.pages(f"referrers/{digest}", context=context, most=MAX_REFERRER_PAGES):
                listed = await _entries(page, registry=registry, context=context, types=types)
                found = await registry.offload(
                    len(page.body), _joined, found, listed, digest=digest, predicates=predicates
                )
                read = True
    except PatternError as error:
        if error.reason is not Reason.ARTIFACT_NOT_FOUND:
            return Listing(found.entries, (*found.failures, error), found.passed_over)
        if not read:
            return None
        message = f"{context}: a page of it is gone; it is retried later."  # a list that ends in the middle
        gone = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=message)
        return Listing(found.entries, (*found.failures, gone), found.passed_over)
    return found


async def _entries(page: Response, *, registry: SignatureSource, context: str, types: Set[str]) -> Listing:
    """What a page lists; nothing of it is quoted where another host than the registry gave it."""
    content_type = page.headers.get("Content-Type", "")
    try:
        return await registry.offload(
            len(page.body), _read, page.body, content_type=content_type, context=context, types=types
        )
    except Stalled as error:
        if page.foreign and error.reason is Reason.ARTIFACT_UNSUPPORTED:
            raise not_a_manifest(context, host=page.host) from None
        raise


def referrers_tag(digest: Digest) -> str:
    """The tag of the list of referrers, where a registry keeps none: at most 64 digits ("Referrers Tag Schema")."""
    return f"{digest.algorithm}-{digest.hex[:64]}"


def is_referrers_tag(tag: str) -> bool:
    """Whether a tag is that of a list of referrers, and not of one of cosign's (``.sig``, ``.att``)."""
    algorithm, _, digits = tag.partition("-")
    return algorithm in ("sha256", "sha512") and re.fullmatch("[0-9a-f]{64}", digits) is not None


async def _by_tag(
    digest: Digest, *, registry: SignatureSource, deadline: Deadline, predicates: Set[str]
) -> Listing | FallbackTag:
    """What the fallback tag lists; none where there is no such tag."""
    tag = referrers_tag(digest)
    try:
        async with deadline.enforced():
            content = await registry.manifest(tag)
    except PatternError as error:
        return Listing() if error.reason is Reason.ARTIFACT_NOT_FOUND else Listing(failures=(error,))
    if content.digest == digest:  # a registry that reads the tag as the digest: nothing is tagged so
        return Listing()
    size = len(content.body)
    context = registry.context(f"tag {tag}")
    try:
        listed = await registry.offload(
            size, _read, content.body, content_type=content.media_type, context=context, types=None
        )
        return await registry.offload(size, _joined, Listing(), listed, digest=digest, predicates=predicates)
    except Stalled as error:
        return FallbackTag(tag, error)


def _read(content: bytes, *, content_type: str, context: str, types: Set[str] | None) -> Listing:
    index = parse_index(content, types=types, content_type=content_type, context=context)
    return Listing(index.entries, index.refusals)


def _joined(one: Listing, other: Listing, *, digest: Digest, predicates: Set[str]) -> Listing:
    """Both together, none twice, and where there are too many of them those that are most likely signatures.

    What is called something else is left out for it, and not missed: of those there may be any number.
    """
    unique = list({entry.digest: entry for entry in (*one.entries, *other.entries)}.values())
    ranks = {entry.digest: rank_of_entry(entry, predicates=predicates) for entry in unique}
    likely = [entry for entry in unique if ranks[entry.digest] < UNLIKELY]
    unlikely = sorted((entry for entry in unique if ranks[entry.digest] >= UNLIKELY), key=lambda it: ranks[it.digest])
    failures = [*one.failures, *other.failures]
    if len(likely) > MAX_REFERRERS:
        likely.sort(key=lambda it: ranks[it.digest])
        if not any(failure.reason is Reason.TOO_MANY_SIGNATURES for failure in failures):
            message = (
                f"{digest} has more than {MAX_REFERRERS} referrers that may be signatures, and no more are looked at:"
                " remove those that are not needed from the registry."
            )
            failures.append(Stalled(reason=Reason.TOO_MANY_SIGNATURES, message=message))
    passed_over = one.passed_over + other.passed_over + max(len(unlikely) - MAX_UNLIKELY_REFERRERS, 0)
    kept = (*likely[:MAX_REFERRERS], *unlikely[:MAX_UNLIKELY_REFERRERS])
    return Listing(kept, tuple(failures), passed_over)
