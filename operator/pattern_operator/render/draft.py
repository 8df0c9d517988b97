"""A component on its way to an object: what the modules of rendering read, repair and settle, one after another."""

from dataclasses import dataclass, field
from typing import Any

from pattern_operator.api.object import Body
from pattern_operator.api.report import ComponentReport, Outcome
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
        self.outcome, self.cause, self.message = Outcome.SKIPPED, cause, message

    def refuse(self, cause: Cause, message: str) -> None:
        """Settle it: it cannot be applied without inventing something."""
        self.outcome, self.cause, self.message = Outcome.REFUSED, cause, message

    def report(self) -> ComponentReport:
        """What became of it."""
        return ComponentReport(
            id=self.id,
            name=self.name,
            kind=self.kind,
            outcome=self.outcome,
            reason=str(self.cause or ""),
            message=self.message,
            repairs=tuple(self.repairs) if self.outcome is Outcome.RENDERED else (),
        )
