"""Components of a Meshery design to drafts of Kubernetes objects, as Meshery deploys them, with the repairs they need.

Like Meshery: ``metadata.name`` is the displayName, whatever ``configuration.metadata.name`` says; labels, annotations
and namespace come from ``configuration.metadata``; every other configuration key is copied. Unlike Meshery, what
cannot be applied as it stands is repaired where the repair is exact, and refused where it would be an invention.
"""

from typing import Any, Final

from pattern_operator.api.object import Body
from pattern_operator.quote import quoted
from pattern_operator.render.alias import workload_of_alias
from pattern_operator.render.captured import controllers_of
from pattern_operator.render.cause import Cause
from pattern_operator.render.design import Component, Design
from pattern_operator.render.draft import Draft
from pattern_operator.render.fields import Cleaner, ConflictingField, UnresolvedReference, values_of
from pattern_operator.render.kinds import built_in, is_built_in, is_stored, naming
from pattern_operator.render.names import is_api_version, is_kind, is_label_value, made_valid
from pattern_operator.render.shape import text
from pattern_operator.render.texts import must_be_text

_REGISTRANTS: Final = frozenset({"", "artifacthub", "github", "kubernetes"})  # whose models Meshery deploys
_OWN_MODELS: Final = frozenset({"", "kubernetes"})
_NOT_COPIED: Final = frozenset({"apiVersion", "kind", "metadata", "namespace", "status"})
_COPIED_METADATA: Final = frozenset({"annotations", "labels", "name", "namespace"})
_MAPS: Final = ("labels", "annotations")

DESIGN_ID: Final = "design.meshery.io/id"
DESIGN_VERSION: Final = "design.meshery.io/version"
COMPONENT_ID: Final = "component.meshery.io/id"


def drafts(design: Design) -> list[Draft]:
    """Make a draft of each component, in order; those that are nothing to apply are settled."""
    aliases = workload_of_alias(design)
    return [_draft(component, workload=aliases.get(component.id)) for component in design.components]


def mark(draft: Draft, *, design: Design) -> None:
    """Add Meshery's own marks, by which Kanvas joins what runs to what was drawn."""
    if design.id and is_label_value(design.id):
        draft.metadata.setdefault("labels", {})[DESIGN_ID] = design.id
    annotations = {DESIGN_VERSION: design.version, COMPONENT_ID: draft.meshery_id}
    if known := {name: value for name, value in annotations.items() if value}:
        draft.metadata.setdefault("annotations", {}).update(known)


def _draft(component: Component, *, workload: Component | None) -> Draft:
    draft = Draft(
        id=component.id or component.place,
        meshery_id=component.id,
        name=component.name,
        kind=component.kind,
        namespaced=component.namespaced,
    )
    if component.annotation:
        draft.skip(Cause.ANNOTATION, "it is a drawing, not a resource")
    elif component.ignored:
        draft.skip(Cause.IGNORED, "the design ignores it (status: ignored)")
    elif component.registrant not in _REGISTRANTS:
        draft.skip(
            Cause.FOREIGN_MODEL, f"model {quoted(component.model)} is registered by {quoted(component.registrant)}"
        )
    elif workload is not None:
        draft.skip(Cause.ALIAS, f"it is a view of the template of {workload.kind} {quoted(workload.name)}")
    else:
        _build(draft, component)
    return draft


def _build(draft: Draft, component: Component) -> None:
    """Fill in the body, or refuse the draft."""
    for place, value in component.wrong.items():
        draft.find(Cause.NOT_TEXT, must_be_text(place, value))
    draft.refuse_for_faults()
    if draft.settled or not (api_version := _kind(draft, component)):
        return
    if not (name := _name(draft, component, api_version=api_version)):
        return
    configuration = _configuration(draft, component, api_version=api_version)
    if configuration is None:
        return
    metadata = _metadata(draft, component, configuration["metadata"])
    if metadata is None:
        return
    draft.controllers = controllers_of(configuration["metadata"])
    if configuration.get("status"):
        draft.captured = True
        draft.repairs.append("status left out: a cluster writes it")
    rest = {key: value for key, value in configuration.items() if key not in _NOT_COPIED}
    draft.body = {"apiVersion": api_version, "kind": component.kind, "metadata": {"name": name, **metadata}, **rest}


