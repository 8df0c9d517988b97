"""The rules of conditions: each stage has one that tells of it, and the three general ones go together."""

import pytest
from tests.reconcile.pattern import NOW, pattern

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.reconcile.conditions import OF_STAGE, RULES, STANDINGS, Conditions, Polarity, Standing


def test_each_stage_has_one_condition_and_each_condition_one_rule():
    owned = [stage for rule in RULES for stage in rule.stages]

    assert sorted(owned) == sorted(Stage) == sorted(OF_STAGE)
    assert len({rule.kind for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("before", Standing)
@pytest.mark.parametrize("standing", Standing)
def test_of_the_negative_conditions_only_the_one_that_is_true_is_there(before: Standing, standing: Standing):
    found = Conditions.of(pattern(), now=NOW)
    found.stand(before, Reason.PROGRESSING, "before")
    found.stand(standing, Reason.APPLY_FAILED, "now")

    truth, beside = STANDINGS[standing]
    negative = {rule.kind for rule in RULES if rule.polarity is Polarity.NEGATIVE}
    there = {kind for kind in negative if kind in found.current}
    assert (found.current[ConditionType.READY].status, found.current[ConditionType.READY].message) == (truth, "now")
    assert there == ({beside} if beside is not None else set())
    assert all((found.current[kind].status, found.current[kind].message) == ("True", "now") for kind in there)
