"""Where Kubernetes objects name each other, so that a reference follows what it names when rendering moves it.

The places are those that occur in published designs (1,660 references in 456 of them), found by the name of the field:
within the kinds that Kubernetes itself serves, these fields mean the same wherever they stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.fields import mapping, text
from pattern_operator.api.object import Body
from pattern_operator.limits import MAX_PATH

_BY_STRING: Final = {
    "claimName": "PersistentVolumeClaim",
    "ingressClassName": "IngressClass",
    "persistentVolumeName": "PersistentVolume",
    "priorityClassName": "PriorityClass",
    "runtimeClassName": "RuntimeClass",
    "secretName": "Secret",
    "serviceAccount": "ServiceAccount",
    "serviceAccountName": "ServiceAccount",
    "serviceName": "Service",
    "storageClassName": "StorageClass",
    "volumeName": "PersistentVolume",
}
_BY_NAME_IN: Final = {
    "claimRef": "PersistentVolumeClaim",
    "configMap": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "configMapRef": "ConfigMap",
    "imagePullSecrets": "Secret",
    "roleRef": "",  # the reference says its kind itself
    "scaleTargetRef": "",
    "secret": "Secret",
    "secretKeyRef": "Secret",
    "secretRef": "Secret",
    "secrets": "Secret",
    "service": "Service",
    "subjects": "",
}
_SAYS_ITS_KIND: Final = frozenset({"roleRef", "scaleTargetRef", "subjects"})
_OPAQUE: Final = frozenset({"annotations", "binaryData", "data", "labels", "matchLabels", "selector", "stringData"})
_CRD: Final = "CustomResourceDefinition"


@dataclass(frozen=True, slots=True)
class NameReference:
    """A field that names an object: ``holder[field]`` is the name, ``holder`` may have a ``namespace`` too."""

    kind: str
    holder: dict[str, Any]
    field: str
    path: str

    @property
    def name(self) -> str:
        """The name as it stands."""
        return text(self.holder[self.field])

    @property
    def namespace(self) -> str:
        """The namespace that it names; empty when it names none."""
        return text(self.holder.get("namespace")) if self.field == "name" else ""


def references(body: Body) -> Iterator[NameReference]:
    """Find the references in an object of a built-in kind. The holders are parts of ``body``: changes go through."""
    if body.get("kind") == _CRD:  # a schema is full of fields that only describe references
        yield from _walk(mapping(mapping(body.get("spec")).get("conversion")), "spec.conversion")
        return
    for field, value in body.items():
        if field not in ("apiVersion", "kind", "metadata"):
            yield from _field(body, field, value, field)


def _walk(value: Any, path: str) -> Iterator[NameReference]:
    if isinstance(value, dict):
        for field, child in value.items():
            yield from _field(value, field, child, _below(path, f".{field}"))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, _below(path, f"[{index}]"))


def _below(path: str, step: str) -> str:
    """A longer path, up to what a report shows: it is put together for every value, told for few."""
    return path if len(path) > MAX_PATH else path + step[:MAX_PATH]


def _field(holder: dict[str, Any], field: str, value: Any, path: str) -> Iterator[NameReference]:
    if field in _OPAQUE:
        return
    if isinstance(value, str):
        if field in _BY_STRING:
            yield NameReference(_BY_STRING[field], holder, field, path)
        return
    if field in _BY_NAME_IN:
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if text(mapping(item).get("name")):
                kind = text(item.get("kind")) or "ServiceAccount" if field in _SAYS_ITS_KIND else _BY_NAME_IN[field]
                yield NameReference(
                    kind, item, "name", f"{path}[{index}].name" if isinstance(value, list) else f"{path}.name"
                )
    yield from _walk(value, path)
