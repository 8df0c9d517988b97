"""Which living pattern has an object that carries an owner label: so that two patterns never take turns with it.

The label in the cluster decides. An inventory alone gives nobody anything, since it is written ahead of rights that
the pattern's account may turn out not to have.
"""

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import Owner
from pattern_operator.reconcile.pattern_store import PatternStore


class OwnerLookup:
    """Reads an owner label: ``holders(label, key)`` is the pattern, or None where the object is free to be adopted."""

    def __init__(self, patterns: PatternStore) -> None:
        self._patterns = patterns

    def __call__(self, label: str, key: ObjectKey) -> Owner | None:
        """The living pattern with this owner id, if it still has the object.

        One that let the object go and left it in the cluster (``prune: false``) does not have it any more. One
        that cannot be read, or whose inventory cannot, has everything that it is named on.
        """
        where = self._patterns.owned_by(label)
        if where is None or not self._patterns.has(where, key):
            return None
        return Owner(id=label, namespace=where.namespace, name=where.name)
