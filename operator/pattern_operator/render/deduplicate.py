"""Components to objects: duplicates merged or refused, so that each key is unique."""

from collections.abc import Callable, Iterable

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_OBJECTS
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason


def merge_duplicates(components: Iterable[WorkingComponent]) -> None:
    """Keep one of several equal objects, and refuse all of several that share a key and differ."""
    groups: dict[ObjectKey, list[WorkingComponent]] = {}
    for component in components:
        if not component.excluded:
            groups.setdefault(Object.of(component.body).key, []).append(component)
    for key, group in groups.items():
        first, *others = group
        if any(other.body != first.body for other in others):
            others_differ = next(other for other in others if other.body != first.body)
            for component in group:
                component.refuse(
                    ComponentReason.DIFFERING_DUPLICATE,
                    f"{len(group)} components render to {key.display_name} and differ, {first.id} and"
                    f" {others_differ.id} among them; keep one of them, or rename the others",
                )
            continue
        for other in others:
            other.skip(ComponentReason.DUPLICATE, f"the same as component {first.id}")


def objects(
    components: Iterable[WorkingComponent], *, decorate: Callable[[WorkingComponent], None]
) -> tuple[Object, ...]:
    """The objects of what is left, in order; ``decorate`` adds what the format puts on each.

    Raises:
        Stalled: TOO_MANY_OBJECTS above MAX_OBJECTS.
    """
    left = [component for component in components if not component.excluded]
    if len(left) > MAX_OBJECTS:
        raise Stalled(
            reason=Reason.TOO_MANY_OBJECTS,
            message=f"the pattern renders to {len(left)} objects, and the operator takes {MAX_OBJECTS}. Split it.",
        )
    for component in left:
        decorate(component)
    return tuple(Object.of(component.body, component=component.id, after=component.after) for component in left)
