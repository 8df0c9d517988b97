"""In which Namespace a component is drawn: what a relationship ``hierarchical/parent/inventory`` says.

In published designs 633 components lie in a Namespace, and each says the same itself; where one says nothing, the
drawing is what its author sees.
"""

from typing import Final

from pattern_operator.render.alias import inside
from pattern_operator.render.design import Design

_NAMESPACE: Final = "Namespace"


def namespace_of_component(design: Design) -> dict[str, str]:
    """Component id to the displayName of the only Namespace that it is drawn inside of."""
    namespaces = {
        component.id: component.name
        for component in design.components
        if component.id and component.kind == _NAMESPACE and not component.annotation
    }
    found: dict[str, set[str]] = {}
    for children, parents in inside(design, among=frozenset({"inventory"})):
        names = {namespaces[id_] for id_ in parents if id_ in namespaces}
        if len(names) == 1:
            for child in children:
                found.setdefault(child, set()).update(names)
    return {child: names.pop() for child, names in found.items() if len(names) == 1}
