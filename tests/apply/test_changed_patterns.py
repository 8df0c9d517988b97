"""Patterns that were changed: who is waited for before an object goes, and until when."""

import pytest
from msgspec import structs

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.changed_patterns import DATA_CHANGE_WINDOW, ChangedPatterns
from pattern_operator.apply.ownership import Owner

OLD, NEW = Owner("old", "team", "old"), Owner("new", "team", "new")
FAR = Owner("far", "elsewhere", "far")
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

    assert (patterns.unrun(KEY, OLD, after=0), patterns.unrun(CLAIM, OLD, after=0)) == (None, FAR)


@pytest.mark.parametrize(("generation", "known"), [(1, False), (2, True), (3, True)])
def test_a_run_says_of_its_version_and_of_older_ones_what_they_contain(
    patterns: ChangedPatterns, generation: int, known: bool
):
    patterns.change(NEW, generation=2, now=100)

    patterns.record_run(NEW.id, generation=generation)
    patterns.record_rendering(NEW.id, generation=generation)

    assert patterns.unrun(KEY, OLD, after=0) == (None if known else NEW)
    assert patterns.unrendered(KEY, OLD, since=100) == (None if known else NEW)


def test_a_version_that_was_looked_at_before_a_restart_is_not_waited_for_until_it_is_rendered(
    patterns: ChangedPatterns,
):
    patterns.see(NEW, generation=2, now=100)

    assert patterns.unrun(KEY, OLD, after=0) == NEW
    assert patterns.unrendered(KEY, OLD, since=100) is None


def test_a_change_long_before_belongs_to_another_move(patterns: ChangedPatterns):
    patterns.change(NEW, generation=2, now=100)

    assert patterns.unrendered(KEY, OLD, since=99 + DATA_CHANGE_WINDOW) == NEW
    assert patterns.unrendered(KEY, OLD, since=100 + DATA_CHANGE_WINDOW) is None


def test_of_a_suspended_pattern_it_is_not_known_what_it_contains_and_of_one_that_goes_it_is(patterns: ChangedPatterns):
    patterns.change(NEW, generation=2, now=100)

    patterns.suspend(NEW.id)
    suspended = patterns.unrun(KEY, OLD, after=0), patterns.unrendered(KEY, OLD, since=100)
    patterns.remove(NEW.id)

    assert suspended == (None, NEW)
    assert patterns.unrendered(KEY, OLD, since=100) is None


def test_another_pattern_of_the_namespace_of_the_object_or_of_the_pattern_is_beside_it(patterns: ChangedPatterns):
    patterns.see(OLD, generation=1, now=0)
    alone = patterns.are_beside(KEY, OLD)
    patterns.see(FAR, generation=1, now=0)

    assert not alone
    assert not patterns.are_beside(KEY, OLD)
    assert patterns.are_beside(structs.replace(KEY, namespace="elsewhere"), OLD)
    patterns.suspend(FAR.id)
    assert not patterns.are_beside(structs.replace(KEY, namespace="elsewhere"), OLD)
