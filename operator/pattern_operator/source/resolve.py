"""From what the user wrote to one digest: the only step that may answer differently tomorrow."""

import time
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference, Revision, is_tag
from pattern_operator.errors import Stalled, Transient
from pattern_operator.executors import run_in
from pattern_operator.limits import MAX_TAG_PAGES, MAX_TAGS
from pattern_operator.quote import quoted
from pattern_operator.source.held_version import Resolution, held_words, is_older
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.registry.errors import web_page
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.registry.transport import Response
from pattern_operator.source.registry.web_page import is_web_page
from pattern_operator.source.semver.range import Choice, SemverRange
from pattern_operator.source.tag_filter import filter_tags
from pattern_operator.strict_json import InvalidDocument, TooManyValues, read_bounded

_PAGE: Final = 1_000  # tags that are asked for at once; a registry may give fewer, and says where the next ones are


async def resolve(reference: Reference, *, registry: RepositoryClient) -> Revision:
    """Find the revision that ``reference`` leads to, whatever runs; as ``resolve_or_hold``."""
    return (await resolve_or_hold(reference, registry=registry, running=None)).revision


async def resolve_or_hold(reference: Reference, *, registry: RepositoryClient, running: Revision | None) -> Resolution:
    """Find the revision that ``reference`` leads to, within the time of a look-up.

    A digest needs no request; a tag one HEAD; a range lists the tags, then asks for the highest one. ``running`` is
    what runs from this repository: where it is in the range and the list has only older versions, it stays.

    Raises:
        Stalled: INVALID_REFERENCE; ARTIFACT_NOT_FOUND: there is no such tag (yet); NO_MATCHING_VERSION; and what
            ``RepositoryClient`` raises.
        Transient: the registry could not be asked.
    """
    if reference.digest is not None:
        return Resolution(Revision(reference.tag or "", reference.digest))
    tag = reference.tag
    if tag is not None and not is_tag(tag):
        raise Stalled(
            reason=Reason.INVALID_REFERENCE,
            message=f"source.ref.tag {quoted(tag)} is not a tag: use letters, digits and . _ -",
        )
    async with Deadline.after(
        registry.timeouts.lookup, context=registry.context("finding the digest"), waits=registry.waits
    ).enforced():
        if tag is not None:
            return Resolution(Revision(tag, await registry.resolve_tag(tag)))
        wanted = _range(reference)
        tags = await _tags(registry)
        tag = await _highest(tags, wanted, reference, registry=registry)
        if running is not None and running.tag not in tags and is_older(tag, than=running.tag):
            _, choice = await _choose([running.tag], wanted, reference, registry=registry)
            if choice.tag is not None:  # the reference admits it: only the list lacks it
                return Resolution(running, held_words(running, highest=tag, reference=reference))
        return Resolution(Revision(tag, await registry.resolve_tag(tag)))


def _range(reference: Reference) -> SemverRange:
    if reference.semver is None:
        raise Stalled(
            reason=Reason.INVALID_REFERENCE, message="source.ref needs a tag, a semver range or a digest: name one."
        )
    return SemverRange(reference.semver)


async def _highest(tags: list[str], wanted: SemverRange, reference: Reference, *, registry: RepositoryClient) -> str:
    kept, choice = await _choose(tags, wanted, reference, registry=registry)
    if choice.tag is not None:
        return choice.tag
    why = choice.why_none if kept else "there is none to choose from"
    filtered = f", {len(kept)} of which semverFilter keeps," if reference.semver_filter else ""
    raise Stalled(
        reason=Reason.NO_MATCHING_VERSION,
        message=f"{registry.repository}: none of its {len(tags)} tags{filtered} is a version in "
        f"{quoted(reference.semver or '')}: {why}. Push one, or correct source.ref.semver.",
    )


async def _choose(
    tags: list[str], wanted: SemverRange, reference: Reference, *, registry: RepositoryClient
) -> tuple[list[str], Choice]:
    """The tags that the filter keeps, and the highest of them in the range."""
    kept = tags if not reference.semver_filter else await _filtered(tags, reference.semver_filter, registry=registry)
    return kept, await run_in(registry.executors.cpu, wanted.choose, kept)  # 10,000 tags and a long range take long


async def _filtered(tags: list[str], pattern: str, *, registry: RepositoryClient) -> list[str]:
    """The tags that the user's expression keeps; whoever names an expression alone chooses what it costs."""
    return await run_in(registry.executors.cpu, filter_tags, tags, pattern=pattern, clock=time.monotonic)


async def _tags(registry: RepositoryClient) -> list[str]:
    context = registry.context("list of tags")
    found: dict[str, None] = {}
    listed = 0
    async for page in registry.pages(f"tags/list?n={_PAGE}", context=context, most=MAX_TAG_PAGES):
        number, names = await registry.offload(len(page.body), _names, page, context=context)
        found.update(dict.fromkeys(names))
        listed += number
        registry.listed = listed
        if listed > MAX_TAGS:
            raise _too_many(context)
    return list(found)


def _too_many(context: str) -> Stalled:
    return Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE,
        message=f"{context}: there are more than {MAX_TAGS} tags, which is more than the operator reads: "
        "name a tag in source.ref.tag, or remove old ones.",
    )


def _names(page: Response, *, context: str) -> tuple[int, list[str]]:
    """How many names a page has, and those that are tags: by the grammar, because no other could be asked for."""
    try:
        names = read_bounded(page.body).get("tags")
        if names is not None and not isinstance(names, list):
            raise InvalidDocument("has tags that are not a list")
    except TooManyValues as error:
        raise _too_many(context) from error
    except InvalidDocument as error:
        if not page.foreign and is_web_page(page.body, content_type=page.headers.get("Content-Type", "")):
            raise web_page(context, host=page.host) from None
        said = "is not a list of tags" if page.foreign else str(error)
        raise Transient(
            reason=Reason.REGISTRY_UNAVAILABLE, message=f"{context}: the answer {said}; it is retried later."
        ) from None
    names = names or []
    return len(names), [name for name in names if isinstance(name, str) and is_tag(name)]
