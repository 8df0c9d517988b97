"""What a signature must be about: the artifact that was resolved to a digest."""

import hashlib
from dataclasses import dataclass, field
from typing import Final, Self

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reference import Digest, Repository

HASHES: Final = ("sha256", "sha384", "sha512")  # of signed files and log entries; older ones are not believed


@dataclass(frozen=True, slots=True)
class Subject:
    """An artifact: the digest of its bytes and, where they are at hand, the bytes (``Subject.of``).

    With the bytes, a signature over any hash of them can be checked; with the digest alone, one over the same hash.
    With ``repositories``, the signature must name one of them. ``descriptor`` is how a registry describes the artifact,
    which the Notary Project signs.
    """

    digest: Digest
    content: bytes | None = field(default=None, repr=False)
    repositories: tuple[Repository, ...] = ()
    descriptor: Descriptor | None = field(default=None, compare=False)

    @classmethod
    def of(cls, content: bytes, *, repositories: tuple[Repository, ...] = ()) -> Self:
        """The artifact that has these bytes, known by their SHA-256."""
        return cls(Digest.of(content), content, repositories)

    def hash(self, algorithm: str) -> bytes | None:
        """The hash of the bytes by one of ``HASHES``; None where it is not known."""
        if algorithm == self.digest.algorithm:
            return bytes.fromhex(self.digest.hex)
        if self.content is None or algorithm not in HASHES:
            return None
        return hashlib.new(algorithm, self.content).digest()
