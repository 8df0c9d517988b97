"""What is built from a document is bounded, whatever comes in: counted before it is made, and told in few words."""

import tracemalloc

import pytest
from tests import hostile
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Outcome
from pattern_operator.errors import Stalled
from pattern_operator.limits import (
    MAX_COMPONENTS,
    MAX_KEY,
    MAX_NESTING,
    MAX_NODES,
    MAX_PATH,
    MAX_REPAIRS,
    MAX_REPORT_NAME,
    MAX_SENTENCE,
    MAX_STREAM,
    MIB,
)
from pattern_operator.render import Options
from pattern_operator.render.document import read
from pattern_operator.render.scalar import resolve
from pattern_operator.strict_json import InvalidDocument, read_json

HEAD = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"x":'


def rendered(content: bytes, name: str = "design.yml"):
    return render([File(name, content)], options=Options())


def refusal(content: bytes, name: str = "design.yml") -> Stalled:
    with pytest.raises(Stalled) as refused:
        rendered(content, name)
    assert len(refused.value.message) < 1000
    return refused.value


def peak(work) -> int:
    """The bytes that Python had at most while ``work`` ran."""
    tracemalloc.start()
    try:
        work()
    finally:
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return found


# --- objects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(hostile.many_items(MAX_COMPONENTS + 1), id="a list"),
        pytest.param(hostile.many_items_in_lists(22_000), id="lists in a list"),
        pytest.param(hostile.many_services(MAX_COMPONENTS + 1), id="services"),
        pytest.param(hostile.many_components(MAX_COMPONENTS + 1), id="components"),
        pytest.param(
            b"apiVersion: v1\nkind: List\nitems:\n" + b"- 0\n" * (MAX_COMPONENTS // 2 + 1) + b"---\n"
            b"apiVersion: v1\nkind: List\nitems:\n" + b"- 0\n" * (MAX_COMPONENTS // 2 + 1),
            id="lists in two documents",
        ),
    ],
)
def test_more_objects_than_are_taken_are_refused_before_a_draft_is_made(content):
    assert refusal(content).reason is Reason.TOO_MANY_OBJECTS
    assert peak(lambda: refusal(content)) < 16 * MIB


def test_as_many_objects_as_are_taken_are_each_told():
    assert len(rendered(hostile.many_items(MAX_COMPONENTS)).components) == MAX_COMPONENTS


