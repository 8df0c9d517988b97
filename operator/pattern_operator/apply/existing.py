"""What is read of an object that is in the cluster before an apply: its metadata, whatever shape that has.

Source: Kubernetes API conventions, "Metadata". An object of anybody comes in here, so nothing in it is believed to have
the type it should have.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.fields import ManagedFieldsEntry, ObjectMeta, mapping_at, mappings_at, text, texts
from pattern_operator.api.names import (
    ADOPTED_ANNOTATION,
    DISABLED,
    FIELD_MANAGER,
    OWNER_LABEL,
    PATTERN_ANNOTATION,
    RECONCILE_ANNOTATION,
)

ADOPTED: Final = "true"  # of ADOPTED_ANNOTATION
_LONGEST: Final = 253  # characters that are quoted of a name: Kubernetes has no longer ones
_MOST_ENTRIES: Final = 200  # of managedFields that are looked at; ordinary objects have under ten


@dataclass(frozen=True, slots=True)
class Existing:
    """The metadata of a live object, as far as it decides whose the object is.

    ``owner`` is the value of our owner label, ``pattern`` of the annotation beside it. ``labels`` and ``annotations``
    hold only text, ``entries`` the entries of managedFields. ``controller`` is ``Kind name`` of the object that owns it
    as its controller, or empty.
    """

    uid: str
    owner: str
    pattern: str
    adopted: bool
    paused: bool
    deleting: bool
    controller: str
    labels: dict[str, str]
    annotations: dict[str, str]
    entries: tuple[ManagedFieldsEntry, ...]
    version: str = ""  # its resourceVersion

    @property
    def managers(self) -> frozenset[str]:
        """The names of the field managers."""
        return frozenset(entry.name for entry in self.entries)

    @property
    def is_labelled_by_us(self) -> bool:
        """Whether our own apply set the owner label: a copy of a manifest out of a cluster has it as well."""
        owned = (mapping_at(entry.fields, "f:metadata", "f:labels") for entry in self.entries if is_ours(entry))
        return any(f"f:{OWNER_LABEL}" in labels for labels in owned)

    def label(self, name: str) -> str:
        """A label that somebody else has set, or an empty string. What only our own apply says of it does not count."""
        return self._said_by_others("f:labels", name, self.labels.get(name, ""))

    def annotation(self, name: str) -> str:
        """As ``label``, of an annotation."""
        return self._said_by_others("f:annotations", name, self.annotations.get(name, ""))

    def _said_by_others(self, section: str, name: str, value: str) -> str:
        holders = [e for e in self.entries if f"f:{name}" in mapping_at(e.fields, "f:metadata", section)]
        return "" if holders and all(is_ours(entry) for entry in holders) else value


def read(body: object) -> Existing:
    """Look at an object, or at its metadata alone (PartialObjectMetadata). Never raises for any JSON."""
    meta = ObjectMeta.of(body)
    labels, annotations = texts(meta.raw.get("labels")), texts(meta.raw.get("annotations"))
    return Existing(
        uid=meta.uid,
        owner=labels.get(OWNER_LABEL, ""),
        pattern=annotations.get(PATTERN_ANNOTATION, ""),
        adopted=annotations.get(ADOPTED_ANNOTATION) == ADOPTED,
        paused=annotations.get(RECONCILE_ANNOTATION) == DISABLED,
        deleting=meta.deleting,
        controller=next(_controllers(body), ""),
        labels=labels,
        annotations=annotations,
        entries=tuple(meta.managers[:_MOST_ENTRIES]),
        version=meta.resource_version,
    )


def is_ours(entry: ManagedFieldsEntry) -> bool:
    """Whether an entry of managedFields is that of our own apply."""
    return entry.name == FIELD_MANAGER and entry.operation == "Apply" and not entry.subresource


def has_other_managers(body: object) -> bool:
    """Whether an answer to our first apply shows that somebody else had made the object.

    What we have made has no entry of another manager, and an object of others always has: where its managedFields were
    cleared, the API server adds an entry called before-first-apply.
    """
    return any(not is_ours(entry) for entry in ObjectMeta.of(body).managers[:_MOST_ENTRIES])


def quoted(value: object) -> str:
    """``value`` if it is text, no longer than a name may be."""
    return text(value)[:_LONGEST]


def _controllers(body: object) -> Iterator[str]:
    for each in mappings_at(body, "metadata", "ownerReferences"):
        if each.get("controller") is True:
            yield f"{quoted(each.get('kind'))} {quoted(each.get('name'))}"
