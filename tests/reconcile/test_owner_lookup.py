"""Who has an object by the owner label that it carries in the cluster."""

import time
from typing import Any

import pytest
from tests import machine
from tests.cputime import cpu_time
from tests.reconcile.test_pattern_store import body

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import Owner, owner_id
from pattern_operator.reconcile import OwnerLookup, PatternKey, PatternStore

KEY = ObjectKey("", "ConfigMap", "team", "settings")
LABEL = owner_id("u-1")
NAMED: dict[str, Any] = {"inventory": {"count": 1, "entries": [{"id": str(KEY), "v": "v1"}]}}


@pytest.fixture
def patterns() -> PatternStore:
    return PatternStore()


def test_a_living_pattern_has_what_carries_its_label_and_is_in_its_inventory(patterns: PatternStore):
    patterns.upsert({**body(1), "status": NAMED})

    assert OwnerLookup(patterns)(LABEL, KEY) == Owner(LABEL, "team", "web")


def test_an_inventory_without_the_label_gives_nothing(patterns: PatternStore):
    patterns.upsert({**body(1), "status": NAMED})

    assert OwnerLookup(patterns)(owner_id("another"), KEY) is None


def test_what_a_living_pattern_let_go_is_free(patterns: PatternStore):
    patterns.upsert(body(1))

    assert OwnerLookup(patterns)(LABEL, KEY) is None


@pytest.mark.parametrize(
    "spoilt", [{"count": 1, "compressed": "not-base64!"}, {"count": 1, "entries": [{"id": "spoilt", "v": "v1"}]}]
)
def test_a_pattern_whose_inventory_cannot_be_read_keeps_all_that_carries_its_label(
    patterns: PatternStore, spoilt: dict[str, Any]
):
    patterns.upsert({**body(1), "status": {"inventory": spoilt}})

    assert OwnerLookup(patterns)(LABEL, KEY) == Owner(LABEL, "team", "web")


def test_a_pattern_that_is_gone_or_was_made_anew_has_nothing(patterns: PatternStore):
    patterns.upsert({**body(1), "status": NAMED})
    patterns.upsert({**body(2, uid="u-2"), "status": NAMED})

    assert OwnerLookup(patterns)(LABEL, KEY) is None


def test_a_pattern_that_cannot_be_read_keeps_all_that_carries_its_label(patterns: PatternStore):
    patterns.keep_owner(PatternKey("team", "web"), uid="u-1")

    assert OwnerLookup(patterns)(LABEL, KEY) == Owner(LABEL, "team", "web")


def test_thousands_of_objects_are_asked_for_in_a_moment(patterns: PatternStore):
    names = [ObjectKey("", "ConfigMap", "team", f"settings-{number}") for number in range(5_000)]
    entries = [{"id": str(name), "v": "v1"} for name in names]
    patterns.upsert({**body(1), "status": {"inventory": {"count": 5_000, "entries": entries}}})
    holders = OwnerLookup(patterns)

    found: list[Owner | None] = []

    def look() -> None:
        found[:] = [holders(LABEL, name) for name in (*names, KEY)]

    assert cpu_time(look, enough=1.0) < 1.0  # 50 s where the inventory is read for each
    assert found == [Owner(LABEL, "team", "web")] * 5_000 + [None]


def test_objects_of_two_large_patterns_are_asked_for_by_turns_in_a_moment(patterns: PatternStore):
    names = [ObjectKey("", "ConfigMap", "team", f"settings-{number}") for number in range(5_000)]
    entries = [{"id": str(name), "v": "v1"} for name in names]
    status = {"inventory": {"count": 5_000, "entries": entries}}
    patterns.upsert({**body(1), "status": status})
    patterns.upsert({**body(2, name="other", uid="u-2"), "status": status})
    holders = OwnerLookup(patterns)

    found: list[Owner | None] = []

    def look() -> None:
        found[:] = [holders(label, name) for name in names[:500] for label in (LABEL, owner_id("u-2"))]

    assert cpu_time(look, enough=0.5) < 0.5  # 10 s where an inventory is read whenever another was asked for last
    assert found == [Owner(LABEL, "team", "web"), Owner(owner_id("u-2"), "team", "other")] * 500


def test_an_inventory_that_is_written_again_is_read_as_far_as_it_is_new(patterns: PatternStore):
    names = [ObjectKey("", "ConfigMap", "team", f"settings-{number}") for number in range(5_000)]
    holders, spent, found = OwnerLookup(patterns), 0.0, []
    for number in range(1, 101):
        entries = [{"id": str(name), "v": "v1"} for name in names[number:]]
        patterns.upsert({**body(number), "status": {"inventory": {"count": len(entries), "entries": entries}}})
        begun = time.process_time()
        found.append((holders(LABEL, names[number]) is not None, holders(LABEL, names[number - 1]) is not None))
        spent += time.process_time() - begun

    assert spent / machine.slowness() < 0.3  # 0.7 s where each of them is read whole
    assert found == [(True, False)] * 100


def test_one_entry_that_nobody_can_read_gives_all_until_it_is_corrected(patterns: PatternStore):
    entries = [{"id": f"team_settings-{number}__ConfigMap", "v": "v1"} for number in range(3)]
    spoilt = [*entries, {"id": "spoilt", "v": "v1"}]
    holders, found = OwnerLookup(patterns), []
    for version, written in enumerate([entries, spoilt, spoilt[1:], entries], start=1):
        patterns.upsert({**body(version), "status": {"inventory": {"count": len(written), "entries": written}}})
        found.append(holders(LABEL, KEY) is not None)

    assert found == [False, True, True, False]


def test_what_a_later_inventory_names_counts(patterns: PatternStore):
    holders = OwnerLookup(patterns)
    patterns.upsert(body(1))
    before = holders(LABEL, KEY)
    patterns.upsert({**body(2), "status": NAMED})

    assert (before, holders(LABEL, KEY)) == (None, Owner(LABEL, "team", "web"))
