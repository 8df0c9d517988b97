"""Tells a web page from what a registry sends: a proxy or a login page answers 200 in the place of the registry.

What a registry sends as a document is JSON (OCI distribution-spec 1.1). A page is no broken artifact, and its digest no
revision.
"""

from typing import Final

from pattern_operator.source.media_types import essence

_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def is_page(content_type: str) -> bool:
    """Whether content of this type is a web page, by the words of who sends it."""
    return essence(content_type) in _PAGES


def is_web_page(body: bytes, *, content_type: str) -> bool:
    """Whether an answer that is to be JSON is a web page: it begins as one, or is called one and is not JSON."""
    start = body.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1]
    return start == b"<" or (is_page(content_type) and start not in (b"{", b"["))
