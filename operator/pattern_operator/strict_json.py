"""Reads JSON that others wrote, strictly: what two readers could understand differently is refused.

Manifests, Secrets and what is signed are read here: a second reader would sooner or later read them in another way.
"""

import json
from typing import NoReturn

from pattern_operator.limits import MAX_JSON_DIGITS, MAX_NESTING, MAX_REGISTRY_VALUES
from pattern_operator.nesting import NestedTooDeep, levels


class InvalidDocument(ValueError):
    """The bytes are not what they should be; the message is a clause that says why, and quotes little of them."""


class TooManyValues(InvalidDocument):
    """A document has more values than are read; nothing else is known of it."""


def read_json(content: bytes) -> object:
    """Parse one JSON text (RFC 8259) of UTF-8 without byte order mark, nested at most ``MAX_NESTING`` deep.

    A name that occurs twice in an object is refused (RFC 8259 section 4 leaves open which one counts, so two readers
    may see two documents), and so are lone surrogates, integers of more than ``MAX_JSON_DIGITS`` digits, and ``NaN``
    and ``Infinity``, which are not JSON.

    Raises:
        InvalidDocument: the bytes are anything else.
    """
    try:
        document: object = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_object_of_unique_names,
            parse_constant=_refuse_constant,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise InvalidDocument("is not UTF-8") from error
    except RecursionError as error:
        raise InvalidDocument(f"is nested deeper than {MAX_NESTING}") from error
    except InvalidDocument:
        raise
    except ValueError as error:
        raise InvalidDocument("is not valid JSON") from error
    try:
        for _ in levels(document):
            pass
    except NestedTooDeep as error:
        raise InvalidDocument(str(error)) from error
    if b"\\u" in content:
        _refuse_half_letters(document)
    return document


def read_object(content: bytes) -> dict[str, object]:
    """Parse a JSON text as ``read_json`` does; raises InvalidDocument also where it is not an object."""
    document = read_json(content)
    if not isinstance(document, dict):
        raise InvalidDocument("is not a JSON object")
    return document


def read_bounded(content: bytes, *, most: int = MAX_REGISTRY_VALUES) -> dict[str, object]:
    """Parse the JSON object of a registry, signature or Secret, of at most ``most`` values.

    They are bounded before the parser builds them: it holds the interpreter while it does, in a thread as well. A comma
    stands between any two, and a bracket around one that is alone; both are counted wherever they stand.

    Raises:
        InvalidDocument: it is not one; ``TooManyValues``: it is not even looked at.
    """
    if content.count(b",") >= most or content.count(b"[") + content.count(b"{") > most:
        raise TooManyValues(f"has more than {most} values, which is more than the operator reads")
    return read_object(content)


def _object_of_unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidDocument("has the same name twice in one object")
    return found


def _integer(digits: str) -> int:
    """Read an integer of a bounded length: the time for one grows with the square of it."""
    if len(digits) > MAX_JSON_DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidDocument(f"holds {name}, which is not JSON")


def _refuse_half_letters(document: object) -> None:
    """Refuse a lone surrogate, which no two readers understand alike (RFC 8259 section 8.2) and nobody can write."""
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidDocument("contains an unpaired surrogate") from error
