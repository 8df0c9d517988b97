"""A defect at one object costs that object: the others are applied and removed, and the failure is told without it."""

from typing import Any

import orjson
import pytest
from tests.kube.fake_session import FakeSession
from tests.test_foreign_bodies import FakeDiscovery, managed_objects

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import Applier, Deleter, Owner
from pattern_operator.internal_errors import InternalErrors

OWNER = Owner("someowner", "team", "web")
PASSWORD = "swordfish-4711"
MESSAGE = "internal error of the operator; its log says where. It is retried; report it."


class Answering(FakeSession):
    """Answers each request with the ConfigMap of ours that it is about."""

    async def request(self, *of: object, body: bytes | None = None, **_: Any) -> bytes:
        labels = {"pattern-operator.io/owner": OWNER.id}
        metadata = {"name": str(of[1]).rpartition("/")[2], "namespace": "team", "uid": "u", "labels": labels}
        return orjson.dumps({"metadata": metadata})


class Scene:
    """An applier and a deleter at a server that answers everything with a ConfigMap of ours, and what was counted."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        session = Answering(internal_errors=InternalErrors(self.errors.append))
        self.managed_objects = managed_objects(session)
        self.applier = Applier(session, FakeDiscovery(session), managed_objects=self.managed_objects)
        self.deleter = Deleter(session, FakeDiscovery(session), managed_objects=self.managed_objects)


def key(name: str) -> ObjectKey:
    return ObjectKey("", "ConfigMap", "team", name)


def config_map(name: str) -> Object:
    return Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "team"}})


@pytest.fixture
def scene() -> Scene:
    return Scene()


def broken_for(name: str, whole: Any) -> Any:
    """``whole``, which fails for one object by an error that quotes its body."""

    def call(*arguments: Any, **named: Any) -> Any:
        if name in {each.name for each in (*arguments, *named.values()) if isinstance(each, ObjectKey)}:
            raise TypeError(PASSWORD)
        return whole(*arguments, **named)

    return call


async def test_a_defect_at_one_object_costs_that_object_of_an_apply(scene, monkeypatch, caplog):
    monkeypatch.setattr(scene.managed_objects, "record", broken_for("bad", scene.managed_objects.record))

    done = await scene.applier.apply_all(
        [config_map("bad"), config_map("good")], owner=OWNER, conflicts="Fail", owned=()
    )

    assert done.applied == (key("good"),)
    (failure,) = done.failures
    assert (failure.key, failure.reason, failure.message) == (key("bad"), Reason.INTERNAL_ERROR, MESSAGE)
    assert scene.errors == ["apply"]
    assert PASSWORD not in caplog.text


async def test_a_defect_at_one_object_costs_that_object_of_a_removal(scene, monkeypatch, caplog):
    monkeypatch.setattr(scene.managed_objects, "get", broken_for("bad", scene.managed_objects.get))
    entries = [InventoryEntry(id=str(key(name)), v="v1") for name in ("bad", "good")]

    bad, good = await scene.deleter.delete_all(entries, owner=OWNER, impersonate=None, otherwise=Reason.PRUNE_FAILED)

    assert bad.failure is not None
    assert (bad.failure.reason, bad.message) == (Reason.INTERNAL_ERROR, MESSAGE)
    assert good.failure is None
    assert scene.errors == ["delete"]
    assert PASSWORD not in caplog.text
