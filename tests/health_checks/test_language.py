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
    assert judged(of({"status": {}}, current="status.ready"), "status.ready").fact.endswith(": it has no ready")
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
    said = judged(Answer("InProgress", "current", Obstacle.NO_KEY, SECRET), "status.x")
    lied = judged(Answer("Current", "failed"), "status.x")

    assert SECRET not in said.fact
    assert lied.state == "Failed"  # what decided says which state it is
