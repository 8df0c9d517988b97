"""What a Kubernetes object names, by its fields alone: owners, other objects, and what its selectors select. Pure.

Fields are those of ``render.references``, which rendering follows when it renames; the ones beside them here are of
kinds whose names it leaves alone (Gateway API v1: ``parentRefs``, ``backendRefs``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, mapping, mapping_at, mappings, mappings_at, text, text_at
from pattern_operator.api.object import Body
from pattern_operator.graph.relation import MOUNTS, NAMES, OF_FIELD
from pattern_operator.render import references as names

MAX_OWNERS: Final = 16  # ownerReferences of an object that are read; ordinary ones have one
MAX_NAMED: Final = 1_000  # names in one object that are read
_GATEWAY: Final = "gateway.networking.k8s.io"
_GATEWAY_FIELDS: Final = {"parentRefs": ("Gateway", "is attached to"), "backendRefs": ("Service", "routes to")}
_TEMPLATES: Final = {
    "CronJob": ("spec", "jobTemplate", "spec", "template", "metadata", "labels"),
    "PodTemplate": ("template", "metadata", "labels"),
}
_TEMPLATE: Final = ("spec", "template", "metadata", "labels")
# Kinds whose ``spec`` has a LabelSelector of pods, or of Services, and where it is.
_POD_SELECTORS: Final = {
    "NetworkPolicy": "podSelector",
    "PodDisruptionBudget": "selector",
    "PodMonitor": "selector",
}
_SERVICE_SELECTORS: Final = {"ServiceMonitor": "selector"}


@dataclass(frozen=True, slots=True)
class Owner:
    """An entry of ``metadata.ownerReferences``."""

    uid: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that another names; ``namespace`` is empty where none is named."""

    kind: str
    namespace: str
    name: str
    relation: str


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector of the objects of ``kind`` (Pod: what runs pods, too) in the object's own namespace."""

    kind: str
    selector: Mapping[str, Any]


def owners_of(body: object) -> list[Owner]:
    """The owners that an object names."""
    found = mappings_at(body, "metadata", "ownerReferences")[:MAX_OWNERS]
    return [Owner(text(each.get("uid")), text(each.get("kind")), text(each.get("name"))) for each in found]


def references_of(body: Body) -> Iterator[Reference]:
    """The first ``MAX_NAMED`` objects that it names, in the order of its fields; each may come several times."""
    found = _named(body) if text_at(body, "apiVersion").partition("/")[0] != _GATEWAY else _of_route(body)
    for number, each in enumerate(found):
        if number >= MAX_NAMED:
            return
        yield each


def _named(body: Body) -> Iterator[Reference]:
    for each in names.references(body):
        field = _field_of(each)
        relation = MOUNTS if field == "secretName" and "volumes[" in each.path else OF_FIELD.get(field, NAMES)
        if each.name:
            yield Reference(each.kind, each.namespace, each.name, relation)


def _field_of(reference: names.NameReference) -> str:
    """The field that says what is named: the last of the path, or the one that the name is in."""
    if reference.field != "name":
        return reference.field
    return reference.path.removesuffix(".name").rpartition(".")[2].partition("[")[0]


def _of_route(body: Body) -> Iterator[Reference]:
    spec = mapping_at(body, "spec")
    holders = [spec, *mappings(spec.get("rules"))]
    for field, (kind, relation) in _GATEWAY_FIELDS.items():
        for holder in holders:
            for each in mappings(holder.get(field)):
                if name := text(each.get("name")):
                    yield Reference(text(each.get("kind")) or kind, text(each.get("namespace")), name, relation)


def selectors_of(body: object) -> Iterator[Selector]:
    """The selectors of an object that say what belongs to it without owning it."""
    kind, spec = text_at(body, "kind"), mapping_at(body, "spec")
    if kind == "Service" and (pairs := mapping(spec.get("selector"))):  # without one, somebody else keeps its endpoints
        yield Selector("Pod", {"matchLabels": pairs})
    if kind in _POD_SELECTORS and isinstance(found := spec.get(_POD_SELECTORS[kind]), dict):
        yield Selector("Pod", found)
    if kind in _SERVICE_SELECTORS and isinstance(found := spec.get(_SERVICE_SELECTORS[kind]), dict):
        yield Selector("Service", found)


def pod_labels_of(body: object) -> object:
    """The labels of a pod, or of the pods that a workload makes, of any shape; None where there are none."""
    kind = text_at(body, "kind")
    if kind == "Pod":
        return ObjectMeta.of(body).raw.get("labels")
    *path, last = _TEMPLATES.get(kind, _TEMPLATE)
    return mapping_at(body, *path).get(last)
