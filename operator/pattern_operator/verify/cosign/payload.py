"""What a classic signature of cosign says: the "simple signing" payload.

Format: containers/image, docs/containers-signature.5.md ("JSON data format"), and cosign, specs/SIGNATURE_SPEC.md.
"""

from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.reference import Digest, InvalidReference, Reference
from pattern_operator.json_fields import string_field
from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.protojson import message
from pattern_operator.verify.subject import Subject

TYPE: Final = "cosign container image signature"


@dataclass(frozen=True, slots=True)
class Payload:
    """What was signed about the artifact: the repository that it was signed in, and annotations that are texts."""

    reference: str
    annotations: dict[str, str] = field(default_factory=dict)


def read_payload(content: bytes, subject: Subject) -> Payload | Rejection:
    """Read a payload whose signature holds, and that must be about ``subject``.

    What it says of tag or digest of the repository is not looked at, because the signed digest stands elsewhere. A
    field of ``critical`` that is not known is refused: whoever reads it has to understand all of it.
    """
    try:
        document = message(read_bounded(content), "payload", fields=("critical", "optional"))
        critical = message(document.get("critical"), "critical", fields=("type", "image", "identity"))
        image = message(critical.get("image"), "image", fields=("docker-manifest-digest",))
        identity = message(critical.get("identity"), "identity", fields=("docker-reference",))
        reference = string_field(identity, "docker-reference")
        optional = document.get("optional") or {}
        if not isinstance(optional, dict):
            raise InvalidDocument("has an 'optional' that is not an object")
    except InvalidDocument as error:
        return Rejection(f"has a payload that {error}")
    if critical.get("type") != TYPE:
        return Rejection(f"is of type {quoted(critical.get('type'))} and not {TYPE!r}")
    rejection = _another_digest(image, subject) or _another_repository(reference, subject)
    if rejection is not None:
        return rejection
    return Payload(reference, {name: value for name, value in optional.items() if isinstance(value, str)})


def _another_digest(image: dict[str, object], subject: Subject) -> Rejection | None:
    named = image.get("docker-manifest-digest")
    if named == str(subject.digest):
        return None
    try:
        another = Digest.parse(named) if isinstance(named, str) else None
    except InvalidReference:
        another = None
    if another is None:
        return Rejection(f"signs {quoted(named)}, which is not a digest that is known")
    return Rejection(f"signs {another}", about_another=another)


def _another_repository(reference: str, subject: Subject) -> Rejection | None:
    if not subject.repositories:
        return None
    try:
        if Reference.parse(reference).repository in subject.repositories:
            return None
    except InvalidReference:
        pass
    return Rejection(f"was made for the repository {quoted(reference)} and not for {subject.repositories[0]}")
