"""Whatever a ``pattern.yaml`` holds: a value or a typed error, in bounded words, and the same in any order of files."""

import json
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.render.designs import component, design

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_PARAMETERS, MAX_SENTENCE
from pattern_operator.render import Options, render
from pattern_operator.render.pattern_file import declared, describe, with_defaults
from pattern_operator.render.program import HelmTemplate, KustomizeBuild
from pattern_operator.render.strvals import INT64
from pattern_operator.source import read_local

WEB = (
    b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: '${host}', b: 'x${replicas}', c: '$${host}'}\n"
)
DB = b"apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 1}], selector: {a: '${host}'}}\n"
DESIGN = design(
    component("ConfigMap", "b", {"data": {"a": "${host}"}}), component("ConfigMap", "a", {"data": {"a": "b"}})
).content
WHOLE: dict[str, Any] = {
    "apiVersion": "pattern-operator.io/v1alpha1",
    "kind": "Pattern",
    "name": "web",
    "version": "1.2.0",
    "description": "A web server.",
    "format": "Auto",
    "path": ".",
    "deprecated": "use other",
    "parameters": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["replicas"],
            "properties": {
                "replicas": {"type": "integer", "default": 2, "minimum": 1},
                "host": {"$ref": "#/$defs/host", "default": "a.example"},
            },
            "$defs": {"host": {"type": "string", "pattern": "^[a-z.]+$"}},
        }
    },
    "patches": [{"target": {"kind": "ConfigMap", "labelSelector": "a=b"}, "patch": "[{op: remove, path: /data/a}]"}],
    "dependsOn": [{"name": "db", "namespace": "team", "version": ">=1.0"}],
    "healthChecks": [{"apiVersion": "a.example/v1", "kind": "Db", "current": "has(status.a)", "failed": "false"}],
}
_WORDS = st.sampled_from([*WHOLE, *WHOLE["parameters"]["schema"], "target", "default", "items", "not", "allOf", "$ref"])
_JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(
        ["#", "#/$defs/host", "#/parameters", "https://x.example/s", "${host}", "..", "a/../..", "a" * 2000]
    )
    | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
_FILES = st.sampled_from([[("web.yaml", WEB), ("db.yaml", DB)], [("design.yml", DESIGN)], []])
_PARAMETERS: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.dictionaries(
    st.sampled_from(["host", "replicas", "a"]), _JUNK, max_size=3
)


def outcome(pattern: bytes, others: list[tuple[str, bytes]], parameters: object = ()) -> object:
    """What becomes of it: objects and rows, the error, or the program that is asked for."""
    files = [File("pattern.yaml", pattern), *(File(path, content) for path, content in others)]
    return outcome_of(files, parameters)


def outcome_of(files: list[File], parameters: object = ()) -> object:
    options = Options(parameters=as_read(parameters or {}))
    with_defaults(files, options=options)
    try:
        declared(files, options=options)
        assert len(describe(files, options=options).options.parameters) <= 2 * MAX_PARAMETERS
        asked = next(render(files, options=options))
    except Stalled as refusal:
        assert 0 < len(refusal.message) < 4 * MAX_SENTENCE
        assert "\n" not in refusal.message
        return refusal.reason, refusal.message
    except StopIteration as end:
        made: Rendering = end.value
        assert all(len(each.message) <= MAX_SENTENCE for each in made.components)
        return [orjson.dumps(each.body) for each in made.objects], made.components, made.version, made.depends_on
    assert isinstance(asked, HelmTemplate | KustomizeBuild)
    return asked


def as_read(parameters: object) -> bytes:
    """As those who read parameters hand them on: whole numbers of 64 bits, longer ones with a point."""
    return json.dumps(
        json.loads(json.dumps(parameters), parse_int=lambda it: int(it) if int(it) in INT64 else float(it))
    ).encode()


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each container in ``value`` with each of its keys."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [pair for key in keys for pair in places(value[key])]


