"""OpenAPI of Kubernetes to JSON Schema that refuses what an API server refuses, and nothing else.

Read is OpenAPI v2, as ``/openapi/v2`` and ``api/openapi-spec/swagger.json`` have it, and the structural schemas of CRDs
(apiextensions.k8s.io/v1, JSONSchemaProps), which use the same words. What comes out is JSON Schema 2020-12.

What the API server does and its OpenAPI does not say (k8s.io/apimachinery, tried by server-side apply with dryRun):

- unknown fields are errors (``fieldValidation=Strict``), but where ``x-kubernetes-preserve-unknown-fields`` says so;
- null is absent, wherever it stands, and so is an empty text where a built-in kind has one of several words;
- a Quantity may be a number, an IntOrString either (``resource.Quantity``, ``intstr.IntOrString``: UnmarshalJSON);
- a field that is required is asked for by validation, after decoding: a number that may be zero is not missed;
- what only a cluster writes (``status``) is not looked at.

A pattern of a CRD becomes a format of its own: JSON Schema means ECMA 262 by a pattern, and a server RE2.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pattern_operator.api.fields import array, mapping, mappings, text

Schema = dict[str, Any] | bool

_REF: Final = "#/definitions/"
DEFS: Final = "#/$defs/"
RE2: Final = "re2:"  # of the name of a format: a pattern of a CRD, which a server matches as Go's regexp does
_BUILT_IN: Final = "io.k8s."
# k8s.io/apimachinery/pkg/api/resource, ParseQuantity; blanks around it are taken off by UnmarshalJSON.
_QUANTITY: Final = r"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]+)?\s*$"
_BASE64: Final = r"^[A-Za-z0-9+/\r\n]*=?[\r\n]*=?[\r\n]*$"  # encoding/base64, StdEncoding: line breaks are passed over
_BOUNDS: Final = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_ANYTHING: Final = frozenset(
    {
        "RawExtension",
        "FieldsV1",
        "JSON",
        "JSONSchemaPropsOrArray",
        "JSONSchemaPropsOrBool",
        "JSONSchemaPropsOrStringArray",
    }
)
_NOT_STORED: Final = frozenset({"DeleteOptions", "WatchEvent", "Status"})  # served with every group, stored by none
_KEPT: Final = (
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
)
# Numbers that validation refuses as zero; below, texts, lists and mappings that it takes as empty.
_ASKED_FOR: Final = frozenset(
    {
        *("APIServiceSpec.groupPriorityMinimum", "APIServiceSpec.versionPriority", "ContainerPort.containerPort"),
        *("GRPCAction.port", "HPAScalingPolicy.periodSeconds", "HPAScalingPolicy.value", "HTTPGetAction.port"),
        *("HorizontalPodAutoscalerSpec.maxReplicas", "PreferredSchedulingTerm.weight", "ServicePort.port"),
        *("TCPSocketAction.port", "TopologySpreadConstraint.maxSkew", "WeightedPodAffinityTerm.weight"),
    }
)
_MAY_BE_ABSENT: Final = frozenset(
    {
        *("CSIDriver.spec", "CSINode.spec", "CSINodeSpec.drivers", "ContainerResizePolicy.restartPolicy"),
        *("ControllerRevision.data", "Event.eventTime", "Event.involvedObject", "Event.metadata", "HTTPHeader.value"),
        *("LimitRangeSpec.limits", "NetworkPolicySpec.podSelector", "PreferredSchedulingTerm.preference"),
        *("PriorityLevelConfiguration.spec", "RoleRef.apiGroup", "SeccompProfile.type", "StatefulSetSpec.serviceName"),
        *("StorageVersion.metadata", "StorageVersion.spec", "StorageVersion.status", "Sysctl.value", "Binding.target"),
    }
)


def reduced(openapi: Mapping[str, Any]) -> dict[str, Any]:
    """``{"kinds": {"apps/v1/Deployment": NAME}, "definitions": {NAME: schema}}`` of a document of OpenAPI v2.

    Of a document of any shape what can be read; ``definitions`` has what the kinds lead to, sorted by name.
    """
    found = {name: each for name, each in mapping(openapi.get("definitions")).items() if isinstance(each, dict)}
    kinds = {key: name for name, each in found.items() for key in _kinds_of(each)}
    made: dict[str, Schema] = {}
    waiting = sorted(set(kinds.values()))
    while waiting:
        name = waiting.pop()
        if name in made or name not in found:
            continue
        made[name] = _definition(name, found, stored=name in kinds.values())
        waiting.extend(reference for reference in references(made[name]) if reference not in made)
    return {"kinds": dict(sorted(kinds.items())), "definitions": dict(sorted(made.items()))}


def of_crd(schema: Any) -> Schema:
    """The schema of a custom resource, of the structural schema in its CRD (``openAPIV3Schema``)."""
    made = _schema(mapping(schema), owner="", found={})
    if not isinstance(made, dict) or "properties" not in made:
        return True
    return made | {
        "properties": made["properties"] | {"apiVersion": True, "kind": True, "metadata": True, "status": True}
    }


def references(schema: Schema) -> Iterator[str]:
    """The names of the definitions that ``schema`` refers to."""
    return (each.removeprefix(DEFS) for each in _texts_under("$ref", schema))


def formats(schema: Schema) -> Iterator[str]:
    """The formats of ``schema`` that are patterns, ``RE2`` and all."""
    return (each for each in _texts_under("format", schema) if each.startswith(RE2))


def _texts_under(key: str, schema: Schema) -> Iterator[str]:
    waiting: list[Any] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(found := value.get(key), str):
                yield found
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _kinds_of(definition: dict[str, Any]) -> Iterator[str]:
    for each in mappings(definition.get("x-kubernetes-group-version-kind")):
        group, version, kind = (text(each.get(part)) for part in ("group", "version", "kind"))
        if version and kind and kind not in _NOT_STORED and not kind.endswith("List"):
            yield f"{group}/{version}/{kind}" if group else f"{version}/{kind}"


def _definition(name: str, found: dict[str, dict[str, Any]], *, stored: bool) -> Schema:
    last = name.rpartition(".")[2]
    if name.startswith(_BUILT_IN) and (special := _special(last)) is not None:
        return special
    made = _schema(found[name], owner=name, found=found)
    if stored and isinstance(made, dict) and "properties" in made:
        return made | {"properties": made["properties"] | {"status": True}}
    return made


def _special(last: str) -> Schema | None:
    if last == "Quantity":
        return {"type": ["string", "number", "null"], "pattern": _QUANTITY}
    if last == "IntOrString":
        return {"type": ["string", "integer", "null"]}
    return True if last in _ANYTHING else None


def _schema(schema: dict[str, Any], *, owner: str, found: dict[str, dict[str, Any]]) -> Schema:
    """One schema; ``owner`` is the definition whose field names it holds, empty in a CRD."""
    if isinstance(reference := schema.get("$ref"), str):
        return {"$ref": DEFS + reference.removeprefix(_REF)}
    if schema.get("x-kubernetes-int-or-string") is True:
        return {"type": ["string", "integer", "null"]}
    kind = schema.get("type")
    if not isinstance(kind, str):
        return True
    made: dict[str, Any] = {"type": [kind, "null"]}
    made |= {
        word: value for word in _KEPT if isinstance(value := schema.get(word), int) and not isinstance(value, bool)
    }
    if isinstance(values := schema.get("enum"), list):
        absent = (None, "") if owner.startswith(_BUILT_IN) else (None,)
        made["enum"] = [*values, *(each for each in absent if each not in values)]
    if kind == "string" and not owner.startswith(_BUILT_IN) and isinstance(pattern := schema.get("pattern"), str):
        made["format"] = RE2 + pattern
    if kind == "object":
        return made | _object(schema, owner=owner, found=found)
    if kind == "array" and isinstance(schema.get("items"), dict):
        made["items"] = _schema(schema["items"], owner=owner, found=found)
    return made | _format(schema.get("format"), kind, owner=owner)


def _format(name: Any, kind: str, *, owner: str) -> dict[str, Any]:
    if kind == "integer" and isinstance(name, str) and name in _BOUNDS:
        low, high = _BOUNDS[name]
        return {"minimum": low, "maximum": high}
    return {"pattern": _BASE64} if (kind, name) == ("string", "byte") and owner.startswith(_BUILT_IN) else {}


def _object(schema: dict[str, Any], *, owner: str, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    fields = mapping(schema.get("properties"))
    if isinstance(others := schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _schema(others, owner=owner, found=found)
    if not fields:
        return made
    made["properties"] = {
        name: _schema(each, owner=owner, found=found) if isinstance(each, dict) else True
        for name, each in fields.items()
    }
    if schema.get("x-kubernetes-embedded-resource") is True:
        made["properties"] |= dict.fromkeys(("apiVersion", "kind", "metadata"), True)
    preserves = schema.get("x-kubernetes-preserve-unknown-fields") is True
    if not preserves and "additionalProperties" not in schema:
        made["additionalProperties"] = False
    required = [
        name
        for name in array(schema.get("required"))
        if isinstance(name, str)
        and name in fields
        and _is_missed(name, mapping(fields[name]), owner=owner, found=found)
    ]
    return made | ({"required": required} if required else {})


def _is_missed(name: str, field: dict[str, Any], *, owner: str, found: dict[str, dict[str, Any]]) -> bool:
    """Whether an object without the field is refused, which OpenAPI calls required."""
    if not owner.startswith(_BUILT_IN):
        return "default" not in field
    place = f"{owner.rpartition('.')[2]}.{name}"
    if place in _ASKED_FOR:
        return True
    reference = text(field.get("$ref")).removeprefix(_REF)
    kind = found.get(reference, field).get("type")
    is_number = kind in ("integer", "number", "boolean") or reference.endswith((".Quantity", ".IntOrString"))
    return not is_number and place not in _MAY_BE_ABSENT
