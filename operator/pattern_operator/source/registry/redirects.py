"""Where a registry may redirect to: blobs often lie in a store of another host, which gets no credentials.

Rules: RFC 9110 section 15.4. That credentials stay behind is the work of ``auth`` (CVE-2018-18074).
"""

import re
from typing import Final

import aiohttp
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.limits import MAX_REDIRECTS

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_ADDRESS: Final = re.compile(r"[\x21-\x7e]+")  # RFC 3986: anything else would end, or change, the line of a request


class UnsafeRedirect(ValueError):
    """A server names an address where nobody is to go; the message is a clause that says which."""


def address(location: str, *, source: URL) -> URL:
    """The address that ``location``, a header of the server at ``source``, names.

    Raises:
        UnsafeRedirect: it is none, or leads from https to plain http.
    """
    try:
        if not _ADDRESS.fullmatch(location):
            raise ValueError("it is not an address")
        target = source.join(URL(location, encoded=True)).with_fragment(None)
        host, known = target.host, target.scheme in ("https", "http") and target.user is None
    except ValueError as error:
        raise UnsafeRedirect("to something that is not an address") from error
    if not host or not known:
        raise UnsafeRedirect("to something that is not an address")
    if source.scheme == "https" and target.scheme != "https":
        raise UnsafeRedirect(f"from https to plain http at {host}")
    return target


def redirected(response: aiohttp.ClientResponse, *, method: str, count: int, context: str) -> URL:
    """Where ``response``, the ``count``th redirect in a row, leads.

    Raises:
        Transient: REGISTRY_UNAVAILABLE: from https to http, to no address, too often, or away with an upload.
    """
    try:
        target = address(response.headers.get("Location", ""), source=response.url)
        if method not in ("GET", "HEAD"):
            raise UnsafeRedirect(f"although the request was a {method}")
        if count > MAX_REDIRECTS:
            raise UnsafeRedirect(f"more than {MAX_REDIRECTS} times")
    except UnsafeRedirect as error:
        raise Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{context}: the registry redirects us {error}, which is not followed; it is retried later.",
        ) from error
    return target
