"""Which pattern an object belongs to: the id and the names that say so on the object, and what may be owned at all."""

import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from pattern_operator.api.fields import MAX_NAME, mapping, mapping_at, text_at
from pattern_operator.api.names import ADOPTED_ANNOTATION, NAME_LABEL, OWNER_LABEL, PATTERN_ANNOTATION
from pattern_operator.api.object import Body, Object, ObjectKey, is_protected_namespace
from pattern_operator.apply import annotations
from pattern_operator.apply.annotations import IGNORE
from pattern_operator.apply.existing import ADOPTED

MAX_LABEL: Final = 63  # characters of a label's value; Kubernetes documentation, "Labels and Selectors"
_ID_BYTES: Final = 15  # 120 bits: two UIDs never meet; 24 characters of base32 without padding


class Owner(msgspec.Struct, frozen=True, gc=False):
    """The pattern that owns objects: its id (``owner_id``), and where it is."""

    id: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@lru_cache(maxsize=4_096)  # a run asks some twenty times for the same one
def owner_id(uid: str) -> str:
    """The id of the pattern with this UID: 24 small letters and digits, fit for a label's value.

    It comes from the UID, not from the name: a pattern that was deleted and created again is another owner.
    """
    digest = hashlib.sha256(uid.encode()).digest()[:_ID_BYTES]
    return base64.b32encode(digest).decode().lower()


def name_label(name: str) -> str:
    """The name of a pattern as the value of a label: of a longer one than 63 characters as many as fit.

    It is for people who select objects. Two patterns may have the same one, so that nothing is decided by it.
    """
    return name[:MAX_LABEL].rstrip("-.")


def add_owner_metadata(
    rendered: Object, *, owner: Owner, adopted: bool = False, uid: str = "", version: str = ""
) -> Object:
    """A copy of ``rendered`` that says whose it is; only what changes is copied, the rest is shared.

    ``adopted`` marks what existed before the pattern: the mark stays only as long as each apply sends it. Of ``uid``
    and ``version`` the API server makes conditions: another object of the same name, and another state of it, is not
    touched.

    Raises:
        ValueError: the labels or annotations are not a mapping; ours in place of them would hide that.
    """
    metadata = mapping_at(rendered.body, "metadata")
    annotations = {**_entries(metadata, "annotations"), PATTERN_ANNOTATION: str(owner)}
    annotations.pop(ADOPTED_ANNOTATION, None)  # an artifact cannot say it: what we make, we also delete
    if adopted:
        annotations[ADOPTED_ANNOTATION] = ADOPTED
    body: Body = {
        **rendered.body,
        "metadata": {
            **metadata,
            **({"uid": uid} if uid else {}),
            **({"resourceVersion": version} if version else {}),
            "labels": {**_entries(metadata, "labels"), OWNER_LABEL: owner.id, NAME_LABEL: name_label(owner.name)},
            "annotations": annotations,
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


def apply_policy_of(metadata: object) -> str:
    """What the object says about how it is applied: ``IfAbsent``, ``Ignore`` or an empty string."""
    return annotations.apply_policy_of(mapping_at(metadata, "annotations"))[0]


def is_namespace(key: ObjectKey) -> bool:
    """Whether the object is a Namespace."""
    return key.group_kind == ("", "Namespace")


def is_protected(key: ObjectKey) -> bool:
    """Whether the key is a Namespace that is used, and never owned, changed or deleted."""
    return is_namespace(key) and is_protected_namespace(key.name)


def inventory_objects(objects: Iterable[Object], *, owned: Collection[ObjectKey]) -> tuple[Object, ...]:
    """The objects that belong into the inventory: not protected, and not ignored unless they are in it already.

    What a pattern applied once and ignores from now on stays its own: to ignore an object is not to remove it.
    """
    return tuple(
        each
        for each in objects
        if not is_protected(each.key)
        and (apply_policy_of(mapping_at(each.body, "metadata")) != IGNORE or each.key in owned)
    )
