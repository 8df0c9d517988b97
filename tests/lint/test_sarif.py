"""SARIF 2.1.0: what its schema requires of a log, a run, a rule and a result (sections 3.13, 3.14, 3.49, 3.27)."""

import json

from pattern_operator.lint.finding import Finding, LintReport
from pattern_operator.lint.rule import Severity
from pattern_operator.lint.sarif import sarif

KNOWN = Finding(
    "a b/c.yaml", 3, 5, "UnknownField", Severity.ERROR, "spec.x is not a field", "did you mean y?", "c#1", "Pod web"
)
UNPLACED = Finding("", 0, 0, "NotAPattern", Severity.ERROR, "there is none")
REPAIRED = Finding("a.yaml", 2, 0, "DropStatus", Severity.WARNING, "status left out")


def run_of(*findings, folder=""):
    log = json.loads(json.dumps(sarif(LintReport(findings), folder=folder)))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    [run] = log["runs"]
    return run


def test_each_result_names_its_rule_by_id_and_index():
    run = run_of(KNOWN, UNPLACED, REPAIRED)
    rules = run["tool"]["driver"]["rules"]

    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == [each["ruleId"] for each in run["results"]]
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in rules)
    assert len({rule["id"] for rule in rules}) == len(rules)


def test_levels_are_those_of_sarif():
    assert [each["level"] for each in run_of(KNOWN, REPAIRED)["results"]] == ["error", "warning"]


def test_a_place_is_a_relative_uri_with_a_region():
    [result] = run_of(KNOWN, folder="./deploy/")["results"]
    [location] = result["locations"]

    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "./deploy/a%20b/c.yaml"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert location["logicalLocations"] == [{"name": "Pod web", "fullyQualifiedName": "c#1"}]
    assert result["message"]["text"] == "Pod web: spec.x is not a field; did you mean y?"


def test_a_place_that_is_not_known_is_left_out():
    unplaced, repaired = run_of(UNPLACED, REPAIRED)["results"]

    assert unplaced["locations"] == []
    assert repaired["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}


def test_a_fingerprint_stays_when_lines_move():
    moved = Finding(**{name: getattr(KNOWN, name) for name in Finding.__slots__} | {"line": 9})

    prints = {each["partialFingerprints"]["findingHash/v1"] for each in run_of(KNOWN, moved, REPAIRED)["results"]}

    assert len(prints) == 2
