"""Write what is generated from the code: the CRDs, and the docs with tables; with --check, only say what is stale.

A page of the docs is its template, ``docs/<page>.in.md``, with its tables in place of ``<!-- NAME -->``.

python tools/generate.py [--check]
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.crd import DESIGN_PATTERN, KINDS, TRUST_POLICY, Kind, Schema, crd, schema
from pattern_operator.api.reason import Reason
from pattern_operator.api.repair import Repair
from pattern_operator.api.report import Outcome
from pattern_operator.api.stage import Stage
from pattern_operator.api.trust_policy import TrustPolicyStatus
from pattern_operator.cli import exit_codes
from pattern_operator.lint.rules import all_rules
from pattern_operator.render import ComponentReason
from pattern_operator.telemetry import Metrics
from pattern_operator.telemetry.logfields import FIELDS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def crds() -> Iterator[tuple[Path, str]]:
    """Each CRD as YAML, with the file that has it."""
    head = "# Generated from operator/pattern_operator/api by `make crds`. Do not edit.\n"
    for kind in KINDS:
        text = head + yaml.dump(crd(kind), Dumper=_PlainDumper, sort_keys=False, width=120)
        yield ROOT / "crds" / f"pattern-operator.io_{kind.plural}.yaml", text


def pages() -> Iterator[tuple[Path, str]]:
    """Each page that has a template, with its text."""
    tables = {
        **_tables(DESIGN_PATTERN, prefix=""),
        **_tables(TRUST_POLICY, prefix="POLICY"),
        "CONDITIONS": _table(("condition", "meaning"), ((f"`{item}`", item.description) for item in ConditionType)),
        "REASONS": _table(("reason", "meaning"), ((f"`{item}`", item.description) for item in Reason)),
        "CAUSES": _table(("reason", "the component is", "why"), _causes()),
        "REPAIRS": _table(("repair", "what is done", "for example", "why that is safe"), _repairs(needs_consent=False)),
        "CONSENTED": _table(
            ("repair", "what is done", "for example", "know before you allow it"), _repairs(needs_consent=True)
        ),
        "RULES": _table(
            ("rule", "severity", "meaning"),
            ((f"`{rule.name}`", str(rule.severity), rule.description) for rule in all_rules()),
        ),
        "METRICS": _table(("metric", "type", "labels", "meaning"), _metrics()),
        "LOGFIELDS": _table(("field", "meaning"), ((f"`{name}`", meaning) for name, meaning in FIELDS.items())),
        "EXITS": _table(
            ("code", "meaning"), ((str(code), meaning) for code, meaning in exit_codes.DESCRIPTIONS.items())
        ),
    }
    for template in sorted(DOCS.glob("*.in.md")):
        text = re.sub(r"<!-- ([A-Z]+) -->", lambda name: tables[name[1]], template.read_text())
        yield DOCS / template.name.replace(".in.md", ".md"), text


def _tables(kind: Kind, *, prefix: str) -> dict[str, str]:
    """The tables of the fields of a kind."""
    root = schema(kind)["properties"]
    return {
        f"{prefix}SPEC": _fields(_rows("spec", root["spec"], required=True)),
        f"{prefix}STATUS": _fields(_rows("status", root["status"], required=False)),
    }


def _repairs(*, needs_consent: bool) -> Iterator[tuple[str, ...]]:
    return (
        (f"`{each}`", each.description, f"`{each.example}`", each.why)
        for each in Repair
        if each.needs_consent == needs_consent
    )


def _causes() -> Iterator[tuple[str, ...]]:
    for outcome in (Outcome.REFUSED, Outcome.SKIPPED, Outcome.RENDERED):
        yield from (
            (f"`{reason}`", outcome.value, reason.description)
            for reason in ComponentReason
            if reason.outcome is outcome
        )


def _metrics() -> Iterator[tuple[str, ...]]:
    """The metrics of the operator; those of its process are prometheus_client's, and are called as everywhere."""
    metrics = Metrics()
    metrics.record_result(Stage.SOURCE, "")  # a metric shows its labels once it has counted something
    metrics.request("", "", 0, 0.0)
    metrics.watch_patterns(ready=lambda _: 0, queued=lambda: 0)
    metrics.trust_policies({"": TrustPolicyStatus()})
    for family in metrics.registry.collect():
        if not family.name.startswith("process_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
            yield f"`{name}`", family.type, ", ".join(f"`{label}`" for label in labels), family.documentation


def _rows(path: str, node: Schema, *, required: bool) -> Iterator[tuple[str, str, str, str]]:
    kind = node.get("type", "")
    if kind == "array":
        items = node["items"]
        yield path, f"list of {items['type']}", "required" if required else "", _cell(node)
        if "properties" in items:
            yield from _children(f"{path}[]", items)
        return
    default = node.get("default")
    said = default is not None and (default not in ("", 0) or kind == "boolean")
    note = "required" if required else f"`{_flow(default)}`" if said else ""
    yield path, _type(node), note, _cell(node)
    yield from _children(path, node)


def _children(path: str, node: Schema) -> Iterator[tuple[str, str, str, str]]:
    for name, child in node.get("properties", {}).items():
        yield from _rows(f"{path}.{name}", child, required=name in node.get("required", ()))


def _type(node: Schema) -> str:
    if "enum" in node:
        return " \\| ".join(f"`{value}`" for value in node["enum"])
    return str(node.get("type", ""))


def _flow(value: Any) -> str:
    """The value as somebody would write it into YAML, on one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def _cell(node: Schema) -> str:
    rules = [rule["message"] for rule in node.get("x-kubernetes-validations", ())]
    said = " ".join(node.get("description", "").split())
    return (said + (f" *Refused otherwise:* {'; '.join(rules)}." if rules else "")).replace("|", "\\|")


def _fields(rows: Iterator[tuple[str, str, str, str]]) -> str:
    return _table(("field", "type", "default", "meaning"), ((f"`{path}`", *rest) for path, *rest in rows))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def main(arguments: list[str]) -> int:
    """Write, or with --check compare."""
    stale = []
    for path, text in (*crds(), *pages()):
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
