"""Which DesignPatterns the inventories of others name, so that what one of them makes in the end can be counted. Pure.

It is told by inventories, which are written before the objects are made, not by the patterns that are there already.
"""

from collections.abc import Collection
from typing import Final

from pattern_operator.api.names import GROUP, KIND

_SUFFIX: Final = f"_{GROUP}_{KIND}"  # of an id in an inventory (``ObjectKey.__str__``)


def id_of(namespace: str, name: str) -> str:
    """The id that a DesignPattern has in an inventory."""
    return f"{namespace}_{name}{_SUFFIX}"


class ContainedPatterns:
    """By the id of a pattern, the ids of those in its inventory; of a pattern without any nothing is kept."""

    def __init__(self) -> None:
        self._contained: dict[str, frozenset[str]] = {}

    def note(self, pattern: str, inventory: Collection[str]) -> None:
        """The inventory of a pattern names these objects."""
        found = frozenset(each for each in inventory if each.endswith(_SUFFIX))
        if found:
            self._contained[pattern] = found
        else:
            self._contained.pop(pattern, None)

    def of(self, pattern: str) -> frozenset[str]:
        """Those in the inventory of this one."""
        return self._contained.get(pattern, frozenset())

    def below(self, patterns: Collection[str], *, most: int) -> frozenset[str]:
        """Those below ``patterns`` and none of them, one in another; a look ends when there are more than ``most``."""
        seen, line = set(patterns), list(patterns)
        while line and len(seen) <= most + len(patterns):
            new = self.of(line.pop()) - seen
            seen |= new
            line += (each for each in new if each in self._contained)
        return frozenset(seen.difference(patterns))
