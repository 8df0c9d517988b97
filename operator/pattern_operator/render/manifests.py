"""Plain Kubernetes manifests to drafts: what was written is kept, but for what only a cluster can know."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_COMPONENTS
from pattern_operator.quote import quoted
from pattern_operator.render.cause import Cause
from pattern_operator.render.document import Document
from pattern_operator.render.draft import Draft
from pattern_operator.render.fields import without_nulls
from pattern_operator.render.kinds import is_stored, naming
from pattern_operator.render.names import is_api_version, is_kind, is_valid
from pattern_operator.render.shape import mapping, not_text, text

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


def is_manifest(value: Any) -> bool:
    """Whether a document is a Kubernetes object, or a list of them; one whose kind is no text is a wrong one."""
    return bool(mapping(value).get("apiVersion") and mapping(value).get("kind"))


def drafts(documents: list[Document]) -> list[Draft]:
    """Make a draft of each object, in order; ``kind: List`` is taken apart.

    Raises:
        Stalled: TOO_MANY_OBJECTS above MAX_COMPONENTS, before a draft is made: each takes some 600 bytes.
    """
    objects = (each for document in documents for each in _objects(document.value, document.where))
    found = list(islice(objects, MAX_COMPONENTS + 1))
    if len(found) > MAX_COMPONENTS:
        raise Stalled(
            reason=Reason.TOO_MANY_OBJECTS,
            message=f"{documents[0].path}, and what is beside it, hold more than {MAX_COMPONENTS} objects, which is"
            " more than the operator takes. Split the artifact.",
        )
    return [_draft(value, where=where) for where, value in found]


def _objects(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """The objects of a document: itself, or what a List (``v1`` List, PodList, ...) holds."""
    top = mapping(value)
    kind, entries = text(top.get("kind")), top.get("items")
    if isinstance(entries, list) and kind.endswith("List") and not is_stored(text(top.get("apiVersion")), kind):
        for position, item in enumerate(entries, start=1):
            yield from _objects(item, f"{where}.{position}")
        return
    yield where, value


def _draft(value: Any, *, where: str) -> Draft:
    top, metadata = mapping(value), mapping(mapping(value).get("metadata"))
    draft = Draft(id=where, name=text(metadata.get("name")), kind=text(top.get("kind")))
    if not top or not isinstance(top.get("metadata", {}), dict):
        draft.refuse(Cause.INVALID_DOCUMENT, f"{where} is no Kubernetes object; remove it or correct it")
    elif fault := _no_text(top, metadata, where=where) or _fault(top, metadata, where=where):
        draft.refuse(*fault)
    else:
        _build(draft, top)
    return draft


def _no_text(top: dict[str, Any], metadata: dict[str, Any], *, where: str) -> tuple[Cause, str] | None:
    """Why the object is refused whose kind, apiVersion, name or namespace is there, and is no text."""
    for parent, field, missing, wrong in (
        (top, "apiVersion", Cause.MISSING_API_VERSION, Cause.INVALID_DOCUMENT),
        (top, "kind", Cause.MISSING_KIND, Cause.INVALID_DOCUMENT),
        (metadata, "name", Cause.MISSING_NAME, Cause.INVALID_NAME),
        (metadata, "namespace", None, Cause.INVALID_NAME),  # null is none, as for kubectl
    ):
        is_null = parent.get(field, "") is None
        cause = missing if is_null else wrong
        if cause is not None and (why := not_text(parent, field)):
            path = field if parent is top else f"metadata.{field}"
            return cause, f"{path} of {where} {why}"
    return None


def _fault(top: dict[str, Any], metadata: dict[str, Any], *, where: str) -> tuple[Cause, str] | None:
    """Why the object is refused, of which kind, apiVersion, name and namespace are text or are not there."""
    version, kind = text(top.get("apiVersion")), text(top.get("kind"))
    if not version:
        return Cause.MISSING_API_VERSION, f"{where} has no apiVersion; add it"
    if not kind:
        return Cause.MISSING_KIND, f"{where} has no kind; add it"
    if not is_kind(kind) or not is_api_version(version):
        return Cause.INVALID_DOCUMENT, f"kind or apiVersion of {where} is none that Kubernetes could have"
    if not is_stored(version, kind):
        return Cause.NOT_A_RESOURCE, f"{kind} is a request or answer of the API; remove {where}"
    name, namespace = text(metadata.get("name")), text(metadata.get("namespace"))
    if not name:
        return Cause.MISSING_NAME, f"{where} has no metadata.name; generateName will not do"
    if not is_valid(name, kind=naming(version, kind)):
        return Cause.INVALID_NAME, f"{quoted(name)} is no name for a {kind}; rename it in {where}"
    if namespace and not is_valid(namespace, kind="Namespace"):
        return Cause.INVALID_NAME, f"metadata.namespace of {where} is no name of a namespace; correct it"
    if any(not isinstance(metadata.get(field) or {}, dict) for field in ("labels", "annotations")):
        return Cause.INVALID_DOCUMENT, f"metadata.labels and metadata.annotations of {where} must be mappings"
    return None


def _build(draft: Draft, top: dict[str, Any]) -> None:
    body = without_nulls({key: value for key, value in top.items() if key != "status"})
    if top.get("status"):
        draft.repairs.append("status left out: a cluster writes it")
    captured = [name for name in body["metadata"] if name in _OF_A_CLUSTER]
    for name in captured:
        del body["metadata"][name]
    if captured:
        draft.repairs.append(f"metadata.{', metadata.'.join(captured)} left out: of the cluster it was captured from")
    draft.origin = text(body["metadata"].pop("namespace", None)) or None
    draft.body = body
