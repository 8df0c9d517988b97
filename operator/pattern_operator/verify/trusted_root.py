"""Reads a Sigstore TrustedRoot: the certificate authorities, logs and timestamp authorities of an instance.

Format: sigstore protobuf-specs 0.5, ``sigstore_trustroot.proto``. Every validity in it is a closed interval. Nothing is
fetched: the text comes with the operator, or from a Secret or ConfigMap.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_CHAIN, MAX_TRUST_INSTANCES, MAX_TRUSTED_ROOT
from pattern_operator.quote import quoted
from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.key import PublicKey, UnusableKey, trusted_from_cryptography
from pattern_operator.verify.protojson import (
    Message,
    bytes_field,
    message,
    messages,
    text_field,
    time_field,
)
from pattern_operator.verify.x509.certificate import Certificate, InvalidCertificate, read_certificate

MEDIA_TYPES: Final = (
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
)
_ROOT: Final = ("mediaType", "tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities")
_LOG: Final = ("baseUrl", "hashAlgorithm", "publicKey", "logId", "checkpointKeyId", "operator")
_KEY: Final = ("rawBytes", "keyDetails", "validFor")
_AUTHORITY: Final = ("subject", "uri", "certChain", "validFor", "operator")
_SUBJECT: Final = ("organization", "commonName")
_NO_URL: Final = re.compile(r"[^!-~]")  # blanks, control characters and what is not ASCII (RFC 3986 section 2)
_HINT: Final = 4  # bytes of the id of a key that checkpoints have
_NOTE_ED25519: Final = b"\x01"  # c2sp.org/signed-note, "Signatures": the type that is hashed into the id of a key
# Names of the format, which a message may have in it.
_OWN_WORDS: Final = frozenset({*_ROOT, *_LOG, *_KEY, *_AUTHORITY, *_SUBJECT}) | {
    *("publicKey", "logId", "keyId", "checkpointKeyId", "certificates", "start", "end"),
}

# sigstore_common.proto, ``PublicKeyDetails``, as far as logs have such keys: the kind of the key, and its size.
_DETAILS: Final[dict[str, tuple[type, int | None]]] = {
    "PKIX_ECDSA_P256_SHA_256": (ec.EllipticCurvePublicKey, 256),
    "PKIX_ECDSA_P384_SHA_384": (ec.EllipticCurvePublicKey, 384),
    "PKIX_ECDSA_P521_SHA_512": (ec.EllipticCurvePublicKey, 521),
    "PKIX_ED25519": (Ed25519PublicKey, None),
    "PKCS1_RSA_PKCS1V5": (rsa.RSAPublicKey, None),
    "PKIX_RSA_PKCS1V15_2048_SHA256": (rsa.RSAPublicKey, 2048),
    "PKIX_RSA_PKCS1V15_3072_SHA256": (rsa.RSAPublicKey, 3072),
    "PKIX_RSA_PKCS1V15_4096_SHA256": (rsa.RSAPublicKey, 4096),
}
# The others: RSA that is not PKCS #1 v1.5, curves with another hash, Ed25519ph, and what resists quantum computers.
_UNUSED: Final = frozenset(
    {
        "PKCS1_RSA_PSS",
        "PKIX_RSA_PKCS1V5",
        "PKIX_RSA_PSS",
        "PKIX_RSA_PSS_2048_SHA256",
        "PKIX_RSA_PSS_3072_SHA256",
        "PKIX_RSA_PSS_4096_SHA256",
        "PKIX_ECDSA_P256_HMAC_SHA_256",
        "PKIX_ECDSA_P384_SHA_256",
        "PKIX_ECDSA_P521_SHA_256",
        "PKIX_ED25519_PH",
        "LMS_SHA256",
        "LMOTS_SHA256",
        "ML_DSA_44",
        "ML_DSA_65",
        "ML_DSA_87",
    }
)


@dataclass(frozen=True, slots=True)
class Validity:
    """A closed interval of time; without ``end`` it goes on."""

    start: datetime
    end: datetime | None = None

    def contains(self, time: datetime) -> bool:
        """Whether ``time`` is in it; both ends are."""
        return self.start <= time and (self.end is None or time <= self.end)


@dataclass(frozen=True, slots=True)
class Log:
    """A transparency log, or a certificate transparency log.

    ``log_id`` is what entries call it: the SHA-256 of its SPKI or, where ``origin`` is not empty, of that name and its
    Ed25519 key (c2sp.org/signed-note); checkpoints of such a log begin with the name.
    """

    log_id: bytes
    key: PublicKey
    valid: Validity
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate or timestamp authority: its chain, the root last, and when it was to be believed."""

    certificates: tuple[Certificate, ...]
    valid: Validity


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """Whom signatures without a key of their own rest on. ``content`` is what it was read from, if it was."""

    certificate_authorities: tuple[Authority, ...] = ()
    logs: tuple[Log, ...] = ()
    ct_logs: tuple[Log, ...] = ()
    timestamp_authorities: tuple[Authority, ...] = ()
    content: bytes = field(default=b"", repr=False)


