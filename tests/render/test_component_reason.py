"""Reasons of components: what becomes of one, in words that are documented."""

import re

import pytest

from pattern_operator.api.report import Outcome
from pattern_operator.render import ComponentReason

SKIPS = {
    "Alias",
    "Annotation",
    "Controlled",
    "DeletedByPatch",
    "Deprecated",
    "Duplicate",
    "ForeignModel",
    "Hook",
    "Ignored",
    "LocalConfig",
    "MatchesNothing",
    "ProtectedNamespace",
    "TargetNamespace",
    "TestHook",
    "UnknownHook",
    "UsesLookup",
}
TELLS = {"BuildMetadata", "NotDeterministic"}


@pytest.mark.parametrize("reason", ComponentReason)
def test_a_reason_skips_or_refuses(reason: ComponentReason):
    if reason.value in TELLS:
        assert reason.outcome is Outcome.RENDERED
    else:
        assert reason.outcome is (Outcome.SKIPPED if reason.value in SKIPS else Outcome.REFUSED)


def test_the_reasons_that_skip_are_reasons():
    assert {reason.value for reason in ComponentReason} > SKIPS


@pytest.mark.parametrize("reason", ComponentReason)
def test_a_reason_is_a_word_with_a_sentence(reason: ComponentReason):
    assert re.fullmatch(r"[A-Z][A-Za-z]+", reason)
    assert str(reason) == reason.value
    assert reason.description[0].isupper() or reason.description[0] == "`"
    assert reason.description.endswith(".")


def test_no_two_reasons_say_the_same():
    assert len({reason.description for reason in ComponentReason}) == len(ComponentReason)
