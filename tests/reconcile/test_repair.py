"""A repair tells only of what was sent, and asks for a whole apply where there is nothing to send."""

from collections.abc import Collection
from typing import Any

import pytest
from tests.apply.harness import config_map, custom
from tests.reconcile.pattern import REVISION, pattern

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import ApplyFailure, ApplyResult, ManagedObjects, ScopedObjects, resolve_scope
from pattern_operator.apply.apply_run import OnApplied
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.errors import Transient
from pattern_operator.kube import Discovery, KindNotFound, Resource
from pattern_operator.reconcile.repair import repair

GROUP = "example.com"
WIDE = Resource(group=GROUP, version="v1", kind="Widget", plural="widgets", namespaced=False)
MAP = Resource(group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True)


class Kinds(Discovery):
    """Knows these kinds."""

    def __init__(self, kinds: dict[str, Resource]) -> None:
        self.served = kinds

    async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
        if kind not in self.served:
            raise KindNotFound(group=group, kind=kind, version=version)
        return self.served[kind]


class Unknown(ManagedObjects):
    """Of no object is anything known."""

    def __init__(self) -> None: ...
    def get(self, key: ObjectKey) -> ManagedObject | None:
        return None


class Cluster:
    """Has ConfigMaps, and Widgets of the whole cluster; applies all that it is sent, but for what it ``refuses``."""

    def __init__(self) -> None:
        self.sent: list[ObjectKey] = []
        self.refuses: frozenset[ObjectKey] = frozenset()
        self.left: frozenset[ObjectKey] = frozenset()
        self.disowned: frozenset[ObjectKey] = frozenset()
        self.kinds = {"Widget": WIDE, "ConfigMap": MAP}
        self.managed: ManagedObjects = Unknown()

    async def place(self, owner: Any, objects: Any) -> ScopedObjects:
        return await resolve_scope(objects, discovery=Kinds(self.kinds), default_namespace=owner.metadata.namespace)

    async def send(
        self,
        pattern: DesignPattern,
        objects: Collection[Object],
        *,
        owned: Collection[ObjectKey],
        on_applied: OnApplied | None = None,
    ) -> ApplyResult:
        self.sent = [each.key for each in objects]
        return ApplyResult(
            tuple(key for key in self.sent if key not in self.refuses | self.left),
            tuple((key, "is paused") for key in self.sent if key in self.left),
            tuple(ApplyFailure(key, Reason.APPLY_FAILED, "no") for key in self.sent if key in self.refuses),
            disowned=self.disowned,
        )


def rendering(*objects: Object) -> Rendering:
    return Rendering(objects=objects, format="Manifests")


RUNS = pattern(status=Status(revision=str(REVISION)))
MAPPED, OTHER = config_map("c", "team"), config_map("other", "team")
WIDGET = custom("Widget", GROUP, "w", "team")


async def test_what_was_sent_is_told_and_nothing_else_is_sent():
    cluster = Cluster()

    made = await repair(RUNS, rendering(MAPPED, OTHER), [MAPPED.key], port=cluster)

    assert cluster.sent == [MAPPED.key]
    assert made.repaired == ("ConfigMap team/c was deleted, or lost its owner label",)
    assert made.unresolved == frozenset()


async def test_an_object_whose_kind_has_another_scope_now_is_not_said_to_be_applied_but_asks_for_it():
    cluster = Cluster()

    made = await repair(RUNS, rendering(WIDGET, MAPPED), [WIDGET.key, MAPPED.key], port=cluster)

    assert cluster.sent == [MAPPED.key]
    assert [each.partition(" ")[0] for each in made.repaired] == ["ConfigMap"]
    assert made.unresolved == {WIDGET.key}


async def test_an_object_that_was_let_alone_is_not_said_to_be_applied():
    cluster = Cluster()
    cluster.left = frozenset({MAPPED.key})

    made = await repair(RUNS, rendering(MAPPED), [MAPPED.key], port=cluster)

    assert made.repaired == ()
    assert made.notes == ("ConfigMap team/c is paused",)
    assert made.unresolved == frozenset()


async def test_of_a_repair_that_fails_in_part_the_rest_is_told_and_all_objects_count():
    cluster = Cluster()
    cluster.refuses = frozenset({MAPPED.key})
    more = config_map("more", "team")

    made = await repair(RUNS, rendering(MAPPED, OTHER, more), [MAPPED.key, OTHER.key], port=cluster)

    assert isinstance(made.error, Transient)
    assert made.error.message == "1 of 3 objects could not be applied: ConfigMap team/c: no"
    assert [each.split()[1] for each in made.repaired] == ["team/other"]


async def test_an_object_whose_kind_is_gone_is_waited_for_by_a_whole_apply():
    cluster = Cluster()
    del cluster.kinds["Widget"]
    placeless = Object.of({"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": "w"}})

    made = await repair(RUNS, rendering(placeless), [WIDGET.key], port=cluster)

    assert made.repaired == ()
    assert made.unresolved == {WIDGET.key}


async def test_a_kind_that_is_gone_is_no_failure_where_it_is_not_what_drifted():
    cluster, another = Cluster(), custom("Widget", GROUP, "another", "team")
    del cluster.kinds["Widget"]

    of_others = await repair(RUNS, rendering(WIDGET, MAPPED), [MAPPED.key], port=cluster)
    of_one = await repair(RUNS, rendering(WIDGET, another, MAPPED), [WIDGET.key], port=cluster)

    assert (of_others.error, of_others.failed) == (None, frozenset())
    assert of_one.failed == {WIDGET.key}


async def test_of_how_many_objects_some_failed_is_told_with_those_whose_kind_is_gone():
    cluster, more = Cluster(), config_map("more", "team")
    another = custom("Widget", GROUP, "another", "team")
    del cluster.kinds["Widget"]
    cluster.refuses = frozenset({MAPPED.key})

    made = await repair(RUNS, rendering(MAPPED, OTHER, more, WIDGET, another), [MAPPED.key, WIDGET.key], port=cluster)

    assert made.error is not None
    assert made.error.message.startswith("2 of 5 objects could not be applied")


@pytest.mark.parametrize("disowned", [True, False])
async def test_what_others_have_now_leaves_the_inventory(disowned: bool):
    cluster = Cluster()
    cluster.left = frozenset({MAPPED.key})
    cluster.disowned = frozenset({MAPPED.key, OTHER.key} if disowned else {OTHER.key})
    entries = tuple(InventoryEntry(id=str(each.key), v="v1") for each in (MAPPED, OTHER))
    runs = pattern(status=Status(revision=str(REVISION), inventory=Inventory(count=2, entries=entries)))

    made = await repair(runs, rendering(MAPPED, OTHER), [MAPPED.key], port=cluster)

    assert made.inventory == (entries[1:] if disowned else None)