def load_trusted_root(content: bytes, *, name: str) -> TrustedRoot:
    """Read the JSON of a TrustedRoot; ``name`` says in messages whose it is.

    A log with a key of a kind that is not used is left out: nothing of it can be verified.

    Raises:
        Stalled: KEY_INVALID; the message says what is wrong with it.
    """
    try:
        return _read(content)
    except InvalidDocument as error:
        raise Stalled(
            reason=Reason.KEY_INVALID,
            message=f"the trusted root of authority {quoted(name)} {_without_content(str(error))}. Give"
            " the trusted_root.json of the Sigstore instance, as `cosign trusted-root create` or its TUF repository has"
            " it.",
        ) from error


def _without_content(why: str) -> str:
    """``why`` up to the first word of the document itself: any Secret can be named as a trusted root.

    Whoever reads a message may not be one who may read Secrets.
    """
    end = 0
    for quote in re.finditer("['\"]", why):
        if quote.start() < end:
            continue
        word = re.compile("'([A-Za-z0-9_]{1,40})'").match(why, quote.start())
        if word is None or word[1] not in _OWN_WORDS:
            return f"{why[: quote.start()].rstrip()} (what is not shown here)"
        end = word.end()
    return why


def log_of_key(key: PublicKey, *, valid: Validity) -> Log:
    """The log that has ``key``, where the key alone is given."""
    return Log(key.spki_hash, key, valid)


def _read(content: bytes) -> TrustedRoot:
    if len(content) > MAX_TRUSTED_ROOT:
        raise InvalidDocument(f"has more than {MAX_TRUSTED_ROOT} bytes")
    root = message(read_bounded(content), "TrustedRoot", fields=_ROOT)
    if root.get("mediaType") not in MEDIA_TYPES:
        raise InvalidDocument(f"says that it is {quoted(root.get('mediaType'))} and not {MEDIA_TYPES[0]}")
    return TrustedRoot(
        certificate_authorities=_authorities(root, "certificateAuthorities"),
        logs=_logs(root, "tlogs"),
        ct_logs=_logs(root, "ctlogs"),
        timestamp_authorities=_authorities(root, "timestampAuthorities"),
        content=content,
    )


def _logs(root: Message, name: str) -> tuple[Log, ...]:
    found = [_log(entry) for entry in messages(root, name, fields=_LOG, most=MAX_TRUST_INSTANCES)]
    usable = [log for log in found if log is not None]
    if len({log.log_id for log in usable}) != len(usable):
        raise InvalidDocument(f"has a log twice among its {name}")
    return tuple(usable)


def _log(entry: Message) -> Log | None:
    _check_texts(entry, "baseUrl", "operator")
    key_message = message(entry.get("publicKey"), "publicKey", fields=_KEY)
    valid = _validity(key_message)
    log_id = bytes_field(message(entry.get("logId"), "logId", fields=("keyId",)), "keyId")
    if "checkpointKeyId" in entry:
        hint = bytes_field(message(entry["checkpointKeyId"], "checkpointKeyId", fields=("keyId",)), "keyId")
        if len(hint) < _HINT or not log_id.startswith(hint):
            raise InvalidDocument("has a log whose checkpointKeyId is not that of its key")
    if entry.get("hashAlgorithm") != "SHA2_256":
        raise InvalidDocument("has a log whose hash is not SHA2_256")
    key, origin = _key(key_message), _origin(text_field(entry, "baseUrl"))
    if key is None:
        return None
    if log_id == key.spki_hash:
        return Log(log_id, key, valid)
    if log_id == _note_key_id(origin, key):
        return Log(log_id, key, valid, origin)
    raise InvalidDocument(
        "has a log whose logId is not that of its key, alone or with the host of its baseUrl as its origin"
    )


