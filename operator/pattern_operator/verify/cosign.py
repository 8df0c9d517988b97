"""Reads cosign's classic signatures: a layer whose blob says which digest is meant, signed in an annotation.

Format: cosign, specs/SIGNATURE_SPEC.md, and the "simple signing" payload of containers/image,
docs/containers-signature.5.md ("Cryptographic signature"; "JSON data format").
"""

from typing import Final

from pattern_operator.api.artifact import Signature
from pattern_operator.api.reference import Digest, InvalidReference, Reference, Repository
from pattern_operator.json_fields import object_field
from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.encoding import decode_base64, quoted
from pattern_operator.verify.parsed_signature import MalformedSignature, ParsedSignature, Rejection

MEDIA_TYPE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE_ANNOTATION: Final = "dev.cosignproject.cosign/signature"
TYPE: Final = "cosign container image signature"

_LINE_BREAKS: Final = str.maketrans("", "", "\r\n")  # `base64` and `openssl` break lines; cosign reads such text


def read(signature: Signature) -> ParsedSignature | Rejection:
    """Take the layer apart: the raw blob is what is signed, and the annotation has the signature over it."""
    if signature.media_type != MEDIA_TYPE:
        return MalformedSignature(f"has media type {quoted(signature.media_type)} and not {MEDIA_TYPE}")
    encoded = signature.annotations.get(SIGNATURE_ANNOTATION, "").translate(_LINE_BREAKS)
    if not encoded:
        return MalformedSignature(f"has no annotation {SIGNATURE_ANNOTATION}")
    try:
        raw = decode_base64(encoded)
    except InvalidDocument as error:
        return MalformedSignature(f"has an annotation {SIGNATURE_ANNOTATION} that {error}")
    return ParsedSignature(message=signature.payload, signature=raw, payload=signature.payload)


def check_payload(parsed: ParsedSignature, *, digest: Digest, repository: Repository | None) -> Rejection | None:
    """Why a payload with a valid signature is not about ``digest``; None when it is.

    With a ``repository``, the payload must have been made for it: what it says of tag or digest there is not looked
    at, because the signed digest stands elsewhere.
    """
    try:
        critical = object_field(read_bounded(parsed.payload), "critical")
        image = object_field(critical, "image")
        identity = object_field(critical, "identity")
    except InvalidDocument as error:
        return Rejection(f"has a payload that {error}")
    if critical.get("type") != TYPE:
        return Rejection(f"is of type {quoted(critical.get('type'))} and not {TYPE!r}")
    return _another_digest(image, digest=digest) or _another_repository(identity, repository=repository)


def _another_digest(image: dict[str, object], *, digest: Digest) -> Rejection | None:
    named = image.get("docker-manifest-digest")
    if named == str(digest):
        return None
    try:
        another = Digest.parse(named) if isinstance(named, str) else None
    except InvalidReference:
        another = None
    if another is None:
        return Rejection(f"signs {quoted(named)}, which is not a digest that is known")
    return Rejection(f"signs {another}", about_another=another)


def _another_repository(identity: dict[str, object], *, repository: Repository | None) -> Rejection | None:
    if repository is None:
        return None
    named = identity.get("docker-reference")
    try:
        if isinstance(named, str) and Reference.parse(named).repository == repository:
            return None
    except InvalidReference:
        pass
    return Rejection(f"was made for the repository {quoted(named)} and not for {repository}")
