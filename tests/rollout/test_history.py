"""The history: latest first, bounded, one entry a change of revision."""

from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.status import HistoryEntry
from pattern_operator.rollout import prepend


def entry(revision: str) -> HistoryEntry:
    return HistoryEntry(revision=revision)


def test_the_latest_comes_first():
    history = prepend((entry("1@x"),), entry("2@y"), limit=5)

    assert [item.revision for item in history] == ["2@y", "1@x"]


def test_the_same_revision_applied_again_is_not_a_new_entry():
    before = (HistoryEntry(revision="1@x", applied_at="then"),)

    history = prepend(before, HistoryEntry(revision="1@x", applied_at="now"), limit=5)

    assert history == before


def test_the_same_revision_is_cut_to_the_limit_too():
    before = (entry("2@y"), entry("1@x"))

    assert prepend(before, entry("2@y"), limit=1) == before[:1]
    assert prepend(before, entry("2@y"), limit=0) == ()


def test_going_back_to_an_earlier_revision_is_a_new_entry():
    history = prepend((entry("2@y"), entry("1@x")), entry("1@x"), limit=5)

    assert [item.revision for item in history] == ["1@x", "2@y", "1@x"]


@given(st.lists(st.sampled_from("abcd")), st.integers(min_value=0, max_value=5))
def test_it_never_exceeds_its_limit(revisions, limit):
    history: tuple[HistoryEntry, ...] = ()
    for revision in revisions:
        history = prepend(history, entry(revision), limit=limit)

        assert len(history) <= limit
