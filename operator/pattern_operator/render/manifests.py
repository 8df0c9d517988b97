"""Plain Kubernetes manifests to components: what was written is kept, except what only a cluster writes."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from pattern_operator.api.fields import array, mapping, text
from pattern_operator.api.hook import with_hook_of
from pattern_operator.api.reason import Reason
from pattern_operator.api.repair import Repair
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_COMPONENTS
from pattern_operator.quote import quoted
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.controlled import controllers_of
from pattern_operator.render.document import Document
from pattern_operator.render.fields import values_of, with_nulls, without_nulls
from pattern_operator.render.kinds import OLDEST_API_VERSION, SUFFIX, built_in, is_built_in, is_stored, naming
from pattern_operator.render.local_config import is_local_config
from pattern_operator.render.names import is_api_version, is_kind, is_valid
from pattern_operator.render.sops import HOW_TO, is_encrypted
from pattern_operator.render.texts import must_be_text
from pattern_operator.render.unbuilt import TEMPLATE, is_kustomization, is_template_name, kustomization
from pattern_operator.render.written_keys import WrittenKeys, below, told

# Written by the API server (metav1.ObjectMeta); in a manifest they come from `kubectl get -o yaml` of another cluster.
_OF_A_CLUSTER: Final = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generateName",
        "generation",
        "managedFields",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
# Those that nobody writes by hand, not even by mistake.
_MARKS: Final = frozenset({"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"})
_LIST: Final = "List"


def is_manifest(value: Any) -> bool:
    """Whether a document is a Kubernetes object, or a list of them; one whose kind is not text is a wrong one."""
    return bool(mapping(value).get("apiVersion") and mapping(value).get("kind"))


def components(documents: list[Document]) -> list[WorkingComponent]:
    """Make a working component of each object, in order; ``kind: List`` is taken apart.

    Raises:
        Stalled: TOO_MANY_OBJECTS above MAX_COMPONENTS, before a component is made: each takes some 600 bytes.
            NOT_A_PATTERN where one of them is a kustomization.
    """
    found = entries(documents)
    for where, value, _ in found:
        if is_kustomization(value) and not is_local_config(mapping(mapping(value).get("metadata"))):
            raise kustomization(where)
    lines = {document.where: document.line for document in documents}
    return [
        _placed(_component(value, where=where, written=written), where=where, lines=lines)
        for where, value, written in found
    ]


def entries(documents: list[Document]) -> list[tuple[str, Any, WrittenKeys]]:
    """Each object with where it stands, in order; ``kind: List`` is taken apart.

    Raises:
        Stalled: TOO_MANY_OBJECTS above MAX_COMPONENTS.
    """
    objects = (each for document in documents for each in _objects(document.value, document.where, document.written))
    found = list(islice(objects, MAX_COMPONENTS + 1))
    if len(found) > MAX_COMPONENTS:
        raise Stalled(
            reason=Reason.TOO_MANY_OBJECTS,
            message=f"{documents[0].path}, and what is beside it, hold more than {MAX_COMPONENTS} objects, which is"
            " more than the operator takes. Split the artifact.",
        )
    return found


def _objects(value: Any, where: str, written: WrittenKeys) -> Iterator[tuple[str, Any, WrittenKeys]]:
    """The objects of a document: itself, or what a list holds (``List``, ``PodList``, ``WidgetList``).

    As for kubectl (apimachinery, unstructured.UnstructuredJSONScheme) an entry without kind and apiVersion has those of
    its list, and a list that is a hook makes hooks of its entries. Only a list of somebody else's kinds is known by
    what it has not: objects have a name.
    """
    top = mapping(value)
    if not _is_list(top):
        yield where, value, written
        return
    kind, version = text(top["kind"]).removesuffix(_LIST), top.get("apiVersion")
    for position, item in enumerate(array(top.get("items")), start=1):
        if kind and isinstance(item, dict) and not (item.get("kind") or item.get("apiVersion")):
            item = {**item, "apiVersion": version, "kind": kind}
        item = with_hook_of(top, item) if isinstance(item, dict) else item
        yield from _objects(item, f"{where}.{position}", below(written, "items", position - 1))


def _is_list(top: dict[str, Any]) -> bool:
    kind, version = text(top.get("kind")), text(top.get("apiVersion"))
    if not kind.endswith(_LIST) or not isinstance(top.get("items"), list | None):
        return False
    if not is_stored(version, kind):
        return True
    is_custom = not is_built_in(version, kind) and "items" in top
    return is_custom and not ({"name", "generateName"} & mapping(top.get("metadata")).keys())


def _placed(component: WorkingComponent, *, where: str, lines: Mapping[str, int]) -> WorkingComponent:
    """The component with its place: ``#2`` is the second document of its file, ``#2.1`` the first entry of a list."""
    path, _, position = where.rpartition("#")
    component.path, component.position = path, f"#{position}"
    component.line = lines.get(f"{path}#{position.partition('.')[0]}", 0)
    return component


