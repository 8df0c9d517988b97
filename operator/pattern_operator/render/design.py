"""A Meshery design as one shape, whichever of its forms it is written in.

Forms (measured on 456 published designs, and meshery/schemas): ``components`` with ``schemaVersion``
``designs.meshery.io/v1beta1`` to ``v1beta3``, and the older ``services``, with and without ``.K8s`` behind its kinds.
What the registrant of a model carries as metadata is never read: real designs hold credentials there.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.api.fields import array, mapping, mappings, text
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_COMPONENTS
from pattern_operator.render.design_references import References
from pattern_operator.render.document import Document
from pattern_operator.render.kinds import OLDEST_API_VERSION, SUFFIX

_NOT_READ: Final = {"cue": "CUE", "jsonnet": "jsonnet"}  # languages that a configuration may be written in
SCHEMA_GROUP: Final = "designs.meshery.io/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component of a design. ``configuration`` and the other parts are the document's own: read, never changed.

    ``id`` is Meshery's, empty where there is none; ``place`` is its position or key, which it always has.
    """

    id: str
    place: str
    name: str
    kind: str
    api_version: str
    configuration: Any = field(repr=False)
    namespaced: bool | None = None
    annotation: bool = False
    ignored: bool = False
    model: str = ""
    registrant: str = ""
    suffixed: bool = False  # its kind ended in .K8s
    namespace: str | None = None
    labels: dict[str, Any] = field(default_factory=dict, repr=False)
    depends_on: tuple[str, ...] = ()  # names of components, as they are written
    annotations: dict[str, Any] = field(default_factory=dict, repr=False)
    wrong: dict[str, Any] = field(default_factory=dict, repr=False)  # what is there and is not text, by its place
    language: str = ""  # of its configuration, where that is not JSON or YAML, which are values
    position: str = ""  # ``components[3]`` or ``services.web``
    line: int = 0  # where it begins; 0 where that is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A design: its components in order, and the parts from which the aliases are found."""

    path: str
    id: str
    name: str
    version: str
    components: tuple[Component, ...] = field(repr=False)
    relationships: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    resolved_aliases: dict[str, Any] = field(default_factory=dict, repr=False)
    references: References = field(default_factory=lambda: References({}), repr=False)


def is_design(value: Any) -> bool:
    """Whether a document is a Meshery design, in any of its forms."""
    top = mapping(value)
    if text(top.get("schemaVersion")).startswith(SCHEMA_GROUP):
        return True
    if "apiVersion" in top or "kind" in top:
        return False
    services = mapping(top.get("services"))
    if services:  # a Compose file has services too, but they have no type
        return any(text(mapping(service).get("type")) for service in services.values())
    return bool(mappings(top.get("components"))) and all(
        "component" in component and "displayName" in component for component in mappings(top["components"])
    )


def parse(document: Document) -> Design:
    """Read a document for which ``is_design`` holds.

    Raises:
        Stalled: DOCUMENT_INVALID when its components are not a list or mapping; TOO_MANY_OBJECTS above MAX_COMPONENTS.
    """
    top = mapping(document.value)
    field_name = "components" if "components" in top or "services" not in top else "services"
    shape = list if field_name == "components" else dict
    parts = shape() if top.get(field_name) is None else top[field_name]
    if not isinstance(parts, shape):
        raise Stalled(
            reason=Reason.DOCUMENT_INVALID,
            message=f"{document.path}, line {document.line}: {field_name} of the design has the wrong shape. Correct"
            " the design and publish the artifact again.",
        )
    if len(parts) > MAX_COMPONENTS:
        raise Stalled(
            reason=Reason.TOO_MANY_OBJECTS,
            message=f"{document.path} has {len(parts)} components, and the operator takes {MAX_COMPONENTS}. Split it.",
        )
    lines = document.lines
    components = (
        tuple(_component(part, index=index, line=lines.get(index, 0)) for index, part in enumerate(parts))
        if isinstance(parts, list)
        else tuple(_service(key, part, line=lines.get(key, 0)) for key, part in parts.items())
    )
    return Design(
        path=document.path,
        id=text(top.get("id")),
        name=text(top.get("name")),
        version=text(top.get("version")),
        components=components,
        relationships=tuple(mappings(top.get("relationships"))),
        references=References(top),
        resolved_aliases=mapping(mapping(top.get("metadata")).get("resolvedAliases")),
    )


def _component(value: Any, *, index: int, line: int) -> Component:
    """A component of v1beta1 to v1beta3; a dehydrated one has a ``modelReference`` in place of its ``model``."""
    part = mapping(value)
    component, metadata = mapping(part.get("component")), mapping(part.get("metadata"))
    kind, api_version = text(component.get("kind")), text(component.get("version"))
    model = mapping(part.get("model")) or mapping(part.get("modelReference"))
    namespaced = metadata.get("isNamespaced")
    return Component(
        id=text(part.get("id")),
        place=f"#{index + 1}",
        position=f"components[{index}]",
        line=line,
        name=text(part.get("displayName")),
        kind=kind.removesuffix(SUFFIX),
        api_version="" if api_version.startswith(OLDEST_API_VERSION) else api_version,
        suffixed=kind.endswith(SUFFIX),
        configuration=part.get("configuration"),
        namespaced=namespaced if isinstance(namespaced, bool) else None,
        annotation=metadata.get("isAnnotation") is True,
        ignored=part.get("status") == "ignored",
        depends_on=_texts(metadata.get("dependsOn")),
        language=_language(part.get("format")),
        model=text(model.get("name")),
        registrant=text(mapping(model.get("registrant")).get("kind")).lower(),
        wrong=_not_text(
            (part, "displayName", "displayName"),
            (component, "kind", "component.kind"),
            (component, "version", "component.version"),
        ),
    )


def _service(key: str, value: Any, *, line: int) -> Component:
    """A service of the older form; its labels, annotations and namespace overwrite those in ``settings``."""
    part = mapping(value)
    drawn = mapping(mapping(part.get("traits")).get("meshmap"))
    metadata = mapping(drawn.get("meshmodel-metadata"))
    kind, api_version = text(part.get("type")), text(part.get("apiVersion"))
    namespaced = metadata.get("isNamespaced")
    return Component(
        id=text(part.get("id")) or text(drawn.get("id")),
        place=key,
        position=f"services.{key}",
        line=line,
        name=text(part.get("name")) or key,
        kind=kind.removesuffix(SUFFIX),
        api_version="" if api_version.startswith(OLDEST_API_VERSION) else api_version,
        configuration=part.get("settings"),
        namespaced=namespaced if isinstance(namespaced, bool) else None,
        annotation=part.get("isAnnotation") is True or metadata.get("isAnnotation") is True,
        model=text(part.get("model")),
        depends_on=_texts(part.get("dependsOn")),
        suffixed=kind.endswith(SUFFIX),
        namespace=text(part.get("namespace")) or None,
        labels=mapping(part.get("labels")),
        annotations=mapping(part.get("annotations")),
        wrong=_not_text(*((part, name, name) for name in ("name", "type", "apiVersion", "namespace"))),
    )


def _language(value: Any) -> str:
    """The language that a component's ``format`` asks for, in its own spelling, where it is one that is not read."""
    return _NOT_READ.get(text(value).strip().lower(), "")


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in array(value) if isinstance(each, str) and each)


def _not_text(*fields: tuple[dict[str, Any], str, str]) -> dict[str, Any]:
    """The fields, by their place in the component, that are there and are not text."""
    found = ((place, holder.get(name)) for holder, name, place in fields)
    return {place: value for place, value in found if not isinstance(value, str | None)}
