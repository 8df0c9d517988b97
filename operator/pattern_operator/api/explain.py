"""Descriptions of the CRD for `kubectl explain`, and a hint for numbers in place of strings.

`kubectl explain` shows neither defaults nor rules, so they are written into the descriptions.
"""

from collections.abc import Iterator
from typing import Any, Final

Schema = dict[str, Any]

# No text matches it, so that `not` of it holds for every text. A number, true or null is not text: it passes the
# pattern (JSON Schema, "pattern" is about strings only), and fails `not`.
_NO_TEXT: Final = "a^"
_PLAIN: Final = (str, int, bool)


def explained(schema: Schema) -> Schema:
    """A copy of the schema of a kind, with descriptions for ``kubectl explain`` and hints in ``spec``."""
    properties = {**schema["properties"], "spec": _explained(schema["properties"]["spec"], "spec")}
    return _described_once(without_examples({**schema, "properties": properties}))


def _explained(node: Schema, name: str) -> Schema:
    result = {**node}
    if facts := list(_facts(node)):
        result["description"] = " ".join([node.get("description", ""), *facts]).strip()
    if node.get("type") == "string" and "enum" not in node:
        result["anyOf"] = _hint(node, name)
    if "properties" in node:
        result["properties"] = {child: _explained(each, child) for child, each in node["properties"].items()}
    if "items" in node:
        result["items"] = _explained(node["items"], name)
    return result


def _described_once(node: Schema) -> Schema:
    """The schema without descriptions of the objects in a described list: kubectl explain joins the two."""
    result = {**node}
    if "properties" in node:
        result["properties"] = {name: _described_once(child) for name, child in node["properties"].items()}
    if isinstance(node.get("items"), dict):
        items = _described_once(node["items"])
        if node.get("description") and "properties" in items:
            items.pop("description", None)
        result["items"] = items
    return result


def _facts(node: Schema) -> Iterator[str]:
    """Default and format, as sentences."""
    default = node.get("default")
    if isinstance(default, _PLAIN) and default != "":
        yield f"Default: {str(default).lower() if isinstance(default, bool) else default}."
    if {"minimum", "maximum"} <= node.keys():
        yield f"From {node['minimum']} to {node['maximum']}."
    if "maxItems" in node:
        yield f"From {node.get('minItems', 0)} to {node['maxItems']} entries."
    if rules := [rule["message"] for rule in node.get("x-kubernetes-validations", ())]:
        yield f"Rules: {'; '.join(rules)}".rstrip(".") + "."
    elif node.get("type") == "string" and "maxLength" in node:
        yield f"At most {node['maxLength']} characters."


def _hint(node: Schema, name: str) -> list[Schema]:
    """Rules that every string passes; a value of another type is refused with the message of the first.

    An API server says of a number that it must be of type string. YAML reads ``tag: 1.0`` as a number, which is not
    obvious to its author. A CEL rule is not evaluated where the type is wrong, so it cannot explain that.
    """
    example = next(iter(node.get("examples", ())), node.get("default", "..."))
    return [{"enum": [f'text in quotes, as in {name}: "{example}"']}, {"not": {"pattern": _NO_TEXT}}]


def without_examples(node: Schema) -> Schema:
    """The schema without the keyword that structural schemas do not have."""
    kept = {key: value for key, value in node.items() if key != "examples"}
    if "properties" in kept:
        kept["properties"] = {name: without_examples(child) for name, child in kept["properties"].items()}
    if isinstance(kept.get("items"), dict):
        kept["items"] = without_examples(kept["items"])
    return kept
