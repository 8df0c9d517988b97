"""Which pattern an object belongs to: the id and the names that say so on the object, and the one owner of each key."""

import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.fields import MAX_NAME, mapping, mapping_at, text_at
from pattern_operator.api.names import OWNER_LABEL, PATTERN_ANNOTATION, SSA_ANNOTATION
from pattern_operator.api.object import Body, Object, ObjectKey, is_protected_namespace

IGNORE: Final = "Ignore"  # of SSA_ANNOTATION: the object is never applied
IF_ABSENT: Final = "IfAbsent"  # of SSA_ANNOTATION: the object is created, and then left to others

_ID_BYTES: Final = 15  # 120 bits: two UIDs never meet; 24 characters of base32 without padding


@dataclass(frozen=True, slots=True)
class Owner:
    """The pattern that owns objects: its id (``owner_id``), and where it is."""

    id: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def owner_id(uid: str) -> str:
    """The id of the pattern with this UID: 24 small letters and digits, fit for a label's value.

    It comes from the UID, not from the name: a pattern that was deleted and made anew is another owner.
    """
    digest = hashlib.sha256(uid.encode()).digest()[:_ID_BYTES]
    return base64.b32encode(digest).decode().lower()


def stamp(rendered: Object, *, owner: Owner) -> Object:
    """A copy of ``rendered`` that says whose it is; only what changes is copied, the rest is shared.

    Raises:
        ValueError: the labels or annotations are no mapping; ours in their place would hide that from the API server.
    """
    metadata = mapping_at(rendered.body, "metadata")
    body: Body = {
        **rendered.body,
        "metadata": {
            **metadata,
            "labels": {**_entries(metadata, "labels"), OWNER_LABEL: owner.id},
            "annotations": {**_entries(metadata, "annotations"), PATTERN_ANNOTATION: str(owner)},
        },
    }
    return Object(key=rendered.key, api_version=rendered.api_version, body=body, component=rendered.component)


def _entries(metadata: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = metadata.get(name)
    if found is not None and not isinstance(found, dict):
        raise ValueError(f"metadata.{name} must be a mapping of text to text: correct it in the artifact")
    return mapping(found)


def label_of(metadata: object) -> str:
    """The owner that an object's metadata names, or an empty string."""
    return text_at(metadata, "labels", OWNER_LABEL)[:MAX_NAME]


def ssa_of(metadata: object) -> str:
    """What the object says about how it is applied: ``IfAbsent``, ``Ignore`` or an empty string."""
    return text_at(metadata, "annotations", SSA_ANNOTATION)


def is_namespace(key: ObjectKey) -> bool:
    """Whether the object is a Namespace."""
    return (key.group, key.kind) == ("", "Namespace")


def is_protected(key: ObjectKey) -> bool:
    """Whether the key is a Namespace that is used, and never owned, changed or deleted."""
    return is_namespace(key) and is_protected_namespace(key.name)


def ownable(objects: Iterable[Object], *, owned: Collection[ObjectKey]) -> tuple[Object, ...]:
    """The objects that belong into the inventory: not protected, and not ignored unless they are in it already.

    What a pattern applied once and ignores from now on stays its own: to ignore an object is not to remove it.
    """
    return tuple(
        each
        for each in objects
        if not is_protected(each.key) and (ssa_of(mapping_at(each.body, "metadata")) != IGNORE or each.key in owned)
    )


class Claims:
    """Which pattern has which object. Two that claim one object is an error, not a silent fight."""

    def __init__(self) -> None:
        self._owners: dict[ObjectKey, Owner] = {}
        self._keys: dict[str, frozenset[ObjectKey]] = {}

    def claim(self, owner: Owner, keys: Collection[ObjectKey]) -> dict[ObjectKey, Owner]:
        """Make ``keys`` the whole of what ``owner`` has, but for those that another pattern has.

        Those are returned, each with its owner; they stay with it. Who comes first keeps what it has.
        """
        taken = {key: holder for key in keys if (holder := self._owners.get(key)) and holder.id != owner.id}
        granted = frozenset(key for key in keys if key not in taken)
        for key in self._keys.get(owner.id, frozenset()) - granted:
            del self._owners[key]
        self._owners.update(dict.fromkeys(granted, owner))
        self._keys[owner.id] = granted
        return taken

    def release(self, owner: str) -> None:
        """Give up everything that the pattern with this id has."""
        for key in self._keys.pop(owner, frozenset()):
            del self._owners[key]

    def holder(self, key: ObjectKey) -> Owner | None:
        """The pattern that has the object."""
        return self._owners.get(key)
