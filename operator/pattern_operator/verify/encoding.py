"""Decodes the base64 of signatures strictly, and shows text of others and of users safely and briefly."""

import base64

from pattern_operator import quote
from pattern_operator.strict_json import InvalidDocument

_NAME = 100  # characters of a name or place in a message
_QUOTED = 80  # bytes of a foreign value that a message shows: a type or a digest fits


def decode_base64(text: str) -> bytes:
    """Decode the standard alphabet of RFC 4648 section 4, with padding, without anything else between.

    Encodings whose unused bits are not zero are refused (RFC 4648 section 3.5): one value has one text.

    Raises:
        InvalidDocument: the text is anything else.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidDocument("is not base64") from error
    if base64.b64encode(content).decode("ascii") != text:
        raise InvalidDocument("is not canonical base64")
    return content


def quoted(value: object) -> str:
    """Show a foreign value in a message: escaped, and cut where it is long."""
    return quote.quoted(value, _QUOTED)


def shortened(text: str, length: int = _NAME) -> str:
    """The text with no more than so many characters."""
    return text if len(text) <= length else f"{text[: length - 3]}..."
