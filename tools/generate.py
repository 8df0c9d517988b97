"""Write what is generated from the types: the CRD and docs/designpattern.md; with --check, only say what is stale.

python tools/generate.py [--check]
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.crd import Schema, crd, schema
from pattern_operator.api.reason import Reason

ROOT = Path(__file__).resolve().parent.parent
CRD_FILE = ROOT / "crds" / "pattern-operator.io_designpatterns.yaml"
DOC_FILE = ROOT / "docs" / "designpattern.md"
TEMPLATE = ROOT / "docs" / "designpattern.in.md"


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def crd_text() -> str:
    """The CRD as YAML."""
    head = "# Generated from operator/pattern_operator/api by `make crds`. Do not edit.\n"
    return head + yaml.dump(crd(), Dumper=_PlainDumper, sort_keys=False, width=120)


def doc_text() -> str:
    """docs/designpattern.md: the template with its tables filled in."""
    root = schema()["properties"]
    tables = {
        "SPEC": _table(_rows("spec", root["spec"], required=True)),
        "STATUS": _table(_rows("status", root["status"], required=False)),
        "CONDITIONS": _pairs("Condition", ((item.value, item.meaning) for item in ConditionType)),
        "REASONS": _pairs("Reason", ((item.value, item.meaning) for item in Reason)),
    }
    text = TEMPLATE.read_text()
    for name, table in tables.items():
        text = text.replace(f"<!-- {name} -->", table)
    return text


def _rows(path: str, node: Schema, *, required: bool) -> Iterator[tuple[str, str, str, str]]:
    kind = node.get("type", "")
    if kind == "array":
        items = node["items"]
        yield path, f"list of {items['type']}", "required" if required else "", _cell(node)
        if "properties" in items:
            yield from _children(f"{path}[]", items)
        return
    default = node.get("default")
    note = "required" if required else "" if default in (None, "", 0) and kind != "boolean" else f"`{_scalar(default)}`"
    yield path, _type(node), note, _cell(node)
    yield from _children(path, node)


def _children(path: str, node: Schema) -> Iterator[tuple[str, str, str, str]]:
    for name, child in node.get("properties", {}).items():
        yield from _rows(f"{path}.{name}", child, required=name in node.get("required", ()))


def _type(node: Schema) -> str:
    if "enum" in node:
        return " \\| ".join(f"`{value}`" for value in node["enum"])
    return str(node.get("type", ""))


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(node: Schema) -> str:
    rules = [rule["message"] for rule in node.get("x-kubernetes-validations", ())]
    said = " ".join(node.get("description", "").split())
    return (said + (f" *Refused otherwise:* {'; '.join(rules)}." if rules else "")).replace("|", "\\|")


def _table(rows: Iterator[tuple[str, str, str, str]]) -> str:
    lines = ["| field | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| `{path}` | {kind} | {note} | {text} |" for path, kind, note, text in rows)])


def _pairs(title: str, rows: Iterator[tuple[str, str]]) -> str:
    return "\n".join([f"| {title} | meaning |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in rows)])


def main(arguments: list[str]) -> int:
    """Write, or with --check compare."""
    stale = []
    for path, text in ((CRD_FILE, crd_text()), (DOC_FILE, doc_text())):
        if path.exists() and path.read_text() == text:
            continue
        if "--check" in arguments:
            stale.append(path)
            continue
        path.write_text(text)
        print(f"wrote {path.relative_to(ROOT)}")
    for path in stale:
        print(f"{path.relative_to(ROOT)} is stale: run `make crds docs` and commit it", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
