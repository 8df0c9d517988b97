"""A Kubernetes object as the stages pass it on, and its key."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

import msgspec

from pattern_operator.api.fields import text_at
from pattern_operator.quote import quoted

Body = dict[str, Any]  # a Kubernetes object of unknown kind really is this

OF_CREATE_NAMESPACE: Final = "spec.apply.createNamespace"  # the component of a Namespace that this field asks for


class GroupKind(NamedTuple):
    """A kind in whatever version (apimachinery, ``schema.GroupKind``); ``group`` of the core is empty."""

    group: str
    kind: str


class ObjectKey(msgspec.Struct, frozen=True, order=True, gc=False):
    """Group, kind, namespace and name; the namespace of a cluster-scoped object is empty.

    Written ``namespace_name_group_kind`` in inventories, as Flux writes it. Only the name of an RBAC object can hold a
    ``_``, and it stands between one part and two that never do, so nothing needs to be escaped.
    """

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str()`` wrote; raises ValueError for everything else."""
        namespace, _, rest = text.partition("_")
        name, *more = rest.rsplit("_", 2)  # not by a regular expression: thousands are read at once
        if len(more) != 2 or not name or "\n" in name or not more[1]:
            raise ValueError(f"{quoted(text)} is not an object key: it must be namespace_name_group_kind")
        return cls(group=more[0], kind=more[1], namespace=namespace, name=name)

    def __str__(self) -> str:
        return f"{self.namespace}_{self.name}_{self.group}_{self.kind}"

    @property
    def group_kind(self) -> GroupKind:
        """The kind of the object."""
        return GroupKind(self.group, self.kind)

    @property
    def display_name(self) -> str:
        """``Kind namespace/name``, with the group where it is not the core's: the name people read in messages."""
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Object:
    """One rendered resource. ``body`` is whole and belongs to whoever holds it: stages copy before they change.

    ``component`` is the id of the component of the design it came from, or the file and position in it; of a Namespace
    that the artifact does not have, the field of the spec. ``after`` are the components whose objects go to the cluster
    before this one, as the design says (``dependsOn``).
    """

    key: ObjectKey
    api_version: str
    body: Body = field(repr=False)
    component: str = ""
    after: tuple[str, ...] = ()

    @classmethod
    def of(cls, body: Body, *, component: str = "", after: tuple[str, ...] = ()) -> Self:
        """Take the key from ``body``.

        Raises:
            ValueError: it has no apiVersion, kind or metadata.name that is text.
        """
        api_version, kind, name = (text_at(body, *path) for path in (("apiVersion",), ("kind",), ("metadata", "name")))
        if not (api_version and kind and name):
            raise ValueError("apiVersion, kind and metadata.name must be text, and not empty")
        group, slash, _ = api_version.rpartition("/")
        key = ObjectKey(
            group=group if slash else "",
            kind=kind,
            namespace=text_at(body, "metadata", "namespace"),
            name=name,
        )
        return cls(key=key, api_version=api_version, body=body, component=component, after=after)


def pluralize(number: int, noun: str = "object") -> str:
    """``1 object``, ``3 objects``: for messages."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def is_protected_namespace(name: str) -> bool:
    """Whether the namespace is used where a pattern names it, and never owned, changed or deleted."""
    return name == "default" or name.startswith("kube-")
