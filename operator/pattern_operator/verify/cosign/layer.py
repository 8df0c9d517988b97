"""Reads the layers of classic cosign: the blob is what is signed, and annotations have the signature and its proofs.

Format: cosign, specs/SIGNATURE_SPEC.md; pkg/cosign/bundle/rekor.go and rfc3161.go for the annotations.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.limits import MAX_CHAIN
from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.dsse import Envelope, read_envelope
from pattern_operator.verify.encoding import decode_base64, quoted
from pattern_operator.verify.parsed_signature import MalformedSignature
from pattern_operator.verify.protojson import Message, int64_field, message, text_field
from pattern_operator.verify.transparency.log_entry import ParsedEntry
from pattern_operator.verify.x509.certificate import UNREADABLE_KEY, Certificate, InvalidCertificate, read_certificates

MEDIA_TYPE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
ATTESTATION_TYPE: Final = "application/vnd.dsse.envelope.v1+json"  # of the layers of a tag sha256-<hex>.att
SIGNATURE: Final = "dev.cosignproject.cosign/signature"
CERTIFICATE: Final = "dev.sigstore.cosign/certificate"
CHAIN: Final = "dev.sigstore.cosign/chain"
LOG_ENTRY: Final = "dev.sigstore.cosign/bundle"
TIMESTAMP: Final = "dev.sigstore.cosign/rfc3161timestamp"

_ENTRY: Final = ("SignedEntryTimestamp", "Payload")
_PAYLOAD: Final = ("body", "integratedTime", "logIndex", "logID")
_ONLY_PEM: Final = re.compile(
    r"(?:\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----)+\s*", re.ASCII
)
_LOG_ID: Final = re.compile(r"[0-9a-f]{64}")
_LINE_BREAKS: Final = str.maketrans("", "", "\r\n")  # `base64` and `openssl` break lines; cosign reads such text


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that was read: nothing in it is believed. ``certificates`` begin with the signer's, where it has any."""

    content: bytes | Envelope = field(repr=False)  # the payload that is signed as it is, or an attestation
    signature: bytes = field(repr=False)
    certificates: tuple[Certificate, ...] = ()
    entry: ParsedEntry | None = None
    timestamp: bytes | None = field(default=None, repr=False)


def read_layer(blob: bytes, *, media_type: str, annotations: Mapping[str, str]) -> Layer | MalformedSignature:
    """Take a layer apart: of a signature, or of an attestation, whose signature is in its envelope."""
    if media_type not in (MEDIA_TYPE, ATTESTATION_TYPE):
        return MalformedSignature(f"has media type {quoted(media_type)} and not {MEDIA_TYPE}")
    try:
        content = read_envelope(read_bounded(blob)) if media_type == ATTESTATION_TYPE else blob
        return Layer(
            content=content,
            signature=content.signature if isinstance(content, Envelope) else _signature(annotations),
            certificates=_certificates(annotations),
            entry=_entry(annotations),
            timestamp=_timestamp(annotations),
        )
    except InvalidDocument as error:
        return MalformedSignature(str(error))


def _signature(annotations: Mapping[str, str]) -> bytes:
    encoded = annotations.get(SIGNATURE, "").translate(_LINE_BREAKS)
    if not encoded:
        raise InvalidDocument(f"has no annotation {SIGNATURE}")
    try:
        return decode_base64(encoded)
    except InvalidDocument as error:
        raise InvalidDocument(f"has an annotation {SIGNATURE} that {error}") from error


def _certificates(annotations: Mapping[str, str]) -> tuple[Certificate, ...]:
    """Read the signer's certificate, and the chain: it may bring intermediates, and what else is in it is no root."""
    own = _pem(annotations, CERTIFICATE)
    if not own:
        return ()
    if len(own) != 1:
        raise InvalidDocument(f"has an annotation {CERTIFICATE} with {len(own)} certificates")
    chain = _pem(annotations, CHAIN)
    if len(chain) >= MAX_CHAIN:
        raise InvalidDocument(f"has an annotation {CHAIN} with more than {MAX_CHAIN - 1} certificates")
    return (*own, *chain)


def _pem(annotations: Mapping[str, str], name: str) -> tuple[Certificate, ...]:
    text = annotations.get(name, "")
    if not text:
        return ()
    try:
        if not _ONLY_PEM.fullmatch(text):
            raise InvalidCertificate("is not PEM, and nothing else")
        found = read_certificates(text.encode())
    except (InvalidCertificate, UnicodeEncodeError) as error:
        raise InvalidDocument(f"has an annotation {name} that {error}") from error
    if any(
        each.key_weakness == UNREADABLE_KEY for each in found
    ):  # also of one that nothing rests on, as cosign has it
        raise InvalidDocument(f"has an annotation {name} with a certificate whose key cannot be read")
    return found


def _entry(annotations: Mapping[str, str]) -> ParsedEntry | None:
    """Read the entry of Rekor, whose kind stands in its body alone."""
    text = annotations.get(LOG_ENTRY, "")
    if not text:
        return None
    try:
        entry = message(read_bounded(text.encode()), LOG_ENTRY, fields=_ENTRY)
        payload = message(entry.get("Payload"), "Payload", fields=_PAYLOAD)
        body = _bytes(payload, "body")
        kind = read_bounded(body)
        return ParsedEntry(
            log_id=_log_id(text_field(payload, "logID")),
            index=_integer(payload, "logIndex"),
            kind=text_field(kind, "kind"),
            version=text_field(kind, "apiVersion"),
            body=body,
            time=_integer(payload, "integratedTime"),
            promise=_bytes(entry, "SignedEntryTimestamp"),
        )
    except (InvalidDocument, UnicodeEncodeError) as error:
        why = str(error) if isinstance(error, InvalidDocument) else "is not UTF-8"
        raise InvalidDocument(f"has an annotation {LOG_ENTRY} that {why}") from error


def _bytes(parent: Message, name: str) -> bytes:
    """Read bytes as Go writes them into JSON: the annotations are no protobuf messages, which have more spellings."""
    text = text_field(parent, name)
    if not text:
        raise InvalidDocument(f"has no {name!r}")
    try:
        return decode_base64(text)
    except InvalidDocument as error:
        raise InvalidDocument(f"has a {name!r} that {error}") from error


def _integer(parent: Message, name: str) -> int:
    """Read an int64 as Go writes it into JSON, which is never a text; an absent one is zero."""
    if isinstance(parent.get(name), str):
        raise InvalidDocument(f"has a {name!r} that is not a number")
    return int64_field(parent, name)


def _log_id(text: str) -> bytes:
    """Read the id of a log, which the promise of the log is over as it is spelled."""
    if not _LOG_ID.fullmatch(text):
        raise InvalidDocument("has a logID that is not hexadecimal")
    return bytes.fromhex(text)


def _timestamp(annotations: Mapping[str, str]) -> bytes | None:
    text = annotations.get(TIMESTAMP, "")
    if not text:
        return None
    try:
        stated = message(read_bounded(text.encode()), TIMESTAMP, fields=("SignedRFC3161Timestamp",))
        return _bytes(stated, "SignedRFC3161Timestamp")
    except (InvalidDocument, UnicodeEncodeError) as error:
        raise InvalidDocument(f"has an annotation {TIMESTAMP} that cannot be read") from error
