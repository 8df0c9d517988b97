"""States: each has its own sign, and the worst is the one that people must see."""

import re

from pattern_operator.apply.health_result import HealthState
from pattern_operator.graph import NodeState


def test_every_word_of_health_is_a_state():
    assert {NodeState(state.value) for state in HealthState} <= set(NodeState)


def test_each_state_has_a_sign_of_its_own():
    signs = [state.sign for state in NodeState]

    assert len(set(signs)) == len(signs)
    assert all(len(sign) == 1 and sign.isprintable() for sign in signs)


def test_what_failed_is_worse_than_what_is_on_its_way_and_that_worse_than_what_is_well():
    failed, waiting, well = NodeState.FAILED, NodeState.IN_PROGRESS, NodeState.CURRENT

    assert failed.rank < NodeState.NOT_FOUND.rank < NodeState.UNKNOWN.rank < waiting.rank < well.rank


def test_the_class_of_a_state_is_a_word_of_css():
    assert NodeState.IN_PROGRESS.css_class == "in-progress"
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", state.css_class) for state in NodeState)
