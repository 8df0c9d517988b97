"""Who else holds fields of a pattern: such a field stays on the object when it leaves the pattern. Pure.

Source: Kubernetes documentation, "Server-Side Apply": what an applier leaves out is removed only where no other manager
has it. A manager comes to share a field by applying it, too, by setting the value that the pattern has later, or
because managedFields were cleared (``before-first-apply``).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pattern_operator.api.fields import ManagedFieldsEntry, ObjectMeta
from pattern_operator.apply import fieldset
from pattern_operator.apply.applying_tools import is_older
from pattern_operator.apply.existing import is_ours
from pattern_operator.kube.fieldpath import field_path, name_or_mask

MAX_CO_OWNERS: Final = 8  # managers that share fields with a pattern; an object in which none does is the rule
MAX_REMAINING: Final = 100  # fields of an object that left the pattern and stay

Keep = Callable[[fieldset.Fields], fieldset.Fields]


@dataclass(frozen=True, slots=True)
class CoOwner:
    """Another manager of fields of the pattern: ``hashes`` of these (``fieldset.hashes_of``).

    ``hands_on``: it is a tool that people apply manifests with, whose share is handed on to the pattern.
    """

    manager: str
    hashes: bytes
    hands_on: bool


@dataclass(frozen=True, slots=True)
class RemainingField:
    """A field that left the pattern and stays, because ``manager`` has it: how it is shown, and what stands for it."""

    manager: str
    field: str
    hash: int


def co_owners(managers: Collection[ManagedFieldsEntry]) -> tuple[CoOwner, ...]:
    """The other managers that share fields with our apply, by the entries of managedFields."""
    ours = next((entry.fields for entry in managers if is_ours(entry)), None)
    return tuple(islice(_co_owners(managers, ours), MAX_CO_OWNERS)) if ours else ()


def our_fields(managers: Iterable[ManagedFieldsEntry]) -> fieldset.Fields:
    """The fields that our apply owns, by the entries of managedFields."""
    return next((fieldset.read(entry.fields) for entry in managers if is_ours(entry)), {})


def _co_owners(managers: Iterable[ManagedFieldsEntry], ours: object) -> Iterator[CoOwner]:
    for entry in managers:
        if is_ours(entry) or entry.subresource == "status":
            continue
        if shared := fieldset.intersection(ours, entry.fields):
            yield CoOwner(entry.name, fieldset.hashes_of(shared), is_older(entry))


def remaining_fields(before: Iterable[CoOwner], answer: object, *, keep: Keep) -> tuple[RemainingField, ...]:
    """What our apply held with others ``before``, and others alone hold after it.

    ``answer`` is the object then, of any shape. ``keep`` takes off a set of fields what is left to others on purpose.
    """
    hashes = dict[str, set[int]]()
    for each in before:
        hashes.setdefault(each.manager, set()).update(fieldset.read_hashes(each.hashes))
    if not hashes:
        return ()
    managers = ObjectMeta.of(answer).managers
    ours = our_fields(managers)
    found = dict[RemainingField, None]()
    for entry in managers:
        if is_ours(entry) or entry.subresource == "status" or entry.name not in hashes:
            continue
        for path in fieldset.leaves(keep(fieldset.difference(fieldset.read(entry.fields), ours))):
            if (number := fieldset.hash_of(path)) in hashes[entry.name] and len(found) < MAX_REMAINING:
                shown = field_path(fieldset.words(_root(path, ours)))
                found[RemainingField(name_or_mask(entry.name), shown, number)] = None
    return tuple(found)


def _root(path: tuple[str, ...], ours: fieldset.Fields) -> tuple[str, ...]:
    """The part of a path down to the first element that our apply does not hold."""
    for number, name in enumerate(path):
        if name not in ours:
            return path[: number + 1]
        ours = ours[name]
    return path
