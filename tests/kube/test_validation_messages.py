"""Sentences of kube-apiserver's own validation: shown as they are known here, with nothing of a value in their gaps."""

from importlib.resources import files

import orjson
import pytest

from pattern_operator.kube.redact import sentence
from pattern_operator.kube.request_content import RequestContent
from pattern_operator.kube.validation_messages import known

PLANTED = "tulipwood-4711"
LINES = files("pattern_operator.kube").joinpath("validation_messages.txt").read_text().splitlines()
METADATA = {"name": "web", "uid": "u-1"}
EXISTING = RequestContent(orjson.dumps({"apiVersion": "v1", "kind": "Service", "metadata": METADATA}), "/x")
STORED = "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a"
STORED += " storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions"


def test_each_sentence_without_a_gap_is_shown_as_it_is():
    whole = [line for line in LINES if "{}" not in line]

    assert len(whole) > 500
    assert [line for line in whole if sentence(line, EXISTING) != line] == []


def test_what_fills_a_gap_is_never_shown_for_its_place():
    filled = [line.replace("{}", f"correct {PLANTED} horse") for line in LINES]

    assert [text for text in filled if PLANTED in sentence(text, EXISTING) or "horse" in sentence(text, EXISTING)] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (STORED.format("v1alpha1"), STORED.format("v1alpha1")),
        (STORED.format("quercus"), STORED.format("***")),
        ("no PriorityClass with name web was found", "no PriorityClass with name web was found"),
        ("no PriorityClass with name quercus was found", "no PriorityClass with name *** was found"),
        (
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
            " alphanumeric character (e.g. 'MyName', regex used for validation is 'quercus')",
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
            " alphanumeric character",
        ),
    ],
)
def test_a_name_and_a_version_fill_a_gap_and_nothing_else(text: str, shown: str):
    assert sentence(text, EXISTING) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "provided port is already allocated to quercus",
        "quercus: provided port is already allocated",
        "must have the storage version",
        "no PriorityClass with name " + "x" * 400 + " was found",
        "no PriorityClass with name x\nwas found",
        "no PriorityClass with name \x1b[1m was found",
    ],
)
def test_what_only_begins_or_ends_like_a_sentence_is_none(text: str):
    assert known(text) is None


@pytest.mark.parametrize("path", ["/api/v1/namespaces/a/secrets/b", "/x"])
def test_nothing_is_shown_of_a_secret(path: str):
    secret = RequestContent(orjson.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": METADATA}), path)

    assert sentence("provided port is already allocated", secret) == ""


ENVIRONMENT = 'container {} with envFrom referencing secret.secretName="{}" is not allowed because service account {}'
ENVIRONMENT += " does not reference that secret"


@pytest.mark.parametrize(("gap", "is_known"), [(0, True), (300, True), (301, False)])
def test_a_gap_has_an_end(gap: int, is_known: bool):
    text = ENVIRONMENT.format("a" * gap, "b", "c")

    assert (known(text) is not None) is is_known


@pytest.mark.parametrize(("length", "is_known"), [(1024, True), (1025, False)])
def test_a_sentence_has_an_end(length: int, is_known: bool):
    text = ENVIRONMENT.format("a" * 300, "b" * 300, "{}")

    assert (known(text.format("c" * (length - len(text) + 2))) is not None) is is_known
