"""The public words, of reasons and of conditions: each once, each with what it means."""

import re

import pytest

from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Outcome
from pattern_operator.api.stage import Stage

CAMEL_CASE = re.compile(r"[A-Z][A-Za-z]*")  # metav1.Condition allows more, people expect this
WORDS = [*Reason, *ConditionType]


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{type(word).__name__} {word}")
def test_a_word_is_camel_case_and_its_meaning_a_sentence(word):
    assert CAMEL_CASE.fullmatch(word.value)
    assert word.description[0].isupper() or word.description[0] == "`"
    assert word.description.endswith(".")
    assert "\n" not in word.description


@pytest.mark.parametrize("words", [Reason, ConditionType], ids=lambda words: words.__name__)
def test_every_word_and_every_meaning_is_there_once(words):
    names = list(words.__members__)

    assert len(names) == len({word.value.lower() for word in words}) == len({word.description for word in words})


@pytest.mark.parametrize("word", WORDS, ids=str)
def test_the_name_in_the_code_is_the_public_word(word):
    assert word.name.replace("_", "").lower() == word.value.lower()


def test_a_word_is_a_text_to_programs():
    assert isinstance(Reason.READY, str)
    assert str(Reason.READY) == "Ready"
    assert f"{Reason.DIGEST_MISMATCH}: {ConditionType.FETCHED}" == "DigestMismatch: Fetched"
    assert Reason("DigestMismatch") is Reason.DIGEST_MISMATCH  # type: ignore[call-arg]  # no __new__: it is looked up


def test_the_general_conditions_come_before_the_facts_of_the_stages():
    general = [ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED]

    assert list(ConditionType)[:3] == general


def test_a_condition_has_the_fields_of_kubernetes():
    assert Condition.__struct_encode_fields__ == (
        "type",
        "status",
        "reason",
        "message",
        "lastTransitionTime",
        "observedGeneration",
    )


def test_the_stages_are_told_in_their_order():
    assert [str(stage) for stage in Stage] == ["source", "verify", "render", "rollout", "apply", "health"]


def test_the_outcomes_of_a_component_are_three():
    assert [str(outcome) for outcome in Outcome] == ["rendered", "skipped", "refused"]