# --- nodes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(hostile.wide_json(2 * MIB), id="empty mappings"),
        pytest.param(HEAD + b"[" + b",".join([b'""'] * (MAX_NODES + 1)) + b"]}", id="strings"),
        pytest.param(HEAD + b"{" + b",".join([b'"a":1'] * (MAX_NODES // 2 + 1)) + b"}}", id="one key"),
        pytest.param(HEAD + b"[" * (MAX_NODES + 1), id="lists that do not end"),
        pytest.param(HEAD + b'["\\\\",' + b",".join([b"1"] * MAX_NODES) + b"]}", id="after an escape"),
    ],
)
def test_json_of_too_many_values_is_refused_before_they_are_made(content):
    found = refusal(content, "a.json")

    assert found.reason is Reason.ARTIFACT_TOO_LARGE
    assert f"{MAX_NODES} values" in found.message
    assert peak(lambda: refusal(content, "a.json")) < 6 * len(content)


@pytest.mark.parametrize("text", [",", "{", '\\",', "\\\\,"])
def test_marks_inside_strings_are_not_values(text):
    content = HEAD + b'"' + text.encode() * (MAX_NODES + 1) + b'"}'

    assert len(rendered(content, "a.json").objects) == 1


def test_yaml_of_too_many_values_is_refused():
    found = refusal(b"a: [" + b"x," * (MAX_NODES + 1) + b"]")

    assert found.reason is Reason.ARTIFACT_TOO_LARGE
    assert f"{MAX_NODES} values and keys. Split it." in found.message
    assert "alias" not in found.message


@pytest.mark.parametrize("content", [hostile.aliases(), hostile.merges(), hostile.wide_aliases()])
def test_what_expands_is_refused_by_what_it_expands_to(content):
    assert refusal(content).reason is Reason.ARTIFACT_TOO_LARGE


def test_documents_that_hold_nothing_count():
    found = refusal(hostile.empty_documents(MAX_STREAM + 1))

    assert found.reason is Reason.ARTIFACT_TOO_LARGE
    assert f"{MAX_STREAM} documents" in found.message
    assert len(rendered(hostile.empty_documents(MAX_STREAM - 1)).objects) == 1


@pytest.mark.parametrize("content", [hostile.comments(MIB), hostile.long_line(MIB), hostile.anchors(10_000)])
def test_what_is_only_long_is_read(content):
    assert len(rendered(content).objects) == 1


# --- depth ----------------------------------------------------------------------------------------------------------


def test_nesting_ends_at_the_same_depth_everywhere():
    assert MAX_NESTING == MAX_NESTING
    for depth, accepted in ((MAX_NESTING, True), (MAX_NESTING + 1, False)):
        content = b"[" * depth + b"1" + b"]" * depth
        for reader in (
            lambda text: read_json(text),
            lambda text: list(read(File("a.json", text))),
            lambda text: list(read(File("a.yml", b"# YAML\n" + text))),
        ):
            try:
                reader(content)
            except (InvalidDocument, Stalled):
                assert not accepted
            else:
                assert accepted


# --- keys and numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [b'{"%s": 1}', b"# YAML\n? %s\n: 1\n"])
def test_a_key_longer_than_any_field_is_refused(form):
    found = refusal(form % (b"k" * (MAX_KEY + 1)))

    assert found.reason is Reason.ARTIFACT_TOO_LARGE
    assert f"{MAX_KEY} characters" in found.message
    assert list(read(File("a.yml", form % (b"k" * MAX_KEY))))


@pytest.mark.parametrize("digits", ["9" * 5000, "0x" + "f" * 390, "0" + "7" * 390, "1" + "0" * 310])
def test_a_number_of_more_digits_than_a_double_has_is_text_in_yaml(digits):
    assert resolve(digits) == digits


@pytest.mark.parametrize("digits", ["9" * 5000, "1e999", "-1e999", "1" * 400])
def test_a_number_that_json_cannot_hold_makes_no_infinity(digits):
    content = HEAD + digits.encode() + b"}"
    try:
        (found,) = rendered(content, "a.json").objects
    except Stalled:
        return

    assert str(found.body["x"]) not in ("inf", "-inf", "nan")


# --- reports --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [hostile.nulls_under_long_key, hostile.repairs_under_long_key])
def test_a_report_names_the_field_and_does_not_repeat_a_long_path(make):
    content = make(5_000, MAX_KEY)

    assert peak(lambda: rendered(content)) < 24 * MIB
    (component,) = rendered(content).components
    assert sum(map(len, component.repair_messages)) < 10_000
    assert all(len(repair) < MAX_PATH + 200 for repair in component.repair_messages)
    assert "more" in component.repair_messages[-1]


def test_a_report_tells_the_first_repairs_and_counts_the_others():
    *_, binding = render(
        [File("design.yml", hostile.many_references(2_000))], options=Options(target_namespace="t")
    ).components

    assert len(binding.repair_messages) == MAX_REPAIRS + 1
    assert binding.repair_messages[-1] == f"and {2_000 - MAX_REPAIRS} more repairs"


def test_names_are_told_as_long_as_names_are():
    components = rendered(hostile.refusals_of_long_names(50, 100_000)).components

    assert {each.outcome for each in components} == {Outcome.REFUSED}
    assert all(len(each.name) <= MAX_REPORT_NAME and len(each.message) <= MAX_SENTENCE for each in components)
