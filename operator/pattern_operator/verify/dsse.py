"""DSSE envelopes: a payload with a type, and a signature over both.

Format: DSSE 1.0.2, protocol.md and envelope.md. Bundles have one, and so have the layers of ``.att`` tags.
"""

from dataclasses import dataclass, field
from typing import Final

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.protojson import bytes_field, message, text_field
from pattern_operator.verify.statement import PAYLOAD_TYPE

_ENVELOPE: Final = ("payload", "payloadType", "signatures")
_SIGNATURE: Final = ("sig", "keyid")


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that was read; ``encoding`` is what its signature is over."""

    payload_type: str
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def encoding(self) -> bytes:
        """The pre-authentication encoding of type and payload."""
        return pre_authentication_encoding(self.payload, payload_type=self.payload_type)


def pre_authentication_encoding(payload: bytes, *, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """What a signature is over (protocol.md, "Signature Definition"): type and payload, each with its length."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read_envelope(value: object) -> Envelope:
    """Take an envelope around an in-toto statement apart; ``keyid`` is a hint that chooses nothing.

    Raises:
        InvalidDocument: it is anything else, or does not have exactly one signature (sigstore_bundle.proto).
    """
    envelope = message(value, "dsseEnvelope", fields=_ENVELOPE)
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise InvalidDocument(f"signs a payload of type {quoted(envelope.get('payloadType'))} and not {PAYLOAD_TYPE}")
    signatures = envelope.get("signatures", [])
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise InvalidDocument("does not have exactly one signature")
    signature = message(signatures[0], "signature", fields=_SIGNATURE)
    text_field(signature, "keyid")
    return Envelope(PAYLOAD_TYPE, bytes_field(envelope, "payload"), bytes_field(signature, "sig"))
