"""The payload of a signature: the descriptor of the artifact that is signed (signature-specification.md, "Payload")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reference import Digest, InvalidReference
from pattern_operator.json_fields import object_field, string_map_field
from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.parsed_signature import Rejection

_MEMBERS: Final = {"targetArtifact"}
# OCI image-spec 1.1, "Descriptor", without ``data``: content beside the digest would be a second thing that is signed.
_DESCRIPTOR: Final = {"mediaType", "digest", "size", "urls", "annotations", "artifactType", "platform"}


@dataclass(frozen=True, slots=True)
class SignedTarget:
    """The descriptor that is signed; ``annotations`` are the signer's own metadata."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str]

    def mismatch(self, target: Descriptor) -> Rejection | None:
        """Why another artifact than ``target`` is signed; None where media type, digest and size are all the same."""
        if self.digest != str(target.digest):
            return _another_digest(self.digest)
        if self.size != target.size:
            return Rejection(f"signs {target.digest} with {self.size} bytes, and it has {target.size}")
        if self.media_type != target.media_type:
            return Rejection(
                f"signs {target.digest} as {quoted(self.media_type)}, and it is {quoted(target.media_type)}"
            )
        return None


def read_payload(content: bytes) -> SignedTarget:
    """Read the payload.

    Raises:
        InvalidDocument: it has anything but one descriptor; the message is a clause that says what.
    """
    payload = read_bounded(content)
    target = object_field(payload, "targetArtifact")
    if unknown := sorted((payload.keys() - _MEMBERS) | (target.keys() - _DESCRIPTOR)):
        raise InvalidDocument(f"has a payload with {quoted(unknown[0])}, which is not understood")
    media_type, digest, size = target.get("mediaType"), target.get("digest"), target.get("size")
    if not isinstance(media_type, str) or not isinstance(digest, str) or type(size) is not int:
        raise InvalidDocument("has a payload without media type, digest and size")
    return SignedTarget(media_type, digest, size, string_map_field(target, "annotations"))


def _another_digest(signed: str) -> Rejection:
    try:
        return Rejection(f"signs {(another := Digest.parse(signed))}", about_another=another)
    except InvalidReference:
        return Rejection(f"signs {quoted(signed)}, which is not a digest that is known")
