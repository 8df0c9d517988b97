"""A component on its way to an object: what the modules of rendering read, repair and settle, one after another."""

from dataclasses import dataclass, field
from typing import Any

from pattern_operator.api.object import Body
from pattern_operator.api.report import ComponentReport, Outcome
from pattern_operator.limits import MAX_REPAIRS, MAX_REPORT_NAME, MAX_SENTENCE
from pattern_operator.quote import one_line
from pattern_operator.render.cause import Cause


@dataclass(slots=True, kw_only=True)
class Draft:
    """One component. ``body`` is the draft's own: built new, never shared with the document it came from.

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
    origin: str | None = None  # the namespace it names itself, None when it names none or has none
    repairs: list[str] = field(default_factory=list)
    outcome: Outcome = Outcome.RENDERED
    cause: Cause | None = None
    message: str = ""

    @property
    def settled(self) -> bool:
        """Whether it was skipped or refused, so that nothing more is to be done to it."""
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

    def skip(self, cause: Cause, message: str) -> None:
        """Settle it: there is nothing to apply."""
        self.outcome, self.cause, self.message = Outcome.SKIPPED, cause, _cut(message, MAX_SENTENCE)

    def refuse(self, cause: Cause, message: str) -> None:
        """Settle it: it cannot be applied without inventing something."""
        self.outcome, self.cause, self.message = Outcome.REFUSED, cause, one_line(message, MAX_SENTENCE)

    def report(self) -> ComponentReport:
        """What became of it, in bounded words: names, and fields, may be as long as the document."""
        return ComponentReport(
            id=_cut(self.id, MAX_REPORT_NAME),
            name=_cut(self.name, MAX_REPORT_NAME),
            kind=_cut(self.kind, MAX_REPORT_NAME),
            outcome=self.outcome,
            reason=str(self.cause or ""),
            message=one_line(self.message, MAX_SENTENCE),
            repairs=self._told_repairs() if self.outcome is Outcome.RENDERED else (),
        )

    def _told_repairs(self) -> tuple[str, ...]:
        told = [one_line(repair, MAX_SENTENCE) for repair in self.repairs[:MAX_REPAIRS]]
        more = len(self.repairs) - len(told)
        return (*told, f"and {more} more repairs") if more else tuple(told)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
