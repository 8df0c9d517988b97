"""Total readers of Kubernetes objects that others wrote: they never raise, whatever the JSON value is.

An object of another API server, CRD or user can have any shape: ``spec`` a list, ``labels`` a string, ``metadata``
missing. A field of another type than the API conventions ("Metadata", "Objects") define counts as absent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

MAX_OBJECT_NAME: Final = 1024  # characters: names of RBAC objects are path segments, for which there is no limit
MAX_NAME: Final = 253  # characters of a name, a namespace or a UID: RFC 1123 subdomain, "Object Names and IDs"
MAX_VERSION_DIGITS: Final = 20  # of a resourceVersion that is a number: etcd's revisions have 64 bits
MAX_FINALIZERS: Final = 32  # kept of an object; the rest is not named
MAX_WORD: Final = 317  # characters of a finalizer or a field manager: a DNS prefix, "/" and 63 more
MAX_CONDITIONS: Final = 256  # of a status that are looked at; those of Kubernetes' own kinds and of CRDs have dozens
MAX_MANAGERS: Final = 1_000  # entries of managedFields that are looked at; ordinary objects have under ten
MAX_DEPTH: Final = 200  # of what is written; orjson writes 254 levels, and Kubernetes' own kinds have 30
_DECIMAL: Final = re.compile(r"-?[0-9]{1,19}")
_INT64: Final = range(-(2**63), 2**63)


def mapping(value: object) -> dict[str, Any]:
    """``value`` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def array(value: object) -> list[Any]:
    """``value`` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects in the list ``value``; what is not an object is left out, and what is not a list is empty."""
    return [each for each in array(value) if isinstance(each, dict)]


def text(value: object) -> str:
    """``value`` where it is text, else an empty one. An unpaired surrogate, which nobody can write, becomes ``?``."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def integer(value: object, default: int = 0) -> int:
    """``value`` where it is an integer of 64 bits, else ``default``; true and false are not integers."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value in _INT64 else default


def generation(value: object) -> int | None:
    """A generation that an object names: an integer of 64 bits, or its decimal text; else None.

    Argo Rollouts writes ``status.observedGeneration`` as text (``rollouts/v1alpha1``, RolloutStatus).
    """
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value in _INT64 else None


def mapping_at(body: object, *path: str) -> Mapping[str, Any]:
    """The object at ``path``, or an empty one."""
    return mapping(_at(body, path))


def list_at(body: object, *path: str) -> list[Any]:
    """The list at ``path``, or an empty one."""
    return array(_at(body, path))


def mappings_at(body: object, *path: str) -> list[dict[str, Any]]:
    """The objects in the list at ``path``."""
    return mappings(_at(body, path))


def text_at(body: object, *path: str) -> str:
    """The text at ``path``, or an empty one."""
    return text(_at(body, path))


def integer_at(body: object, *path: str, default: int = 0) -> int:
    """The integer at ``path``, or ``default``."""
    return integer(_at(body, path), default)


def texts(value: object) -> dict[str, str]:
    """The entries of a map of text to text, such as labels; entries of another shape are left out."""
    return {name: each for name, each in mapping(value).items() if isinstance(each, str)}


def _at(body: object, path: tuple[str, ...]) -> object:
    for name in path:
        if not isinstance(body, dict):
            return None
        body = body.get(name)
    return body


@dataclass(frozen=True, slots=True)
class ManagedFieldsEntry:
    """One entry of ``metadata.managedFields``; ``fields`` is fieldsV1 as it was sent, of any shape."""

    name: str
    operation: str
    subresource: str
    time: str
    fields: object

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """Read one entry."""
        return cls(
            name=text(entry.get("manager"))[:MAX_WORD],
            operation=text(entry.get("operation")),
            subresource=text(entry.get("subresource")),
            time=text(entry.get("time")),
            fields=entry.get("fieldsV1"),
        )


