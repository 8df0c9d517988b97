"""Where a registry may send us: blobs often lie in a store of another host, which need not know who we are.

Rules: RFC 9110 section 15.4. That credentials stay behind is the work of ``registry`` (CVE-2018-18074).
"""

from typing import Final

import aiohttp
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.limits import MAX_REDIRECTS

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def redirected(response: aiohttp.ClientResponse, *, method: str, count: int, what: str) -> URL:
    """Where ``response``, the ``count``th redirect in a row, leads.

    Raises:
        Transient: REGISTRY_UNAVAILABLE: from https to http, to no address, too often, or away with an upload.
    """
    url = response.url
    try:
        target = url.join(URL(response.headers.get("Location", ""), encoded=True)).with_fragment(None)
        why = _why_not(target, source=url)
    except ValueError:
        target, why = url, "to something that is no address"
    if not why and method not in ("GET", "HEAD"):
        why = f"although the request was a {method}"
    if not why and count > MAX_REDIRECTS:
        why = f"more than {MAX_REDIRECTS} times"
    if why:
        raise Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{what}: the registry redirects us {why}, which is not followed.",
        )
    return target


def _why_not(target: URL, *, source: URL) -> str:
    if not target.host or target.scheme not in ("https", "http") or target.user is not None:
        return "to something that is no address"
    if source.scheme == "https" and target.scheme != "https":
        return f"from https to plain http at {target.host}"
    return ""
