"""Patterns that were changed: who is waited for before an object goes, and until when."""

import pytest
from msgspec import structs

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.changed_patterns import DATA_CHANGE_WINDOW, ChangedPatterns, Taker
from pattern_operator.apply.ownership import Owner

OLD, NEW = Owner("old", "team", "old"), Owner("new", "team", "new")
FAR = Owner("far", "elsewhere", "far")
THERE = ObjectKey("", "PersistentVolumeClaim", "elsewhere", "a")
KEY, CLAIM = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "PersistentVolumeClaim", "team", "a")


@pytest.fixture
def patterns() -> ChangedPatterns:
    return ChangedPatterns()


def test_a_pattern_beside_the_object_that_was_changed_since_may_have_it(patterns: ChangedPatterns):
    patterns.change(NEW, generation=2, now=100)

    assert patterns.unrun(KEY, OLD, after=99) == NEW
    assert patterns.unrun(KEY, OLD, after=100) is None
    assert patterns.unrun(KEY, NEW, after=99) is None


def test_a_pattern_elsewhere_is_waited_for_where_data_would_be_lost_only(patterns: ChangedPatterns):
    patterns.change(FAR, generation=2, now=100)

    assert (patterns.unrun(CLAIM, OLD, after=0), patterns.unrun_anywhere(OLD, after=0)) == (None, FAR)
    assert patterns.unrun_anywhere(OLD, after=100) is None
    assert patterns.unrun_anywhere(FAR, after=0) is None


@pytest.mark.parametrize(("generation", "known"), [(1, False), (2, True), (3, True)])
def test_a_run_says_of_its_version_and_of_older_ones_what_they_contain(
    patterns: ChangedPatterns, generation: int, known: bool
):
    patterns.change(NEW, generation=2, now=100)

    patterns.record_run(NEW.id, generation=generation)
    patterns.record_rendering(NEW.id, generation=generation)

    assert patterns.unrun(KEY, OLD, after=0) == (None if known else NEW)
    assert patterns.unrendered(KEY, OLD, after=0, age=0) == (None if known else NEW)


def test_a_version_that_was_looked_at_before_a_restart_is_not_waited_for_until_it_is_rendered(
    patterns: ChangedPatterns,
):
    patterns.see(NEW, generation=2, now=100)

    assert patterns.unrun(KEY, OLD, after=0) == NEW
    assert patterns.unrendered(KEY, OLD, after=0, age=0) is None


def test_a_change_long_before_belongs_to_another_move(patterns: ChangedPatterns):
    patterns.change(NEW, generation=2, now=100)

    assert patterns.unrendered(KEY, OLD, after=99, age=0) == NEW
    assert patterns.unrendered(KEY, OLD, after=100, age=0) is None


def test_of_a_suspended_pattern_it_is_not_known_what_it_contains_and_of_one_that_goes_it_is(patterns: ChangedPatterns):
    patterns.change(NEW, generation=2, now=100)

    patterns.suspend(NEW.id)
    suspended = patterns.unrun(KEY, OLD, after=0), patterns.unrendered(KEY, OLD, after=0, age=0)
    patterns.remove(NEW.id)

    assert suspended == (None, NEW)
    assert patterns.unrendered(KEY, OLD, after=0, age=0) is None


def test_another_pattern_of_the_namespace_of_the_object_or_of_the_pattern_is_beside_it(patterns: ChangedPatterns):
    patterns.see(OLD, generation=1, now=0)
    alone = patterns.are_beside(KEY, OLD)
    patterns.see(FAR, generation=1, now=0)

    assert not alone
    assert not patterns.are_beside(KEY, OLD)
    assert patterns.are_beside(structs.replace(KEY, namespace="elsewhere"), OLD)
    patterns.suspend(FAR.id)
    assert not patterns.are_beside(structs.replace(KEY, namespace="elsewhere"), OLD)


