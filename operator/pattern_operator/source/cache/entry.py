"""What names one piece of cached content, and what it costs."""

import hashlib
from typing import Final

import msgspec

from pattern_operator.api.reference import Digest

BLOCK: Final = 4096  # bytes; what the file systems of nodes (ext4, xfs, overlay) give a file at least
# Blocks of one piece of content beside its own: its inode, and its two folders where nothing else is in them.
OVERHEAD: Final = 3


class Entry(msgspec.Struct, frozen=True, order=True, gc=False):
    """One piece of content: the name of its scope's folder, and its digest."""

    scope: str
    digest: Digest

    @classmethod
    def of(cls, scope: str, digest: Digest) -> "Entry":
        """The entry of what ``scope``, a repository, gave."""
        return cls(hashlib.sha256(scope.encode()).hexdigest()[:32], digest)


def cost_of(size: int) -> int:
    """Bytes of a disk that content of ``size`` bytes takes, with all that belongs to it."""
    return (-(-size // BLOCK) + OVERHEAD) * BLOCK
