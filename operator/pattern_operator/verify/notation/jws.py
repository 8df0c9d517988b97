"""Reads the JWS envelope: one signature in flattened JSON (RFC 7515 section 7.2.2; signature-envelope-jws.md)."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.encoding import decode_base64, quoted
from pattern_operator.verify.notation.attributes import SIGNING_TIME, TIMESTAMP, check_unsigned, read_attributes
from pattern_operator.verify.notation.envelope import PAYLOAD_TYPE, Envelope, EnvelopeAlgorithm, read_chain

_MEMBERS: Final = {"payload", "protected", "header", "signature"}
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:[0-5]\d)", re.ASCII)


def read_jws(content: bytes) -> Envelope:
    """Read the envelope; raises InvalidDocument, whose message is a clause, where anything in it is amiss."""
    envelope = read_bounded(content)
    if set(envelope) != _MEMBERS:
        raise InvalidDocument(f"does not have just the members {', '.join(sorted(_MEMBERS))}")
    parts = {name: _text(envelope, name) for name in ("payload", "protected", "signature")}
    payload, protected, signature = (_decode(parts[name], name=name) for name in ("payload", "protected", "signature"))
    signed = read_bounded(protected)
    unsigned = envelope["header"]
    if not isinstance(unsigned, dict):
        raise InvalidDocument("has no object 'header'")
    if both := sorted(signed.keys() & unsigned.keys()):  # RFC 7515 section 4
        raise InvalidDocument(f"has {quoted(both[0])} in both of its headers")
    if misplaced := next((name for name in ("crit", "alg", "cty") if name in unsigned), None):
        raise InvalidDocument(f"has {misplaced!r} outside of what is signed")  # RFC 7515 section 4.1.11, of crit
    check_unsigned(unsigned)
    if signed.get("cty") != PAYLOAD_TYPE:
        raise InvalidDocument(f"signs a payload of type {quoted(signed.get('cty'))} and not {PAYLOAD_TYPE}")
    return Envelope(
        message=f"{parts['protected']}.{parts['payload']}".encode("ascii"),
        signature=signature,
        payload=payload,
        algorithm=_algorithm(signed.get("alg")),
        attributes=read_attributes(signed, critical=_critical(signed), read_time=_time),
        chain=read_chain([_standard(each, name="x5c") for each in _list(unsigned, "x5c")]),
        timestamp=_standard(unsigned[TIMESTAMP], name=TIMESTAMP) if TIMESTAMP in unsigned else None,
    )


def _algorithm(name: object) -> EnvelopeAlgorithm:
    found = EnvelopeAlgorithm.__members__.get(name) if isinstance(name, str) else None
    if found is None:
        raise InvalidDocument(f"has the algorithm {quoted(name)}, which is not used")
    return found


def _critical(signed: Mapping[str, object]) -> list[object]:
    critical = _list(signed, "crit")
    if not critical:
        raise InvalidDocument("has an empty list of critical attributes")
    if SIGNING_TIME in critical:  # notation 1.3 refuses it in this envelope; the specification has it not critical
        raise InvalidDocument(f"names {SIGNING_TIME} as critical, which it is not")
    return critical


def _list(parent: Mapping[str, object], name: str) -> list[object]:
    value = parent.get(name)
    if not isinstance(value, list):
        raise InvalidDocument(f"has no list {name!r}")
    return value


def _text(parent: Mapping[str, object], name: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidDocument(f"has no text {name!r}")
    return value


def _decode(text: str, *, name: str) -> bytes:
    """Decode base64url without padding (RFC 7515 section 2), where unused bits are zero: one value has one text."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise InvalidDocument(f"has a {name!r} that is not base64url") from error
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii") != text:
        raise InvalidDocument(f"has a {name!r} that is not canonical base64url")
    return content


def _standard(value: object, *, name: str) -> bytes:
    """Decode standard base64, in which certificates (RFC 7515 section 4.1.6) and the timestamp are."""
    if not isinstance(value, str):
        raise InvalidDocument(f"has a {name!r} that is not text")
    try:
        return decode_base64(value)
    except InvalidDocument as error:
        raise InvalidDocument(f"has a {name!r} that {error}") from error


def _time(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise InvalidDocument(f"has the time {quoted(value)}, which is not one of RFC 3339")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidDocument(f"has the time {quoted(value)}, which does not exist") from error
