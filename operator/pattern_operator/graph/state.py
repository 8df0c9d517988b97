"""The state of a node: how it is drawn, and which of several is the worst.

The words are those of kstatus (``apply.health_result``) where an object is judged, and of rendering where it is not in
a cluster. A state is told by its sign as well as by its colour: WCAG 2.2, 1.4.1 ("Use of Color").
"""

from enum import StrEnum
from typing import Final


class NodeState(StrEnum):
    """The states, the worst first."""

    FAILED = "Failed"
    NOT_FOUND = "NotFound"
    REFUSED = "Refused"  # a component that cannot be rendered
    UNKNOWN = "Unknown"  # nobody could look
    IN_PROGRESS = "InProgress"
    TERMINATING = "Terminating"
    CURRENT = "Current"
    RENDERED = "Rendered"  # of an object that is in no cluster
    OUTSIDE = "Outside"  # it is named here, and is no part of the pattern
    SKIPPED = "Skipped"  # a component with nothing to apply

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]

    @property
    def sign(self) -> str:
        """One character, another for each state."""
        return _SIGNS[self]

    @property
    def css_class(self) -> str:
        """The class of a node in this state: ``in-progress``."""
        return _CLASSES[self]


_RANKS: Final = {state: rank for rank, state in enumerate(NodeState)}
_SIGNS: Final = dict(zip(NodeState, "✗∅⊘?…~✓•↗-", strict=True))
_CLASSES: Final = {
    state: "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in state).removeprefix("-")
    for state in NodeState
}
