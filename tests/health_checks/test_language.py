"""What the expressions of a health check say of an object, in their order, and what is said where one has no value."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.health_checks.answer import Answer, Obstacle, judged
from pattern_operator.health_checks.language import judge, why_unusable

SECRET = "hunter2"
A = {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}
READY = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}


def of(body: Any, **check: Any) -> Answer:
    named: Any = check
    return judge(named, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "state", "field"),
    [
        ({"p": True, "f": True, "c": True}, "InProgress", "inProgress"),
        ({"p": False, "f": True, "c": True}, "Failed", "failed"),
        ({"p": False, "f": False, "c": True}, "Current", "current"),
        ({"p": False, "f": False, "c": False}, "InProgress", "current"),
    ],
)
def test_in_progress_comes_first_then_failed_then_current(status: dict[str, bool], state: str, field: str):
    found = of({"status": status}, current="status.c", failed="status.f", inProgress="status.p")

    assert (found.state, found.field, found.obstacle) == (state, field, None)


def test_a_generation_that_the_controller_has_not_seen_comes_before_all():
    body = {"metadata": {"generation": 2}, "status": {"observedGeneration": 1, "ready": True}}
    seen = {"metadata": {"generation": 2}, "status": {"observedGeneration": 2, "ready": True}}

    assert of(body, current="status.ready") == Answer("InProgress")
    assert of(seen, current="status.ready").state == "Current"
    assert of({**seen, "metadata": {}}, current="status.ready").state == "Current"


@pytest.mark.parametrize(
    ("expression", "body"),
    [
        ("data.ready == 'yes'", {"data": {"ready": "yes"}}),
        ("apiVersion == 'v1' && kind == 'A' && metadata.name == 'a'", A),
        ("roleRef.name == 'a' && size(subjects) == 1", {"roleRef": {"name": "a"}, "subjects": [1]}),
        ("status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')", READY),
        ("status.?conditions.orValue([]).exists(e, e.type == 'A') == false", {"status": {}}),
        ("has(status.x) == false", {"status": {}}),
        ("status.a.lowerAscii().split(',').size() == 2", {"status": {"a": "A,B"}}),
        ("base64.decode(data.a) == b'x'", {"data": {"a": "eA=="}}),
        ("spec.replicas == status.replicas", {"spec": {"replicas": 1}, "status": {"replicas": 1}}),
    ],
)  # fmt: skip
def test_every_field_at_the_top_is_a_variable_with_the_functions_that_flux_has(expression: str, body: Any):
    assert of(body, current=expression) == Answer("Current", "current")
    assert of(body, current=f"!({expression})").state == "InProgress"


@pytest.mark.parametrize(
    ("expression", "body", "obstacle", "state"),
    [
        ("status.x", {}, Obstacle.NO_FIELD, "InProgress"),
        ("status.x", {"status": {}}, Obstacle.NO_KEY, "InProgress"),
        ("status.x.y", {"status": {"x": SECRET}}, Obstacle.NO_FIELDS, "InProgress"),
        ("status.x + 1 == 2", {"status": {"x": SECRET}}, Obstacle.TYPES, "InProgress"),
        ("status.x[7] == 2", {"status": {"x": [SECRET]}}, Obstacle.INDEX, "InProgress"),
        ("int(status.x) == 2", {"status": {"x": SECRET}}, Obstacle.CONVERSION, "InProgress"),
        ("timestamp(status.x) < timestamp(0)", {"status": {"x": SECRET}}, Obstacle.TIMESTAMP, "InProgress"),
        ("duration(status.x) < duration('1s')", {"status": {"x": SECRET}}, Obstacle.DURATION, "InProgress"),
        ("1 / status.x == 2", {"status": {"x": 0}}, Obstacle.ARITHMETIC, "InProgress"),
        ("status.x", {"status": {"x": SECRET}}, Obstacle.NOT_A_CONDITION, "InProgress"),
        ("{'a': true}[status.x]", {"status": {"x": SECRET}}, Obstacle.NO_KEY, "InProgress"),
        ("'a'.matches(status.x)", {"status": {"x": f"{SECRET}("}}, Obstacle.REGEX, "Failed"),
        ("status.x ==", {"status": {"x": 1}}, Obstacle.COMPILE, "Failed"),
    ],
)  # fmt: skip
def test_what_has_no_value_is_said_by_its_kind_and_without_values(
    expression: str, body: Any, obstacle: Obstacle, state: str
):
    found = of(body, current="true", failed=expression)
    said = judged(found, expression)

    assert (found.obstacle, found.state, found.field) == (obstacle, state, "failed")
    assert said.state == state
    assert said.fact.startswith("`failed` of its health check cannot be evaluated: ")
    assert SECRET not in said.fact


def test_what_is_missing_is_named_where_the_expression_names_it():
    missing = judged(of({"status": {}}, current="status.ready"), "status.ready")

    assert missing.fact.endswith(": a field or key that it asks for is not there")  # a key may be a value: see below
    assert judged(of({}, current="status.ready"), "status.ready").fact.endswith(": the object has no status")


def test_what_takes_too_many_steps_has_failed():
    ten = "[1,2,3,4,5,6,7,8,9,10]"
    loops = f"{ten}.all(a,{ten}.all(b,{ten}.all(c,{ten}.all(d,{ten}.all(e, true)))))"

    assert of({}, current=loops) == Answer("Failed", "current", Obstacle.STEPS)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("status.x ==", "does not compile: 1:12: Syntax error"),
        ("true &&\n  foo(status.x)", "does not compile: 2:6: undeclared reference to 'foo'"),
        ("'a' + 1 == 'b'", "does not compile: 1:5: found no matching overload"),
        ("1 + 1", "is not a condition: it gives int and not true or false"),
        ("'text'", "is not a condition: it gives string"),
        ("", "does not compile"),
    ],
)
def test_what_does_not_compile_is_said_with_its_place(expression: str, says: str):
    assert re.match(re.escape(says), why_unusable(expression) or "")


@pytest.mark.parametrize(
    "expression", ["true", "whatever.field == 1", "status.x", "a.b && c.d", "status.?x.orValue(true)"]
)
def test_what_compiles_is_not_refused_whatever_fields_it_names(expression: str):
    assert why_unusable(expression) is None


def test_more_names_than_an_object_has_fields_are_refused():
    assert why_unusable(" && ".join(f"x{each}" for each in range(100))) is not None


@given(st.text(max_size=40), st.binary(max_size=40))
def test_no_expression_and_no_body_raises(expression: str, body: bytes):
    answer = judge({"current": expression.encode(errors="replace").decode(), "failed": "status.x"}, body)

    assert judged(answer, expression).state == answer.state


def test_an_answer_says_no_name_that_the_expression_does_not_have():
    for obstacle in (Obstacle.NO_KEY, Obstacle.NO_FIELD):
        for expression in ("status.x", f"status.x == '{SECRET}'", f'status.{SECRET} == "{SECRET}"', f"my{SECRET}.x"):
            assert SECRET not in judged(Answer("InProgress", "current", obstacle, SECRET), expression).fact
    said = judged(Answer("InProgress", "current", Obstacle.NO_FIELD, "status"), "status.x == 'y'")
    lied = judged(Answer("Current", "failed"), "status.x")

    assert said.fact.endswith("the object has no status")
    assert lied.state == "Failed"  # what decided says which state it is


def test_a_value_that_is_used_as_a_key_is_not_shown_although_the_expression_has_its_letters():
    """As where each pair of letters stands in the expression, and five of them read a password of ten letters."""
    pairs = f"{{'x{SECRET}x': true}}"

    for key in ("status.x", "status.x.substring(0, 2)", "'a' + status.x"):
        expression = f"{pairs}[{key}]"
        said = judged(of({"status": {"x": SECRET}}, current=expression), expression)

        assert said.fact.endswith("cannot be evaluated: a field or key that it asks for is not there")


@pytest.mark.parametrize("macro", ["optMap", "optFlatMap"])
def test_macros_that_double_the_work_each_are_refused_before_they_are_expanded(macro: str):
    def chain(length: int) -> str:
        return "status.?a" + f".{macro}(x, x)" * length + ".orValue(true)"

    assert why_unusable(chain(5)) == "has more than 4 optMap and optFlatMap, each of which may double its work"
    assert of({"status": {"a": True}}, current=chain(5)) == Answer("Failed", "current", Obstacle.COMPILE)
    assert why_unusable(chain(4)) is None


@pytest.mark.parametrize(
    ("seen", "state"),
    [("1", "InProgress"), (1, "InProgress"), ("2", "Current"), (2, "Current"), ("7d6f8", "Current"), (None, "Current")],
)
def test_a_generation_that_is_written_as_text_counts_as_its_number(seen: Any, state: str):
    """As of Argo Rollouts; text that is no whole number says nothing."""
    body = {"metadata": {"generation": 2}, "status": {"observedGeneration": seen}}

    assert of(body, current="true").state == state
