"""A component on its way to an object: each step of rendering reads it, repairs it or excludes it."""

from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.api.object import Body
from pattern_operator.api.report import ComponentReport, Outcome
from pattern_operator.limits import MAX_REPAIRS, MAX_REPORT_NAME, MAX_SENTENCE
from pattern_operator.quote import one_line
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.written_keys import WrittenKeys

MAX_FOUND: Final = 10  # faults of one object that are put into words; the rest is counted
_ROOM: Final = MAX_SENTENCE - 64  # characters of them, so that the count of the rest is not what is cut


@dataclass(slots=True, kw_only=True)
class WorkingComponent:
    """One component. ``body`` is built new, and never shared with the document it came from.

    ``name`` is the name as it was published, for people; ``aliases`` are other names that references may use.
    ``namespaced`` is what the design says of the kind's scope, None when it says nothing.
    """

    id: str
    name: str
    kind: str
    body: Body = field(default_factory=dict, repr=False)
    aliases: tuple[str, ...] = ()
    namespaced: bool | None = None
    meshery_id: str = ""  # the component's own id in the design, empty when it has none
    source_namespace: str | None = None  # the namespace it names itself, None when it names none or has none
    controllers: tuple[tuple[str, str], ...] = ()  # kind and name of its controllers where it was captured
    captured: bool = False  # it bears marks of a cluster: what a cluster allots was not chosen by its author
    written: WrittenKeys = field(default_factory=dict, repr=False)  # keys that are not read as they are written
    repairs: list[str] = field(default_factory=list)
    faults: list[tuple[ComponentReason, str]] = field(default_factory=list)  # the first ones that were found
    found: int = 0  # how many
    outcome: Outcome = Outcome.RENDERED
    reason: ComponentReason | None = None
    message: str = ""

    @property
    def excluded(self) -> bool:
        """Whether it was skipped or refused: later steps pass it over."""
        return self.outcome is not Outcome.RENDERED

    @property
    def api_version(self) -> str:
        """The apiVersion of the body; empty while it has none."""
        return str(self.body.get("apiVersion") or "")

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata of the body."""
        metadata: dict[str, Any] = self.body.setdefault("metadata", {})
        return metadata

    def skip(self, reason: ComponentReason, message: str) -> None:
        """Exclude it: there is nothing to apply."""
        self.outcome, self.reason, self.message = Outcome.SKIPPED, reason, _cut(message, MAX_SENTENCE)

    def refuse(self, reason: ComponentReason, message: str) -> None:
        """Exclude it: it cannot be applied without inventing something."""
        self.outcome, self.reason, self.message = Outcome.REFUSED, reason, one_line(message, MAX_SENTENCE)

    def find(self, reason: ComponentReason, message: str) -> None:
        """Note a fault. Others of the same object are looked for before it is refused, so that all are reported."""
        self.found += 1
        if len(self.faults) < MAX_FOUND:
            self.faults.append((reason, message))

    def refuse_for_faults(self) -> None:
        """Refuse it where a fault was found; the message has as many faults as there is room for."""
        if self.excluded or not self.faults:
            return
        told, room = list[str](), _ROOM
        for _, message in self.faults:
            room -= len(message) + 2
            if told and room < 0:
                break
            told.append(message)
        more = self.found - len(told)
        self.refuse(self.faults[0][0], "; ".join(told) + (f"; and {more} more like these" if more else ""))

    def report(self) -> ComponentReport:
        """What became of it, in bounded words: names, and fields, may be as long as the document."""
        return ComponentReport(
            id=_cut(self.id, MAX_REPORT_NAME),
            name=_cut(self.name, MAX_REPORT_NAME),
            kind=_cut(self.kind, MAX_REPORT_NAME),
            outcome=self.outcome,
            reason=str(self.reason or ""),
            message=one_line(self.message, MAX_SENTENCE),
            repairs=self._shown_repairs() if self.outcome is Outcome.RENDERED else (),
        )

    def _shown_repairs(self) -> tuple[str, ...]:
        told = [one_line(repair, MAX_SENTENCE) for repair in self.repairs[:MAX_REPAIRS]]
        more = len(self.repairs) - len(told)
        return (*told, f"and {more} more repairs") if more else tuple(told)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
