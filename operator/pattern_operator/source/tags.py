"""The tags of a repository: OCI distribution-spec 1.1, "Listing Tags"."""

from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import is_tag
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_TAG_PAGES, MAX_TAGS
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.registry.errors import web_page
from pattern_operator.source.registry.transport import Response
from pattern_operator.source.registry.web_page import is_web_page
from pattern_operator.strict_json import InvalidDocument, TooManyValues, read_bounded

_PAGE: Final = 1_000  # tags that are asked for at once; a registry may give fewer, and says where the next ones are


async def list_tags(registry: RepositoryClient) -> list[str]:
    """All tags, each once, in the order of the registry; those of signatures are among them.

    Raises:
        Stalled: ARTIFACT_TOO_LARGE: there are more than ``MAX_TAGS``; and what ``RepositoryClient`` raises.
        Transient: REGISTRY_UNAVAILABLE: the answer is not a list of tags.
    """
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
