"""Finds numbers and booleans where Kubernetes takes text alone: YAML reads ``name: 123`` and ``on`` as none.

The API server refuses them one decoding error at a time, and says where in the words of Go. Here all of them are named
by their paths. Looked at are fields that are text wherever they stand in Kubernetes' own kinds (API reference 1.37),
and in every other kind the metadata.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pattern_operator.api.fields import array, mapping
from pattern_operator.render.component import MAX_FOUND, WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.fields import FieldPath
from pattern_operator.render.kinds import group_of, is_built_in
from pattern_operator.render.written_keys import as_written

# What they hold is of other kinds: schemas, and what drivers and controllers read.
_OPAQUE: Final = frozenset({("apiextensions.k8s.io", "CustomResourceDefinition"), ("apps", "ControllerRevision")})
_OPAQUE_GROUP: Final = "resource.k8s.io"
# Maps of text to text; `data` and `selector` are such only in some kinds, see _maps_of.
_MAPS: Final = frozenset({"annotations", "labels", "matchLabels", "nodeSelector"})
_MAPS_OF: Final = {
    ("", "ConfigMap"): frozenset({"data", "binaryData"}),
    ("", "Secret"): frozenset({"data", "stringData"}),
    ("", "Service"): frozenset({"selector"}),
    ("", "ReplicationController"): frozenset({"selector"}),
    ("storage.k8s.io", "StorageClass"): frozenset({"parameters"}),
    ("", "PersistentVolume"): frozenset({"volumeAttributes"}),
}
_TEXTS: Final = frozenset(
    {
        *("apiGroup", "apiVersion", "claimName", "clusterIP", "configMapName", "externalName", "fieldPath", "host"),
        *("hostname", "image", "imagePullPolicy", "ingressClassName", "key", "kind", "mountPath", "name", "namespace"),
        *("nodeName", "path", "priorityClassName", "protocol", "restartPolicy", "schedule", "secretName"),
        *("serviceAccount", "serviceAccountName", "serviceName", "storageClassName", "subPath", "subdomain"),
        *("volumeName", "workingDir"),
    }
)
_LISTS: Final = frozenset({"args", "command", "accessModes", "verbs", "apiGroups", "resourceNames", "finalizers"})
_VALUES_IN: Final = frozenset({"env", "sysctls", "httpHeaders", "tolerations", "options"})  # of which `value` is text
_SCALARS: Final = (bool, int, float)  # lists and mappings are for the API server to refuse: quotes would not help
_SELECTS: Final = frozenset({"matchExpressions", "matchFields"})  # of which each of `values` is text


def find_wrong_texts(components: Iterable[WorkingComponent]) -> None:
    """Note each field of a component that must be text and is a number or a boolean."""
    for component in components:
        if component.excluded:
            continue
        for number, (place, value) in enumerate(_wrong(component), start=1):
            where = str(as_written(place, component.written)) if number <= MAX_FOUND else ""
            component.find(ComponentReason.NOT_TEXT, must_be_text(where, value) if where else "")


def takes_text(api_version: str, kind: str, path: tuple[str | int, ...]) -> bool:
    """Whether the field at ``path`` of an object takes text alone: the fields that ``find_wrong_texts`` looks at."""
    match path:
        case ("metadata", "labels" | "annotations", str()) | ("metadata", "name" | "namespace"):
            return True
        case ("metadata", "finalizers", int()):
            return True
        case () | ("metadata" | "apiVersion" | "kind", *_):
            return False
    of = (group_of(api_version), kind)
    if _is_opaque(of) or not is_built_in(api_version, kind):
        return False
    *above, name = path
    field = next((step for step in reversed(above) if isinstance(step, str)), "")
    if isinstance(name, int):
        around = next((step for step in reversed(above[:-1]) if isinstance(step, str)), "")
        return field in _LISTS or (field == "values" and around in _SELECTS)
    in_map = bool(above) and above[-1] in _MAPS | _MAPS_OF.get(of, frozenset())
    return in_map or name in _TEXTS or (name == "value" and field in _VALUES_IN)


def _is_opaque(of: tuple[str, str]) -> bool:
    return of in _OPAQUE or of[0] == _OPAQUE_GROUP


def must_be_text(path: str, value: Any) -> str:
    """The next step, and what the value is; never the value itself."""
    if isinstance(value, list | dict):
        return f"{path} must be text, and is a {'list' if isinstance(value, list) else 'mapping'}"
    what = "null" if value is None else "a boolean" if isinstance(value, bool) else "a number"
    return f"{path} must be text: quote it (it is read as {what})"


def _wrong(component: WorkingComponent) -> Iterator[tuple[FieldPath, Any]]:
    metadata, top = mapping(component.body.get("metadata")), FieldPath(None, "metadata")
    for name in ("labels", "annotations"):
        yield from _of_map(mapping(metadata.get(name)), FieldPath(top, name))
    yield from _of_list(array(metadata.get("finalizers")), FieldPath(top, "finalizers"))
    kind = (group_of(component.api_version), component.kind)
    if _is_opaque(kind) or not is_built_in(component.api_version, component.kind):
        return
    rest = {name: value for name, value in component.body.items() if name not in ("metadata", "apiVersion", "kind")}
    yield from _of(rest, None, "", maps=_MAPS | _MAPS_OF.get(kind, frozenset()))


def _of(value: Any, at: FieldPath | None, field: str, *, maps: frozenset[str]) -> Iterator[tuple[FieldPath, Any]]:
    """What is wrong in ``value``, which stands at the place ``at`` under the name ``field``."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _of(item, FieldPath(at, index), field, maps=maps)
        return
    for name, child in mapping(value).items():
        here = FieldPath(at, name)
        if name in maps and isinstance(child, dict):
            yield from _of_map(child, here)
        elif name in _LISTS or (name == "values" and field in _SELECTS):
            yield from _of_list(array(child), here)
        elif isinstance(child, dict | list):
            yield from _of(child, here, name, maps=maps)
        elif (name in _TEXTS or (name == "value" and field in _VALUES_IN)) and isinstance(child, _SCALARS):
            yield here, child


def _of_map(value: dict[str, Any], at: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    """A null is an empty text there, as the API server reads it."""
    return ((FieldPath(at, name), each) for name, each in value.items() if isinstance(each, _SCALARS))


def _of_list(value: list[Any], at: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    return ((FieldPath(at, index), each) for index, each in enumerate(value) if isinstance(each, _SCALARS))
