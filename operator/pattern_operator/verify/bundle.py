"""Reads Sigstore bundles v0.3: a DSSE envelope around an in-toto statement that names the digest, signed with a key.

Formats: sigstore protobuf-specs 0.5, ``sigstore_bundle.proto`` and ``envelope.proto``; ProtoJSON
(protobuf.dev/programming-guides/json); DSSE 1.0.2, protocol.md and envelope.md; in-toto attestation v1,
spec/v1/statement.md. cosign 3 writes such a bundle as the only layer of a referrer of what it signs.

A bundle with a certificate is rejected, and log entries and timestamps are ignored: no policy can require them yet.
"""

from dataclasses import replace
from typing import Final

from pattern_operator.api.artifact import SIGNATURE_PREDICATE, Signature
from pattern_operator.api.reference import Digest, InvalidReference, Repository
from pattern_operator.limits import MAX_SUBJECTS
from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.encoding import decode_base64, quoted
from pattern_operator.verify.parsed_signature import MalformedSignature, ParsedSignature, Rejection

MEDIA_TYPES: Final = (  # sigstore_bundle.proto, ``media_type``: the second is how it was first spelled
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
)
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = SIGNATURE_PREDICATE

_BUNDLE: Final = ("mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope")
_MATERIAL: Final = ("publicKey", "certificate", "x509CertificateChain", "tlogEntries", "timestampVerificationData")
_KEY: Final = ("hint",)
_ENVELOPE: Final = ("payload", "payloadType", "signatures")
_SIGNATURE: Final = ("sig", "keyid")
_URL_SAFE: Final = str.maketrans("-_", "+/")


def read(signature: Signature) -> ParsedSignature | Rejection:
    """Take the bundle apart: a DSSE signature is over the pre-authentication encoding of type and payload."""
    if signature.media_type not in MEDIA_TYPES:
        return MalformedSignature(f"has media type {quoted(signature.media_type)} and is not a bundle v0.3")
    try:
        bundle = _message(read_bounded(signature.payload), "a bundle", fields=_BUNDLE)
        return _read(bundle)
    except InvalidDocument as error:
        return MalformedSignature(str(error))


def check_payload(parsed: ParsedSignature, *, digest: Digest, repository: Repository | None) -> Rejection | None:
    """Why a statement with a valid signature is not about ``digest``; None when it is.

    Only the predicate that cosign signs with counts: a statement of any other type, such as the report of a scan that
    failed, is about the digest and does not approve it. A bundle names no repository, so with a ``repository`` it
    is always rejected.
    """
    try:
        statement = read_bounded(parsed.payload)
        if statement.get("_type") != STATEMENT_TYPE:
            return Rejection(f"is a statement of type {quoted(statement.get('_type'))} and not {STATEMENT_TYPE}")
        if statement.get("predicateType") != PREDICATE_TYPE:
            return Rejection(
                f"states {quoted(statement.get('predicateType'))}, which is not an approval: {PREDICATE_TYPE} is"
            )
        subjects = _subjects(statement)
    except InvalidDocument as error:
        return Rejection(f"has a statement that {error}")
    if not any(subject.get(digest.algorithm) == digest.hex for subject in subjects):
        return _of_another(subjects)
    if repository is not None:
        return Rejection(f"names no repository, and {repository} is required")
    return None


def _read(bundle: dict[str, object]) -> ParsedSignature | Rejection:
    if bundle.get("mediaType") not in MEDIA_TYPES:
        return MalformedSignature(f"says that it is {quoted(bundle.get('mediaType'))} and not a bundle v0.3")
    material = _message(bundle.get("verificationMaterial"), "verificationMaterial", fields=_MATERIAL)
    signer = _one_of(material, ("publicKey", "certificate", "x509CertificateChain"))
    content = _one_of(bundle, ("messageSignature", "dsseEnvelope"))
    if signer != "publicKey":
        return Rejection("is signed with a certificate and not with a key")
    hint = _message(material[signer], signer, fields=_KEY).get("hint")
    if content != "dsseEnvelope":
        return Rejection("signs a file and not an artifact of a registry")
    parsed = _read_envelope(_message(bundle[content], content, fields=_ENVELOPE))
    return replace(parsed, hint=hint) if isinstance(parsed, ParsedSignature) and isinstance(hint, str) else parsed


