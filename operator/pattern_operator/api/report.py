"""The result of rendering: a report on each component, and the objects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from pattern_operator.api.object import Object


class Outcome(StrEnum):
    """What became of a component."""

    RENDERED = "rendered"
    SKIPPED = "skipped"  # nothing to apply: an annotation, an ignored component, an alias, a duplicate
    REFUSED = "refused"  # it cannot be applied without inventing something


@dataclass(frozen=True, slots=True)
class ComponentReport:
    """One component: what became of it and why, and each repair that was made to it.

    ``id`` is the component's id, or ``<file>#<position>`` for a manifest. ``reason`` is a CamelCase word, empty for
    a component that was rendered. ``repairs`` are sentences, each naming the field.
    """

    id: str
    name: str
    kind: str
    outcome: Outcome
    reason: str = ""
    message: str = ""
    repairs: tuple[str, ...] = ()

    @property
    def display_name(self) -> str:
        """``Pod web`` for messages; what has no kind is a component, what has no name goes by its id."""
        return f"{self.kind or 'component'} {self.name or self.id or 'without a name'}"


@dataclass(frozen=True, slots=True)
class Rendering:
    """The value of the render stage: objects in the order of the artifact, and the report on every component.

    ``version`` is the version that the design gives itself, empty when it gives none; ``name`` likewise.
    """

    objects: tuple[Object, ...] = field(repr=False)
    components: tuple[ComponentReport, ...] = ()
    format: str = ""
    name: str = ""
    version: str = ""

    def with_outcome(self, outcome: Outcome) -> Iterator[ComponentReport]:
        """The components that had this outcome."""
        return (component for component in self.components if component.outcome is outcome)
