"""What runs is followed, as far as its kinds can be asked."""

from types import SimpleNamespace
from typing import Any

from tests.reconcile.pattern import pattern

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.kube import ApiUnavailable, KindNotFound, Resource
from pattern_operator.kube.failure import GroupUnavailable
from pattern_operator.reconcile.keeping import _follow_inventory

ENTRIES = tuple(
    InventoryEntry(id=each, v="v1")
    for each in (
        "team_a_down.example_Load",
        "team_b_down.example_Load",
        "team_c_gone.example_Ghost",
        "team_d_slow.example_Snail",
        "team_e__ConfigMap",
    )
)


class Rim:
    """Knows ConfigMaps; every other kind fails in a way of its own."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.expected: list[ObjectKey] = []
        self.discovery = SimpleNamespace(find=self._find)
        self.children = SimpleNamespace(ready=self._ready, expect=lambda key, owner: self.expected.append(key))

    async def _find(self, *, group: str, kind: str) -> Resource:
        self.asked.append(kind)
        if group == "down.example":
            raise GroupUnavailable(group)
        if group == "gone.example":
            raise KindNotFound(group=group, version=None, kind=kind)
        if group == "slow.example":
            raise ApiUnavailable(code=503, reason="ServiceUnavailable", message="it is not there")
        return Resource(group, "v1", kind, f"{kind.lower()}s", namespaced=True)

    async def _ready(self, _: Resource) -> None:
        return


async def test_a_kind_that_cannot_be_asked_costs_its_own_objects_alone():
    rim: Any = Rim()
    followed = pattern(status=Status(inventory=Inventory(entries=ENTRIES)))

    await _follow_inventory(followed, rim=rim)

    assert [each.name for each in rim.expected] == ["e"]
    assert sorted(rim.asked) == ["ConfigMap", "Ghost", "Load", "Snail"]  # each kind once


async def test_an_inventory_that_cannot_be_read_is_not_followed():
    rim: Any = Rim()
    broken = pattern(status=Status(inventory=Inventory(entries=(InventoryEntry(id="nonsense", v="v1"),))))

    await _follow_inventory(broken, rim=rim)

    assert rim.asked == []
