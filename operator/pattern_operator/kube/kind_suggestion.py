"""What to do about a kind that the API server does not have: which one may be meant, or that a CRD is missing.

No CRD brings a kind to a group of Kubernetes' own: whoever reads "install the CRD" there looks for what does not exist.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pattern_operator.api.fields import MAX_WORD
from pattern_operator.api.object import GroupKind
from pattern_operator.quote import one_line

NO_KINDS: Final[Mapping[GroupKind, str]] = MappingProxyType({})
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


def next_step(group: str, kind: str, *, kinds: Mapping[GroupKind, str]) -> str:
    """What to do about ``kind`` of ``group``, where ``kinds`` are what there is, with the apiVersion of each."""
    meant = _meant(group, kind, kinds=kinds)
    if group not in _BUILT_IN:
        install = "install the CRD that defines it"
        return f"{install}, or write {meant} where that is meant" if meant else install
    if meant:
        return f"did you mean {meant}?"
    of = f"of the group {group}" if group else "of the core group (v1)"
    return (
        f"no CRD can bring it, because the kinds {of} are Kubernetes' own; correct its apiVersion and kind, or have it"
        " served (by another version of Kubernetes, or where it is switched on)"
    )


def _meant(group: str, kind: str, *, kinds: Mapping[GroupKind, str]) -> str:
    """The kind of nearly this name in the group, else those of just this name in a group of Kubernetes' own."""
    if len(kind) > _LONGEST:
        return ""
    wanted = kind.casefold()
    close = [(edits, name) for its, name in kinds if its == group and (edits := _edits(wanted, name)) is not None]
    if close:
        return _shown(min(close)[1])
    if group not in _BUILT_IN:
        return ""
    named = {name: version for (its, name), version in kinds.items() if name.casefold() == wanted and its in _BUILT_IN}
    there = named or {name: version for (_, name), version in kinds.items() if name.casefold() == wanted}
    return " or ".join(f"{_shown(name)} of {_shown(version)}" for name, version in sorted(there.items())[:_NAMED])


def _edits(wanted: str, name: str) -> int | None:
    """How many letters were mistaken, left out, added or swapped with the next; None where more than may be."""
    name = name.casefold()
    most = 1 if len(wanted) < _SHORT else 2
    if abs(len(wanted) - len(name)) > most:
        return None
    before: list[int] = []
    row = list(range(len(name) + 1))
    for i, letter in enumerate(wanted, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(name, start=1):
            edits = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            swapped = i > 1 and j > 1 and letter == name[j - 2] and wanted[i - 2] == other
            row.append(min(edits, older[j - 2] + 1) if swapped else edits)
    return row[-1] if row[-1] <= most else None


def _shown(word: str) -> str:
    """A word of a server's discovery, or an aggregated one's, as a message may hold it."""
    return one_line(word, MAX_WORD)
