"""Takes text that whoever pushed an artifact wrote: bounded, printable, and of addresses those alone that may be links.

Total: whatever the JSON value is, the result is a text, empty where there is none.
"""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from pattern_operator.api.fields import text
from pattern_operator.limits import KIB
from pattern_operator.quote import cut, one_line

MAX_LINE: Final = 1 * KIB  # bytes of a name, a version, a sentence; a description of the catalogue has 1,300 letters
MAX_TEXT: Final = 64 * KIB  # bytes of a README; that of kube-prometheus-stack has 50 KiB
MAX_LINK: Final = 2 * KIB  # letters; what browsers and servers take
_SCHEMES: Final = ("http", "https")


def line(value: Any, most: int = MAX_LINE) -> str:
    """``value`` on one line of at most ``most`` bytes; a number, as an unquoted version is one, as it is written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = _number(value)
    return one_line(text(value), most)


def _number(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # an integer of more than 4,300 digits
        return ""


def paragraphs(value: Any, most: int = MAX_TEXT) -> str:
    """``value`` with its lines, of at most ``most`` bytes, without letters that command a terminal or a direction."""
    given = text(value)
    head = given[: most + 1].replace("\r\n", "\n").replace("\r", "\n")
    if not head.replace("\n", "").isprintable():
        head = "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in head)
    return cut(head, most).strip("\n")


def link(value: Any) -> str:
    """``value`` where it is an http or https address without user and password; else nothing.

    ``javascript:`` and its kind never become a link, nor does what a browser would read in another way than we do: a
    backslash, a space or a control character in it (WHATWG URL, "Special schemes").
    """
    address = text(value)
    if not address or len(address) > MAX_LINK or not address.isprintable() or " " in address or "\\" in address:
        return ""
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and parts.username is None and parts.password is None
    except ValueError:  # brackets that hold no address
        return ""
    return address if parts.scheme in _SCHEMES and address[len(parts.scheme) :].startswith("://") and named else ""


def moment(value: Any) -> str:
    """A time (RFC 3339) in UTC; nothing where ``value`` is none. YAML reads one without quotes as a text here."""
    try:
        found = datetime.fromisoformat(text(value)[:64].strip())
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return ""