def _component(value: Any, *, where: str, written: WrittenKeys) -> WorkingComponent:
    top, metadata = mapping(value), mapping(mapping(value).get("metadata"))
    component = WorkingComponent(id=where, name=text(metadata.get("name")), kind=text(top.get("kind")), written=written)
    if not top or not isinstance(top.get("metadata") or {}, dict):
        component.refuse(
            ComponentReason.INVALID_DOCUMENT, f"{where} is not a Kubernetes object: remove it or correct it"
        )
        return component
    if is_encrypted(top):
        component.refuse(ComponentReason.ENCRYPTED, f"{where} {HOW_TO}")
        return component
    if component.kind.endswith(SUFFIX) and is_kind(component.kind.removesuffix(SUFFIX)):
        top = _without_suffix(component, top)
    if is_object(component, top, where=where):
        _build(component, top)
        component.note(Repair.READ_KEYS_AS_KUBECTL, *told(written))
    return component


def is_object(component: WorkingComponent, top: dict[str, Any], *, where: str) -> bool:
    """Note what is wrong with its identity. False where nothing more can be said of it, for which it is refused."""
    metadata = mapping(top.get("metadata"))
    for reason, message in _wrong_texts(top, metadata, where=where):
        component.find(reason, message)
    if fault := _unusable(top, where=where):
        if not is_kind(component.kind):
            component.kind = ""  # it may be any text, which nobody is shown
        if component.faults:
            component.refuse_for_faults()  # they are what is wrong with it
        else:
            component.refuse(*fault)
        return False
    for reason, message in _faults(top, metadata, where=where):
        component.find(reason, message)
    return True


def _without_suffix(component: WorkingComponent, top: dict[str, Any]) -> dict[str, Any]:
    """The kinds of the oldest designs, which stand in manifests, too."""
    component.kind = component.kind.removesuffix(SUFFIX)
    version = text(top.get("apiVersion"))
    known = built_in(component.kind)
    if known is not None and (not version or version.startswith(OLDEST_API_VERSION)):
        version = known.api_version
        component.note(Repair.SET_BUILT_IN_API_VERSION, f"apiVersion {version} taken from the built-in kind")
    component.note(Repair.DROP_KIND_SUFFIX, f"kind {component.kind}{SUFFIX} read as {component.kind}")
    return {**top, "apiVersion": version, "kind": component.kind}


def _wrong_texts(top: dict[str, Any], metadata: dict[str, Any], *, where: str) -> Iterator[tuple[ComponentReason, str]]:
    """Each of kind, apiVersion, name and namespace that is there and is not text; null is none, as for kubectl."""
    for parent, field, reason in (
        (top, "apiVersion", ComponentReason.INVALID_DOCUMENT),
        (top, "kind", ComponentReason.INVALID_DOCUMENT),
        (metadata, "name", ComponentReason.INVALID_NAME),
        (metadata, "namespace", ComponentReason.INVALID_NAME),
    ):
        if not isinstance(value := parent.get(field), str | None):
            path = field if parent is top else f"metadata.{field}"
            yield reason, f"{where}: {must_be_text(path, value)}"


