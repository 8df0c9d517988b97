"""What a pattern reads its parameters from is not of its own objects: it would render itself anew without end. Pure."""

from collections.abc import Iterable

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.fields import mapping_at
from pattern_operator.api.names import SSA_ANNOTATION
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.annotations import IF_ABSENT, apply_policy_of
from pattern_operator.errors import Stalled


def refuse_own_sources(pattern: DesignPattern, objects: Iterable[Object]) -> None:
    """Raise Stalled where an object is what ``spec.render.valuesFrom`` names, and the pattern would change it.

    One that is only made where there is none, or never applied, is for others to change, and may be read.
    """
    namespace = pattern.metadata.namespace
    read: dict[tuple[str, str, str, str], int] = {
        ("", each.kind, namespace, each.name): position
        for position, each in reversed(list(enumerate(pattern.spec.render.values_from or ())))
    }
    for each in objects if read else ():
        position = read.get(_identity(each.key, namespace))
        if position is None or apply_policy_of(mapping_at(each.body, "metadata", "annotations"))[0]:
            continue
        raise Stalled(
            reason=Reason.PARAMETERS_INVALID,
            message=f"{each.key.kind} {namespace}/{each.key.name} is an object of the pattern, and"
            f" spec.render.valuesFrom[{position}] names it: the pattern would change its own parameters each time that"
            " it is applied; nothing was changed. Take the values from another object, or give the pattern's another"
            f" name; one that the pattern only makes where there is none is annotated {SSA_ANNOTATION}: {IF_ABSENT}.",
        )


def _identity(key: ObjectKey, default_namespace: str) -> tuple[str, str, str, str]:
    group, kind = key.group_kind
    return group, kind, key.namespace or default_namespace, key.name