def _key(key: Message) -> PublicKey | None:
    """Read the key of a log; None for one of a kind that is not used."""
    details = text_field(key, "keyDetails")
    if details in _UNUSED:
        return None
    if details not in _DETAILS:
        raise InvalidDocument(f"has a log whose keyDetails are no kind of key: {quoted(details)}")
    kind, size = _DETAILS[details]
    try:
        read = load_der_public_key(bytes_field(key, "rawBytes"))
        usable = trusted_from_cryptography(read)
    except (ValueError, TypeError, UnsupportedAlgorithm, UnusableKey) as error:
        raise InvalidDocument("has a log whose key cannot be read, or is weak") from error
    if not isinstance(read, kind) or (size is not None and getattr(read, "key_size", None) != size):
        raise InvalidDocument(f"has a log whose key is not {details}")
    return usable


def _note_key_id(origin: str, key: PublicKey) -> bytes | None:
    if not isinstance(key.arithmetic, Ed25519PublicKey):
        return None
    raw = key.arithmetic.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(origin.encode() + b"\n" + _NOTE_ED25519 + raw).digest()


def _origin(url: str) -> str:
    """The name of a log: its URL without scheme (rekor-tiles, CLIENTS.md, "Checkpoint origin")."""
    if _NO_URL.search(url):
        raise InvalidDocument("has a log whose baseUrl is not a URL")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidDocument("has a log whose baseUrl is not a URL") from error
    return parts.netloc + parts.path.rstrip("/")


def _authorities(root: Message, name: str) -> tuple[Authority, ...]:
    return tuple(_authority(entry) for entry in messages(root, name, fields=_AUTHORITY, most=MAX_TRUST_INSTANCES))


def _authority(entry: Message) -> Authority:
    _check_texts(entry, "uri", "operator")
    if "subject" in entry:
        _check_texts(message(entry["subject"], "subject", fields=_SUBJECT), *_SUBJECT)
    chain = message(entry.get("certChain"), "certChain", fields=("certificates",))
    certificates = [
        _certificate(bytes_field(each, "rawBytes"))
        for each in messages(chain, "certificates", fields=("rawBytes",), most=MAX_CHAIN)
    ]
    if not certificates:
        raise InvalidDocument("has an authority without certificates")
    _refuse_disorder(certificates)
    return Authority(tuple(certificates), _validity(entry))


def _certificate(der: bytes) -> Certificate:
    try:
        return read_certificate(der)
    except InvalidCertificate as error:
        raise InvalidDocument(f"has an authority with a certificate that {error}") from error


def _refuse_disorder(certificates: Sequence[Certificate]) -> None:
    """Make sure that each certificate was issued by the next one, and a root that names itself by itself."""
    root = certificates[-1]
    issued = all(lower.is_issued_by(upper) for lower, upper in pairwise(certificates))
    if (
        not issued
        or len(set(certificates)) < len(certificates)
        or (root.is_self_issued and not root.is_issued_by(root))
    ):
        raise InvalidDocument("has an authority whose certificates are not a chain that ends in its root")


def _check_texts(entry: Message, *names: str) -> None:
    """Make sure that fields that are for people alone are of the right type."""
    for name in names:
        text_field(entry, name)


def _validity(parent: Message) -> Validity:
    interval = message(parent.get("validFor"), "validFor", fields=("start", "end"))
    start, end = time_field(interval, "start"), time_field(interval, "end")
    if start is None:
        raise InvalidDocument("has a 'validFor' without start")
    if end is not None and end < start:
        raise InvalidDocument("has a 'validFor' that ends before it starts")
    return Validity(start, end)
