"""What a pattern will own is known to fit into its status before anything of it is applied."""

import pytest
from tests.executors import EXECUTORS
from tests.reconcile.pattern import ENTRIES, pattern

from pattern_operator.api.inventorycodec import LARGEST, MOST, size_of
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.errors import Stalled
from pattern_operator.reconcile import inventory_size
from pattern_operator.reconcile.inventory_size import check_candidate, check_size, written

pytestmark = pytest.mark.real_time


def many(count: int) -> tuple[InventoryEntry, ...]:
    return tuple(InventoryEntry(id=f"team_object-{number:07}__ConfigMap", v="v1") for number in range(count))


async def test_a_small_inventory_is_written_as_it_is():
    small = Inventory(count=2, entries=ENTRIES)

    assert await written(small, cpu=EXECUTORS.cpu) is small


async def test_a_large_inventory_is_written_compressed():
    found = await written(Inventory(count=20_000, entries=many(20_000)), cpu=EXECUTORS.cpu)

    assert (found.count, found.entries) == (20_000, ())
    assert 0 < size_of(found) <= LARGEST


async def test_an_inventory_that_does_not_fit_though_it_is_compressed_is_not_written(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inventory_size, "LARGEST", 1_000)

    with pytest.raises(Stalled, match=r"take .* KiB of status even compressed"):
        await written(Inventory(count=20_000, entries=many(20_000)), cpu=EXECUTORS.cpu)


async def test_more_entries_than_would_be_read_again_are_refused():
    with pytest.raises(Stalled, match=f"{MOST + 1} objects, old and new ones, are more than") as refusal:
        await written(Inventory(count=MOST + 1, entries=many(MOST + 1)), cpu=EXECUTORS.cpu)

    assert refusal.value.reason is Reason.INVENTORY_TOO_LARGE


@pytest.mark.parametrize(("room", "fits"), [(4096, True), (4095, False)])
def test_what_does_not_fit_into_status_is_refused_with_its_size(monkeypatch, room: int, fits: bool):
    monkeypatch.setattr(inventory_size, "LARGEST", room)
    monkeypatch.setattr(inventory_size, "size_of", lambda _: 4096)

    if fits:
        check_size(Inventory(count=7))
        return
    with pytest.raises(
        Stalled, match=r"the 7 objects, old and new ones, take 4 KiB of .* and 3 KiB are there"
    ) as refusal:
        check_size(Inventory(count=7))
    assert refusal.value.reason is Reason.INVENTORY_TOO_LARGE


async def test_what_is_owned_and_what_is_to_come_count_together(monkeypatch):
    asked: list[Inventory] = []

    async def write(inventory: Inventory, **_: object) -> Inventory:
        asked.append(inventory)
        return inventory

    monkeypatch.setattr(inventory_size, "written", write)
    coming = Object.of({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}})
    rendering = Rendering(objects=(coming,), format="Manifests")
    owned = Status(inventory=Inventory(count=2, entries=ENTRIES))

    await check_candidate(pattern(status=owned), rendering, cpu=EXECUTORS.cpu)

    assert [each.id for each in asked[0].entries] == [
        "team_a__ConfigMap",
        "team_api_apps_Deployment",
        "team_web_apps_Deployment",
    ]
