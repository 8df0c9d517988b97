"""Where the next page of a listing is, if the registry may be followed there.

Format: RFC 8288 section 3 (``Link``), as distribution-spec 1.1 uses it in "Listing Tags" and "Listing Referrers".
Registries also write single quotes, several relations in one link, and links in any order.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.source.origin import same_origin
from pattern_operator.source.registry.redirects import UnsafeRedirect, address
from pattern_operator.source.registry.transport import Response

# All repetitions are possessive: what fits nothing is passed over once, and not tried in parts.
_TARGET: Final = re.compile(r"[\s,]*+<([^<>]*+)>")
_PARAMETER: Final = re.compile(
    r"""\s*+;[\s;]*+([^\s=;,<>"']++)(?:\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|'([^']*+)'|((?:[^\s;,<>"'][^\s;,<>"]*+)?+)))?+"""
)
_MAX_LINK: Final = 8192  # bytes; servers draw the line for a header there
_MAX_LINKS: Final = 32  # a registry sends one, and people four (first, prev, next, last)


def next_page(answer: Response, *, base: URL, seen: Collection[URL], context: str) -> URL | None:
    """The URL after ``answer``, or None at the end.

    Only pages below ``base``, the repository, are followed: our token is good for nothing else, and nobody else may
    have it.

    Raises:
        Transient: REGISTRY_UNAVAILABLE: the link leads elsewhere, or back to a page of ``seen``.
    """
    header = ", ".join(answer.headers.getall("Link", ()))[:_MAX_LINK]
    target = next((target for target, relations in _links(header) if "next" in relations), None)
    if target is None:
        return None
    try:
        url = address(target, source=answer.url)
    except UnsafeRedirect as error:
        raise _unsafe_link(context, str(error)) from error
    if not same_origin(url, base) or not url.path.startswith(f"{base.path}/") or ".." in url.parts:
        raise _unsafe_link(context, "to another place than this repository")
    if url in seen:
        raise _unsafe_link(context, "back to a page that was already read")
    return url


def _links(header: str) -> Iterator[tuple[str, list[str]]]:
    """Each target of the header with its relations, in small letters; what is not a link ends it."""
    position = 0
    for _ in range(_MAX_LINKS):
        target = _TARGET.match(header, position)
        if target is None:
            return
        position = target.end()
        relations: list[str] | None = None
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            name, *values = parameter.groups()
            if name.lower() == "rel" and relations is None:  # RFC 8288 section 3.3: only the first one counts
                relations = "".join(value or "" for value in values).lower().split()
        yield target[1], relations or []


def _unsafe_link(context: str, where: str) -> Transient:
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: the registry's link to the next page leads {where}, which is not followed; it is "
        "retried later.",
    )
