"""Whom a run counts for: its namespace, and the host it asks where it asks one."""

from tests.reconcile.pattern import pattern

from pattern_operator.reconcile.lanes import lanes_of
from pattern_operator.reconcile.patterns import PatternKey

KEY = PatternKey("team", "web")


def test_a_run_counts_for_its_namespace_and_the_host_it_asks():
    assert lanes_of(KEY, pattern()) == (("namespace", "team"), ("host", "registry.example"))


def test_a_run_that_asks_no_registry_counts_for_no_host():
    assert lanes_of(KEY, pattern(), asks=False) == (("namespace", "team"),)


def test_a_pattern_that_is_gone_or_names_no_registry_counts_for_its_namespace_alone():
    nowhere = pattern(spec={"source": {"url": "oci://nowhere", "ref": {"tag": "1"}}})

    assert lanes_of(KEY, None) == lanes_of(KEY, nowhere) == (("namespace", "team"),)
