"""A hook of a Helm chart: an object that is made at a moment of its own, waited for, and not kept as the others are.

Sources: Helm 4, ``pkg/release/v1/util/manifest_sorter.go`` (``SortManifests``: what is a hook, and how its annotations
are read), ``pkg/release/v1/hook.go`` (events and policies), ``pkg/action/hooks.go`` (``hookSetDeletePolicy``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from pattern_operator.api.fields import mapping_at
from pattern_operator.api.object import Object
from pattern_operator.suggestion import nearest

HOOK_ANNOTATION: Final = "helm.sh/hook"
WEIGHT_ANNOTATION: Final = "helm.sh/hook-weight"
DELETE_POLICY_ANNOTATION: Final = "helm.sh/hook-delete-policy"
MAX_HOOKS: Final = 200  # hooks of one pattern; charts have a handful, and each is waited for before the next

_READ: Final = frozenset({HOOK_ANNOTATION, WEIGHT_ANNOTATION, DELETE_POLICY_ANNOTATION})
_MOST: Final = 64  # entries of a list that are read; there are nine events
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)  # what strconv.Atoi takes
_INT64: Final = range(-(2**63), 2**63)


class HookEvent(StrEnum):
    """A moment of a release."""

    PRE_INSTALL = "pre-install"
    POST_INSTALL = "post-install"
    PRE_UPGRADE = "pre-upgrade"
    POST_UPGRADE = "post-upgrade"
    PRE_DELETE = "pre-delete"
    POST_DELETE = "post-delete"
    PRE_ROLLBACK = "pre-rollback"
    POST_ROLLBACK = "post-rollback"
    TEST = "test"


class DeletePolicy(StrEnum):
    """When the object of a hook is deleted."""

    BEFORE_HOOK_CREATION = "before-hook-creation"  # that of an earlier run
    HOOK_SUCCEEDED = "hook-succeeded"
    HOOK_FAILED = "hook-failed"


_EVENTS: Final = {each.value: each for each in HookEvent} | {"test-success": HookEvent.TEST}  # Helm 2 wrote that
_POLICIES: Final = {each.value: each for each in DeletePolicy}
_DEFAULT: Final = (DeletePolicy.BEFORE_HOOK_CREATION,)


@dataclass(frozen=True, slots=True)
class Hook:
    """``object`` is made at each of the ``events``; of one moment, those of the lowest ``weight`` come first."""

    object: Object = field(repr=False)
    events: tuple[HookEvent, ...]
    weight: int = 0
    delete_policies: tuple[DeletePolicy, ...] = _DEFAULT

    @classmethod
    def of(cls, object: Object) -> Self | None:  # noqa: A002 - the name of the field
        """Read the annotations of ``object``; None where it is no hook, or one of an event that Helm does not know.

        Helm leaves the latter out altogether, whatever else is in the list. A weight that is not a number is 0. A list
        of policies counts as it is written, also where Helm knows none of them; the default is for objects without one.
        """
        annotations = mapping_at(object.body, "metadata", "annotations")
        events = _events(annotations)
        if not events:
            return None
        return cls(object, events, _weight(annotations), _delete_policies(annotations))


@dataclass(frozen=True, slots=True)
class Misread:
    """An annotation of a hook that Helm does not take as it was meant; ``meant`` is the known word, where one is near.

    What is written there is not in it: a template may have made it of anything.
    """

    annotation: str
    meant: str


def misread(annotations: Mapping[str, object]) -> tuple[Misread, ...]:
    """What Helm ignores of a hook: moments and policies that it does not know, a weight that is no number.

    Helm says nothing of it (4.3, ``SortManifests`` and ``calculateHookWeight``).
    """
    found = list[Misread]()
    for name, known in ((HOOK_ANNOTATION, _EVENTS), (DELETE_POLICY_ANNOTATION, _POLICIES)):
        unknown = [
            each for each in _words(annotations, name) if each not in known and (each or name == HOOK_ANNOTATION)
        ]
        if unknown:
            found.append(Misread(name, nearest(unknown[0], known) or ""))
    weight = annotations.get(WEIGHT_ANNOTATION)
    if isinstance(weight, str) and _INTEGER.fullmatch(weight) is None:
        found.append(Misread(WEIGHT_ANNOTATION, ""))
    return tuple(found)


def is_hook(body: object) -> bool:
    """Whether Helm takes the object for a hook, of a known event or not: it never applies it as an ordinary one."""
    return HOOK_ANNOTATION in mapping_at(body, "metadata", "annotations")


def with_hook_of(document: Mapping[str, object], item: dict[str, Any]) -> dict[str, Any]:
    """An entry of a ``kind: List``, as Helm takes it: a hook where the list says so, and then at the list's moment.

    Helm reads the annotations of a document (``SortManifests``) and never those of what the document holds.
    """
    if not is_hook(document):
        return item
    said = mapping_at(document, "metadata", "annotations")
    own = {name: value for name, value in mapping_at(item, "metadata", "annotations").items() if name not in _READ}
    annotations = own | {name: value for name, value in said.items() if name in _READ}
    return {**item, "metadata": {**mapping_at(item, "metadata"), "annotations": annotations}}


def _events(annotations: Mapping[str, object]) -> tuple[HookEvent, ...]:
    """The events, each once; none where one of them is not known."""
    said = _words(annotations, HOOK_ANNOTATION)
    if not all(each in _EVENTS for each in said):
        return ()
    return tuple(dict.fromkeys(_EVENTS[each] for each in said))


def _weight(annotations: Mapping[str, object]) -> int:
    said = annotations.get(WEIGHT_ANNOTATION)
    if not isinstance(said, str) or _INTEGER.fullmatch(said) is None:
        return 0
    weight = int(said)
    return weight if weight in _INT64 else 0


def _delete_policies(annotations: Mapping[str, object]) -> tuple[DeletePolicy, ...]:
    if DELETE_POLICY_ANNOTATION not in annotations:
        return _DEFAULT
    said = _words(annotations, DELETE_POLICY_ANNOTATION)
    return tuple(dict.fromkeys(_POLICIES[each] for each in said if each in _POLICIES))


def _words(annotations: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The list that an annotation holds, in small letters; one that is too long is none that Helm knows."""
    said = annotations.get(name)
    if not isinstance(said, str):
        return ()
    words = said.split(",", _MOST)
    return tuple(each.strip().lower() for each in words) if len(words) <= _MOST else ("",)
