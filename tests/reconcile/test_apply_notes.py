"""What is said of what was applied, and what those that failed wait for."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.apply.harness import config_map

from pattern_operator.api.reason import Reason
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.apply import ApplyFailure, ApplyResult
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.need import ObjectNeeded
from pattern_operator.reconcile.apply_notes import applied_notes, deprecation, made_anew, needs_of

KEY, OTHER = config_map("a", "team").key, config_map("b", "team").key


@pytest.mark.parametrize(
    ("why", "is_watched", "said"),
    [
        pytest.param(PAUSED, True, (), id="the watch tells that it is paused"),
        pytest.param(PAUSED, False, (f"ConfigMap team/a {PAUSED}",), id="no watch tells that it is paused"),
        pytest.param("is another's", True, ("ConfigMap team/a is another's",), id="another reason"),
    ],
)
def test_what_was_skipped_is_said_where_no_watch_tells_of_it(why: str, is_watched: bool, said: tuple[str, ...]):
    managed: Any = SimpleNamespace(is_watched=lambda _: is_watched)

    found = applied_notes(ApplyResult(skipped=((KEY, why),), notes=((OTHER, "has a note"),)), managed=managed)

    assert found == (*said, "ConfigMap team/b: has a note")


def test_what_failed_waits_for_what_each_of_them_needs_if_it_needs_anything():
    need = ObjectNeeded(OTHER)
    failures = [
        ApplyFailure(KEY, Reason.APPLY_FAILED, "no"),
        ApplyFailure(OTHER, Reason.APPLY_FAILED, "no", need=need),
    ]

    assert needs_of(failures) == {need}


def test_what_a_chart_makes_up_is_said_of_the_objects_that_run():
    rows = tuple(
        ComponentReport(name, name, "Secret", Outcome.RENDERED, reason, message)
        for name, reason, message in [("a", "NotDeterministic", "data.p is kept"), ("b", "", "changed by spec.render")]
    )

    assert made_anew(Rendering(objects=(), components=rows)) == ("data.p is kept",)
    assert made_anew(Rendering(objects=(), components=rows[1:])) == ()


def test_a_pattern_that_is_deprecated_is_said_to_be_on_one_line():
    said = deprecation(Rendering(objects=(), deprecated="use\nshop-2 " + "x" * 1_000))

    assert said[0].startswith("the pattern is deprecated: use shop-2 x")
    assert len(said[0]) < 600
    assert deprecation(Rendering(objects=())) == ()
