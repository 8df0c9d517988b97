"""Reads protobuf messages that were written as JSON, strictly: one text is one message, and nothing in it is skipped.

Rules: protobuf.dev/programming-guides/json. What it leaves to the reader is refused here: fields that a message does
not have, their original names (``log_index``), names that occur twice, and enumerations as numbers.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.encoding import decode_base64, quoted

_URL_SAFE: Final = str.maketrans("-_", "+/")
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)
_MAX_INT64: Final = 2**63 - 1
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-5][0-9])", re.ASCII
)

Message = Mapping[str, object]


def message(value: object, name: str, *, fields: Sequence[str]) -> dict[str, object]:
    """Read a message that must be there; ``null`` is absent, and a field that it does not have is refused."""
    if not isinstance(value, dict):
        raise InvalidDocument(f"has no object {name!r}" if value is None else f"has a {name!r} that is not an object")
    if unknown := sorted(value.keys() - set(fields)):
        raise InvalidDocument(f"has a field {quoted(unknown[0])} that {name} does not have")
    return {field: content for field, content in value.items() if content is not None}


def messages(parent: Message, name: str, *, fields: Sequence[str], most: int) -> list[dict[str, object]]:
    """Read a repeated field of messages, of at most ``most``; an absent one is empty."""
    return [message(entry, name, fields=fields) for entry in _repeated(parent, name, most=most)]


def one_of(parent: Message, fields: Sequence[str]) -> str:
    """Find the one field of a ``oneof`` that is there."""
    present = [field for field in fields if field in parent]
    if len(present) != 1:
        raise InvalidDocument(f"must have exactly one of {', '.join(fields)}")
    return present[0]


def text_field(parent: Message, name: str) -> str:
    """Read a string; an absent one is empty."""
    value = parent.get(name, "")
    if not isinstance(value, str):
        raise InvalidDocument(f"has a {name!r} that is not a string")
    return value


def bytes_field(parent: Message, name: str) -> bytes:
    """Read bytes that must be there, and not be empty."""
    value = parent.get(name, "")
    if not isinstance(value, str) or not value:
        raise InvalidDocument(f"has no {name!r}")
    return _bytes(value, name)


def bytes_list(parent: Message, name: str, *, most: int) -> tuple[bytes, ...]:
    """Read a repeated field of bytes, of at most ``most``; an absent one is empty, and none of them may be."""
    return tuple(bytes_field({name: entry}, name) for entry in _repeated(parent, name, most=most))


def int64_field(parent: Message, name: str) -> int:
    """Read an int64, which is a number or its decimal digits; an absent one is zero."""
    value = parent.get(name, 0)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -_MAX_INT64 - 1 <= value <= _MAX_INT64:
        raise InvalidDocument(f"has a {name!r} that is not an integer of 64 bits")
    return value


def time_field(parent: Message, name: str) -> datetime | None:
    """Read a timestamp, of which parts below a microsecond are dropped; None for an absent one."""
    value = parent.get(name)
    if value is None:
        return None
    found = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidDocument(f"has a {name!r} that is not a time, as in 2026-01-31T12:00:00Z")
    seconds, fraction, zone = found.groups()
    try:
        offset = timezone(timedelta(0)) if zone == "Z" else datetime.strptime(zone, "%z").tzinfo
        exact = datetime.fromisoformat(seconds).replace(microsecond=int((fraction or "0").ljust(9, "0")[:6]))
        return exact.replace(tzinfo=offset).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidDocument(f"has a {name!r} that is not a time of the calendar") from error


def _repeated(parent: Message, name: str, *, most: int) -> list[object]:
    value = parent.get(name, [])
    if not isinstance(value, list):
        raise InvalidDocument(f"has a {name!r} that is not a list")
    if len(value) > most:
        raise InvalidDocument(f"has {len(value)} {name}, and at most {most} are read")
    return value


def _bytes(text: str, name: str) -> bytes:
    """Decode either alphabet of base64, with or without padding; what mixes them is neither."""
    if "+" not in text and "/" not in text:
        text = text.translate(_URL_SAFE)
    if "=" not in text:
        text += "=" * (-len(text) % 4)
    try:
        return decode_base64(text)
    except InvalidDocument as error:
        raise InvalidDocument(f"has a {name!r} that {error}") from error
