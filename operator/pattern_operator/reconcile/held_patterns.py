"""DesignPatterns that a pattern holds: those of a rendering, those that are new, and those that nobody holds any more.

How many patterns one makes in the end is counted by inventories. What a pattern made and has not in its inventory is
counted nowhere: the object of a hook, and what was let go (``prune: disabled``, ``deletionPolicy: Orphan``) or stays
when its pattern is deleted. So it makes no patterns itself, until somebody takes it over. Only what whoever may write
the DesignPattern itself can change decides it: nobody can count patterns against those of somebody else. Pure.
"""

from collections.abc import Collection, Iterable, Sequence

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import GROUP, KIND, OWNER_LABEL, RELEASED_BY_ANNOTATION
from pattern_operator.api.report import Rendering
from pattern_operator.apply.ownership import owner_id
from pattern_operator.reconcile.contained_patterns import id_of
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of


def held_patterns(pattern: DesignPattern, rendering: Rendering) -> tuple[PatternKey, ...]:
    """The DesignPatterns among the objects and hooks of a rendering of ``pattern``."""
    keys = (*(each.key for each in rendering.objects), *(each.object.key for each in rendering.hooks))
    own = pattern.metadata.namespace
    return tuple(PatternKey(each.namespace or own, each.name) for each in keys if each.group_kind == (GROUP, KIND))


def not_made(pattern: DesignPattern, held: Iterable[PatternKey], *, patterns: PatternStore) -> frozenset[PatternKey]:
    """Which of ``held`` the pattern has neither in its inventory, nor made as a hook."""
    contained, owner = patterns.contained(key_of(pattern)), owner_id(pattern.metadata.uid)
    return frozenset(
        each for each in held if id_of(each.namespace, each.name) not in contained and _owner(each, patterns) != owner
    )


def left_behind(line: Sequence[DesignPattern], *, patterns: PatternStore) -> DesignPattern | None:
    """The first in a ``line`` (``PatternStore.line``) that a pattern made which does not hold it."""
    return next((each for each in line if not _is_free_or_held(each, patterns)), None)


def take_over_command(left: DesignPattern) -> str:
    """What makes a pattern that is left behind one that nobody made."""
    metadata = left.metadata
    labelled = bool(metadata.labels.owner)
    verb, mark = ("label", OWNER_LABEL) if labelled else ("annotate", RELEASED_BY_ANNOTATION)
    return f"kubectl {verb} designpattern {metadata.name} -n {metadata.namespace} {mark}-"


def _is_free_or_held(pattern: DesignPattern, patterns: PatternStore) -> bool:
    if not pattern.metadata.labels.owner:
        return not pattern.metadata.annotations.released
    holder = patterns.owned_by(pattern.metadata.labels.owner)
    if holder is None:
        return False
    known = patterns.get(holder)
    if known is None or known.status.inventory.compressed:  # what cannot be read may hold it
        return True
    key = key_of(pattern)
    return id_of(key.namespace, key.name) in patterns.contained(holder)


def _owner(key: PatternKey, patterns: PatternStore) -> str:
    known = patterns.get(key)
    return known.metadata.labels.owner if known is not None else ""


def ids_of(held: Collection[PatternKey]) -> frozenset[str]:
    """The ids that they have in inventories."""
    return frozenset(id_of(each.namespace, each.name) for each in held)
