"""Drafts to objects: duplicates merged or refused, keys unique, and a line of the report for every component."""

from collections.abc import Callable, Iterable

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_OBJECTS
from pattern_operator.render.cause import Cause
from pattern_operator.render.draft import Draft


def merge_duplicates(drafts: Iterable[Draft]) -> None:
    """Keep one of several equal objects, and refuse all of several that share a key and differ."""
    groups: dict[ObjectKey, list[Draft]] = {}
    for draft in drafts:
        if not draft.settled:
            groups.setdefault(Object.of(draft.body).key, []).append(draft)
    for key, group in groups.items():
        first, *others = group
        if any(other.body != first.body for other in others):
            for draft in group:
                draft.refuse(
                    Cause.DIFFERING_DUPLICATE,
                    f"{len(group)} components render to {key.display_name} and differ;"
                    " keep one of them, or rename the others",
                )
            continue
        for other in others:
            other.skip(Cause.DUPLICATE, f"the same as component {first.id}")


def objects(drafts: Iterable[Draft], *, mark: Callable[[Draft], None]) -> tuple[Object, ...]:
    """The objects of what is left, in order; ``mark`` adds what the format puts on each.

    Raises:
        Stalled: TOO_MANY_OBJECTS above MAX_OBJECTS.
    """
    left = [draft for draft in drafts if not draft.settled]
    if len(left) > MAX_OBJECTS:
        raise Stalled(
            reason=Reason.TOO_MANY_OBJECTS,
            message=f"the pattern renders to {len(left)} objects, and the operator takes {MAX_OBJECTS}. Split it.",
        )
    for draft in left:
        mark(draft)
    return tuple(Object.of(draft.body, component=draft.id) for draft in left)
