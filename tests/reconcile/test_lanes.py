"""Whom a run counts for: its namespace, and the host it asks where it asks one."""

import pytest
from tests.reconcile.pattern import pattern

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.fair_queue import FairQueue, Lane, Sort
from pattern_operator.reconcile.lanes import lanes_of, whose
from pattern_operator.reconcile.pattern_store import PatternKey

KEY, OTHER = PatternKey("team", "web"), PatternKey("team", "other")
TEAM = Lane(("namespace", "team"), 3)
NO_HOST = (TEAM, Lane(("runs", "team", None), 2))


def test_a_run_counts_for_its_namespace_and_the_host_it_asks():
    part = Lane(("runs", "team", "registry.example"), 2)

    assert lanes_of(KEY, pattern()) == (TEAM, part, ("host", "registry.example"), Sort("registries", 7))


def test_a_run_that_asks_no_registry_counts_for_no_host():
    assert lanes_of(KEY, pattern(), asks=False) == NO_HOST


def test_a_pattern_that_is_gone_or_names_no_registry_counts_for_its_namespace_alone():
    nowhere = pattern(spec={"source": {"url": "oci://nowhere", "ref": {"tag": "1"}}})

    assert lanes_of(KEY, None) == lanes_of(KEY, nowhere) == NO_HOST


@pytest.mark.parametrize(
    ("url", "insecure"),
    [
        ("oci://REGISTRY.example/web", False),
        ("oci://registry.example:443/web", False),
        ("oci://registry.example:80/web", True),
    ],
)
def test_one_registry_in_another_spelling_is_in_the_same_lane(url, insecure):
    spelled = pattern(spec={"source": {"url": url, "ref": {"tag": "1"}, "insecure": insecure}})

    assert lanes_of(KEY, spelled) == lanes_of(KEY, pattern())


def test_of_its_lanes_the_namespace_and_the_host_of_a_run_are_read_again():
    assert whose(lanes_of(KEY, pattern())) == ("team", "registry.example")
    assert whose(lanes_of(KEY, None)) == ("team", None)


def test_in_a_namespace_who_asks_a_registry_that_hangs_does_not_hold_up_who_asks_another_or_none():
    queue = FairQueue[PatternKey](32)
    for number in range(100):
        key = PatternKey("team", f"hangs{number}")
        queue.push(key, rank=0, lanes=lanes_of(key, on("hangs.example")))
    while queue.pop() is not None:
        pass

    queue.push(KEY, rank=1, lanes=lanes_of(KEY, on("works.example")))
    other = queue.pop()
    queue.push(OTHER, rank=1, lanes=lanes_of(OTHER, on("hangs.example"), asks=False))
    none = queue.pop()

    assert queue.free < 32 - 21
    assert (other and other[0], none and none[0]) == (KEY, OTHER)


def on(host: str) -> DesignPattern:
    return pattern(spec={"source": {"url": f"oci://{host}/web", "ref": {"tag": "1.0.0"}}})


def test_lanes_of_something_else_are_none_of_a_pattern():
    with pytest.raises(ValueError, match="no lanes of a pattern"):
        whose((Lane("a", 1),))
