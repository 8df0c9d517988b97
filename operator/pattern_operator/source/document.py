"""Reads the JSON that registries and Secrets hold, strictly: what two readers could understand differently is refused.

The stages do not know each other, so this is the source stage's own reader; ``verify`` has one for what is signed.
"""

import json
from collections.abc import Mapping
from typing import NoReturn

from pattern_operator.limits import MAX_JSON_DEPTH

_QUOTED = 120  # characters of a foreign value that a message shows


class InvalidDocument(ValueError):
    """The bytes are not what they should be; the message is a clause that says why, and quotes little of them."""


def read_object(content: bytes) -> dict[str, object]:
    """Parse one JSON object (RFC 8259) of UTF-8, nested at most ``MAX_JSON_DEPTH`` deep, without repeated names.

    Raises:
        InvalidDocument: the bytes are anything else.
    """
    document = read_json(content)
    if not isinstance(document, dict):
        raise InvalidDocument("is no JSON object")
    return document


def read_json(content: bytes) -> object:
    """Parse one JSON text as ``read_object`` does, whatever its type."""
    try:
        document: object = json.loads(
            content.decode("utf-8"), object_pairs_hook=_object_of_unique_names, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        raise InvalidDocument("is not UTF-8") from error
    except RecursionError as error:
        raise InvalidDocument(f"is nested deeper than {MAX_JSON_DEPTH}") from error
    except InvalidDocument:
        raise
    except ValueError as error:
        raise InvalidDocument("is no valid JSON") from error
    _refuse_depth(document)
    if b"\\u" in content:
        _refuse_half_letters(document)
    return document


def text(parent: Mapping[str, object], name: str) -> str:
    """Take a string; an absent one, or null, is empty."""
    value = parent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidDocument(f"has a {name} that is no string")
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
        raise InvalidDocument(f"has {name} that are no map of strings")
    return value


def shown(value: str, *, length: int = _QUOTED) -> str:
    """Show foreign text in a message: one line, printable, and cut where it is long."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in value[: 4 * length]).split())
    return line if len(line) <= length else f"{line[:length]}..."


def _object_of_unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidDocument("has the same name twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidDocument(f"holds {name}, which is no JSON")


def _refuse_half_letters(document: object) -> None:
    """Refuse a lone surrogate, which no two readers understand alike (RFC 8259 section 8.2) and nobody can write."""
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidDocument("holds half a letter") from error


def _refuse_depth(document: object) -> None:
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > MAX_JSON_DEPTH:
            raise InvalidDocument(f"is nested deeper than {MAX_JSON_DEPTH}")
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
