"""References follow the components that were given a valid name: renaming without them would break what worked."""

from collections.abc import Iterable

from pattern_operator.quote import quoted
from pattern_operator.render.draft import Draft
from pattern_operator.render.kinds import is_built_in
from pattern_operator.render.references import references


def carry_references(drafts: Iterable[Draft]) -> None:
    """Let each reference to a name that a component had in the design name the object that came of it."""
    waiting = [draft for draft in drafts if not draft.settled]
    renamed = _renamed(waiting)
    if not renamed:
        return
    for draft in waiting:
        if not is_built_in(draft.api_version, draft.kind):
            continue
        told = set()
        for reference in references(draft.body):
            new = renamed.get((reference.kind, reference.name))
            if new is not None:
                told.add(
                    f"{reference.path.partition('[')[0]} follows {reference.kind} {quoted(reference.name)} to"
                    f" {quoted(new)}"
                )
                reference.holder[reference.field] = new
        draft.repairs.extend(sorted(told))


def _renamed(drafts: list[Draft]) -> dict[tuple[str, str], str]:
    """Kind and former name to the name now, where that is one name and no other component bears the former one."""
    names = {(draft.kind, str(draft.metadata["name"])) for draft in drafts}
    candidates: dict[tuple[str, str], set[str]] = {}
    for draft in drafts:
        for former in (draft.name, *draft.aliases):
            if (draft.kind, former) not in names:
                candidates.setdefault((draft.kind, former), set()).add(str(draft.metadata["name"]))
    return {key: new.pop() for key, new in candidates.items() if len(new) == 1}
