"""The tree of a pattern: which objects its inventory lists. What a cluster makes of it: ``tests/cli/test_tree.py``."""

import pytest

from pattern_operator.api.inventorycodec import packed
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import Inventory, InventoryEntry
from pattern_operator.tree.tree import keys_of

KEY = ObjectKey("apps", "Deployment", "shop", "web")


def test_an_inventory_that_is_compressed_is_read_and_stays_as_it_is():
    names = [f"{'n' * 200}{number}" for number in range(3_000)]
    keys = sorted(ObjectKey("", "ConfigMap", "shop", name) for name in names)
    inventory = packed(Inventory.of(tuple(InventoryEntry(id=str(key), v="v1") for key in keys)))
    assert inventory.compressed
    pattern = {"status": {"inventory": {"count": 3_000, "compressed": inventory.compressed}}}

    assert sorted(keys_of(pattern)) == keys
    assert list(pattern["status"]["inventory"]) == ["count", "compressed"]


@pytest.mark.parametrize(
    ("entries", "keys"),
    [
        ([{"id": str(KEY), "v": "v1"}, {"id": str(KEY), "v": "v1beta1"}], [KEY]),
        ([{"id": str(KEY), "pending": True}], [KEY]),
        ([{"id": "nonsense"}, {"id": 5}, "x"], []),
        ("x", []),
    ],
    ids=["twice", "about to be made", "of another shape", "no list"],
)
def test_each_object_is_listed_once(entries, keys):
    assert keys_of({"status": {"inventory": {"entries": entries}}}) == keys
