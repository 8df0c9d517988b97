import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apply.harness import config_map, deployment

from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import inventory

entry = st.builds(
    lambda name, version: InventoryEntry(id=f"ns_{name}_apps_Deployment", v=version),
    st.text("abcd", min_size=1, max_size=2),
    st.sampled_from(["v1", "v2"]),
)
entries = st.lists(entry).map(tuple).map(lambda some: inventory.union((), some))


def test_an_entry_says_where_an_object_is_and_in_which_version():
    found = inventory.entries_of([deployment("web", "team"), config_map("c", "team")])

    assert found == (
        InventoryEntry(id="team_c__ConfigMap", v="v1"),
        InventoryEntry(id="team_web_apps_Deployment", v="v1"),
    )
    assert [inventory.key_of(each) for each in found] == [config_map("c", "team").key, deployment("web", "team").key]


@pytest.mark.parametrize("text", ["", "a_b", "_", "a_b_c_"])
def test_an_id_that_nobody_wrote_is_refused(text: str):
    with pytest.raises(ValueError, match="is not an object key"):
        inventory.key_of(InventoryEntry(id=text, v="v1"))


@given(before=entries, after=entries)
def test_a_union_has_everything_once_and_the_later_version(before: inventory.Entries, after: inventory.Entries):
    both = inventory.union(before, after)

    assert inventory.keys(both) == inventory.keys(before) | inventory.keys(after)
    assert len(both) == len(inventory.keys(both))
    assert set(after) <= set(both)


@given(entries=entries, others=entries)
def test_a_difference_looks_at_keys_and_not_at_versions(entries: inventory.Entries, others: inventory.Entries):
    rest = inventory.difference(entries, others)

    assert inventory.keys(rest) == inventory.keys(entries) - inventory.keys(others)
    assert set(rest) <= set(entries)


@given(before=entries, after=entries)
def test_inventories_are_sorted(before: inventory.Entries, after: inventory.Entries):
    for each in (inventory.union(before, after), inventory.difference(before, after)):
        assert list(each) == sorted(each, key=lambda entry: entry.id)


@given(entries, entries)
def test_what_is_planned_is_pending_where_it_was_not_there_before(before: inventory.Entries, coming: inventory.Entries):
    planned = inventory.planned(before, coming)

    assert {each.id for each in planned} == {each.id for each in before} | {each.id for each in coming}
    there = {each.id for each in before}
    assert all(bool(each.pending) == (each.id not in there) for each in planned)
    versions = {each.id: each.v for each in planned}
    assert all(versions[each.id] == each.v for each in coming)


@given(entries, entries)
def test_what_was_pending_stays_so_until_it_is_made(before: inventory.Entries, coming: inventory.Entries):
    planned = inventory.planned(before, coming)
    some = inventory.keys(planned[::2])

    made = inventory.made(planned, some)

    assert inventory.planned(made, coming) == made
    assert {inventory.key_of(each) for each in made if not each.pending} == some | inventory.keys(before)
    assert inventory.made(made, inventory.keys(planned)) == inventory.union(before, coming)
