"""What a log entry says was signed and by whom: it must be the signature, the payload and the key at hand.

An entry of another signature proves nothing about this one (CVE-2022-36056, CVE-2026-22703). Formats: rekor,
pkg/types/{hashedrekord,dsse,intoto}; rekor-tiles, Rekor v2: sigstore protobuf-specs 0.5, ``rekor/v2``.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.encoding import decode_base64
from pattern_operator.verify.protojson import bytes_field, message, one_of, text_field
from pattern_operator.verify.subject import Subject

_PEM: Final = re.compile(rb"-----BEGIN ([A-Z ]{1,32})-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*")
_V2_HASHES: Final = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


class VerifierKind(Enum):
    """What a signature is verified with; the value is the label of its PEM."""

    KEY = "PUBLIC KEY"
    CERTIFICATE = "CERTIFICATE"


@dataclass(frozen=True, slots=True)
class Verifier:
    """The key (DER of its SPKI) or the certificate (its DER) that a signature is verified with."""

    kind: VerifierKind
    der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedFile:
    """The bytes of ``subject`` are signed as they are."""

    subject: Subject


@dataclass(frozen=True, slots=True)
class SignedEnvelope:
    """A DSSE envelope is signed: its payload, and the encoding with its type (PAE) that the signature is over."""

    payload_type: str
    payload: bytes = field(repr=False)
    encoding: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedSignature:
    """The signature that an entry must be about, and what it is verified with: the entry names one of these."""

    content: SignedFile | SignedEnvelope
    signature: bytes = field(repr=False)
    verifiers: tuple[Verifier, ...]


def check_body(body: bytes, *, kind: str, version: str, logged: LoggedSignature) -> str | None:
    """Why ``body``, which the log proved, is not about ``logged``; None when it is. A clause: "is for another ..."."""
    check = _CHECKS.get((kind, version))
    if check is None:
        return f"has an entry of the kind {kind[:32]!r} {version[:32]!r}, which is not known"
    try:
        entry = message(read_bounded(body), "entry", fields=("apiVersion", "kind", "spec"))
        if (entry.get("kind"), entry.get("apiVersion")) != (kind, version):
            return "has an entry of another kind than the signature says"
        return check(entry.get("spec"), logged)
    except InvalidDocument as error:
        return f"has an entry whose body {error}"


def _hashedrekord_1(spec: object, logged: LoggedSignature) -> str | None:
    found = message(spec, "spec", fields=("data", "signature"))
    data = message(found.get("data"), "data", fields=("hash",))
    signature = message(found.get("signature"), "signature", fields=("content", "publicKey"))
    verifier = _pem(message(signature.get("publicKey"), "publicKey", fields=("content",)), "content")
    return _other_content(_hash(data, "hash"), logged) or _other_signer(
        bytes_field(signature, "content"), verifier, logged
    )


def _hashedrekord_2(spec: object, logged: LoggedSignature) -> str | None:
    record = message(_only(spec, "hashedRekordV002"), "hashedRekordV002", fields=("data", "signature"))
    return _other_content(_v2_hash(record, "data"), logged) or _other_v2_signer(record.get("signature"), logged)


def _dsse_1(spec: object, logged: LoggedSignature) -> str | None:
    found = message(spec, "spec", fields=("envelopeHash", "payloadHash", "signatures"))
    _hash(found, "envelopeHash")  # of JSON that was not kept as it was: the parts are compared instead
    signature = _single(found, "signatures", fields=("signature", "verifier"))
    return _other_payload(_hash(found, "payloadHash"), logged) or _other_signer(
        bytes_field(signature, "signature"), _pem(signature, "verifier"), logged
    )


def _dsse_2(spec: object, logged: LoggedSignature) -> str | None:
    record = message(_only(spec, "dsseV002"), "dsseV002", fields=("payloadHash", "signatures"))
    signatures = record.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise InvalidDocument("does not have exactly one signature")
    return _other_payload(_v2_hash(record, "payloadHash"), logged) or _other_v2_signer(signatures[0], logged)


def _intoto_2(spec: object, logged: LoggedSignature) -> str | None:
    content = message(
        message(spec, "spec", fields=("content",)).get("content"), "content", fields=("envelope", "hash", "payloadHash")
    )
    _hash(content, "hash")
    envelope = message(content.get("envelope"), "envelope", fields=("payload", "payloadType", "signatures"))
    signature = _single(envelope, "signatures", fields=("publicKey", "sig", "keyid"))
    signed = logged.content
    if not isinstance(signed, SignedEnvelope) or text_field(envelope, "payloadType") != signed.payload_type:
        return "has an entry for a payload of another type"
    if "payload" in envelope and _twice(envelope, "payload") != signed.payload:
        return "has an entry for another payload"
    return _other_payload(_hash(content, "payloadHash"), logged) or _other_signer(
        _twice(signature, "sig"), _pem(signature, "publicKey"), logged
    )


_CHECKS: Final[Mapping[tuple[str, str], Callable[[object, LoggedSignature], str | None]]] = {
    ("hashedrekord", "0.0.1"): _hashedrekord_1,
    ("hashedrekord", "0.0.2"): _hashedrekord_2,
    ("dsse", "0.0.1"): _dsse_1,
    ("dsse", "0.0.2"): _dsse_2,
    ("intoto", "0.0.2"): _intoto_2,
}
REKOR_V2_KINDS: Final = frozenset({("hashedrekord", "0.0.2"), ("dsse", "0.0.2")})  # of logs that promise no time


def _other_content(found: tuple[str, bytes], logged: LoggedSignature) -> str | None:
    """Compare the hash of what was signed: the file, or the encoding of the envelope."""
    algorithm, value = found
    signed = logged.content
    known = (
        signed.subject.hash(algorithm)
        if isinstance(signed, SignedFile)
        else hashlib.new(algorithm, signed.encoding).digest()
    )
    return None if known == value else "has an entry for other content"


def _other_payload(found: tuple[str, bytes], logged: LoggedSignature) -> str | None:
    algorithm, value = found
    signed = logged.content
    if isinstance(signed, SignedEnvelope) and hashlib.new(algorithm, signed.payload).digest() == value:
        return None
    return "has an entry for another payload"


def _other_signer(signature: bytes, verifier: Verifier, logged: LoggedSignature) -> str | None:
    if signature != logged.signature:
        return "has an entry for another signature"
    return None if verifier in logged.verifiers else "has an entry for another key or certificate"


def _other_v2_signer(found: object, logged: LoggedSignature) -> str | None:
    signature = message(found, "signature", fields=("content", "verifier"))
    verifier = message(signature.get("verifier"), "verifier", fields=("publicKey", "x509Certificate", "keyDetails"))
    kind = one_of(verifier, ("publicKey", "x509Certificate"))
    der = bytes_field(message(verifier[kind], kind, fields=("rawBytes",)), "rawBytes")
    if not text_field(verifier, "keyDetails"):
        raise InvalidDocument("has a verifier without keyDetails")
    known = VerifierKind.KEY if kind == "publicKey" else VerifierKind.CERTIFICATE
    return _other_signer(bytes_field(signature, "content"), Verifier(known, der), logged)


def _hash(parent: Mapping[str, object], name: str) -> tuple[str, bytes]:
    """Read ``{algorithm, value}`` with the value in hex, as Rekor v1 writes it."""
    found = message(parent.get(name), name, fields=("algorithm", "value"))
    algorithm, value = text_field(found, "algorithm"), text_field(found, "value")
    if algorithm not in _V2_HASHES.values() or not re.fullmatch("[0-9a-f]{64,128}", value) or len(value) % 2:
        raise InvalidDocument(f"has a {name!r} that is not a hash")
    return algorithm, bytes.fromhex(value)


def _v2_hash(parent: Mapping[str, object], name: str) -> tuple[str, bytes]:
    found = message(parent.get(name), name, fields=("algorithm", "digest"))
    algorithm = text_field(found, "algorithm")
    if algorithm not in _V2_HASHES:
        raise InvalidDocument(f"has a {name!r} that is not a hash")
    return _V2_HASHES[algorithm], bytes_field(found, "digest")


def _pem(parent: Mapping[str, object], name: str) -> Verifier:
    """Read the base64 of one PEM block."""
    block = _PEM.fullmatch(bytes_field(parent, name))
    if block is None or block[1].decode() not in (it.value for it in VerifierKind):
        raise InvalidDocument(f"has a {name!r} that is not the PEM of one key or certificate")
    der = decode_base64(b"".join(block[2].split()).decode("ascii"))
    return Verifier(VerifierKind(block[1].decode()), der)


def _twice(parent: Mapping[str, object], name: str) -> bytes:
    """Decode what intoto 0.0.2 encodes twice (rekor, pkg/types/intoto/v0.0.2)."""
    try:
        return decode_base64(bytes_field(parent, name).decode("ascii"))
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"has a {name!r} that is not base64 twice") from error


def _single(parent: Mapping[str, object], name: str, *, fields: Sequence[str]) -> dict[str, object]:
    value = parent.get(name)
    if not isinstance(value, list) or len(value) != 1:
        raise InvalidDocument("does not have exactly one signature")
    return message(value[0], name, fields=fields)


def _only(spec: object, name: str) -> object:
    return message(spec, "spec", fields=(name,)).get(name)
