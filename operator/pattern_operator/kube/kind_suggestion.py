"""What to do about a kind that the API server does not have: which one may be meant, or that a CRD is missing.

No CRD brings a kind to a group of Kubernetes' own: whoever reads "install the CRD" there looks for what does not exist.
A pattern may have thousands of unknown kinds in a group of hundreds, and a message names a few: what is said is found
when it is shown, once for each kind, and among a few candidates.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import takewhile
from typing import Final

from pattern_operator.api.fields import MAX_WORD
from pattern_operator.api.object import GroupKind
from pattern_operator.quote import one_line

# The groups that Kubernetes serves itself (its discovery, 1.37) or once did (extensions, and the last line).
_BUILT_IN: Final = frozenset(
    {
        *("", "apps", "autoscaling", "batch", "extensions", "policy"),
        *("admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io"),
        *("authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io"),
        *("flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io"),
        *("rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io"),
        *("storagemigration.k8s.io", "auditregistration.k8s.io", "imagepolicy.k8s.io", "settings.k8s.io"),
    }
)
_LONGEST: Final = 63  # letters of a kind (apiextensions validation: a DNS label)
_SHORT: Final = 8  # letters of a kind of which one may be wrong; two of a longer one
_NAMED: Final = 3  # apiVersions of kinds of the same name
_COMPARED: Final = 32  # kinds of a group that are compared letter by letter: those whose letters differ least
_KEPT: Final = 256  # kinds of which the answer is kept; a message names some five


class ServedKinds:
    """The kinds of one answer of discovery, with the apiVersion of each; it knows for each kind which one is meant."""

    def __init__(self, kinds: Mapping[GroupKind, str]) -> None:
        self._kinds = kinds
        self._known = lru_cache(_KEPT)(self._meant)

    def meant(self, group: str, kind: str) -> str:
        """The kind of nearly this name in the group, else those of just this name in a group of Kubernetes' own."""
        return self._known(group, kind) if len(kind) <= _LONGEST else ""

    def _meant(self, group: str, kind: str) -> str:
        wanted = kind.casefold()
        close = [
            (edits, name)
            for name in self._candidates(group, wanted)
            if (edits := _edits(wanted, name.casefold(), most=_most(wanted))) is not None
        ]
        if close:
            return _shown(min(close)[1])
        if group not in _BUILT_IN:
            return ""
        every = self._by_name.get(wanted, ())
        named = [each for each in every if each.group in _BUILT_IN] or every
        there = {each.kind: self._kinds[each] for each in named}
        return " or ".join(f"{_shown(name)} of {_shown(version)}" for name, version in sorted(there.items())[:_NAMED])

    def _candidates(self, group: str, wanted: str) -> Iterator[str]:
        """The kinds of the group that may be near enough: an edit changes one letter of the length, and two kinds."""
        most, letters = _most(wanted), _letters(wanted)
        near = [
            (differing, name)
            for name, folded, its in self._by_group.get(group, ())
            if abs(len(folded) - len(wanted)) <= most and (differing := (its ^ letters).bit_count()) <= 2 * most
        ]
        return (name for _, name in heapq.nsmallest(_COMPARED, near))

    @cached_property
    def _by_group(self) -> Mapping[str, list[tuple[str, str, int]]]:
        """The kinds of each group, their names folded, and the letters of each."""
        found: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for group, kind in self._kinds:
            if len(kind) <= _LONGEST:
                found[group].append((kind, kind.casefold(), _letters(kind.casefold())))
        return found

    @cached_property
    def _by_name(self) -> Mapping[str, list[GroupKind]]:
        found: defaultdict[str, list[GroupKind]] = defaultdict(list)
        for each in self._kinds:
            found[each.kind.casefold()].append(each)
        return found


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do about ``kind`` of ``group``, where ``kinds`` are what there is; found when it is made text."""

    group: str
    kind: str
    kinds: ServedKinds

    def __str__(self) -> str:
        meant = self.kinds.meant(self.group, self.kind)
        if self.group not in _BUILT_IN:
            install = "install the CRD that defines it"
            return f"{install}, or write {meant} where that is meant" if meant else install
        if meant:
            return f"did you mean {meant}?"
        of = f"of the group {self.group}" if self.group else "of the core group (v1)"
        return (
            f"no CRD can bring it, because the kinds {of} are Kubernetes' own; correct its apiVersion and kind, or have"
            " it served (by another version of Kubernetes, or where it is switched on)"
        )


def _most(wanted: str) -> int:
    """How many letters of a name may be wrong."""
    return 1 if len(wanted) < _SHORT else 2


def _letters(name: str) -> int:
    """Which letters a name has, a bit for each, some with the same one."""
    found = 0
    for letter in name:
        found |= 1 << ord(letter) % 64
    return found


def _edits(wanted: str, name: str, *, most: int) -> int | None:
    """How many letters were mistaken, left out, added or swapped with the next; None where more than ``most``."""
    wanted, name = _where_they_differ(wanted, name)
    too_many = most + 1
    before: list[int] = []
    row = list(range(len(name) + 1))
    for i, letter in enumerate(wanted, start=1):
        older, before, row = before, row, [i] + [too_many] * len(name)
        for j in range(max(1, i - most), min(len(name), i + most) + 1):  # farther off there are too many for certain
            other = name[j - 1]
            edits = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            swapped = i > 1 and j > 1 and letter == name[j - 2] and wanted[i - 2] == other
            row[j] = min(edits, older[j - 2] + 1) if swapped else edits
        if min(row) > most:  # and so is all that follows
            return None
    return row[-1] if row[-1] <= most else None


def _where_they_differ(one: str, other: str) -> tuple[str, str]:
    """Both without the letters that they begin with and end in alike."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    one, other = one[same:], other[same:]
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(one), reversed(other), strict=False)))
    return one[: len(one) - same], other[: len(other) - same]


def _shown(word: str) -> str:
    """A word of a server's discovery, or an aggregated one's, as a message may hold it."""
    return one_line(word, MAX_WORD)
