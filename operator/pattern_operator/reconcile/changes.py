"""What an update did to the cluster, in one sentence: from which revision to which, how many objects, and their names.

Only names are told, and of them a few; no value of an object.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import InvalidReference, Revision
from pattern_operator.api.status import Status
from pattern_operator.apply.result import summarize


@dataclass(frozen=True, slots=True)
class Changes:
    """The objects that were made, written with another content, and deleted since that was told last."""

    created: frozenset[ObjectKey] = frozenset()
    configured: frozenset[ObjectKey] = frozenset()
    pruned: frozenset[ObjectKey] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.created or self.configured or self.pruned)

    def plus(
        self,
        *,
        created: Iterable[ObjectKey] = (),
        configured: Iterable[ObjectKey] = (),
        pruned: Iterable[ObjectKey] = (),
    ) -> "Changes":
        """With these, too; what was made and then written was made."""
        made = self.created | frozenset(created)
        return Changes(made, (self.configured | frozenset(configured)) - made, self.pruned | frozenset(pruned))

    def joined(self, later: "Changes") -> "Changes":
        """With what happened ``later``, too."""
        return self.plus(created=later.created, configured=later.configured, pruned=later.pruned)

    def sentence(self, before: Status, after: Status) -> str:
        """What became of ``before`` by these changes."""
        counts = [
            f"{len(keys)} {word}" for word, keys in (("created", self.created), ("configured", self.configured)) if keys
        ]
        if self.pruned:
            counts.append(f"pruned {_named(self.pruned)}")
        names = [
            f"{word}: {_named(keys)}"
            for word, keys in (("created", self.created), ("configured", self.configured))
            if keys
        ]
        return f"{_way(before, after)}: {', '.join(counts)}" + (f" ({'; '.join(names)})" if names else "")


NO_CHANGES: Final = Changes()


def _way(before: Status, after: Status) -> str:
    now, was = _revision(after), _revision(before)
    if was is None or now is None:
        return f"{_short(now)} installed" if now is not None else "installed"
    if was == now:
        return _short(now)
    if was.tag and was.tag == now.tag:
        return f"tag {now.tag} moved: {was.digest.short} -> {now.digest.short}"
    return f"{_short(was)} -> {_short(now)}"


def _revision(status: Status) -> Revision | None:
    try:
        return Revision.parse(status.revision)
    except InvalidReference:
        return None


def _short(revision: Revision) -> str:
    return f"{revision.tag} ({revision.digest.short})" if revision.tag else revision.digest.short


def _named(keys: Collection[ObjectKey]) -> str:
    return summarize(each.display_name for each in sorted(keys)).replace("; ", ", ")
