"""What happened to one owned object that matters to its pattern."""

from dataclasses import dataclass
from enum import StrEnum

from pattern_operator.api.object import ObjectKey


class NotificationKind(StrEnum):
    """What happened."""

    DRIFTED = "drifted"  # somebody took or removed a field that the pattern owns
    GONE = "gone"  # it was deleted, or does not carry the owner label any more
    HEALTH = "health"  # its health, or what it says of it, is another


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that happened to one object."""

    kind: NotificationKind
    key: ObjectKey
