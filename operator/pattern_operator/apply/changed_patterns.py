"""Patterns that were changed, and of which nobody knows yet what they contain: objects that they may have are kept.

Two patterns that are changed at once run one after the other, in any order: a pattern that was changed a moment ago is
waited for until it has run, and, where data would be lost, until its new version is rendered. Pure: time is handed in,
in seconds.
"""

from dataclasses import dataclass
from typing import Final

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.ownership import Owner

DATA_CHANGE_WINDOW: Final = 600.0  # seconds before, in which a change of the other pattern belongs to the same move

# What is lost with its object, and not created again with it.
DATA: Final = frozenset({("", "PersistentVolumeClaim"), ("", "PersistentVolume")})


@dataclass(frozen=True, slots=True)
class _Changed:
    """A pattern that was changed, and has not run since."""

    owner: Owner
    generation: int
    at: float


class ChangedPatterns:
    """The patterns that may take something, by namespace, and which of them changed, and when."""

    def __init__(self) -> None:
        self._unrun: dict[str, _Changed] = {}
        self._unrendered: dict[str, _Changed] = {}  # the same, until the new version is rendered
        self._of_namespace: dict[str, set[str]] = {}
        self._namespaces: dict[str, str] = {}

    def see(self, owner: Owner, *, generation: int, now: float) -> None:
        """The pattern exists, and has not run since ``now``."""
        self._of_namespace.setdefault(owner.namespace, set()).add(owner.id)
        self._namespaces[owner.id] = owner.namespace
        self._unrun[owner.id] = _Changed(owner, generation, now)

    def change(self, owner: Owner, *, generation: int, now: float) -> None:
        """As ``see``, and what the new version contains is not known."""
        self.see(owner, generation=generation, now=now)
        self._unrendered[owner.id] = self._unrun[owner.id]

    def record_run(self, owner: str, *, generation: int) -> None:
        """This version of the pattern has run, as far as its objects."""
        changed = self._unrun.get(owner)
        if changed is not None and changed.generation <= generation:
            del self._unrun[owner]

    def record_rendering(self, owner: str, *, generation: int) -> None:
        """The objects of this version are known."""
        unrendered = self._unrendered.get(owner)
        if unrendered is not None and unrendered.generation <= generation:
            del self._unrendered[owner]

    def suspend(self, owner: str) -> None:
        """The pattern takes nothing now. What its new version contains is not known all the same."""
        self._unrun.pop(owner, None)
        namespace = self._namespaces.pop(owner, "")
        owners = self._of_namespace.get(namespace, set())
        owners.discard(owner)
        if not owners:
            self._of_namespace.pop(namespace, None)

    def remove(self, owner: str) -> None:
        """The pattern takes nothing any more."""
        self.suspend(owner)
        self._unrendered.pop(owner, None)

    def are_beside(self, key: ObjectKey, by: Owner) -> bool:
        """Whether the namespace of the object, or that of ``by``, has another pattern that may take something."""
        return any(self._of_namespace.get(each, set()) - {by.id} for each in {by.namespace, key.namespace})

    def unrun(self, key: ObjectKey, by: Owner, *, after: float) -> Owner | None:
        """Another pattern that was changed since, and may have the object: for data any, else one beside it."""
        for each in self._unrun.values():
            near = key.group_kind in DATA or each.owner.namespace in (by.namespace, key.namespace)
            if each.owner.id != by.id and near and each.at > after:
                return each.owner
        return None

    def unrendered(self, key: ObjectKey, by: Owner, *, since: float) -> Owner | None:
        """A pattern beside the object, or beside ``by``, of whose new version nobody knows what it contains."""
        for each in self._unrendered.values():
            beside = each.owner.namespace in (by.namespace, key.namespace)
            if each.owner.id != by.id and beside and each.at > since - DATA_CHANGE_WINDOW:
                return each.owner
        return None
