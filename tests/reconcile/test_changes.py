"""What an update did, in one sentence with counts and names and no value."""

from dataclasses import replace

import pytest
from tests.reconcile.pattern import pattern, results

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Digest, Revision
from pattern_operator.api.status import Status
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.events import change_events
from pattern_operator.reconcile.state import Running, State

ONE, TWO = Digest.of(b"one"), Digest.of(b"two")


def key(name: str) -> ObjectKey:
    return ObjectKey("", "ConfigMap", "team", name)


def status(tag: str, digest: Digest) -> Status:
    return Status(revision=str(Revision(tag, digest)), digest=str(digest))


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        pytest.param(Status(), status("1.0.0", ONE), f"1.0.0 ({ONE.short}) installed", id="first"),
        pytest.param(
            status("1.0.0", ONE), status("2.0.0", TWO), f"1.0.0 ({ONE.short}) -> 2.0.0 ({TWO.short})", id="update"
        ),
        pytest.param(
            status("1.0.0", ONE), status("1.0.0", TWO), f"tag 1.0.0 moved: {ONE.short} -> {TWO.short}", id="moved"
        ),
        pytest.param(status("1.0.0", ONE), status("1.0.0", ONE), f"1.0.0 ({ONE.short})", id="the same again"),
        pytest.param(status("", ONE), status("", TWO), f"{ONE.short} -> {TWO.short}", id="by digest"),
        pytest.param(Status(revision="by hand"), status("1.0.0", ONE), f"1.0.0 ({ONE.short}) installed", id="by hand"),
    ],
)
def test_the_sentence_says_from_which_revision_to_which(before: Status, after: Status, way: str):
    said = Changes().plus(created=[key("new")], configured=[key("a"), key("b")], pruned=[key("old")])

    assert said.sentence(before, after) == (
        f"{way}: 1 created, 2 configured, pruned ConfigMap team/old"
        " (created: ConfigMap team/new; configured: ConfigMap team/a, ConfigMap team/b)"
    )


def test_of_thousands_a_few_are_named():
    said = Changes().plus(created=[key(f"c{number:04}") for number in range(5000)])
    words = said.sentence(Status(), status("1.0.0", ONE))

    assert "5000 created" in words
    assert "and 4995 more" in words
    assert len(words) < 500


def test_what_was_made_and_then_written_was_made():
    said = Changes().plus(created=[key("a")]).plus(configured=[key("a"), key("b")])

    assert (said.created, said.configured) == (frozenset({key("a")}), frozenset({key("b")}))


def state(**changes: list[ObjectKey]) -> State:
    return State(changes=Changes().plus(**changes))


def test_it_is_told_once_when_all_is_applied():
    before, after = Status(), status("1.0.0", ONE)

    early, kept = change_events(before, after, results(applied=False), state=state(created=[key("a")]))
    (event,), kept = change_events(before, after, results(), state=kept)
    again, _ = change_events(after, after, results(), state=kept)

    assert (early, again) == ((), ())
    assert (event.kind, event.reason) == ("Normal", "Updated")


def test_where_nothing_changed_nothing_is_told():
    assert change_events(status("1.0.0", ONE), status("2.0.0", TWO), results(), state=State())[0] == ()


def test_what_goes_later_is_told_when_it_is_gone(desired: DesiredState):
    kept = replace(state(pruned=[key("old")]), objects=Running(desired=desired))
    now = status("2.0.0", TWO)

    (event,), _ = change_events(now, now, results(applied=False), state=kept)

    assert event.note == f"2.0.0 ({TWO.short}): pruned ConfigMap team/old"


def test_what_drifted_and_was_repaired_is_told_by_its_own_event_alone():
    now = status("1.0.0", ONE)
    repaired = results(repaired=("ConfigMap team/a was changed",))

    assert change_events(now, now, repaired, state=state(configured=[key("a")]))[0] == ()


@pytest.fixture
def desired() -> DesiredState:
    return desired_state(pattern(), Revision("2.0.0", TWO), VerificationPolicy())