def _read_envelope(envelope: dict[str, object]) -> ParsedSignature | Rejection:
    """DSSE, and of sigstore_bundle.proto: "DSSE envelopes in a bundle MUST have exactly one signature"."""
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        return Rejection(f"signs a payload of type {quoted(envelope.get('payloadType'))} and not {PAYLOAD_TYPE}")
    signatures = envelope.get("signatures", [])
    if not isinstance(signatures, list) or len(signatures) != 1:
        return MalformedSignature("does not have exactly one signature")
    payload = _bytes(envelope, "payload")
    signature = _bytes(_message(signatures[0], "signature", fields=_SIGNATURE), "sig")
    return ParsedSignature(message=pre_authentication_encoding(payload), signature=signature, payload=payload)


def pre_authentication_encoding(payload: bytes) -> bytes:
    """What a DSSE signature is over (protocol.md, "Signature Definition"): type and payload, each with its length."""
    kind = PAYLOAD_TYPE.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _subjects(statement: dict[str, object]) -> list[dict[str, object]]:
    """Take the digest sets of all subjects, by the name of the algorithm (in-toto, spec/v1/digest_set.md)."""
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or not subjects:
        raise InvalidDocument("has no subject")
    if len(subjects) > MAX_SUBJECTS:
        raise InvalidDocument(f"has more than {MAX_SUBJECTS} subjects")
    found = [subject.get("digest") for subject in subjects if isinstance(subject, dict)]
    digests = [digest for digest in found if isinstance(digest, dict)]
    if len(digests) < len(subjects):
        raise InvalidDocument("has a subject without digest")
    return digests


def _of_another(subjects: list[dict[str, object]]) -> Rejection:
    for subject in subjects:
        for algorithm, digits in subject.items():
            try:
                another = Digest.parse(f"{algorithm}:{digits}")
            except InvalidReference:
                continue
            return Rejection(f"signs {another}", about_another=another)
    return Rejection("signs no digest that is known")


def _message(value: object, name: str, *, fields: tuple[str, ...]) -> dict[str, object]:
    """Read a protobuf message by ProtoJSON: ``null`` is absent, and a field that the message has not is refused.

    The original names (``dsse_envelope``), which ProtoJSON lets a reader take, are refused too: nobody writes them.
    """
    if not isinstance(value, dict):
        raise InvalidDocument(f"has no object {name!r}" if value is None else f"has a {name!r} that is not an object")
    present = {field: content for field, content in value.items() if content is not None}
    if unknown := sorted(present.keys() - set(fields)):
        raise InvalidDocument(f"has a field {quoted(unknown[0])} that {name} does not have")
    return present


def _one_of(message: dict[str, object], fields: tuple[str, ...]) -> str:
    """Find the one field of a protobuf ``oneof`` that is there."""
    present = [field for field in fields if field in message]
    if len(present) != 1:
        raise InvalidDocument(f"must have exactly one of {', '.join(fields)}")
    return present[0]


def _bytes(message: dict[str, object], field: str) -> bytes:
    """Read a field of type ``bytes``, which ProtoJSON takes in either alphabet of base64, with or without padding."""
    text = message.get(field, "")
    if not isinstance(text, str) or not text:
        raise InvalidDocument(f"has no {field!r}")
    if "+" not in text and "/" not in text:
        text = text.translate(_URL_SAFE)
    if "=" not in text:
        text += "=" * (-len(text) % 4)
    try:
        return decode_base64(text)
    except InvalidDocument as error:
        raise InvalidDocument(f"has a {field!r} that {error}") from error
