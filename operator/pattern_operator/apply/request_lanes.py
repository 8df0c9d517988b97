"""What a request about an object counts for, and how many there are at once: no tenant closes the API server to all."""

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
    """What a request about an object counts for: the namespace of its pattern, and beside it the pattern and the kind.

    The namespace is the flow, because more patterns cost a tenant nothing. The shares grow from the pattern to the
    kind: what is slow for one namespace, such as its webhook, must not close the kind to all.
    """
    return (
        Lane(("namespace", owner.namespace), NAMESPACE_SHARE),
        Lane(("pattern", owner.id), PATTERN_SHARE),
        Lane(("kind", key.group, key.kind), KIND_SHARE),
    )