@dataclass(frozen=True, slots=True)
class ObjectMeta:
    """``metadata`` of a body (metav1.ObjectMeta), read field by field when it is asked for.

    A name, namespace or UID that is longer than Kubernetes admits is empty: to cut it would make it another one.
    """

    raw: Mapping[str, Any]

    @classmethod
    def of(cls, body: object) -> Self:
        """Take the metadata of ``body``, whatever that is."""
        return cls(mapping_at(body, "metadata"))

    @property
    def name(self) -> str:
        """The name, or an empty text."""
        return _bounded(self.raw.get("name"), MAX_OBJECT_NAME)

    @property
    def namespace(self) -> str:
        """The namespace, or an empty text."""
        return _bounded(self.raw.get("namespace"))

    @property
    def uid(self) -> str:
        """The UID, or an empty text."""
        return _bounded(self.raw.get("uid"))

    @property
    def resource_version(self) -> str:
        """The resourceVersion as it was sent: opaque."""
        return _bounded(self.raw.get("resourceVersion"))

    @property
    def version(self) -> int:
        """The resourceVersion as a number, comparable within a kind since Kubernetes 1.35 (KEP-5504).

        0 where it is not a number: an aggregated API server may have a version of its own.
        """
        return number_of(self.resource_version)

    @property
    def generation(self) -> int | None:
        """The generation, or None."""
        found = integer(self.raw.get("generation"), -1)
        return found if found >= 0 else None

    @property
    def created(self) -> str:
        """The creationTimestamp as it was sent, or an empty text."""
        return text(self.raw.get("creationTimestamp"))

    @property
    def deleting(self) -> bool:
        """Whether the object is being deleted."""
        return bool(text(self.raw.get("deletionTimestamp")))

    @property
    def finalizers(self) -> tuple[str, ...]:
        """The first ``MAX_FINALIZERS`` finalizers."""
        return finalizers_at(self.raw, "finalizers")

    @property
    def managers(self) -> list[ManagedFieldsEntry]:
        """The first ``MAX_MANAGERS`` entries of managedFields."""
        return [ManagedFieldsEntry.of(entry) for entry in islice(mappings(self.raw.get("managedFields")), MAX_MANAGERS)]

    def label(self, name: str) -> str:
        """The value of a label, or an empty text."""
        return text_at(self.raw, "labels", name)[:MAX_NAME]

    def annotation(self, name: str) -> str:
        """The value of an annotation, or an empty text."""
        return text_at(self.raw, "annotations", name)


def finalizers_of(body: object) -> tuple[str, ...]:
    """The finalizers of an object; a Namespace has its own in spec."""
    return (*ObjectMeta.of(body).finalizers, *finalizers_at(body, "spec", "finalizers"))


def conditions_of(body: object) -> list[dict[str, Any]]:
    """The first ``MAX_CONDITIONS`` entries of ``status.conditions``."""
    return list(islice(mappings_at(body, "status", "conditions"), MAX_CONDITIONS))


def has_condition(body: object, kind: str) -> bool:
    """Whether ``status.conditions`` says that the condition of this type is True."""
    return any((text(each.get("type")), text(each.get("status"))) == (kind, "True") for each in conditions_of(body))


def shallow(value: object, *, depth: int = MAX_DEPTH) -> object:
    """A copy of a JSON value that can be written: null in place of what is nested deeper, or is not JSON."""
    match value:
        case dict() if depth:
            return {text(name): shallow(each, depth=depth - 1) for name, each in value.items()}
        case list() if depth:
            return [shallow(each, depth=depth - 1) for each in value]
        case str():
            return text(value)
        case bool() | float() | None:
            return value
        case int():
            return integer(value)
    return None


def finalizers_at(body: object, *path: str) -> tuple[str, ...]:
    """The first ``MAX_FINALIZERS`` texts of the list at ``path``, each ``MAX_WORD`` characters long at most."""
    found = (text(each)[:MAX_WORD] for each in list_at(body, *path)[:MAX_FINALIZERS])
    return tuple(each for each in found if each)


def number_of(version: str) -> int:
    """A resourceVersion as a number; 0 where it is none."""
    return int(version) if version.isascii() and version.isdecimal() and len(version) <= MAX_VERSION_DIGITS else 0


def _bounded(value: object, most: int = MAX_NAME) -> str:
    found = text(value)
    return found if len(found) <= most else ""
