"""YAML as kubectl reads it, and what is refused before it grows."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.limits import MAX_NESTING, MAX_NODES, MAX_YAML_ALIASES
from pattern_operator.render.invalid_yaml import InvalidYaml, YamlTooLarge
from pattern_operator.render.yamlstream import load_all


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: yes\nb: 'yes'\nc: !!str 1", {"a": True, "b": "yes", "c": "1"}, id="quotes and tags make text"),
        pytest.param("{1: a, true: b, 1.5: c}", {"1": "a", "true": "b", "1.5": "c"}, id="keys become text"),
        pytest.param("a: !!binary aGVsbG8=", {"a": "hello"}, id="binary is decoded"),
        pytest.param("a: !custom b", {"a": "b"}, id="an unknown tag is ignored"),
        pytest.param("!!set {a, b}", {"a": None, "b": None}, id="a set is a mapping"),
        pytest.param("a: !!int '3'\nb: !!float 3", {"a": 3, "b": 3}, id="a number by its tag"),
        pytest.param("a: |\n  x\n  y\n", {"a": "x\ny\n"}, id="a block"),
        pytest.param("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}, id="an alias"),
        pytest.param("{&k a: 1, b: *k}", {"a": 1, "b": "a"}, id="an alias to a key"),
        pytest.param(
            "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}, id="merge"
        ),
        pytest.param("{<<: [{a: 1}, {a: 2, b: 2}], c: 3}", {"a": 1, "b": 2, "c": 3}, id="the first of several merges"),
        pytest.param("a: &x {b: 1}\nd: {b: 2, <<: *x}", {"a": {"b": 1}, "d": {"b": 1}}, id="a merge after a key"),
        pytest.param("{<<: {a: 1}, <<: {a: 2}}", {"a": 2}, id="the second of two merge keys"),
        pytest.param("{!!merge <<: {a: 1}}", {"a": 1}, id="a merge by its tag"),
        pytest.param("a: &n 1e6\n*n : 2", {"a": 1000000, "1e+06": 2}, id="an alias of a number as a key"),
        pytest.param("{.inf: a, 1e6: b}", {".inf": "a", "1e+06": "b"}, id="a number that JSON cannot hold as a key"),
        pytest.param("a: !!binary |\n  aGVs\n  bG8=\n", {"a": "hello"}, id="binary over lines"),
        pytest.param("! 12", "12", id="a tag that says nothing makes text"),
        pytest.param("'<<': 1", {"<<": 1}, id="a quoted << is a key"),
        pytest.param("[<<]", ["<<"], id="<< in a list is text"),
    ],
)
def test_a_document_is_read_as_kubectl_reads_it(text: str, value: object):
    assert list(load_all(text)) == [(1, value)]


def test_documents_come_with_their_lines_and_empty_ones_are_left_out():
    text = "---\na: 1\n---\n# nothing\n---\n\nb: 2\n...\n---\n"

    assert list(load_all(text)) == [(1, {"a": 1}), (5, {"b": 2})]


def test_an_alias_is_a_copy_and_not_the_same():
    ((_, value),) = load_all("a: &x {b: 1}\nc: *x")

    value["a"]["b"] = 2

    assert value["c"] == {"b": 1}


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        pytest.param("a: 1\nb: 2\na: 3", 3, "the key 'a' occurs twice", id="a key twice"),
        pytest.param("1: a\n'1': b", 2, "the key '1' occurs twice", id="a key twice, as text and as a number"),
        pytest.param("a:\n  b: c: d", 2, "mapping values are not allowed", id="a syntax error"),
        pytest.param("a: 1\n? {b: c}\n: d", 2, "a key is a list or a mapping", id="a mapping as a key"),
        pytest.param("~: 1", 1, "a key is null", id="null as a key"),
        pytest.param("a: .inf", 1, "infinity or not a number", id="infinity"),
        pytest.param("a: [1, !!float .nan]", 1, "infinity or not a number", id="not a number by its tag"),
        pytest.param("9223372036854775808: a", 1, "a number of more than 63 bits", id="a key of 64 bits"),
        pytest.param("{b: 1, <<: {a: 1}, b: 2}", 1, "the key 'b' occurs twice", id="a key twice around a merge"),
        pytest.param("a: !!binary a-G=", 1, "not what its tag", id="binary with other characters"),
        pytest.param("a: !!int x", 1, "not what its tag", id="a tag that does not fit"),
        pytest.param("a: !!binary /w==", 1, "not what its tag", id="binary that is not text"),
        pytest.param("a: *b", 1, "names no anchor", id="an alias to nothing"),
        pytest.param("&a [*a]", 1, "names no anchor", id="an alias to itself"),
        pytest.param("---\na: &x 1\n---\nb: *x", 4, "names no anchor", id="an alias to another document"),
        pytest.param("a: {<<: 1}", 1, "a merge key", id="a merge of no mapping"),
        pytest.param("a: 1\nb: \x01", 2, "a character that YAML forbids", id="a control character"),
        pytest.param("a: [\n", 2, "did not find expected node", id="an end too early"),
    ],
)
def test_what_is_not_yaml_of_kubernetes_is_refused_with_its_line(text: str, line: int, why: str):
    with pytest.raises(InvalidYaml, match=why) as refusal:
        list(load_all(text))

    assert refusal.value.line == line


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("[" * (MAX_NESTING + 1), "nested deeper", id="depth"),
        pytest.param("[" * 100_000, "nested deeper", id="depth that would overflow a stack"),
        pytest.param("a: &a 1\nb: [" + "*a," * (MAX_YAML_ALIASES + 1) + "]", "aliases", id="aliases"),
        pytest.param(
            "a: &a ["
            + "x," * 100
            + "]\n"
            + "".join(f"{name}: &{name} [" + f"*{before}," * 100 + "]\n" for before, name in ("ab", "bc", "cd")),
            f"with what its aliases repeat it contains more than {MAX_NODES} values",
            id="aliases of aliases",
        ),
    ],
)
def test_what_would_grow_beyond_a_limit_is_refused(text: str, why: str):
    with pytest.raises(YamlTooLarge, match=why):
        list(load_all(text))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        pytest.param("[" * (MAX_NESTING + 1), "is the file what you meant to publish?", id="depth"),
        pytest.param("[" * 100_000, "is the file what you meant to publish?", id="depth of a stack"),
        pytest.param("- x\n" * (MAX_NODES + 1), "Split it.", id="a flat list"),
        pytest.param("---\n" * 20_001, "Split it.", id="documents"),
        pytest.param("a: &a 1\nb: [" + "*a," * (MAX_YAML_ALIASES + 1) + "]", "aliases", id="aliases"),
        pytest.param("? " + "k" * 2_000 + "\n: 1", "Shorten it.", id="a key"),
    ],
)
def test_the_next_step_fits_what_is_too_large(text: str, advice: str):
    with pytest.raises(YamlTooLarge) as refusal:
        list(load_all(text))

    assert advice in refusal.value.advice
    assert ("aliases" in refusal.value.advice) is (advice == "aliases")


def test_nesting_up_to_the_limit_is_read():
    ((_, value),) = load_all("[" * MAX_NESTING + "]" * MAX_NESTING)

    assert isinstance(value, list)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="utf-8"), max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc <~-.1", max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON.filter(lambda value: value is not None))
def test_what_a_yaml_library_writes_is_read_back(value: object):
    text = yaml.safe_dump(value, default_style='"')  # PyYAML leaves -.1 plain, a number to kubectl

    assert list(load_all(text)) == [(1, value)]


@given(st.text())
def test_any_text_is_read_or_refused(text: str):
    try:
        documents = list(load_all(text))
    except InvalidYaml as refusal:
        assert refusal.line >= 1
    else:
        assert all(value is not None for _, value in documents)
