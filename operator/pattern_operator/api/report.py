"""The result of rendering: a report on each component, and the objects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.hook import Hook
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.repair import MadeRepair


class Outcome(StrEnum):
    """What became of a component."""

    RENDERED = "rendered"
    SKIPPED = "skipped"  # nothing to apply: an annotation, an ignored component, an alias, a duplicate
    REFUSED = "refused"  # it cannot be applied without inventing something


@dataclass(frozen=True, slots=True)
class ComponentReport:
    """One component: what became of it and why, and each repair that was made to it.

    ``id`` is the component's id, or ``<file>#<position>`` for a manifest. ``reason`` is a CamelCase word, empty for
    a component that was rendered. ``repairs`` have the first ones, ``more_repairs`` counts the rest. ``path`` is the
    file, ``position`` the place in it (``components[3]``, ``services.web``, ``#2`` for the second document), ``line``
    the line where it begins; 0 where that is not known. ``api_version`` and ``namespace`` are those it names itself.
    """

    id: str
    name: str
    kind: str
    outcome: Outcome
    reason: str = ""
    message: str = ""
    repairs: tuple[MadeRepair, ...] = ()
    more_repairs: int = 0
    path: str = ""
    position: str = ""
    line: int = 0
    api_version: str = ""
    namespace: str = ""

    @property
    def repair_messages(self) -> tuple[str, ...]:
        """A sentence for each repair, and one that counts those that are not among them."""
        more = (f"and {self.more_repairs} more repairs",) if self.more_repairs else ()
        return (*(each.message for each in self.repairs), *more)

    @property
    def where(self) -> str:
        """``design.yml, line 12, components[3]``: as much of it as is known, for messages."""
        parts = (self.path, f"line {self.line}" if self.line else "", self.position)
        return ", ".join(part for part in parts if part)

    @property
    def display_name(self) -> str:
        """``Pod web`` for messages; what has no kind is a component, what has no name goes by its id."""
        return f"{self.kind or 'component'} {self.name or self.id or 'without a name'}"


@dataclass(frozen=True, slots=True)
class Rendering:
    """The value of the render stage: objects in the order of the artifact, and the report on every component.

    ``version`` is the version that the design gives itself, empty when it gives none; ``name`` likewise.
    ``deprecated`` is what to use in its place, in its author's words; empty where it is supported. ``hooks`` are
    those of a Helm chart, which are not among the objects. ``depends_on`` is what ``pattern.yaml`` names,
    ``health_checks`` are those that it has.
    ``repeatable`` is false where another rendering of the same differs in anything, hooks and names included.
    ``kept_metadata`` names the objects of which the cluster has other ``build_metadata``, which are kept;
    ``regenerated`` those of which others changed what was generated, so that it is as rendered now.
    """

    objects: tuple[Object, ...] = field(repr=False)
    components: tuple[ComponentReport, ...] = ()
    format: str = ""
    name: str = ""
    version: str = ""
    deprecated: str = ""
    hooks: tuple[Hook, ...] = ()
    generated: tuple[GeneratedFields, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    health_checks: tuple[HealthCheck, ...] = ()
    repeatable: bool = True
    kept_metadata: tuple[ObjectKey, ...] = ()
    regenerated: tuple[ObjectKey, ...] = ()

    def with_outcome(self, outcome: Outcome) -> Iterator[ComponentReport]:
        """The components that had this outcome."""
        return (component for component in self.components if component.outcome is outcome)
