"""Entries of a list that share their merge key, which server-side apply refuses: removes repeats, reports conflicts.

Merge keys are those of the OpenAPI document of Kubernetes 1.37 (``x-kubernetes-list-map-keys``) for the lists that
people write.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pattern_operator.api.fields import array, mapping
from pattern_operator.api.repair import Repair
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.kinds import group_of
from pattern_operator.render.podspec import PLACES, at, containers

Keys = tuple[str, ...]

_NAME: Final = ("name",)
_DEFAULTS: Final = {"protocol": "TCP"}  # part of a merge key, and written by the server when it is absent
_POD: Final[dict[str, Keys]] = {
    "containers": _NAME,
    "ephemeralContainers": _NAME,
    "hostAliases": ("ip",),
    "imagePullSecrets": _NAME,
    "initContainers": _NAME,
    "resourceClaims": _NAME,
    "schedulingGates": _NAME,
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumes": _NAME,
}
_CONTAINER: Final[dict[str, Keys]] = {
    "env": _NAME,
    "ports": ("containerPort", "protocol"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
}
_TOP: Final[dict[tuple[str, str], tuple[str, Keys]]] = {
    ("", "Service"): ("spec.ports", ("port", "protocol")),
    ("", "ServiceAccount"): ("secrets", _NAME),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): ("webhooks", _NAME),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): ("webhooks", _NAME),
}


class _Conflict(ValueError):
    """Two entries have one key and differ; the text is the index of the later one."""


def merge_entries(components: Iterable[WorkingComponent]) -> None:
    """Leave out entries that repeat another and say no more; note a fault where two entries contradict."""
    for component in components:
        if component.excluded:
            continue
        for path, holder, field, keys in _lists(component):
            try:
                merged = _merged(array(holder.get(field)), keys)
            except _Conflict as conflict:
                component.find(
                    ComponentReason.CONFLICTING_LIST_ENTRIES,
                    f"{path}[{conflict}] has the {' and '.join(keys)} of an earlier entry, and differs; remove one",
                )
                continue
            dropped = len(array(holder.get(field))) - len(merged)
            if dropped:
                holder[field] = merged
                component.note(
                    Repair.MERGE_LIST_ENTRIES, f"{path}: {dropped} left out that repeat another and say no more"
                )


def _lists(component: WorkingComponent) -> Iterator[tuple[str, dict[str, Any], str, Keys]]:
    """Each list of the component that has merge keys: its path, what holds it, its field, the keys."""
    kind = (group_of(component.api_version), component.kind)
    if kind in _TOP:
        path, keys = _TOP[kind]
        *parents, field = path.split(".")
        yield path, at(component.body, tuple(parents)), field, keys
    if kind not in PLACES:
        return
    where, spec = ".".join(PLACES[kind]), at(component.body, PLACES[kind])
    for field, keys in _POD.items():
        yield f"{where}.{field}", spec, field, keys
    for path, container in containers(spec, where):
        for field, keys in _CONTAINER.items():
            yield f"{path}.{field}", container, field, keys


def _merged(entries: list[Any], keys: Keys) -> list[Any]:
    kept: list[Any] = []
    places: dict[tuple[str, ...], int] = {}
    for index, entry in enumerate(entries):
        key = _key(entry, keys)
        if key is None or key not in places:
            if key is not None:
                places[key] = len(kept)
            kept.append(entry)
            continue
        place = places[key]
        if _covers(kept[place], entry):
            continue
        if not _covers(entry, kept[place]):
            raise _Conflict(index)
        kept[place] = entry
    return kept


def _key(entry: Any, keys: Keys) -> tuple[str, ...] | None:
    """The merge key, None for an entry that lacks a part of it: that is for the API server to judge."""
    values = [mapping(entry).get(key, _DEFAULTS.get(key)) for key in keys]
    return None if None in values else tuple(f"{type(value).__name__} {value}" for value in values)


def _covers(whole: dict[str, Any], part: dict[str, Any]) -> bool:
    """Whether ``whole`` says everything that ``part`` says, defaults of key fields taken as said."""
    return all((_DEFAULTS | whole).get(field) == value for field, value in part.items())
