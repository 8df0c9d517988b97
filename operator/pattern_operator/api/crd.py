"""The CRDs of the kinds, generated from the types: msgspec's JSON schema as a structural schema.

Rules of the target: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions", section
"Specifying a structural schema". References are written out, ``null`` is absence, and every field has a description.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from pattern_operator.api import explain, names
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.trust_policy import TrustPolicy

Schema = dict[str, Any]

_PATTERN_COLUMNS: list[Schema] = [
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Status", "type": "string", "jsonPath": ".status.status"},
    {"name": "Version", "type": "string", "jsonPath": ".status.version"},
    {"name": "Digest", "type": "string", "jsonPath": ".status.shortDigest"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {"name": "URL", "type": "string", "jsonPath": ".spec.source.url", "priority": 1},
    {"name": "Verified by", "type": "string", "jsonPath": ".status.signers", "priority": 1},
    {"name": "Suspended", "type": "boolean", "jsonPath": ".spec.suspend", "priority": 1},
    {
        "name": "Message",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Ready")].message',
        "priority": 1,
    },
]


_POLICY_COLUMNS: list[Schema] = [
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Mode", "type": "string", "jsonPath": ".spec.mode"},
    {"name": "Covered", "type": "integer", "jsonPath": ".status.patterns.covered"},
    {"name": "Passing", "type": "integer", "jsonPath": ".status.patterns.passing"},
    {"name": "Failing", "type": "integer", "jsonPath": ".status.patterns.failing"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {"name": "Authorities", "type": "string", "jsonPath": ".status.authorities", "priority": 1},
    {
        "name": "Message",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Ready")].message',
        "priority": 1,
    },
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind that the operator defines: its type, its names, and what kubectl shows of it."""

    type: type[msgspec.Struct]
    name: str
    plural: str
    scope: Literal["Namespaced", "Cluster"]
    short_names: tuple[str, ...]
    columns: list[Schema]

    @property
    def full_name(self) -> str:
        """The name of its CRD."""
        return f"{self.plural}.{names.GROUP}"


DESIGN_PATTERN: Final = Kind(
    type=DesignPattern,
    name=names.KIND,
    plural=names.PLURAL,
    scope="Namespaced",
    short_names=("dp",),
    columns=_PATTERN_COLUMNS,
)
TRUST_POLICY: Final = Kind(
    type=TrustPolicy,
    name=names.TRUST_POLICY_KIND,
    plural=names.TRUST_POLICY_PLURAL,
    scope="Cluster",
    short_names=("tp",),
    columns=_POLICY_COLUMNS,
)
KINDS: Final = (DESIGN_PATTERN, TRUST_POLICY)


def schema(kind: Kind = DESIGN_PATTERN) -> Schema:
    """The OpenAPI v3 schema of a kind: spec and status; apiVersion, kind and metadata are the server's."""
    return explain.without_examples(_with_examples(kind))


def _with_examples(kind: Kind) -> Schema:
    whole = msgspec.json.schema(kind.type)
    root = _structural(whole["$defs"][kind.name], whole["$defs"])
    properties = root["properties"]
    return {
        "type": "object",
        "description": root["description"],
        "required": ["spec"],
        "properties": {
            "apiVersion": {
                "type": "string",
                "description": "The version of this kind: `pattern-operator.io/v1alpha1`.",
            },
            "kind": {"type": "string", "description": f"`{kind.name}`."},
            "metadata": {"type": "object"},
            "spec": _without_empty(properties["spec"]),
            # Before the operator has seen a resource, kstatus must not take it for done: no generation is -1.
            "status": {**properties["status"], "default": {"observedGeneration": -1}},
        },
    }


def crd(kind: Kind = DESIGN_PATTERN) -> Schema:
    """The CustomResourceDefinition as it is applied to a cluster."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.full_name, "labels": {"app.kubernetes.io/name": "pattern-operator"}},
        "spec": {
            "group": names.GROUP,
            "scope": kind.scope,
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": list(kind.short_names),
                "categories": ["patterns"],
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": kind.columns,
                    "schema": {"openAPIV3Schema": explain.explained(_with_examples(kind))},
                    "subresources": {"status": {}},
                }
            ],
        },
    }


def _structural(node: Schema, definitions: Schema) -> Schema:
    """Rewrite one node of JSON Schema 2020-12 as a structural schema: no $ref, no null, no title."""
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        return _structural({**target, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    if "allOf" in node and len(node["allOf"]) == 1:
        rest = {key: value for key, value in node.items() if key != "allOf"}
        return _structural({**node["allOf"][0], **rest}, definitions)
    if "anyOf" in node:
        (present,) = [option for option in node["anyOf"] if option.get("type") != "null"]
        rest = {key: value for key, value in node.items() if key != "anyOf" and (key, value) != ("default", None)}
        return _structural({**present, **rest}, definitions)
    if "x-kubernetes-preserve-unknown-fields" in node:  # any object, whatever type it is kept as
        return {**{key: value for key, value in node.items() if key != "type"}, "type": "object"}
    # Nor has a structural schema rules on the names of a map.
    result = {key: value for key, value in node.items() if key not in ("title", "propertyNames")}
    if "enum" in result:
        result.setdefault("type", "string")
        result["enum"] = [value for value in node["enum"] if value is not None]
    result = _with_structural_children(result, definitions)
    if required := result.pop("required", None):
        result["required"] = list(required)
    return result


def _with_structural_children(node: Schema, definitions: Schema) -> Schema:
    result = {**node}
    if "properties" in result:
        result["properties"] = {name: _structural(child, definitions) for name, child in result["properties"].items()}
    if isinstance(result.get("items"), dict):
        result["items"] = _structural(result["items"], definitions)
    if result.get("additionalProperties") is False:  # a structural schema has no others anyway
        del result["additionalProperties"]
    if isinstance(result.get("additionalProperties"), dict):
        result["additionalProperties"] = _structural(result["additionalProperties"], definitions)
    return result


def _without_empty(node: Schema) -> Schema:
    """The schema without defaults of lists and maps that are empty: what a user did not write is not written."""
    is_map = isinstance(node.get("additionalProperties"), dict)
    empty = node.get("default") in ([], ()) or (is_map and node.get("default") == {})
    result = {key: value for key, value in node.items() if key != "default" or not empty}
    if "properties" in result:
        result["properties"] = {name: _without_empty(child) for name, child in result["properties"].items()}
    if isinstance(result.get("items"), dict):
        result["items"] = _without_empty(result["items"])
    return result
