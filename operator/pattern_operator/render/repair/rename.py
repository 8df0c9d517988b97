"""Renames the references to components that were given a valid name, as kustomize does for its name references."""

from collections.abc import Iterable

from pattern_operator.api.repair import Repair
from pattern_operator.quote import quoted
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.kinds import is_built_in
from pattern_operator.render.references import references


def rename_references(components: Iterable[WorkingComponent]) -> None:
    """Change each reference to a component's name in the design to the name of its object."""
    included = [component for component in components if not component.excluded]
    renamed = _renamed(included)
    if not renamed:
        return
    for component in included:
        if not is_built_in(component.api_version, component.kind):
            continue
        told = set()
        for reference in references(component.body):
            new = renamed.get((reference.kind, reference.name))
            if new is not None:
                told.add(
                    f"{reference.path.partition('[')[0]} follows {reference.kind} {quoted(reference.name)} to"
                    f" {quoted(new)}"
                )
                reference.holder[reference.field] = new
        component.note(Repair.FOLLOW_RENAMED, *sorted(told))


def _renamed(components: list[WorkingComponent]) -> dict[tuple[str, str], str]:
    """Kind and former name to the name now, where that is one name and no other component bears the former one."""
    names = {(component.kind, str(component.metadata["name"])) for component in components}
    candidates: dict[tuple[str, str], set[str]] = {}
    for component in components:
        for former in (component.name, *component.aliases):
            if (component.kind, former) not in names:
                candidates.setdefault((component.kind, former), set()).add(str(component.metadata["name"]))
    return {key: new.pop() for key, new in candidates.items() if len(new) == 1}
