"""Whom a request about an object counts for, and how many there are at once: no tenant closes the API server to all."""

from collections.abc import Hashable
from typing import Final

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.ownership import Owner
from pattern_operator.fair_queue import Lane

# Times the free slots that each may hold: 21, 24 and 30 of 32 where it is alone.
PATTERN_SHARE: Final = 2
NAMESPACE_SHARE: Final = 3
KIND_SHARE: Final = 15
CONCURRENCY: Final = 32  # requests at once for all patterns together: more only queue in the API server


def lanes_of(key: ObjectKey, owner: Owner) -> tuple[Hashable, ...]:
    """Whom a request about an object counts for: its pattern, and beside it the pattern's namespace and the kind.

    The shares grow in this order: what is slow for one namespace, such as its webhook, must not close the kind to all.
    """
    return (
        Lane(("pattern", owner.id), PATTERN_SHARE),
        Lane(("namespace", owner.namespace), NAMESPACE_SHARE),
        Lane(("kind", key.group, key.kind), KIND_SHARE),
    )