def _unusable(top: dict[str, Any], *, where: str) -> tuple[ComponentReason, str] | None:
    """Why nothing more can be said of the object, for want of a kind that could be one."""
    version, kind = text(top.get("apiVersion")), text(top.get("kind"))
    if not top.keys() & {"apiVersion", "kind"}:
        return ComponentReason.MISSING_API_VERSION, (
            f"{where} is not a Kubernetes manifest: it has neither apiVersion nor kind. Take the file out of the"
            " artifact, or name the folder that holds the manifests in spec.source.layer.path"
        )
    if not version:
        return ComponentReason.MISSING_API_VERSION, _missing(top, "apiVersion", "apiVersion", where=where)
    if not kind:
        return ComponentReason.MISSING_KIND, _missing(top, "kind", "kind", where=where)
    if not is_kind(kind) or not is_api_version(version):
        return ComponentReason.INVALID_DOCUMENT, f"kind or apiVersion of {where} cannot be that of a Kubernetes object"
    if not is_stored(version, kind):
        return ComponentReason.NOT_A_RESOURCE, f"{kind} is a request or answer of the API; remove {where}"
    return None


def _faults(top: dict[str, Any], metadata: dict[str, Any], *, where: str) -> Iterator[tuple[ComponentReason, str]]:
    """What is wrong with the name, the namespace and the maps of the metadata, as far as they are text."""
    version, kind = text(top.get("apiVersion")), text(top.get("kind"))
    name, namespace = metadata.get("name"), text(metadata.get("namespace"))
    if name is None or name == "":
        yield ComponentReason.MISSING_NAME, _missing(metadata, "name", "metadata.name", where=where)
    elif isinstance(name, str) and is_template_name(name):
        yield ComponentReason.INVALID_NAME, f"metadata.name of {where} is {TEMPLATE}"
    elif isinstance(name, str) and not is_valid(name, kind=naming(version, kind)):
        yield ComponentReason.INVALID_NAME, f"{quoted(name)} is not a valid name for a {kind}; rename it in {where}"
    if namespace and not is_valid(namespace, kind="Namespace"):
        yield ComponentReason.INVALID_NAME, f"metadata.namespace of {where} is not the name of a namespace; correct it"
    for field in ("labels", "annotations"):
        if not isinstance(metadata.get(field) or {}, dict):
            yield ComponentReason.INVALID_DOCUMENT, f"metadata.{field} of {where} must be a mapping"


def _missing(parent: dict[str, Any], field: str, path: str, *, where: str) -> str:
    """What to do about a field without text: ``name: null`` is one that was not meant as such."""
    if field in parent and parent[field] is None:
        return f"{where}: {must_be_text(path, None)}"
    return f"{where} has no {path}; {'generateName will not do' if field == 'name' else 'add it'}"


def _build(component: WorkingComponent, top: dict[str, Any]) -> None:
    rest = {key: value for key, value in top.items() if key not in ("metadata", "status")}
    is_own = is_built_in(text(top["apiVersion"]), component.kind)
    kept = values_of(text(top["apiVersion"]), component.kind)
    body = without_nulls(rest, kept=kept) if is_own else with_nulls(rest)
    component.body = {"apiVersion": body.pop("apiVersion"), "kind": body.pop("kind")}
    component.body |= {"metadata": without_nulls(mapping(top.get("metadata"))), **body}
    if top.get("status"):
        component.note(Repair.DROP_STATUS, "status left out: a cluster writes it")
    metadata = component.metadata
    component.controllers = controllers_of(metadata)
    captured = [name for name in metadata if name in _OF_A_CLUSTER]
    component.captured = bool(top.get("status")) or any(name in _MARKS for name in captured)
    for name in captured:
        del metadata[name]
    if captured:
        component.note(
            Repair.DROP_CAPTURED_METADATA,
            f"metadata.{', metadata.'.join(captured)} left out: of the cluster it was captured from",
        )
    namespace = metadata.pop("namespace", None)
    component.source_namespace = text(namespace) or None
    for field in ("labels", "annotations"):
        if field in metadata and not isinstance(metadata[field], dict):
            del metadata[field]  # the object is refused for it; those who look for more faults find a mapping or none