def test_the_pattern_that_is_made_wrong_is_right_before():
    made = outcome(orjson.dumps({**WHOLE, "patches": []}), [("web.yaml", WEB)])

    assert isinstance(made, tuple)
    assert made[0] == [
        b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"web","namespace":"default"},'
        b'"data":{"a":"a.example","b":"x2","c":"${host}"}}'
    ]


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass")), _FILES)
def test_any_bytes_are_read_or_refused(content: bytes, others: list[tuple[str, bytes]]):
    outcome(b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\n" + content, others)


@given(st.dictionaries(_WORDS, _JUNK, max_size=5), _FILES, _PARAMETERS)
def test_any_fields_are_read_or_refused(fields: dict[str, Any], others: list[tuple[str, bytes]], parameters: object):
    outcome(
        json.dumps({**fields, **{name: WHOLE[name] for name in ("apiVersion", "kind")}}).encode(), others, parameters
    )


@given(_JUNK, _FILES, _PARAMETERS)
@example({"$ref": "#"}, [("web.yaml", WEB)], {})
@example({"allOf": [{"$ref": "#/properties/a"}], "properties": {"a": {"$ref": "#"}}}, [("web.yaml", WEB)], {"a": 1})
def test_any_schema_is_used_or_refused(schema: object, others: list[tuple[str, bytes]], parameters: object):
    outcome(json.dumps({**WHOLE, "patches": [], "parameters": {"schema": schema}}).encode(), others, parameters)


@given(_JUNK, st.data(), _FILES, _PARAMETERS)
def test_any_value_in_any_place_is_read_or_refused(
    junk: object, data: st.DataObject, others: list[tuple[str, bytes]], parameters: object
):
    top = json.loads(json.dumps(WHOLE))
    container, key = data.draw(st.sampled_from(places(top)))
    container[key] = junk

    outcome(json.dumps(top).encode(), others, parameters)


WHOLE_ALONE: Final = json.dumps({**WHOLE, "patches": []}).encode()
FOLDERS: Final = [
    {
        "pattern.yaml": WHOLE_ALONE,
        "web.yaml": WEB,
        "sub/db.yaml": DB,
        "sub.yaml": WEB.replace(b"web", b"c"),
        "a.yml": WEB.replace(b"web", b"a") + b"---\n" + WEB.replace(b"web", b"b"),
    },
    {"pattern.yaml": WHOLE_ALONE, "design.yml": DESIGN, "notes.yaml": b"a: b\n", "b/more.yml": b"[]"},
    {"design.yml": DESIGN.replace(b"$", b"#"), "notes.yaml": b"a: b\n", "b/more.yml": b"[]"},
    {"web.yaml": WEB, "a.yaml": WEB, "b.yaml": WEB.replace(b"host", b"a"), "c.yaml": b"kind: ["},
]


def files_in(folder: dict[str, bytes]) -> list[File]:
    return [File(path, content) for path, content in folder.items()]


@given(st.sampled_from(FOLDERS), _JUNK, st.data())
def test_the_order_of_files_decides_the_order_and_nothing_else(
    folder: dict[str, bytes], junk: object, data: st.DataObject
):
    files = [*files_in(folder), File("junk.json", json.dumps(junk).encode())]
    order = data.draw(st.permutations(files))

    once, again, shuffled = outcome_of(files), outcome_of(files), outcome_of(order)

    assert once == again
    assert isinstance(once, tuple)
    assert isinstance(shuffled, tuple)
    if isinstance(once[0], list):
        assert sorted(once[0]) == sorted(shuffled[0])
        assert (set(once[1]), *once[2:]) == (set(shuffled[1]), *shuffled[2:])
    else:
        assert once[0] is shuffled[0]  # which file is told first is the order's


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_rendered_alike_in_whatever_order_its_files_were_made(folder: dict[str, bytes], tmp_path: Path):
    found = []
    for number, paths in enumerate((list(folder), list(reversed(folder)))):
        for path in paths:
            place = tmp_path / str(number) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(folder[path])
        found.append(outcome_of(list(read_local(tmp_path / str(number)))))

    assert found[0] == found[1]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "#", "default": {}}}, "default": {}},
        {"properties": {f"p{each}": {"$ref": "#", "default": {}} for each in range(40)}},
        {"properties": {f"p{each}": {"default": "x" * 4_000} for each in range(50)}},
        {"allOf": [{"$ref": "#/$defs/a"}] * 50, "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}] * 50}, "b": {}}},
        {"properties": {"a": {"pattern": "(a+)+" * 200, "default": "a" * 30}}},
    ],
)
def test_a_schema_that_makes_much_of_little_ends_soon(schema: dict[str, Any]):
    content = json.dumps({**WHOLE, "patches": [], "parameters": {"schema": schema}}).encode()

    assert cpu_time(lambda: outcome(content, [("web.yaml", WEB)]), enough=2.0) < 2.0
