"""What ``patternctl render`` prints of a rendering: one List, the report as rows, and sentences on what is missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.cli import output, yaml_output
from pattern_operator.quote import cut
from pattern_operator.render import FOR_OTHER_TOOLS

_BUILT: Final = frozenset({"Helm", "Kustomize"})  # formats of which a part is nothing that anybody meant
NEVER_APPLIED: Final = "NeverApplied"  # the reason of an object that is annotated so
_NAMED: Final = 20  # components of one kind of sentence that are named; --report has all
_LINE: Final = 420  # bytes of one: twice twenty of them stay below 20 kB


@dataclass(frozen=True, slots=True)
class Printed:
    """A rendering, and which of its objects ask never to be applied, each with the sentence that says so."""

    rendering: Rendering
    ignored: Mapping[ObjectKey, str]

    @property
    def objects(self) -> list[Object]:
        """What is printed: what the operator would apply; hooks of installation and upgrade come last, as of helm."""
        return [] if self.is_refused else [made for made in self._made() if made.key not in self.ignored]

    @property
    def is_refused(self) -> bool:
        """Whether nothing is printed, because a part of what a program built cannot be rendered."""
        return self.rendering.format in _BUILT and bool(self.refused)

    def _made(self) -> Iterator[Object]:
        yield from self.rendering.objects
        told = {each.id for each in self.rendering.with_outcome(Outcome.RENDERED)}
        yield from (each.object for each in self.rendering.hooks if each.object.component in told)

    @property
    def refused(self) -> list[ComponentReport]:
        """What could not be rendered."""
        return list(self.rendering.with_outcome(Outcome.REFUSED))

    def list_as(self, form: str) -> str:
        """The objects as one ``List``, in ``yaml`` or ``json``."""
        items = [made.body for made in self.objects]
        return yaml_output.dump({"apiVersion": "v1", "kind": "List", "items": items}, form)

    def report(self) -> str:
        """JSON: ``components`` has a row for each component, and for each object that comes from none."""
        return yaml_output.dump({"components": list(self._rows())}, "json")

    def complaints(self) -> Iterator[str]:
        """Which components are missing in what is printed, and why; nothing where none is."""
        refused = self.refused
        if not refused:
            return
        told = "nothing is printed" if self.is_refused else "what is printed lacks them"
        lines = [f"{len(refused)} of {len(self.rendering.components)} components were refused; {told}:"]
        lines += [
            "  " + cut(output.plain(f"{each.display_name}: {each.reason}: {each.message}"), _LINE)
            for each in refused[:_NAMED]
        ]
        if len(refused) > _NAMED:
            lines.append(f"  and {len(refused) - _NAMED} more: --report FILE has them all")
        yield "\n".join(lines)

    def left_out(self) -> Iterator[str]:
        """What is not printed as it is for other tools or asks so: whoever pipes the objects on would miss it."""
        skipped = self.rendering.with_outcome(Outcome.SKIPPED)
        left = [each.message for each in skipped if each.reason in FOR_OTHER_TOOLS]
        left += self.ignored.values()
        yield from (cut(output.plain(message), _LINE) for message in left[:_NAMED])
        if len(left) > _NAMED:
            yield f"and {len(left) - _NAMED} more are left out: --report FILE has them all"

    def _rows(self) -> Iterator[dict[str, Any]]:
        made = {each.component: each for each in self._made()}
        for component in self.rendering.components:
            found = made.pop(component.id, None) if component.outcome is Outcome.RENDERED else None
            yield self._row(component, found)
        for each in made.values():  # of createNamespace: the artifact has no component for it
            yield self._row(_of_object(each), each)

    def _row(self, component: ComponentReport, made: Object | None) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": component.id,
            "apiVersion": made.api_version if made else "",
            "kind": component.kind,
            "namespace": made.key.namespace if made else "",
            "name": component.name,
            "outcome": component.outcome,
            "reason": component.reason,
            "message": component.message,
            "path": component.path,
            "position": component.position,
            "line": component.line,
            "repairs": [{"name": str(each.name), "message": each.message} for each in component.repairs],
        }
        if component.more_repairs:
            row["moreRepairs"] = component.more_repairs
        if made and (why := self.ignored.get(made.key)):
            row |= {"outcome": Outcome.SKIPPED, "reason": NEVER_APPLIED, "message": why}
        return row


def _of_object(made: Object) -> ComponentReport:
    return ComponentReport(id=made.component, name=made.key.name, kind=made.key.kind, outcome=Outcome.RENDERED)
