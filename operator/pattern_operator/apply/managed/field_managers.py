"""Which field manager took a field from the pattern, by who holds it now (``managedFields``). Pure.

A manager that wrote other fields, be it later, has taken nothing. Who removed a field holds nothing: it is not known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pattern_operator.apply import fieldset
from pattern_operator.kube.fieldpath import field_path

MAX_MANAGERS_COMPARED: Final = 8  # other managers of an object that are looked at, those that wrote last
_NAMED: Final = 3  # fields that are named of an object that somebody else writes, too


@dataclass(frozen=True, slots=True)
class OtherManager:
    """Another manager of an object: ``hashes`` of the fields that it holds and the pattern does not
    (``fieldset.hashes_of``).

    ``together`` is the fingerprint that the pattern's fields would have with all of these.
    """

    name: str
    hashes: bytes
    together: bytes


def manager_that_took(other_managers: Iterable[OtherManager], *, hashes: bytes, desired: bytes | None) -> str:
    """The name of the first of ``other_managers`` that holds a field that was the pattern's; empty: none is known to.

    ``hashes`` are of the fields that the pattern had. Where they are not known, as after a restart, ``desired``, the
    fingerprint of these, proves it of one that holds all that is missing and nothing else.
    """
    if not hashes:
        return next((each.name for each in other_managers if each.together == desired), "")
    ours = fieldset.read_hashes(hashes)
    return next((each.name for each in other_managers if not ours.isdisjoint(fieldset.read_hashes(each.hashes))), "")


def missing_fields(before: fieldset.Fields, after: fieldset.Fields) -> tuple[str, ...]:
    """The names of the first few fields in ``before`` that ``after`` has not, without values."""
    paths = islice(fieldset.leaves(fieldset.difference(before, after)), _NAMED)
    return tuple(field_path(fieldset.words(path)) for path in paths)
