"""Findings as SARIF 2.1.0 (OASIS Standard), as code scanning services read it."""

import hashlib
from typing import Any, Final
from urllib.parse import quote

from pattern_operator import __version__
from pattern_operator.lint.finding import Finding, LintReport
from pattern_operator.lint.rules import description_of

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(report: LintReport, *, folder: str = "") -> dict[str, Any]:
    """One run with all findings; ``folder`` is put before the paths of files, as in a repository."""
    rules = sorted({finding.rule for finding in report.findings})
    position = {rule: index for index, rule in enumerate(rules)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "patternctl lint",
                        "semanticVersion": __version__,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, position[finding.rule], folder) for finding in report.findings],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    return {"id": name, "shortDescription": {"text": description_of(name)}}


def _result(finding: Finding, rule: int, folder: str) -> dict[str, Any]:
    uri = quote(f"{folder.strip('/')}/{finding.file}" if folder.strip("/") else finding.file)
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if finding.line:
        place["region"] = {"startLine": finding.line} | ({"startColumn": finding.column} if finding.column else {})
    text = f"{finding.name}: {finding.message}" if finding.name else finding.message
    said = {"text": f"{text}; {finding.suggestion}" if finding.suggestion else text}
    located: dict[str, Any] = {"physicalLocation": place}
    if finding.name:
        located["logicalLocations"] = [{"name": finding.name, "fullyQualifiedName": finding.component}]
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": str(finding.severity),
        "message": said,
        "locations": [located] if finding.file else [],
        "partialFingerprints": {"findingHash/v1": _fingerprint(finding)},
    }


def _fingerprint(finding: Finding) -> str:
    """What tells the finding from others wherever its lines move."""
    parts = (finding.rule, finding.file, finding.component, finding.name, finding.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
