"""``--values`` and ``--set``: files in order, then settings, laid over each other as Helm does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.cli import values
from pattern_operator.errors import Stalled

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a"])
MAPPINGS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), SCALARS | st.lists(SCALARS, max_size=2), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), SCALARS | inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def written(tmp_path):
    """Files with these contents, and the values of all."""

    def merged(*contents, **settings):
        paths = [tmp_path / f"{number}.yaml" for number, _ in enumerate(contents)]
        for path, content in zip(paths, contents, strict=True):
            path.write_text(content)
        return json.loads(values.merged([str(path) for path in paths], settings=values.Settings(**settings)))

    return merged


def test_without_files_and_settings_there_are_no_values():
    assert values.merged(()) == b"{}"


def test_later_files_and_then_settings_lie_over_earlier_ones(written):
    found = written(
        "image: {name: web, tag: 1}\nhosts: [a, b]\nkept: yes\n",
        "image: {tag: 2}\nhosts: [c]\n",
        plain=["image.tag=3,extra={x}"],
        texts=["image.digest=4"],
    )

    assert found == {
        "image": {"name": "web", "tag": 3, "digest": "4"},
        "hosts": ["c"],
        "kept": True,
        "extra": ["x"],
    }


def test_null_stays_because_it_removes_a_default(written):
    assert written("a: {b: 1}", "a: null", plain=["c=null"]) == {"a": None, "c": None}


def test_documents_of_one_file_are_laid_over_each_other(written):
    assert written("a: {b: 1}\n---\na: {c: 2}\n") == {"a": {"b": 1, "c": 2}}


def test_an_empty_file_has_no_values(written):
    assert written("", "# nothing\n") == {}


@pytest.mark.parametrize("content", ["[1]", "text", "1"])
def test_a_file_that_is_not_a_mapping_is_refused(written, content):
    with pytest.raises(Stalled) as refused:
        written(content)

    assert "is not a mapping of values" in refused.value.message


@pytest.mark.parametrize(
    ("settings", "texts", "said"),
    [
        (["a=1", "b"], [], "--set number 2: key 'b' has no value"),
        ([], ["a[x]=1"], "--set-string number 1: error parsing index"),
        (["a=1,a[0]=hunter2"], [], "--set number 1: 'a' is not a list"),
    ],
)
def test_a_setting_that_helm_does_not_take_is_refused_without_its_value(settings, texts, said):
    with pytest.raises(Stalled) as refused:
        values.merged((), settings=values.Settings(plain=settings, texts=texts))

    assert said in refused.value.message
    assert "hunter2" not in refused.value.message


@given(MAPPINGS, MAPPINGS)
def test_what_is_laid_over_another_has_the_keys_of_both(one, two):
    both = values.merge(one, two)

    assert values.merge(one, {}) == values.merge({}, one) == one
    assert both.keys() == one.keys() | two.keys()
    assert all(both[key] == two[key] for key in two if not isinstance(two[key], dict))


def test_a_file_of_values_that_cannot_be_read_is_named_as_one(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1\n")

    for path, words in ((tmp_path / "absent.yaml", "name a file of values."), (broken, "Correct the file.")):
        with pytest.raises(Stalled, match=r"^--values: ") as refusal:
            values.merged([str(path)])
        assert refusal.value.message.endswith(words)
        assert "publish" not in refusal.value.message


def test_json_and_files_are_set_in_the_order_of_helm(written, tmp_path):
    (tmp_path / "ca.crt").write_text("-----BEGIN\n")

    found = written(
        "a: {b: 1}\nkept: 1\n",
        json=['{"a": {"c": [1, null]}, "plain": 1}', 'hosts=["x,y"] ,n[1]={"d": 1.5}'],
        plain=["plain=2"],
        texts=["text=2"],
        files=[f"tls.ca={tmp_path}/ca.crt"],
    )

    assert found == {
        "a": {"b": 1, "c": [1, None]},
        "kept": 1,
        "plain": 2,
        "hosts": ["x,y"],
        "n": [None, {"d": 1.5}],
        "text": "2",
        "tls": {"ca": "-----BEGIN\n"},
    }


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"json": ["a=planted"]},
            "--set-json number 1: its value is not JSON: write key=value, as in --set-json 'hosts",
        ),
        ({"json": ["a=NaN"]}, "its value is not JSON"),
        ({"json": ["a=" + "[" * 100_000]}, "its value is not JSON"),
        ({"json": ['{"planted": ']}, "--set-json number 1: it is not a JSON object"),
        ({"json": ['{"a": 1, "a": "planted"}']}, "it is not a JSON object"),
        ({"files": ["a=/nonexistent"]}, "--set-file number 1: '/nonexistent' cannot be read"),
        ({"files": ["a=/dev/zero"]}, "has more than"),
        ({"files": ["a=\0"]}, "cannot be read"),
    ],
)
def test_json_or_a_file_that_cannot_be_read_is_refused_without_its_value(settings, said):
    with pytest.raises(Stalled) as refusal:
        values.merged((), settings=values.Settings(**settings))

    assert said in refusal.value.message
    assert "planted" not in refusal.value.message


@pytest.mark.parametrize("text", ["n=123456789012345678901234567890", '{"n": 123456789012345678901234567890}'])
def test_a_whole_number_of_more_than_64_bits_is_read_as_helm_reads_it(text):
    found = json.loads(values.merged([], settings=values.Settings(json=[text, "max=9223372036854775807"])))

    assert found == {"n": 1.2345678901234568e29, "max": 9223372036854775807}
    assert isinstance(found["n"], float)


def test_a_number_that_is_too_long_even_so_is_refused():
    with pytest.raises(Stalled, match="a number has too many digits"):
        values.merged([], settings=values.Settings(json=["n=[" + "1" * 400 + "]"]))