@pytest.mark.parametrize("goes", ["is suspended", "goes"])
def test_of_two_patterns_of_a_namespace_the_other_one_stays_beside_it(patterns: ChangedPatterns, goes: str):
    third = Owner("third", "team", "third")
    for each in (NEW, third):
        patterns.see(each, generation=1, now=0)

    (patterns.suspend if goes == "is suspended" else patterns.remove)(NEW.id)
    beside = patterns.are_beside(KEY, OLD)
    patterns.remove(third.id)

    assert beside
    assert not patterns.are_beside(KEY, OLD)


def test_a_pattern_that_goes_is_not_waited_for(patterns: ChangedPatterns):
    patterns.change(NEW, generation=2, now=100)

    patterns.remove(NEW.id)

    assert patterns.unrun(KEY, OLD, after=0) is None


def test_a_version_that_was_changed_before_a_restart_is_as_old_as_it_was_then(patterns: ChangedPatterns):
    patterns.change(NEW, generation=2, now=10_000, at=100)

    assert patterns.unrendered(CLAIM, OLD, after=99, age=9_000) == NEW
    assert patterns.unrendered(CLAIM, OLD, after=100, age=9_000) is None
    assert patterns.unrun(KEY, OLD, after=9_999) == NEW  # its first run is to come all the same


def test_a_version_is_not_known_since_it_was_changed_whatever_is_asked_of_it_later(patterns: ChangedPatterns):
    patterns.change(NEW, generation=2, now=100)
    patterns.lose_sight(NEW, generation=2, at=5_000)

    assert patterns.unrendered(CLAIM, OLD, after=4_000, age=0) is None

    patterns.lose_sight(NEW, generation=3, at=5_000)

    assert patterns.unrendered(CLAIM, OLD, after=4_000, age=0) == NEW


@pytest.mark.parametrize(("who", "key"), [(NEW, CLAIM), (NEW, THERE), (FAR, THERE)])
@pytest.mark.parametrize("known", [False, True], ids=["its version is not known", "its version has it"])
def test_data_is_kept_without_an_end_for_the_namespace_that_lets_it_go_only(
    patterns: ChangedPatterns, who: Owner, key: ObjectKey, known: bool
):
    if known:
        patterns.record_data(Taker(who, frozenset({key})))
    else:
        patterns.change(who, generation=2, now=100)

    def held(age: float) -> bool:
        return any(
            (
                patterns.unrendered(key, OLD, after=0, age=age) == who,
                patterns.taker(key, OLD, age=age) == Taker(who, frozenset({key})),
            )
        )

    assert held(DATA_CHANGE_WINDOW - 1)
    assert held(DATA_CHANGE_WINDOW) is (who == NEW)


@pytest.mark.parametrize(("who", "key"), [(FAR, CLAIM), (OLD, CLAIM)], ids=["elsewhere", "itself"])
def test_who_is_neither_beside_the_data_nor_beside_who_lets_it_go_keeps_nothing(
    patterns: ChangedPatterns, who: Owner, key: ObjectKey
):
    patterns.change(who, generation=2, now=100)
    unknown = patterns.unrendered(key, OLD, after=0, age=0)
    patterns.record_data(Taker(who, frozenset({key})))

    assert (unknown, patterns.taker(key, OLD, age=0)) == (None, None)


@pytest.mark.parametrize("then", ["another version", "a change", "it goes"])
def test_a_pattern_keeps_data_only_as_long_as_its_version_has_it(patterns: ChangedPatterns, then: str):
    patterns.record_data(Taker(NEW, frozenset({CLAIM}), "Forbidden"))
    before = patterns.taker(CLAIM, OLD, age=0), patterns.taker(THERE, OLD, age=0)
    match then:
        case "another version":
            patterns.record_data(Taker(NEW, frozenset()))
        case "a change":
            patterns.change(NEW, generation=2, now=100)
        case _:
            patterns.remove(NEW.id)

    assert before == (Taker(NEW, frozenset({CLAIM}), "Forbidden"), None)
    assert patterns.taker(CLAIM, OLD, age=0) is None
