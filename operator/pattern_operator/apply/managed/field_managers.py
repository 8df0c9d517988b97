"""Who took a field from the pattern, by who holds it now (``managedFields``), and by nothing else. Pure.

A manager that wrote other fields, be it later, has taken nothing. Who removed a field holds nothing: it is not known.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pattern_operator.apply import fieldset

MAX_MANAGERS_COMPARED: Final = 8  # other managers of an object that are looked at, those that wrote last


@dataclass(frozen=True, slots=True)
class OtherManager:
    """Another manager of an object: ``marks`` of the fields that it holds and the pattern does not.

    ``together`` is the fingerprint that the pattern's fields would have with all of these.
    """

    name: str
    marks: bytes
    together: bytes


def marks_of(fields: fieldset.Fields) -> bytes:
    """What stands for each of the fields, to be compared within this process: 4 bytes each."""
    return array("I", sorted({hash(path) & 0xFFFFFFFF for path in fieldset.leaves(fields)})).tobytes()


def taker(other_managers: Iterable[OtherManager], *, marks: bytes, desired: bytes | None) -> str:
    """The name of the first of ``other_managers`` that holds a field that was the pattern's; empty: none is known to.

    ``marks`` are of the fields that the pattern had. Where they are not known, as after a restart, ``desired``, the
    fingerprint of these, proves it of one that holds all that is missing and nothing else.
    """
    if not marks:
        return next((each.name for each in other_managers if each.together == desired), "")
    ours = _read(marks)
    return next((each.name for each in other_managers if not ours.isdisjoint(_read(each.marks))), "")


def _read(marks: bytes) -> set[int]:
    found = array("I")
    found.frombytes(marks)
    return set(found)
