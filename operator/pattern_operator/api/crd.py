"""The CRD of DesignPattern, generated from the types: msgspec's JSON schema as a structural schema.

Rules of the target: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions", section
"Specifying a structural schema". References are written out, ``null`` is absence, and every field has a description.
"""

from typing import Any

import msgspec

from pattern_operator.api import explain, names
from pattern_operator.api.designpattern import DesignPattern

Schema = dict[str, Any]

_COLUMNS: list[Schema] = [
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Status", "type": "string", "jsonPath": ".status.status"},
    {"name": "Version", "type": "string", "jsonPath": ".status.version"},
    {"name": "Digest", "type": "string", "jsonPath": ".status.shortDigest"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {"name": "URL", "type": "string", "jsonPath": ".spec.source.url", "priority": 1},
    {"name": "Verified by", "type": "string", "jsonPath": ".status.verifiedBy[*].authority", "priority": 1},
    {"name": "Suspended", "type": "boolean", "jsonPath": ".spec.suspend", "priority": 1},
    {
        "name": "Message",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Ready")].message',
        "priority": 1,
    },
]


def schema() -> Schema:
    """The OpenAPI v3 schema of ``DesignPattern``: spec and status; apiVersion, kind and metadata are the server's."""
    return explain.without_examples(_with_examples())


def _with_examples() -> Schema:
    whole = msgspec.json.schema(DesignPattern)
    root = _structural(whole["$defs"][names.KIND], whole["$defs"])
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
            "kind": {"type": "string", "description": "`DesignPattern`."},
            "metadata": {"type": "object"},
            "spec": properties["spec"],
            # Before the operator has seen a resource, kstatus must not take it for done: no generation is -1.
            "status": {**properties["status"], "default": {"observedGeneration": -1}},
        },
    }


def crd() -> Schema:
    """The CustomResourceDefinition as it is applied to a cluster."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLURAL}.{names.GROUP}", "labels": {"app.kubernetes.io/name": "pattern-operator"}},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "singular": names.KIND.lower(),
                "shortNames": ["dp"],
                "categories": ["patterns"],
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": _COLUMNS,
                    "schema": {"openAPIV3Schema": explain.explained(_with_examples())},
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
    result = {key: value for key, value in node.items() if key != "title"}
    if "enum" in result:
        result.setdefault("type", "string")
        result["enum"] = [value for value in node["enum"] if value is not None]
    if "properties" in result:
        result["properties"] = {name: _structural(child, definitions) for name, child in result["properties"].items()}
    if isinstance(result.get("items"), dict):
        result["items"] = _structural(result["items"], definitions)
    if isinstance(result.get("additionalProperties"), dict):
        result["additionalProperties"] = _structural(result["additionalProperties"], definitions)
    if required := result.pop("required", None):
        result["required"] = list(required)
    return result
