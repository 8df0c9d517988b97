"""Where the next page of a listing is, if the registry may be followed there.

Format: RFC 8288 (``Link``), as distribution-spec 1.1 uses it in "Listing Tags" and "Listing Referrers".
"""

import re
from collections.abc import Collection
from typing import Final

from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.source.redirect import Astray, address
from pattern_operator.source.transport import Answer

_NEXT: Final = re.compile(r'<([^<>]*)>[^<>]*;\s*rel\s*=\s*"?next"?(?:\s*[;,]|\s*$)', re.IGNORECASE)
_MAX_LINK: Final = 8192  # bytes; servers draw the line for a header there


def next_page(answer: Answer, *, base: URL, seen: Collection[URL], what: str) -> URL | None:
    """The URL after ``answer``, or None at the end.

    Only pages below ``base``, the repository, are followed: our token is good for nothing else, and nobody else may
    have it.

    Raises:
        Transient: REGISTRY_UNAVAILABLE: the link leads elsewhere, or back to a page of ``seen``.
    """
    link = _NEXT.search(", ".join(answer.headers.getall("Link", ()))[:_MAX_LINK])
    if link is None:
        return None
    try:
        url = address(link[1], source=answer.url)
    except Astray as error:
        raise _astray(what, str(error)) from error
    if url.origin() != base.origin() or not url.path.startswith(f"{base.path}/") or ".." in url.parts:
        raise _astray(what, "to another place than this repository")
    if url in seen:
        raise _astray(what, "back to a page that was already read")
    return url


def _astray(what: str, where: str) -> Transient:
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{what}: the registry's link to the next page leads {where}, which is not followed; it is "
        "asked again later.",
    )
