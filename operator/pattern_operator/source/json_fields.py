"""Takes values out of the JSON that registries and Secrets hold: of the type that is wanted, or not at all."""

import re
from collections.abc import Mapping
from typing import Final

from pattern_operator.strict_json import InvalidDocument

_QUOTED = 120  # characters of a foreign value that a message shows


def text(parent: Mapping[str, object], name: str) -> str:
    """Take a string; an absent one, or null, is empty."""
    value = parent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidDocument(f"has a {name} that is not a string")
    return value


def child(parent: Mapping[str, object], name: str) -> dict[str, object]:
    """Take an object that must be there."""
    value = parent.get(name)
    if not isinstance(value, dict):
        raise InvalidDocument(f"has no object {name}")
    return value


def children(parent: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """Take a list of objects that must be there."""
    value = parent.get(name)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise InvalidDocument(f"has no list of objects {name}")
    return value


def texts(parent: Mapping[str, object], name: str) -> dict[str, str]:
    """Take a map of strings; an absent one, or null, is empty."""
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise InvalidDocument(f"has {name} that are not a map of strings")
    return value


# What a registry may be quoted with where it names a type, a scheme or a coding: a word of the specifications. Any
# other word is its own, and may be the credentials that it was sent.
_PART: Final = "(artifact|chart|config|container|content|distribution|empty|flux|helm|image|index|layer|list|manifest)"
_WORDS: Final = re.compile(
    rf"application/(json|octet-stream|gzip|xml|x-tar|vnd\.(oci|docker|cncf)(\.{_PART}){{1,3}}\.v[12](\.tar)?"
    r"(\+(json|gzip|zstd|tar|prettyjws))?)|text/(html|plain)"
    r"|basic|bearer|digest|negotiate|ntlm|aws4-hmac-sha256|gzip|br|deflate|zstd|compress|aws-chunked",
    re.IGNORECASE,
)


def known_word(value: str, *, otherwise: str) -> str:
    """``value`` where it is a word of the specifications, else ``otherwise``."""
    return value if _WORDS.fullmatch(value) else otherwise


def shown(value: str, *, length: int = _QUOTED) -> str:
    """Show foreign text in a message: one line, printable, and cut where it is long."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in value[: 4 * length]).split())
    return line if len(line) <= length else f"{line[:length]}..."
