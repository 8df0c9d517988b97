"""Reads Sigstore bundles v0.1, v0.2 and v0.3: one version, one signature, and nothing that the version does not have.

Formats: sigstore protobuf-specs 0.5, ``sigstore_bundle.proto``, ``sigstore_common.proto`` and ``sigstore_rekor.proto``.
"""

from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Final

from pattern_operator.limits import MAX_CERTIFICATES, MAX_LOG_ENTRIES, MAX_TIMESTAMPS
from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.dsse import Envelope, read_envelope
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.parsed_signature import MalformedSignature
from pattern_operator.verify.protojson import Message, bytes_field, message, messages, one_of, text_field
from pattern_operator.verify.transparency import log_entry
from pattern_operator.verify.transparency.log_entry import ParsedEntry, read_entry
from pattern_operator.verify.x509.certificate import Certificate, InvalidCertificate, read_certificate


class Version(Enum):
    """A version of the format."""

    V0_1 = "0.1"
    V0_2 = "0.2"
    V0_3 = "0.3"


MEDIA_TYPES: Final = {  # sigstore_bundle.proto, ``media_type``: the last is how it is spelled from v0.3 on
    "application/vnd.dev.sigstore.bundle+json;version=0.1": Version.V0_1,
    "application/vnd.dev.sigstore.bundle+json;version=0.2": Version.V0_2,
    "application/vnd.dev.sigstore.bundle+json;version=0.3": Version.V0_3,
    "application/vnd.dev.sigstore.bundle.v0.3+json": Version.V0_3,
}
_BUNDLE: Final = ("mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope")
_SIGNERS: Final = ("publicKey", "certificate", "x509CertificateChain")
_MATERIAL: Final = (*_SIGNERS, "tlogEntries", "timestampVerificationData")
_DIGESTS: Final = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


@dataclass(frozen=True, slots=True)
class FileSignature:
    """A signature over the bytes of a file; ``digest`` is the hash that it says they have, with its algorithm."""

    signature: bytes = field(repr=False)
    digest: tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read: nothing in it is believed. Without ``certificates``, a key signed."""

    version: Version
    content: FileSignature | Envelope
    certificates: tuple[Certificate, ...]
    hint: str
    entries: tuple[ParsedEntry, ...]
    timestamps: tuple[bytes, ...] = field(repr=False)
    document: bytes = field(repr=False)


def read_bundle(document: bytes, *, media_type: str | None = None) -> Bundle | MalformedSignature:
    """Take the JSON of a bundle apart. ``media_type`` is what its container says that it is, where it says that."""
    if media_type is not None and media_type not in MEDIA_TYPES:
        return MalformedSignature(f"has media type {quoted(media_type)} and is not a bundle")
    try:
        bundle = message(read_bounded(document), "a bundle", fields=_BUNDLE)
        version = MEDIA_TYPES.get(text_field(bundle, "mediaType"))
        if version is None or (media_type is not None and MEDIA_TYPES[media_type] is not version):
            raise InvalidDocument(
                f"says that it is {quoted(bundle.get('mediaType'))} and not a bundle v0.1, v0.2 or v0.3, as its layer"
            )
        return _read(bundle, version, document)
    except (InvalidDocument, InvalidCertificate) as error:
        return MalformedSignature(str(error))


def _read(bundle: Message, version: Version, document: bytes) -> Bundle:
    material = message(bundle.get("verificationMaterial"), "verificationMaterial", fields=_MATERIAL)
    signer = one_of(material, _SIGNERS)
    hint = text_field(message(material[signer], signer, fields=("hint",)), "hint") if signer == "publicKey" else ""
    certificates = _certificates(material, signer, version)
    entries = [
        read_entry(each) for each in messages(material, "tlogEntries", fields=log_entry.FIELDS, most=MAX_LOG_ENTRIES)
    ]
    return Bundle(
        version=version,
        content=_content(bundle),
        certificates=certificates,
        hint=hint,
        entries=tuple(entries),
        timestamps=_timestamps(material),
        document=document,
    )


def _certificates(material: Message, signer: str, version: Version) -> tuple[Certificate, ...]:
    """Read what the version has: a chain before v0.3, the signer's own certificate alone from then on.

    Each certificate of a chain must have issued the one before it, and none may be a root: trust is never brought.
    """
    if signer == "publicKey":
        return ()
    if (signer == "certificate") != (version is Version.V0_3):
        raise InvalidDocument(f"has a {signer}, which a bundle v{version.value} does not have")
    if signer == "certificate":
        return (_certificate(message(material[signer], signer, fields=("rawBytes",))),)
    chain = message(material[signer], signer, fields=("certificates",))
    found = [
        _certificate(each) for each in messages(chain, "certificates", fields=("rawBytes",), most=MAX_CERTIFICATES)
    ]
    if not found:
        raise InvalidDocument("has an empty chain of certificates")
    if any(each.is_self_issued for each in found):
        raise InvalidDocument("brings a root certificate, which only a policy may")
    if not all(issued.is_issued_by(issuer) for issued, issuer in pairwise(found)):
        raise InvalidDocument("has certificates that are not a chain")
    return tuple(found)


def _certificate(parent: Message) -> Certificate:
    return read_certificate(bytes_field(parent, "rawBytes"))


def _content(bundle: Message) -> FileSignature | Envelope:
    kind = one_of(bundle, ("messageSignature", "dsseEnvelope"))
    if kind == "dsseEnvelope":
        return read_envelope(bundle[kind])
    signed = message(bundle[kind], kind, fields=("messageDigest", "signature"))
    signature = bytes_field(signed, "signature")
    # Every client writes it, and cosign 3.1.3 refuses a bundle without, although nothing rests on it.
    digest = message(signed.get("messageDigest"), "messageDigest", fields=("algorithm", "digest"))
    algorithm = _DIGESTS.get(text_field(digest, "algorithm"))
    if algorithm is None:
        raise InvalidDocument(f"has a digest of the kind {quoted(digest.get('algorithm'))}, which is not used")
    return FileSignature(signature, (algorithm, bytes_field(digest, "digest")))


def _timestamps(material: Message) -> tuple[bytes, ...]:
    """Read the timestamps: none of them twice, and not more than are tried."""
    if "timestampVerificationData" not in material:
        return ()
    data = message(material["timestampVerificationData"], "timestampVerificationData", fields=("rfc3161Timestamps",))
    found = [
        bytes_field(each, "signedTimestamp")
        for each in messages(data, "rfc3161Timestamps", fields=("signedTimestamp",), most=MAX_TIMESTAMPS)
    ]
    if len(set(found)) < len(found):
        raise InvalidDocument("has the same timestamp twice")
    return tuple(found)
