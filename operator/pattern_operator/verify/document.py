"""Reads JSON and base64 that others wrote, strictly: what two readers could understand differently is refused."""

import base64
import json
from collections.abc import Iterable
from typing import NoReturn

from pattern_operator.limits import MAX_JSON_DEPTH

_QUOTED = 80  # characters of a foreign value that a message shows: a type or a digest fits


class InvalidDocument(ValueError):
    """The text is not what it should be; the message is a clause that says why, and quotes little of it."""


def read_json(content: bytes) -> object:
    """Parse one JSON text (RFC 8259) of UTF-8 without byte order mark, nested at most ``MAX_JSON_DEPTH`` deep.

    A name that occurs twice in an object is refused (RFC 8259 section 4 leaves open which one counts, so two readers
    may see two documents), and so are ``NaN`` and ``Infinity``, which are no JSON.

    Raises:
        InvalidDocument: the bytes are anything else.
    """
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
    return document


def read_object(content: bytes) -> dict[str, object]:
    """Parse a JSON text as ``read_json`` does; raises InvalidDocument also where it is no object."""
    document = read_json(content)
    if not isinstance(document, dict):
        raise InvalidDocument("is no JSON object")
    return document


def decode_base64(text: str) -> bytes:
    """Decode the standard alphabet of RFC 4648 section 4, with padding, without anything else between.

    Encodings whose unused bits are not zero are refused (RFC 4648 section 3.5): one value has one text.

    Raises:
        InvalidDocument: the text is anything else.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidDocument("is no base64") from error
    if base64.b64encode(content).decode("ascii") != text:
        raise InvalidDocument("is no canonical base64")
    return content


def quoted(value: object) -> str:
    """Show a foreign value in a message: escaped, and cut where it is long."""
    if not isinstance(value, str):
        return "nothing" if value is None else f"a JSON {type(value).__name__}"
    return repr(value) if len(value) <= _QUOTED else f"{value[:_QUOTED]!r}..."


def _object_of_unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidDocument("has the same name twice in one object")
    return found


def _refuse_constant(_constant: str) -> NoReturn:
    raise InvalidDocument("is no valid JSON")


def _refuse_depth(document: object) -> None:
    """Go down level by level: a foreign document must not decide how deep our own calls nest."""
    level = [document]
    for _depth in range(MAX_JSON_DEPTH):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
        if not level:
            return
    raise InvalidDocument(f"is nested deeper than {MAX_JSON_DEPTH}")


def _children(node: object) -> Iterable[object]:
    match node:
        case dict():
            return node.values()
        case list():
            return node
        case _:
            return ()
