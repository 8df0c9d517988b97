"""A watch event: one change of one object, and how much of the object is sent."""

from dataclasses import dataclass
from enum import StrEnum

from pattern_operator.api.object import Body


class Projection(StrEnum):
    """How much of each object is sent."""

    METADATA = "metadata"  # apiVersion, kind and metadata only
    FULL = "full"


class WatchEventType(StrEnum):
    """What happened, in the words of a watch event."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change of one object; ``object`` always has the resource's own apiVersion and kind, and a name.

    All else may have any shape. For an object that vanished unseen it holds only name, namespace, uid and the last
    known resourceVersion.
    """

    type: WatchEventType
    object: Body
