"""Lists of tags rest: a long one is read again after a time that follows from its length, whatever the interval."""

import dataclasses
from typing import Any

import pytest
from tests.reconcile.pattern import REVISION, pattern

from pattern_operator.limits import MAX_TAGS, TAGS_A_SECOND
from pattern_operator.reconcile import wanted
from pattern_operator.reconcile.memory import Lookup, Memory
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.stages import is_known

SOURCE = {"url": "oci://registry.example/web", "ref": {"semver": ">=1"}}


def rim(at: float) -> Rim:
    parts: dict[str, Any] = {each.name: None for each in dataclasses.fields(Rim)}
    return Rim(**{**parts, "clock": lambda: at})


@pytest.mark.parametrize(
    ("interval", "listed", "until"),
    [
        pytest.param("1s", MAX_TAGS, 10.0, id="ten seconds for the longest list"),
        pytest.param("1s", 500, 1.0, id="a short list each interval"),
        pytest.param("1s", 0, 1.0, id="nothing was listed"),
        pytest.param("1m", MAX_TAGS, 60.0, id="an interval that is longer"),
    ],
)
def test_the_longer_a_list_the_longer_it_rests(interval, listed, until):
    resting = pattern(spec={"interval": interval, "source": SOURCE})
    lookup = Lookup(wanted.reference(resting), REVISION, 0.0)
    memory = Memory(lookup=lookup, rest=listed / TAGS_A_SECOND)

    assert is_known(resting, memory=memory, rim=rim(until - 0.5))
    assert not is_known(resting, memory=memory, rim=rim(until + 0.5))
