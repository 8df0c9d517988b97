"""JSON and YAML for programs: whatever is written is read back the same, above all by kubectl."""

import json
import math
import subprocess
from enum import StrEnum

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.testbed.kubectl import BINARY

from pattern_operator.cli import yaml_output
from pattern_operator.limits import MAX_KEY
from pattern_operator.render.yamlstream import load_all

# What other readers take for something else than text, or what needs care in a block.
_WORDS = (
    "y n Y N yes no on off true false null ~ Null NULL 1 014 0o14 0x1f 0b1 1_000 1e3 1e-3 1. .5 +1 -0 "
    ".inf .nan NaN 12:30 2001-01-01 2001-01-01T00:00:00Z = << - -- --- ... ? : , # & * ! | > % @ ` [ ] { "
    "} a: :a a:b #a a# e3 _ __a "
)
ODD = [*_WORDS.split(), "'", '"']
LINES = [
    "",
    " ",
    "a ",
    " a",
    "\ta",
    "a: b",
    "a #b",
    "- a",
    "a\n",
    "\na",
    "\n",
    "a\n\n",
    "a\nb",
    "  a\nb",
    "a \nb",
    "a\n\tb",
]
LINES += [
    "# a\nb",
    "---\na",
    "a\n---\nb\n",
    "a\r\nb",
    "é",
    "é\nb",
    "😀",
    "\ufeffa",
    "a\u2028b",
    "\x85a\nb",
    "\x7f",
    "a\x00b",
]
LINES += ["a" * 5000, "a b " * 500, "a b " * 500 + "\nc"]

TEXT = st.sampled_from(ODD + LINES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = TEXT.filter(lambda text: len(text) <= MAX_KEY)  # a longer one is refused where it is read
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda it: not it.is_integer()
)
VALUES = st.recursive(
    TEXT | NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_kubectl_reads_every_text_as_it_is(form):
    data = {f"k{number}": text for number, text in enumerate(ODD + LINES)}
    annotations = {text: text for text in ODD}
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "texts", "annotations": annotations},
        "data": data,
    }

    read = kubectl_reads(yaml_output.dump(body, form))

    assert read["data"] == data
    assert read["metadata"]["annotations"] == annotations


def kubectl_reads(text):
    """The object as kubectl has understood it; it asks no server for that."""
    command = [str(BINARY), "label", "--local", "--filename=-", "read=yes", "--output=json"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=30)
    return json.loads(done.stdout)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_is_written_as_yaml_is_read_as_kubectl_reads_it(value):
    ((_, found),) = load_all(yaml_output.stream([value]))

    assert found == value


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_is_written_as_json_is_read_back(value):
    assert json.loads(yaml_output.dump(value, "json")) == value


@pytest.mark.parametrize("text", ["a\n", "a\n\n", "\n", "a\n \n\n"])
def test_a_text_that_ends_the_document_keeps_its_line_breaks(text):
    assert yaml.safe_load(yaml_output.stream([{"a": text}])) == {"a": text}


def test_several_objects_are_several_documents():
    text = yaml_output.stream([{"a": 1}, {"b": "y"}])

    assert text == '---\na: 1\n---\nb: "y"\n'


def test_nothing_is_not_a_document():
    assert yaml_output.stream([]) == ""


def test_long_texts_are_blocks_and_nothing_is_an_alias():
    shared = {"script": "#!/bin/sh\necho one\n"}

    text = yaml_output.dump({"a": shared, "b": shared}, "yaml")

    block = "  script: |\n    #!/bin/sh\n    echo one"
    assert text == f"a:\n{block}\nb:\n{block}\n"


class Word(StrEnum):
    YES = "yes"


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_word_of_an_enumeration_is_written_as_the_word(form):
    assert yaml.safe_load(yaml_output.dump({"a": Word.YES}, form)) == {"a": "yes"}


def test_a_text_that_is_not_unicode_is_still_json():
    assert json.loads(yaml_output.dump({"file": "caf\udce9.yml", "size": math.pi}, "json")) == {
        "file": "caf\udce9.yml",
        "size": math.pi,
    }


@pytest.mark.parametrize("text", ["a\x9b31m", "gpj.\u202egnp", "a\n\u2066b\n", "\x7f", "\u200f"])
def test_letters_that_command_a_terminal_are_written_as_escapes(text: str):
    value = {"data": {"a": text, text: "é"}}

    for form in ("json", "yaml"):
        written = yaml_output.dump(value, form)
        assert not set(written) & set("\x7f\x9b\u202e\u2066\u200f")
        assert yaml.safe_load(written) == value
        assert "é" in written
    assert json.loads(yaml_output.line(value)) == value
