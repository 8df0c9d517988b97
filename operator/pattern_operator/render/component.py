"""A component on its way to an object: each step of rendering reads it, repairs it or excludes it."""

from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.api.fields import mapping, text
from pattern_operator.api.object import Body
from pattern_operator.api.repair import MadeRepair, Repair
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
    home: str | None = None  # the Namespace it is drawn inside of, where it names none itself
    controllers: tuple[tuple[str, str], ...] = ()  # kind and name of its controllers where it was captured
    captured: bool = False  # it bears marks of a cluster: what a cluster allots was not chosen by its author
    written: WrittenKeys = field(default_factory=dict, repr=False)  # keys that are not read as they are written
    repairs: list[MadeRepair] = field(default_factory=list)
    depends_on: tuple[str, ...] = ()  # names of components, as the design writes them
    after: tuple[str, ...] = ()  # ids of components whose objects go to the cluster before its own
    path: str = ""  # of the file it came from
    position: str = ""  # in that file
    line: int = 0  # where it begins; 0 where that is not known
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

    def tell(self, message: str) -> None:
        """Say something of one that is rendered."""
        self.message = _cut(message, MAX_SENTENCE)

    def note(self, name: Repair, *messages: str) -> None:
        """Note a repair that was made, a sentence for each place."""
        self.repairs.extend(MadeRepair(name, message) for message in messages)

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
            repairs=self._shown_repairs(),
            more_repairs=max(0, len(self.repairs) - MAX_REPAIRS) if self.outcome is Outcome.RENDERED else 0,
            path=_cut(self.path, MAX_REPORT_NAME),
            position=_cut(self.position, MAX_REPORT_NAME),
            line=self.line,
            api_version=_cut(text(self.body.get("apiVersion")), MAX_REPORT_NAME),
            namespace=_cut(
                text(mapping(self.body.get("metadata")).get("namespace")) or self.source_namespace or "",
                MAX_REPORT_NAME,
            ),
        )

    def _shown_repairs(self) -> tuple[MadeRepair, ...]:
        """The first ones; none of what is not rendered, of which nothing is applied."""
        if self.outcome is not Outcome.RENDERED:
            return ()
        return tuple(MadeRepair(each.name, one_line(each.message, MAX_SENTENCE)) for each in self.repairs[:MAX_REPAIRS])


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
