"""Which requests are refused before anything is done: those for another host, and those that another site makes.

Source: W3C "Fetch Metadata Request Headers"; OWASP, "Cross-Site Request Forgery Prevention" and "DNS rebinding". Pure.
"""

from collections.abc import Mapping
from typing import Final

from pattern_operator.console.settings import Address

SAFE: Final = frozenset({"GET", "HEAD"})
_OWN: Final = frozenset({"", "same-origin", "none"})  # none: typed, or opened by another program


class RefusedRequest(Exception):
    """The request is refused; the message says why, and what to do."""


def check_host(headers: Mapping[str, str], address: Address) -> None:
    """Refuse a request for another host: a name that somebody else lets lead here (DNS rebinding).

    Raises:
        RefusedRequest: the Host header is not one of ``address``.
    """
    if headers.get("Host", "") not in address.hosts:
        raise RefusedRequest(f"this console is at {' or '.join(address.origins)}: open it there")


def check_site(method: str, headers: Mapping[str, str], address: Address) -> None:
    """Refuse what another site asks for: all that changes something, and all but a page that somebody goes to.

    Raises:
        RefusedRequest: Sec-Fetch-Site or Origin says so, or one of them is missing where something is changed.
    """
    site, origin = headers.get("Sec-Fetch-Site", ""), headers.get("Origin", "")
    if method in SAFE:
        goes_there = method == "GET" and headers.get("Sec-Fetch-Mode") == "navigate"
        framed = headers.get("Sec-Fetch-Dest", "document") != "document"
        if site not in _OWN and (not goes_there or framed):
            raise RefusedRequest("another site asked for this: open the page itself")
        return
    if site != "same-origin":
        raise RefusedRequest("this did not come from a page of the console (Sec-Fetch-Site): reload it and try again")
    host = headers.get("Host", "")
    if origin not in address.origins or origin.partition("://")[2] != host:
        raise RefusedRequest("this came from another address (Origin): open the console at its own, and try again")
