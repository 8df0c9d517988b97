"""Values of a registry's content: descriptor, artifact, its files, and its signatures.

``source`` checks the content against its digest and size before it makes them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pattern_operator.api.reference import Digest, Repository, Revision

SIGNATURE_PREDICATE: Final = "https://sigstore.dev/cosign/sign/v1"  # cosign 3, pkg/types/predicate.go


@dataclass(frozen=True, slots=True)
class Descriptor:
    """OCI image-spec 1.1, "Descriptor": what content is, how long, and by which digest it is known."""

    media_type: str
    digest: Digest
    size: int  # bytes
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A regular file of an artifact: its path with ``/`` and no ``..``, and its bytes."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A resolved artifact: where it is, what it is, and the files that its chosen layer holds.

    ``manifest`` is the descriptor of the manifest itself; ``annotations`` are the manifest's.
    """

    repository: Repository
    revision: Revision
    manifest: Descriptor
    files: tuple[File, ...] = field(repr=False)
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


class SignatureFormat(StrEnum):
    """The signature formats that the operator looks for in a registry."""

    COSIGN = "cosign"  # a layer of the tag sha256-<hex>.sig or .att, or of an OCI 1.1 referrer of cosign's own type
    BUNDLE = "bundle"  # a Sigstore bundle, the only layer of a referrer
    NOTATION = "notation"  # an envelope of the Notary Project, the only layer of a referrer


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that is not verified yet: nothing in it may be trusted before ``verify``.

    ``where`` names it for people, as in ``sha256-0a1b....sig layer 2``. ``payload`` is the raw blob: the
    simple-signing JSON of cosign, or the JSON of the bundle; its digest and size were checked. ``annotations`` are
    those of the layer's descriptor. ``predicate_type`` is what an in-toto statement in it declares to state; empty
    where it declares nothing. ``unread`` is why it was not read, a clause about "it"; then it has no payload.
    """

    format: SignatureFormat
    where: str
    media_type: str
    payload: bytes = field(repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict)
    predicate_type: str = ""
    unread: str = ""

    @property
    def digest(self) -> str:
        """The hex SHA-256 of all that decides what it proves: one that was read before is known by it."""
        names = [[name, self.annotations[name]] for name in sorted(self.annotations)]
        parts = [self.format, self.media_type, hashlib.sha256(self.payload).hexdigest(), names]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def attestation(self) -> bool:
        """Whether it declares to state something else than that the artifact is signed."""
        return self.predicate_type not in ("", SIGNATURE_PREDICATE)
