"""What status keeps of an object that was applied: which fields our apply owns, and when it wrote them last. Pure.

The API server renews the time of our entry in managedFields with each apply that changes anything, to the second. So
another time than that of the last answer says that somebody applied in our name: an operator that is not the leader any
more, a request that a proxy had kept, or a person. Source: k8s.io/apimachinery, ``managedfields/internal``
(``lastappliedupdater.go``, ``structuredmerge.go``).
"""

from datetime import UTC, datetime
from typing import Final

FINGERPRINT_BYTES: Final = 8  # of an object in status
FIELDS_BYTES: Final = 5  # told apart are states of one object, by chance and not by malice
_TIME_BYTES: Final = FINGERPRINT_BYTES - FIELDS_BYTES
_TIMES: Final = 1 << (8 * _TIME_BYTES)  # seconds: two times are the same only where they are 194 days apart
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST: Final = 40  # characters of a time in managedFields; the API server writes 20


def pack(fields: bytes, *, applied_at: int) -> bytes:
    """The fingerprint of an object: ``fields`` is ``observation.fingerprint``, ``applied_at`` as ``seconds_of``."""
    return fields[:FIELDS_BYTES].ljust(FIELDS_BYTES, b"\0") + (applied_at % _TIMES).to_bytes(_TIME_BYTES)


def fields_of(packed: bytes) -> bytes:
    """The part of a fingerprint that stands for the fields."""
    return packed[:FIELDS_BYTES]


def is_of_time(packed: bytes, applied_at: int) -> bool:
    """Whether our apply wrote the object last when it had this fingerprint."""
    return packed[FIELDS_BYTES:] == (applied_at % _TIMES).to_bytes(_TIME_BYTES)


def seconds_of(time: str) -> int:
    """The time of an entry of managedFields in seconds since 1970; 0 where it is none."""
    try:
        moment = datetime.fromisoformat(time) if len(time) <= _LONGEST else None
    except ValueError:
        return 0
    return max(int((moment - _EPOCH).total_seconds()), 0) if moment is not None and moment.tzinfo is not None else 0
