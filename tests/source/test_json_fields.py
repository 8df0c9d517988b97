import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.source.json_fields import child, children, known_word, shown, text, texts
from pattern_operator.strict_json import InvalidDocument


def test_what_may_be_absent_is_empty():
    assert (text({}, "a"), text({"a": None}, "a"), texts({}, "a"), texts({"a": None}, "a")) == ("", "", {}, {})


@pytest.mark.parametrize(
    ("take", "value", "says"),
    [
        (text, 1, "a that is not a string"),
        (text, ["x"], "a that is not a string"),
        (texts, [], "a that are not a map of strings"),
        (texts, {"b": 1}, "a that are not a map of strings"),
        (child, None, "no object a"),
        (child, [], "no object a"),
        (children, None, "no list of objects a"),
        (children, {}, "no list of objects a"),
        (children, [{}, 1], "no list of objects a"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(take, value, says):
    with pytest.raises(InvalidDocument, match=says):
        take({"a": value}, "a")


@given(value=st.text(st.characters()), length=st.integers(1, 50))
def test_foreign_text_is_shown_as_one_short_printable_line(value, length):
    line = shown(value, length=length)

    assert line.isprintable()
    assert len(line) <= length + len("...")
    assert line.strip() == line or line.endswith("...")


def test_foreign_text_that_is_short_and_plain_is_shown_as_it_is():
    assert shown("tag 1.0 of team/wéb") == "tag 1.0 of team/wéb"
    assert shown("\x1b[31mred\r\n\u202eevil") == "[31mred evil"


@pytest.mark.parametrize(
    "word",
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "text/html",
        "Bearer",
        "negotiate",
        "aws-chunked",
    ],
)
def test_a_word_of_the_specifications_is_repeated(word):
    assert known_word(word, otherwise="another") == word


@pytest.mark.parametrize(
    "word", ["", "hunter2", "text/hunter2", "application/vnd.oci.hunter2.v1", "basic hunter2", "gzip\n"]
)
def test_a_word_of_the_registry_itself_is_not_repeated(word):
    assert known_word(word, otherwise="another") == "another"
