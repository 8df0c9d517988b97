"""What a registry says in the body of an error response, as far as a message may repeat it.

Shape: distribution-spec 1.1, "Error Codes": ``{"errors": [{"code": ..., "message": ..., "detail": ...}]}``.
"""

import re
from typing import Final

from pattern_operator.json_fields import object_list_field, string_field
from pattern_operator.quote import one_line
from pattern_operator.strict_json import InvalidDocument, read_object

_MAX_ERRORS: Final = 2  # of an answer that are shown
_READ: Final = 240  # characters of a message in which credentials are looked for
_QUOTED: Final = 120  # bytes of a registry's own words that a message shows
_CODES: Final = frozenset(  # distribution-spec 1.1, "Error Codes", and what registries in use add to them
    {
        *("BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN"),
        *("MANIFEST_INVALID", "MANIFEST_UNKNOWN", "MANIFEST_UNVERIFIED", "NAME_INVALID", "NAME_UNKNOWN"),
        *("SIZE_INVALID", "TAG_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS", "UNKNOWN"),
        *("NOT_FOUND", "FORBIDDEN", "UNAVAILABLE", "INTERNAL_ERROR", "PAGINATION_NUMBER_INVALID", "PRECONDITION"),
    }
)
_OPAQUE: Final = re.compile(r"[A-Za-z0-9+/_=.~%-]{20,}")  # as tokens, keys and hashes look; words are shorter
_SECRETLY: Final = re.compile(r"(?i)\b(bearer|basic|token|password|passwd|secret|authorization)\b\W{0,3}\S+")


def error_codes(body: bytes) -> str:
    """The error codes in an error response of the registry itself, as far as they are known ones."""
    return "; ".join(code for code, _ in _errors(body) if code)


def error_text(body: bytes) -> str:
    """The known codes, and a few of the registry's own words: only where it was told no secret that it could echo."""
    return "; ".join(filter(None, (": ".join(filter(None, (code, _harmless(said)))) for code, said in _errors(body))))


def _errors(body: bytes) -> list[tuple[str, str]]:
    """Code, or nothing where it is not a known one, and message of the first errors."""
    try:
        errors = object_list_field(read_object(body), "errors")[:_MAX_ERRORS]
        said = [(string_field(each, "code").upper(), string_field(each, "message")) for each in errors]
    except InvalidDocument:
        return []
    return [(code if code in _CODES else "", message) for code, message in said]


def _harmless(message: str) -> str:
    """Foreign words in one line, without what may be a credential."""
    return one_line(_OPAQUE.sub("***", _SECRETLY.sub(r"\1 ***", one_line(message, _READ))), _QUOTED)
