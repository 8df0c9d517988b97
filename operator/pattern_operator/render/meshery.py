"""Components of a Meshery design to Kubernetes objects, as Meshery deploys them, with the repairs they need.

Like Meshery: ``metadata.name`` is the displayName, whatever ``configuration.metadata.name`` says; labels, annotations
and namespace come from ``configuration.metadata``; every other configuration key is copied. Unlike Meshery, what
cannot be applied as it stands is repaired where the repair is exact, and refused where it would be an invention.
"""

from typing import Any, Final

from pattern_operator.api.fields import text
from pattern_operator.api.object import Body
from pattern_operator.api.repair import Repair
from pattern_operator.quote import quoted
from pattern_operator.render.alias import workload_of_alias
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.controlled import controllers_of
from pattern_operator.render.design import Component, Design
from pattern_operator.render.design_references import References
from pattern_operator.render.fields import ConflictingField, FieldNormalizer, UnresolvedReference, values_of
from pattern_operator.render.inventory import namespace_of_component
from pattern_operator.render.kinds import built_in, is_built_in, is_stored, naming
from pattern_operator.render.names import is_api_version, is_kind, is_label_value, made_valid
from pattern_operator.render.texts import must_be_text

_REGISTRANTS: Final = frozenset({"", "artifacthub", "github", "kubernetes"})  # whose models Meshery deploys
_OWN_MODELS: Final = frozenset({"", "kubernetes"})
_NOT_COPIED: Final = frozenset({"apiVersion", "kind", "metadata", "namespace", "status"})
_COPIED_METADATA: Final = frozenset({"annotations", "labels", "name", "namespace"})
_MAPS: Final = ("labels", "annotations")

DESIGN_ID: Final = "design.meshery.io/id"
DESIGN_VERSION: Final = "design.meshery.io/version"
COMPONENT_ID: Final = "component.meshery.io/id"


def components(design: Design) -> list[WorkingComponent]:
    """Make a working component of each component, in order; those with nothing to apply are excluded."""
    aliases = workload_of_alias(design)
    homes = namespace_of_component(design)
    return [
        _component(drawn, design=design, workload=aliases.get(drawn.id), home=homes.get(drawn.id))
        for drawn in design.components
    ]


def add_meshery_labels(component: WorkingComponent, *, design: Design) -> None:
    """Add Meshery's labels and annotations, by which Kanvas finds what runs for what was drawn."""
    if design.id and is_label_value(design.id):
        component.metadata.setdefault("labels", {})[DESIGN_ID] = design.id
    annotations = {DESIGN_VERSION: design.version, COMPONENT_ID: component.meshery_id}
    if known := {name: value for name, value in annotations.items() if value}:
        component.metadata.setdefault("annotations", {}).update(known)


def _component(drawn: Component, *, design: Design, workload: Component | None, home: str | None) -> WorkingComponent:
    component = WorkingComponent(
        id=drawn.id or drawn.place,
        meshery_id=drawn.id,
        name=drawn.name,
        kind=drawn.kind,
        namespaced=drawn.namespaced,
        depends_on=drawn.depends_on,
        path=design.path,
        position=drawn.position,
        line=drawn.line,
    )
    if drawn.annotation:
        component.skip(ComponentReason.ANNOTATION, "it is a drawing, not a resource")
    elif drawn.ignored:
        component.skip(ComponentReason.IGNORED, "the design ignores it (status: ignored)")
    elif drawn.registrant not in _REGISTRANTS:
        component.skip(
            ComponentReason.FOREIGN_MODEL, f"model {quoted(drawn.model)} is registered by {quoted(drawn.registrant)}"
        )
    elif workload is not None:
        component.skip(
            ComponentReason.ALIAS, f"it is a view of the template of {workload.kind} {quoted(workload.name)}"
        )
    else:
        _build(component, drawn, references=design.references, home=home)
    return component


def _build(component: WorkingComponent, drawn: Component, *, references: References, home: str | None) -> None:
    """Fill in the body, or refuse the component."""
    for place, value in drawn.wrong.items():
        component.find(ComponentReason.NOT_TEXT, must_be_text(place, value))
    if drawn.language:
        component.find(
            ComponentReason.UNSUPPORTED_LANGUAGE,
            f"its format is {drawn.language}, which the operator does not run; publish what it makes as JSON",
        )
    component.refuse_for_faults()
    if component.excluded or not (api_version := _kind(component, drawn)):
        return
    if not (name := _name(component, drawn, api_version=api_version)):
        return
    configuration = _configuration(component, drawn, api_version=api_version, references=references)
    if configuration is None:
        return
    metadata = _metadata(component, drawn, configuration["metadata"], home=home)
    if metadata is None:
        return
    component.controllers = controllers_of(configuration["metadata"])
    if configuration.get("status"):
        component.captured = True
        component.note(Repair.DROP_STATUS, "status left out: a cluster writes it")
    rest = {key: value for key, value in configuration.items() if key not in _NOT_COPIED}
    component.body = {"apiVersion": api_version, "kind": drawn.kind, "metadata": {"name": name, **metadata}, **rest}


