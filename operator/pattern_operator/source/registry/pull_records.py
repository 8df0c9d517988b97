"""Which credentials the registry has let read which manifest: a cache of content does not know who may have it.

Without it whoever names a digest would get what somebody else's credentials had pulled; Kubernetes has the same for the
images of a node (KEP-2535, "Ensure Secret Pulled Images"). A pattern whose credentials have not been checked for this
artifact sends one HEAD before the cache is used. A registry is believed about its own repositories only, so content is
cached by repository, too (``cache``): else one that lies could confirm its own readers.
"""

from collections import OrderedDict
from typing import Final

from pattern_operator.api.reference import Digest
from pattern_operator.source.registry.token_cache import Scope

_MAX_RECORDS: Final = 65_536  # some 300 bytes each; an evicted entry costs one HEAD request


class PullRecords:
    """The manifests that each reader was let read, while the process runs; the least recently used go first.

    For one event loop.
    """

    def __init__(self) -> None:
        self._records: OrderedDict[tuple[Scope, Digest], None] = OrderedDict()

    def record(self, reader: Scope, digest: Digest) -> None:
        """Remember that the registry let ``reader`` see the manifest."""
        self._records[reader, digest] = None
        self._records.move_to_end((reader, digest))
        while len(self._records) > _MAX_RECORDS:
            self._records.popitem(last=False)

    def allows(self, reader: Scope, digest: Digest) -> bool:
        """Whether the registry let ``reader`` see the manifest before."""
        if (reader, digest) not in self._records:
            return False
        self._records.move_to_end((reader, digest))
        return True
