"""Reads the COSE envelope: COSE_Sign1 (RFC 9052 section 4.2; signature-envelope-cose.md)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.notation.attributes import TIMESTAMP, check_unsigned, read_attributes
from pattern_operator.verify.notation.cbor import Item, Label, Tagged, byte_string, read_cbor, text_string
from pattern_operator.verify.notation.envelope import PAYLOAD_TYPE, Envelope, EnvelopeAlgorithm, read_chain

_SIGN1: Final = 18  # RFC 9052 section 2: the tag of COSE_Sign1
_EPOCH_TIME: Final = 1  # RFC 8949 section 3.4.2
_ALGORITHM: Final = 1  # RFC 9052 section 3.1
_CRITICAL: Final = 2
_CONTENT_TYPE: Final = 3
_X5CHAIN: Final = 33  # RFC 9360 section 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_cose(content: bytes) -> Envelope:
    """Read the envelope; raises InvalidDocument, whose message is a clause, where anything in it is amiss."""
    message = read_cbor(content)
    if not isinstance(message, Tagged) or message.tag != _SIGN1:
        raise InvalidDocument("is not a tagged COSE_Sign1")
    match message.value:
        case [bytes() as protected, dict() as unsigned, bytes() as payload, bytes() as signature]:
            pass
        case _:
            raise InvalidDocument("does not have the four parts of a COSE_Sign1")
    signed = read_cbor(protected)
    if not isinstance(signed, dict):
        raise InvalidDocument("has no protected header")
    if both := next((label for label in unsigned if label in signed), None):  # RFC 9052 section 3
        raise InvalidDocument(f"has {quoted(str(both))} in both of its headers")
    if misplaced := next((label for label in (_CRITICAL, _ALGORITHM, _CONTENT_TYPE) if label in unsigned), None):
        raise InvalidDocument(f"has label {misplaced} outside of what is signed")
    check_unsigned(unsigned)
    if signed.get(_CONTENT_TYPE) != PAYLOAD_TYPE:
        raise InvalidDocument(f"signs a payload of type {quoted(signed.get(_CONTENT_TYPE))} and not {PAYLOAD_TYPE}")
    critical = signed.get(_CRITICAL)
    if not isinstance(critical, list) or not critical:
        raise InvalidDocument("has no list of critical attributes")
    attributes = {label: value for label, value in signed.items() if isinstance(label, str)}
    return Envelope(
        message=_signed_bytes(protected, payload),
        signature=signature,
        payload=payload,
        algorithm=_algorithm(signed.get(_ALGORITHM)),
        attributes=read_attributes(attributes, critical=critical, read_time=_time),
        chain=read_chain(_certificates(unsigned)),
        timestamp=_timestamp(unsigned),
    )


def _signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052 section 4.4), without external data."""
    parts = (text_string("Signature1"), byte_string(protected), byte_string(b""), byte_string(payload))
    return bytes([4 << 5 | len(parts)]) + b"".join(parts)


def _algorithm(number: Item) -> EnvelopeAlgorithm:
    try:
        return EnvelopeAlgorithm(number)
    except ValueError as error:
        raise InvalidDocument("has an algorithm that is not used") from error


def _certificates(unsigned: Mapping[Label, Item]) -> list[bytes]:
    """The chain; RFC 9360 would have a single certificate without a list around it, notation does not."""
    stated = unsigned.get(_X5CHAIN)
    if not isinstance(stated, list):
        raise InvalidDocument("has no list of certificates")
    certificates = [each for each in stated if isinstance(each, bytes)]
    if len(certificates) != len(stated):
        raise InvalidDocument("has a certificate that is not a byte string")
    return certificates


def _timestamp(unsigned: Mapping[Label, Item]) -> bytes | None:
    if TIMESTAMP not in unsigned:
        return None
    stated = unsigned[TIMESTAMP]
    if not isinstance(stated, bytes):
        raise InvalidDocument(f"has a {TIMESTAMP} that is not a byte string")
    return stated


def _time(value: object) -> datetime:
    match value:
        case Tagged(tag=tag, value=int() as seconds) if tag == _EPOCH_TIME and not isinstance(seconds, bool):
            try:
                return _EPOCH + timedelta(seconds=seconds)
            except OverflowError as error:
                raise InvalidDocument("has a time that does not exist") from error
        case _:
            raise InvalidDocument("has a time that is not tagged as whole seconds since 1970")
