"""What a worker sends is data of known types, or nothing at all."""

import pickle
from contextlib import suppress

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from pattern_operator.api.dependency import MAX_DEPENDENCIES, Dependency
from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.health_check import MAX_CHECK_EXPRESSION, MAX_HEALTH_CHECKS, HealthCheck
from pattern_operator.api.hook import MAX_HOOKS, Hook
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.repair import MadeRepair, Repair
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.limits import KIB, MAX_OBJECT, MAX_OBJECTS, MIB
from pattern_operator.sandbox import BuildRefused, wire
from pattern_operator.sandbox.wire import BrokenAnswer, Defect, Done, TooLarge, decode_answer, encode_rendering

_REPAIR = MadeRepair(Repair.DROP_STATUS, "x")
BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "n"}, "data": {"ä": 1.5}}
HOOK_BODY = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "seed", "annotations": {"helm.sh/hook": "pre-install", "helm.sh/hook-weight": "-3"}},
}
HOOK = Hook.of(Object.of(HOOK_BODY, component="b#1"))
assert HOOK is not None
RENDERING = Rendering(
    objects=(Object.of(BODY, component="a#1"),),
    components=tuple(
        ComponentReport(f"a#{n}", "web", "ConfigMap", Outcome.RENDERED, repairs=(_REPAIR,)) for n in range(1200)
    ),
    format="Manifests",
    name="web",
    version="1",
    deprecated="use web-2",
    depends_on=(Dependency(name="db"), Dependency(name="queue", namespace="shared", version=">=1.4 <2")),
    health_checks=(
        HealthCheck(api_version="example.com/v1", kind="Widget", current="status.a", in_progress="status.b"),
    ),
    hooks=(HOOK,),
    generated=(GeneratedFields(Object.of(BODY).key, (("data", "a", 0), ()), (("metadata", "labels"),)),),
)


def answer(message: bytes) -> bytes:
    """What is read from the socket: a message without its length."""
    return message[wire.LENGTH.size :]


def parts(*contents: bytes) -> bytes:
    return b"".join(wire.LENGTH.pack(len(content)) + content for content in contents)


def done(*, reports: int = 0, objects: int = 0, hooks: int = 0, generated: int = 0) -> bytes:
    return msgspec.json.encode(
        Done(
            format="Meshery",
            name="",
            version="",
            reports=reports,
            objects=objects,
            hooks=hooks,
            generated=generated,
        )
    )


def test_a_rendering_comes_back_as_it_was():
    assert decode_answer(answer(encode_rendering(RENDERING))) == RENDERING


def test_a_refusal_comes_back_as_the_error():
    refused = wire.Refused(Stage.SOURCE, Reason.ARCHIVE_REFUSED, "no")

    with pytest.raises(BuildRefused) as found:
        decode_answer(answer(wire.encode_failure(refused)))

    assert (found.value.stage, found.value.error.reason) == (Stage.SOURCE, Reason.ARCHIVE_REFUSED)
    assert found.value.error.message == "no"


@pytest.mark.parametrize("failure", [TooLarge("memory"), Defect("KeyError at x.py:1")])
def test_other_ends_come_back_as_they_are(failure):
    assert decode_answer(answer(wire.encode_failure(failure))) == failure


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0\0", id="half a length"),
        pytest.param(wire.LENGTH.pack(100) + b"x", id="shorter than it says"),
        pytest.param(parts(b"{}"), id="no type"),
        pytest.param(parts(pickle.dumps(RENDERING)), id="a pickle"),
        pytest.param(parts(b'{"type":"refused","stage":"source","reason":"Nonsense","message":""}'), id="no reason"),
        pytest.param(parts(b'{"type":"refused","stage":"x","reason":"Ready","message":""}'), id="no stage"),
        pytest.param(parts(done(objects=1)), id="an object that does not come"),
        pytest.param(parts(done(objects=MAX_OBJECTS + 1)), id="too many objects"),
        pytest.param(parts(done(hooks=MAX_HOOKS + 1)), id="too many hooks"),
        pytest.param(parts(done(hooks=1)), id="a hook that does not come"),
        pytest.param(parts(done(hooks=1), orjson.dumps(["a", [], BODY])), id="a hook that is an ordinary object"),
        pytest.param(parts(done(generated=1), b"[0,[]]"), id="generated fields of no object"),
        pytest.param(
            parts(done(objects=1, generated=1), orjson.dumps(["a", [], BODY]), b"[1,[]]"), id="of another object"
        ),
        pytest.param(parts(done(objects=1, generated=1), orjson.dumps(["a", [], BODY]), b"[0,[[{}]]]"), id="no path"),
        pytest.param(
            parts(done(objects=1, generated=1), orjson.dumps(["a", [], BODY]), orjson.dumps([0, [["a"]] * 65])),
            id="too many generated fields",
        ),
        pytest.param(parts(done(reports=1), b'[{"id":1}]'), id="a report of another type"),
        pytest.param(parts(done(objects=1), b"[]"), id="an object that is none"),
        pytest.param(parts(done(objects=1), b'["a",{"apiVersion":"v1","kind":"x","metadata":[]}]'), id="no metadata"),
        pytest.param(
            parts(done(objects=1), b'["a",{"apiVersion":"v1","kind":"x","metadata":{"name":1}}]'),
            id="a name of no text",
        ),
        pytest.param(
            parts(done(objects=1), b'["a",{"apiVersion":"v1","kind":"x","metadata":{"name":"a","namespace":{}}}]'),
            id="a namespace of no text",
        ),
        pytest.param(parts(done(), bytes(MAX_OBJECT + 1)), id="a part that is too long"),
        pytest.param(parts(done(), b"[]"), id="more than it says"),
        pytest.param(parts(done(objects=1), b'["a",[' + b"[]," * 60_000 + b"[]]]"), id="a part of too many values"),
        pytest.param(parts(done(objects=1), b'["a",' + b"[" * 10_000), id="nesting"),
    ],
)
def test_what_no_worker_sends_is_refused(content):
    with pytest.raises(BrokenAnswer):
        list(map(str, [decode_answer(content)]))


