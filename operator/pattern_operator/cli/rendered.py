"""What ``patternctl render`` prints of a rendering: one List, the report as rows, and sentences on what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Literal

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.repair import Repair
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.cli import error_messages, output, yaml_output
from pattern_operator.cli.values_from_files import Missing
from pattern_operator.errors import PatternError
from pattern_operator.quote import cut
from pattern_operator.render import FOR_OTHER_TOOLS, ComponentReason

OnInvalid = Literal["Refuse", "Skip"]  # as spec.render.onInvalid
# What is not in the List, or may come out otherwise, though nobody asked for that: whoever pipes it on would miss it.
_TOLD: Final = FOR_OTHER_TOOLS | {ComponentReason.TARGET_NAMESPACE}
_NAMED: Final = 20  # components of one kind of sentence that are named; --report has all
_LINE: Final = 320  # bytes of one: three times twenty of them stay below 20 kB
_WHOLE: Final = 8192  # bytes of what is said of a pattern as a whole


class LeftOut(StrEnum):
    """Why an object that rendering made is not printed: reasons of the report, beside those of ``ComponentReason``."""

    NEVER_APPLIED = "NeverApplied"  # it is annotated so
    NO_HOOKS = "NoHooks"  # --no-hooks


@dataclass(frozen=True)
class Printed:
    """A rendering, and which of its objects are not printed: ``left_out`` has the reason and a sentence for each.

    ``on_invalid`` says what becomes of the rest where a component is refused, as ``spec.render.onInvalid`` does.
    ``replaced`` is what ``valuesFrom`` names and no file has: flags gave values in its place.
    """

    rendering: Rendering
    left_out: Mapping[ObjectKey, tuple[LeftOut, str]]
    on_invalid: OnInvalid = "Refuse"
    replaced: tuple[Missing, ...] = ()

    @cached_property
    def objects(self) -> list[Object]:
        """What is printed: what the operator would apply; hooks of installation and upgrade come last, as of helm."""
        return [] if self.is_refused else [made for made in self._made() if made.key not in self.left_out]

    @property
    def is_refused(self) -> bool:
        """Whether nothing is printed, because a component cannot be rendered: the operator applies nothing either."""
        return self.on_invalid == "Refuse" and bool(self.refused)

    def _made(self) -> Iterator[Object]:
        yield from self.rendering.objects
        told = {each.id for each in self.rendering.with_outcome(Outcome.RENDERED)}
        yield from (each.object for each in self.rendering.hooks if each.object.component in told)

    @cached_property
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
        """Which components were refused, and why; nothing where none is."""
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
        if self.is_refused:
            lines.append("  Correct them; --on-invalid Skip prints the rest, as spec.render.onInvalid applies it.")
        yield "\n".join(lines)

    def notes(self) -> Iterator[str]:
        """What is not printed, or not as it is written or each time, though nobody asked for that."""
        yield from _first(list(map(_told_of_missing, self.replaced)), "replaced")
        skipped = [each.message for each in self.rendering.with_outcome(Outcome.SKIPPED) if each.reason in _TOLD]
        skipped += [message for reason, message in self.left_out.values() if reason == LeftOut.NEVER_APPLIED]
        yield from _first(skipped, "left out")
        if not self.is_refused:
            yield from _first(list(self._not_as_written()), "not as they are written")

    def _not_as_written(self) -> Iterator[str]:
        if self.rendering.deprecated:
            yield f"the pattern is deprecated: {self.rendering.deprecated}"
        for each in self.rendering.with_outcome(Outcome.RENDERED):
            if each.reason == ComponentReason.NOT_DETERMINISTIC:
                yield each.message
            yield from (
                f"{each.display_name}: {made.message}"
                for made in each.repairs
                if made.name is Repair.READ_KEYS_AS_KUBECTL
            )

    def _rows(self) -> Iterator[dict[str, Any]]:
        yield from map(_row_of_missing, self.replaced)
        made = {each.component: each for each in self._made()}
        for component in self.rendering.components:
            found = made.pop(component.id, None) if component.outcome is Outcome.RENDERED else None
            yield self._row(component, found)
        for each in made.values():  # of createNamespace: the artifact has no component for it
            yield self._row(_of_object(each), each)

    def _row(self, component: ComponentReport, made: Object | None) -> dict[str, Any]:
        row = _row(component, made)
        if made and (why := self.left_out.get(made.key)):
            row |= {"outcome": Outcome.SKIPPED, "reason": str(why[0]), "message": why[1]}
        return row


def refusal_report(error: PatternError, *, of: str) -> str:
    """The report of what is refused as a whole: one row, with the cause. ``of`` is what the command was given."""
    message = output.plain(error_messages.message_of(error))
    reason = str(error_messages.reason_of(error))
    component = ComponentReport(of, output.plain(of), "", Outcome.REFUSED, reason, cut(message, _WHOLE))
    return yaml_output.dump({"components": [_row(component, None)]}, "json")


def _first(messages: Sequence[str], more: str) -> Iterator[str]:
    yield from (cut(output.plain(message), _LINE) for message in messages[:_NAMED])
    if len(messages) > _NAMED:
        yield f"and {len(messages) - _NAMED} more are {more}: --report FILE has them all"


def _row(component: ComponentReport, made: Object | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": component.id,
        "apiVersion": made.api_version if made else component.api_version,
        "kind": component.kind,
        "namespace": made.key.namespace if made else component.namespace,
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
    return row


def _told_of_missing(missing: Missing) -> str:
    return f"{missing.fact}: what --values and --set give counts in its place"


def _row_of_missing(missing: Missing) -> dict[str, Any]:
    reason, name = str(Reason.PARAMETERS_NOT_FOUND), f"{missing.kind} {missing.namespace}/{missing.name}"
    told = output.plain(_told_of_missing(missing))
    skipped = ComponentReport(name, missing.name, missing.kind, Outcome.SKIPPED, reason, told, position=missing.field)
    return _row(replace(skipped, api_version="v1", namespace=missing.namespace), None)


def _of_object(made: Object) -> ComponentReport:
    return ComponentReport(id=made.component, name=made.key.name, kind=made.key.kind, outcome=Outcome.RENDERED)
