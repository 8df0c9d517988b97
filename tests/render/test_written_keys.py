"""Keys that YAML 1.1 reads as booleans or numbers are told as they stand in the file."""

import pytest
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.errors import Stalled
from pattern_operator.render import Options
from pattern_operator.render.written_keys import MOST_WRITTEN_KEYS

HEAD = "apiVersion: v1\nkind: ConfigMap\n"


def _render(content: str) -> Rendering:
    return render([File("a.yaml", content.encode())], options=Options())


def _refused(content: str) -> ComponentReport:
    (refused,) = _render(content).with_outcome(Outcome.REFUSED)
    return refused


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            f"{HEAD}metadata: {{name: a}}\ndata:\n  on: yes\n",
            "data.on must be text: quote it (it is read as a boolean)",
        ),
        (f"{HEAD}metadata: {{name: a, annotations: {{n: 5}}}}\n", "metadata.annotations.n must be text"),
        (f"{HEAD}metadata: {{name: a, labels: {{No: 5}}}}\n", "metadata.labels.No must be text"),
        (f"{HEAD}metadata: {{name: a}}\ndata:\n  0x10: 1\n", "data.0x10 must be text"),
        (f"{HEAD}metadata: {{name: a}}\ndata:\n  true: 1\n", "data.true must be text"),
        (
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n"
            "- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {off: 1}}\n",
            "data.off must be text",
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: a, image: i}\n"
            "  nodeSelector: {y: 1}\n",
            "spec.nodeSelector.y must be text",
        ),
    ],
)
def test_a_wrong_value_is_told_by_its_key_as_it_stands_in_the_file(content: str, said: str):
    assert _refused(content).message.startswith(said)


@pytest.mark.parametrize(
    ("keys", "name", "words"),
    [
        ("y: '1'\n  on: '1'", "true", "y, yes, on, true"),
        ("on: '1'\n  'true': '1'", None, ""),
        ("'true': '1'\n  Yes: '1'", "true", "y, yes, on, true"),
        ("no: '1'\n  off: '1'", "false", "n, no, off, false"),
    ],
)
def test_two_words_of_one_boolean_are_called_so(keys: str, name: str | None, words: str):
    with pytest.raises(Stalled) as refusal:
        _render(f"{HEAD}metadata: {{name: a}}\ndata:\n  {keys}\n")

    said = f"two keys of one mapping are both read as {name}, as each of {words} is without quotes: quote them"
    assert (said if name else "the key 'true' occurs twice in one mapping") in refusal.value.message


@pytest.mark.parametrize(("written", "read"), [("on", "true"), ("No", "false"), ("1_000", "1000"), ("1.10", "1.1")])
def test_what_is_applied_under_another_key_than_is_written_is_told(written: str, read: str):
    (report,) = _render(f"{HEAD}metadata: {{name: a}}\ndata:\n  {written}: x\n").components

    assert report.repair_messages == (
        f"data.{written} read as the key {read}, as by kubectl: quote it where it is meant as written",
    )


@pytest.mark.parametrize("key", ["'on'", '"y"', "true", "8080", "online", "nope", "2024-01-01"])
def test_a_key_that_is_read_as_it_is_written_is_not_told(key: str):
    (report,) = _render(f"{HEAD}metadata: {{name: a}}\ndata:\n  {key}: x\n").components

    assert report.repair_messages == ()


def test_keys_of_another_document_and_of_what_is_merged_do_not_matter():
    other = f"{HEAD}metadata: {{name: a}}\ndata: {{on: x}}\n---\n"
    merged = f"{HEAD}metadata: {{name: b}}\ndata:\n  <<: {{off: x}}\n  true: x\n"

    first, second = _render(other + merged).components

    assert (len(first.repair_messages), second.repair_messages) == (1, ())


def test_of_many_keys_some_are_remembered():
    keys = "".join(f"  0x{number:x}: x\n" for number in range(16, 2000))

    (report,) = _render(f"{HEAD}metadata: {{name: a}}\ndata:\n{keys}").components

    assert 0 < len(report.repair_messages) <= MOST_WRITTEN_KEYS
