"""Which living pattern has an object that carries an owner label: so that two patterns never take turns with it.

The label in the cluster decides. An inventory alone gives nobody anything, since it is written ahead of rights that
the pattern's account may turn out not to have.
"""

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import Owner, inventory
from pattern_operator.reconcile.patterns import Patterns


class Holders:
    """Reads an owner label: ``holders(label, key)`` is the pattern, or None where the object is free to be adopted."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._looked_into: tuple[inventory.Entries, frozenset[ObjectKey] | None] = ((), frozenset())

    def __call__(self, label: str, key: ObjectKey) -> Owner | None:
        """The living pattern with this owner id, if it still has the object.

        One that let the object go and left it in the cluster (``prune: false``) has it no longer. One that cannot be
        read, or whose inventory cannot, has everything that it is named on.
        """
        where = self._patterns.owned_by(label)
        if where is None:
            return None
        pattern = self._patterns.get(where)
        if pattern is not None and not self._has(pattern, key):
            return None
        return Owner(id=label, namespace=where.namespace, name=where.name)

    def _has(self, pattern: DesignPattern, key: ObjectKey) -> bool:
        if pattern.status.inventory.compressed:
            return True
        entries = pattern.status.inventory.entries
        if entries is not self._looked_into[0]:  # thousands of objects are asked for, one after another
            self._looked_into = (entries, _keys(entries))
        keys = self._looked_into[1]
        return keys is None or key in keys


def _keys(entries: inventory.Entries) -> frozenset[ObjectKey] | None:
    """The keys of an inventory, None where it cannot be read."""
    try:
        return inventory.keys(entries)
    except ValueError:
        return None