def _kind(draft: Draft, component: Component) -> str:
    """The apiVersion of a kind that can be applied; empty where the draft is refused."""
    if not component.kind:
        draft.refuse(Cause.MISSING_KIND, "the component names no kind; choose one in the design")
    elif not is_kind(component.kind) or (component.api_version and not is_api_version(component.api_version)):
        draft.refuse(Cause.INVALID_DOCUMENT, "its kind or apiVersion cannot be that of a Kubernetes object; correct it")
    elif not (api_version := _api_version(draft, component)):
        draft.refuse(
            Cause.MISSING_API_VERSION, f"{component.kind} is not a kind of Kubernetes itself; add its apiVersion"
        )
    elif not is_stored(api_version, component.kind):
        draft.refuse(Cause.NOT_A_RESOURCE, f"{component.kind} is a request or answer of the API; remove the component")
    else:
        return api_version
    return ""


def _api_version(draft: Draft, component: Component) -> str:
    if component.suffixed:
        draft.repairs.append(f"kind {component.kind}.K8s read as {component.kind}")
    if component.api_version or component.model not in _OWN_MODELS:
        return component.api_version
    kind = built_in(component.kind)
    if kind is None:
        return ""
    draft.repairs.append(f"apiVersion {kind.api_version} taken from the built-in kind")
    return kind.api_version


def _name(draft: Draft, component: Component, *, api_version: str) -> str:
    if not component.name.strip():
        draft.refuse(Cause.MISSING_NAME, "its displayName is empty; name it in the design")
        return ""
    name = made_valid(component.name, kind=naming(api_version, component.kind))
    if name is None:
        draft.refuse(
            Cause.INVALID_NAME, f"{quoted(component.name)} is no name for a {component.kind}; rename it in the design"
        )
        return ""
    if name != component.name:
        draft.repairs.append(f"metadata.name {quoted(component.name)} made {quoted(name)}")
    return name


def _configuration(draft: Draft, component: Component, *, api_version: str) -> Body | None:
    """The configuration with field names mended, and what the services form keeps beside it laid over its metadata."""
    if component.configuration is None:
        draft.repairs.append("configuration null read as empty")
    configuration = {} if component.configuration is None else component.configuration
    if not isinstance(configuration, dict):
        draft.refuse(Cause.INVALID_DOCUMENT, "its configuration is no mapping; correct it in the design")
        return None
    kept = values_of(api_version, component.kind)
    cleaner = Cleaner(nulls_are="left out" if is_built_in(api_version, component.kind) else "kept", kept=kept)
    try:
        cleaned: Body = cleaner.clean(configuration)
        overriding = {
            "labels": cleaner.clean(component.labels, "labels"),
            "annotations": cleaner.clean(component.annotations, "annotations"),
        }
    except ConflictingField as error:
        draft.refuse(
            Cause.CONFLICTING_FIELDS, f"{error} is written with and without spaces, and differs; remove one of the two"
        )
        return None
    except UnresolvedReference as error:
        draft.refuse(
            Cause.UNRESOLVED_REFERENCE, f"{error} refers to another part of the design; write the value itself"
        )
        return None
    draft.repairs.extend(cleaner.sentences())
    return cleaned if _lay_over(draft, cleaned, overriding) else None


def _lay_over(draft: Draft, cleaned: Body, overriding: dict[str, dict[str, Any]]) -> bool:
    """Put labels and annotations over those in the metadata; false when the metadata has the wrong shape."""
    metadata = cleaned.setdefault("metadata", {})
    if isinstance(metadata, dict) and all(isinstance(metadata.get(field, {}), dict) for field in overriding):
        for field, over in overriding.items():
            metadata[field] = metadata.get(field, {}) | over
        return True
    draft.refuse(Cause.INVALID_DOCUMENT, "its metadata, or labels or annotations in it, are no mapping; correct it")
    return False


def _metadata(draft: Draft, component: Component, configured: dict[str, Any]) -> dict[str, Any] | None:
    """Labels and annotations; the namespace becomes the draft's origin, and another name one of its aliases."""
    namespace = component.namespace or configured.get("namespace") or None
    if not isinstance(namespace, str | None):
        draft.refuse(Cause.INVALID_NAME, must_be_text("metadata.namespace", namespace))
        return None
    draft.origin = namespace
    dropped = [name for name, value in configured.items() if name not in _COPIED_METADATA and value]
    if dropped:
        draft.captured = True
        draft.repairs.append(f"metadata.{', metadata.'.join(dropped)} left out: of the cluster it was captured from")
    named = text(configured.get("name"))
    if named and named != component.name:
        draft.aliases = (named,)
        draft.repairs.append(f"metadata.name of the configuration, {quoted(named)}, gives way to the displayName")
    return {field: configured[field] for field in _MAPS if configured.get(field)}
