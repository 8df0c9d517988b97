"""Conditions as people write them on what publishers attest, and what is said of those that do not hold."""

import json

import pytest

from pattern_operator.conditions.answer import DoesNotHold, Holds, Unusable
from pattern_operator.conditions.expression import judge, why_unusable

PROVENANCE = {
    "buildDefinition": {"buildType": "https://ci.example/release@v1", "externalParameters": {"ref": "refs/tags/v1"}},
    "runDetails": {"builder": {"id": "https://ci.example/runner"}, "metadata": {"startedOn": "2026-05-01T00:00:00Z"}},
}
SCAN = {
    "result": {"critical": 0, "score": 1.5, "passed": True, "note": None},
    "findings": [{"id": "CVE-2026-1", "severity": "LOW"}, {"id": "CVE-2026-2", "severity": "HIGH"}],
}
SBOM = {"spdxVersion": "SPDX-2.3", "packages": [{"name": "redis", "licenseDeclared": "BSD-3-Clause"}]}


def of(predicate):
    return json.dumps(predicate).encode()


@pytest.mark.parametrize(
    ("predicate", "expression"),
    [
        (PROVENANCE, "predicate.buildDefinition.buildType.startsWith('https://ci.example/')"),
        (PROVENANCE, "predicate.runDetails.builder.id == 'https://ci.example/runner'"),
        (PROVENANCE, "predicate.buildDefinition.externalParameters.ref.matches('^refs/tags/v[0-9]+$')"),
        (PROVENANCE, "timestamp(predicate.runDetails.metadata.startedOn) > timestamp('2026-01-01T00:00:00Z')"),
        (PROVENANCE, "has(predicate.runDetails.builder) && !has(predicate.runDetails.absent)"),
        (SCAN, "predicate.result.critical == 0 && predicate.result.score < 2.0 && predicate.result.passed"),
        (SCAN, "predicate.findings.all(f, f.severity in ['LOW', 'MEDIUM', 'HIGH'])"),
        (SCAN, "predicate.findings.filter(f, f.severity == 'HIGH').size() == 1 && predicate.result.note == null"),
        (SCAN, "predicate.result.passed"),
        (SBOM, "predicate.packages.exists(p, p.name == 'redis' && p.licenseDeclared.startsWith('BSD'))"),
        ([1, 2], "predicate.size() == 2 && predicate[0] == 1"),
        (2**53 + 1, "predicate == 9007199254740993"),
    ],
)
def test_a_condition_that_is_true_holds(predicate, expression):
    assert judge(expression, of(predicate)) == Holds()


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("predicate.result.critical > 0", "does not hold"),
        ("predicate.findings.exists(f, f.severity == 'CRITICAL')", "does not hold"),
        ("predicate.result.passed == 'true'", "does not hold"),
        ("false", "does not hold"),
        ("predicate.result.absent == 1", 'cannot be evaluated: Key not found in map : "absent"'),
        ("predicate.result.critical == 0 && predicate.x.y", "cannot be evaluated: Key not found in map"),
        ("predicate.result.critical / 0 == 1", "cannot be evaluated: "),
        ("predicate.findings[7].id == 'x'", "cannot be evaluated: "),
        ("predicate.result.note.size() == 1", "cannot be evaluated: "),
        ("predicate.result.critical", "is not a condition: it gives int and not true or false"),
        ("predicate.result.note", "is not a condition: it gives null and not true or false"),
    ],
)
def test_one_that_does_not_hold_says_why(expression, why):
    said = judge(expression, of(SCAN))

    assert isinstance(said, DoesNotHold)
    assert said.why.startswith(why)
    assert "\n" not in said.why
    assert why_unusable(expression) is None


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("'true'", "is not a condition: it gives string and not true or false"),
        ("1 + 1", "is not a condition: it gives int and not true or false"),
        ("predicat.result == 1", "does not compile: 1:9: undeclared reference to 'predicat.result'"),
        ("predicate.result.critical =< 0", "does not compile: 1:27: Syntax error"),
        ("predicate.findings.any(f, true)", "does not compile: 1:"),
        ("'a' + 1 == 'a1'", "does not compile: 1:5: found no matching overload for '_+_'"),
        ("", "does not compile: "),
        ("true\n&& nothing", "does not compile: 2:4: undeclared reference to 'nothing'"),
    ],
)
def test_one_that_can_be_true_of_nothing_is_unusable_and_says_where(expression, why):
    said = judge(expression, of(SCAN))

    assert isinstance(said, Unusable)
    assert said.why.startswith(why)
    assert "\n" not in said.why
    assert why_unusable(expression) == said.why


L = "[0,1,2,3,4,5,6,7,8,9]"
NESTED = "true"
for number in range(6):
    NESTED = f"{L}.all(v{number}, {NESTED})"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (NESTED, "cannot be evaluated: Iteration budget exceeded"),
        ("predicate.all(i, predicate.all(j, i + j >= 0))", "cannot be evaluated: Iteration budget exceeded"),
        ("(" * 20_000 + "true" + ")" * 20_000, "does not compile: "),
        ("[" * 20_000 + "]" * 20_000, "does not compile: "),
        ("!" * 200_001 + "true", "does not compile: expression size exceeds codepoint limit"),
        ("'a'.matches('((a{500}){500}){500}')", "cannot be evaluated: invalid regular expression"),
        (f"'{'a' * 3000}'.matches('(a?){{500}}a{{500}}$')", None),
    ],
    ids=["six loops", "two long loops", "parentheses", "brackets", "too long", "a large expression", "a slow one"],
)
def test_what_would_take_long_is_refused_or_does_not(expression, why):
    said = judge(expression, of(list(range(1000))))

    assert said == Holds() if why is None else isinstance(said, Unusable) and said.why.startswith(why)


@pytest.mark.parametrize("predicate", [b"", b"{", b"\xff", b'"\\ud800"', b"[" * 5_000, b"1" * 500, b"NaN"])
def test_of_what_is_no_predicate_of_json_nothing_holds(predicate):
    assert isinstance(judge("predicate == 1", predicate), DoesNotHold)


@pytest.mark.parametrize(
    "expression",
    [
        "{'a': 1}[predicate.token] == 1",
        "'a'.matches('(' + predicate.token)",
        "int(predicate.token) == 1",
        "timestamp(predicate.token) > timestamp('2026-01-01T00:00:00Z')",
        "duration(predicate.token) > duration('1s')",
        "predicate[predicate.token] == 1",
        "predicate.token / 2 == 1",
        "{'a': 'SECRET'}[predicate.word] == ''",
        "{'.SECRET': true}[predicate.word] && predicate.SECRET",
        "'SECRET'.matches(predicate.word + '(')",
    ],
)
def test_no_text_of_a_predicate_is_in_what_is_said_of_it(expression):
    said = judge(expression, of({"token": """a-SECRET:[x "'` y""", "word": "SECRET"}))

    assert isinstance(said, DoesNotHold | Unusable)
    assert said.why.startswith("cannot be evaluated")
    assert "SECRET" not in said.why