@settings(max_examples=examples(300))
@given(st.binary(max_size=200) | st.lists(st.binary(max_size=60), max_size=4).map(lambda each: parts(*each)))
def test_no_bytes_raise_anything_else(content):
    with suppress(BrokenAnswer, BuildRefused):
        decode_answer(content)


@pytest.mark.parametrize("cut", [1, 5, 50, 500])
def test_an_answer_that_ends_too_early_is_refused(cut):
    with pytest.raises(BrokenAnswer):
        decode_answer(answer(encode_rendering(RENDERING))[:-cut])


def large(count: int, size: int) -> Rendering:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"x": "y" * size}}
    return Rendering(objects=(Object.of(body),) * count)


@pytest.mark.parametrize(
    ("rendering", "limit"),
    [
        pytest.param(large(10, MIB), TooLarge(wire.RENDERED), id="all objects"),
        pytest.param(large(1, 2 * MIB), TooLarge(wire.OBJECT, "ConfigMap web"), id="one object, by its name"),
        pytest.param(Rendering(objects=(), hooks=(HOOK,) * (MAX_HOOKS + 1)), TooLarge(wire.HOOKS), id="hooks"),
        pytest.param(
            Rendering(objects=(), components=(ComponentReport("a", "x" * KIB, "", Outcome.REFUSED),) * 3300),
            TooLarge(wire.REPORT),
            id="the report",
        ),
    ],
)
def test_a_rendering_beyond_the_limits_is_told_and_not_sent(rendering, limit):
    assert decode_answer(answer(encode_rendering(rendering))) == limit


def test_the_lines_on_as_many_objects_as_a_pattern_may_have_are_sent_whatever_their_names():
    name = "n" * 253  # the longest that the API server takes
    rows = tuple(
        ComponentReport(
            id=f"a-file-of-manifests.yaml#{number}",
            name=name,
            kind="ConfigMap",
            outcome=Outcome.RENDERED,
            path="a-file-of-manifests.yaml",
            position=f"#{number}",
            line=number,
            api_version="v1",
            namespace="n" * 63,
        )
        for number in range(MAX_OBJECTS)
    )

    sent = decode_answer(answer(encode_rendering(Rendering(objects=(), components=rows))))

    assert isinstance(sent, Rendering)
    assert sent.components == rows


def test_the_cost_of_small_parts_is_more_than_their_bytes():
    assert wire.cost(b"[{},{},{}]" * 100) > 40 * 1000
    assert wire.cost(b"x" * 1000) == 1000


def test_more_dependencies_than_a_pattern_may_have_are_no_answer():
    many = tuple(Dependency(name=f"p{each}") for each in range(MAX_DEPENDENCIES + 1))
    first = msgspec.json.encode(Done(format="", name="", version="", reports=0, objects=0, depends_on=many))

    with pytest.raises(BrokenAnswer):
        decode_answer(parts(first))


@pytest.mark.parametrize(
    "checks",
    [
        (HealthCheck(api_version="example.com/v1", kind="Widget", current=""),),
        (HealthCheck(api_version="example.com/v1", kind="Widget", current="x" * (MAX_CHECK_EXPRESSION + 1)),),
        (HealthCheck(api_version="example.com/v1\x1b[2J", kind="Widget", current="true"),),
        (HealthCheck(api_version="v1", kind="A B", current="true"),),
        (HealthCheck(api_version="v1", kind="Pod", current="true"),) * (MAX_HEALTH_CHECKS + 1),
    ],
    ids=["no expression", "a long one", "no apiVersion", "no kind", "too many"],
)
def test_health_checks_that_no_pattern_file_may_have_are_no_answer(checks: tuple[HealthCheck, ...]):
    first = msgspec.json.encode(Done(format="", name="", version="", reports=0, objects=0, health_checks=checks))

    with pytest.raises(BrokenAnswer):
        decode_answer(parts(first))


@pytest.mark.parametrize("named", [Dependency(name="db\n"), Dependency(name="db", namespace="\x1b[2J")])
def test_a_dependency_that_nothing_can_be_called_is_no_answer(named: Dependency):
    first = msgspec.json.encode(Done(format="", name="", version="", reports=0, objects=0, depends_on=(named,)))

    with pytest.raises(BrokenAnswer):
        decode_answer(parts(first))