def _kind(component: WorkingComponent, drawn: Component) -> str:
    """The apiVersion of a kind that can be applied; empty where the component is refused."""
    if not drawn.kind:
        component.refuse(ComponentReason.MISSING_KIND, "the component names no kind; choose one in the design")
    elif not is_kind(drawn.kind) or (drawn.api_version and not is_api_version(drawn.api_version)):
        if not is_kind(drawn.kind):
            component.kind = ""  # it may be any text, which nobody is shown
        component.refuse(
            ComponentReason.INVALID_DOCUMENT, "its kind or apiVersion cannot be that of a Kubernetes object; correct it"
        )
    elif not (api_version := _api_version(component, drawn)):
        component.refuse(
            ComponentReason.MISSING_API_VERSION, f"{drawn.kind} is not a kind of Kubernetes itself; add its apiVersion"
        )
    elif not is_stored(api_version, drawn.kind):
        component.refuse(
            ComponentReason.NOT_A_RESOURCE, f"{drawn.kind} is a request or answer of the API; remove the component"
        )
    else:
        return api_version
    return ""


def _api_version(component: WorkingComponent, drawn: Component) -> str:
    if drawn.suffixed:
        component.note(Repair.DROP_KIND_SUFFIX, f"kind {drawn.kind}.K8s read as {drawn.kind}")
    if drawn.api_version or drawn.model not in _OWN_MODELS:
        return drawn.api_version
    kind = built_in(drawn.kind)
    if kind is None:
        return ""
    component.note(Repair.SET_BUILT_IN_API_VERSION, f"apiVersion {kind.api_version} taken from the built-in kind")
    return kind.api_version


def _name(component: WorkingComponent, drawn: Component, *, api_version: str) -> str:
    if not drawn.name.strip():
        component.refuse(ComponentReason.MISSING_NAME, "its displayName is empty; name it in the design")
        return ""
    name = made_valid(drawn.name, kind=naming(api_version, drawn.kind))
    if name is None:
        component.refuse(
            ComponentReason.INVALID_NAME,
            f"{quoted(drawn.name)} is not a name for a {drawn.kind}; rename it in the design",
        )
        return ""
    if name != drawn.name:
        component.note(Repair.MAKE_NAME_VALID, f"metadata.name {quoted(drawn.name)} made {quoted(name)}")
    return name


def _configuration(
    component: WorkingComponent, drawn: Component, *, api_version: str, references: References
) -> Body | None:
    """The configuration with normalized field names; labels and annotations of the services form override its own."""
    if drawn.configuration is None:
        component.note(Repair.READ_NULL_CONFIGURATION, "configuration null read as empty")
    configuration = {} if drawn.configuration is None else drawn.configuration
    if not isinstance(configuration, dict):
        component.refuse(
            ComponentReason.INVALID_DOCUMENT, "its configuration is not a mapping; correct it in the design"
        )
        return None
    kept = values_of(api_version, drawn.kind)
    normalizer = FieldNormalizer(
        nulls_are="left out" if is_built_in(api_version, drawn.kind) else "kept", kept=kept, references=references
    )
    try:
        normalized: Body = normalizer.normalize(configuration)
        overriding = {
            "labels": normalizer.normalize(drawn.labels, "labels"),
            "annotations": normalizer.normalize(drawn.annotations, "annotations"),
        }
    except ConflictingField as error:
        component.refuse(
            ComponentReason.CONFLICTING_FIELDS,
            f"{error} is written with and without spaces, and differs; remove one of the two",
        )
        return None
    except UnresolvedReference as error:
        component.refuse(
            ComponentReason.UNRESOLVED_REFERENCE,
            f"{error}; correct the path, or write the value itself",
        )
        return None
    component.repairs.extend(normalizer.repairs())
    return normalized if _lay_over(component, normalized, overriding) else None


def _lay_over(component: WorkingComponent, normalized: Body, overriding: dict[str, dict[str, Any]]) -> bool:
    """Put labels and annotations over those in the metadata; false when the metadata has the wrong shape."""
    metadata = normalized.setdefault("metadata", {})
    if isinstance(metadata, dict) and all(isinstance(metadata.get(field, {}), dict) for field in overriding):
        for field, over in overriding.items():
            metadata[field] = metadata.get(field, {}) | over
        return True
    component.refuse(
        ComponentReason.INVALID_DOCUMENT, "its metadata, or labels or annotations in it, are not a mapping; correct it"
    )
    return False


def _metadata(
    component: WorkingComponent, drawn: Component, configured: dict[str, Any], *, home: str | None
) -> dict[str, Any] | None:
    """Labels and annotations; the namespace becomes ``source_namespace``, and another name one of the aliases."""
    namespace = drawn.namespace or configured.get("namespace") or None
    if not isinstance(namespace, str | None):
        component.refuse(ComponentReason.INVALID_NAME, must_be_text("metadata.namespace", namespace))
        return None
    if namespace is None and home is not None and component.kind != "Namespace":
        component.home = home
    component.source_namespace = namespace
    dropped = [name for name, value in configured.items() if name not in _COPIED_METADATA and value]
    if dropped:
        component.captured = True
        component.note(
            Repair.DROP_CAPTURED_METADATA,
            f"metadata.{', metadata.'.join(dropped)} left out: of the cluster it was captured from",
        )
    named = text(configured.get("name"))
    if named and named != drawn.name:
        component.aliases = (named,)
        component.note(
            Repair.PREFER_DISPLAY_NAME,
            f"metadata.name of the configuration, {quoted(named)}, gives way to the displayName",
        )
    return {field: configured[field] for field in _MAPS if configured.get(field)}
