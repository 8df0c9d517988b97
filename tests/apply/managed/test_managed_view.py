"""What is told of the managed objects of a pattern, and of which of them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.apply.fake_watches import FakeWatches

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import HealthState, fieldset
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.apply.health import Health
from pattern_operator.apply.managed.field_managers import OtherManager
from pattern_operator.apply.managed.index import Index
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.managed_view import ManagedView
from pattern_operator.apply.managed.observation import Observation
from pattern_operator.apply.managed.unlisted import UnlistedObjects

NOW = datetime(2026, 5, 1, tzinfo=UTC)
A, B = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "Secret", "team", "b")
LEFT = RemainingField("kubectl", ".data.b", fieldset.hash_of(("f:data", "f:b")))


@pytest.fixture
def index() -> Index:
    return Index()


@pytest.fixture
def watches() -> FakeWatches:
    return FakeWatches()


@pytest.fixture
def view(index: Index, watches: FakeWatches) -> ManagedView:
    return ManagedView(index, watches=watches, unlisted=UnlistedObjects(on_found=lambda *_: None))


def put(index: Index, key: ObjectKey, **observed: object) -> ManagedObject:
    """An object of the pattern web that is expected."""
    seen = Observation.of({"metadata": {"name": key.name, "uid": key.name}}, key=key, now=NOW)
    managed = index.file(key, owner="web", observed=replace(seen, **observed))  # type: ignore[arg-type] # as given
    managed.expected = True
    return managed


def test_the_health_of_a_pattern_is_that_of_the_objects_that_are_asked_for(index: Index, view: ManagedView):
    put(index, A)
    put(index, B, health=Health(HealthState.FAILED, "b says no"))

    assert view.health("web").state is HealthState.FAILED
    assert view.health("web", keys=[B]).state is HealthState.FAILED
    assert view.health("web", keys=[A]).state is HealthState.CURRENT


def test_only_what_a_watch_shows_to_be_paused_is(index: Index, view: ManagedView, watches: FakeWatches):
    for key in (A, B):
        put(index, key, paused=True)
    watches.blind.add("Secret")

    assert view.paused("web") == (A,)
    assert (view.is_watched(A), view.is_watched(B)) == (True, False)


def test_fields_that_left_and_stay_are_told_by_object_and_only_where_there_are_any(index: Index, view: ManagedView):
    holder = OtherManager("kubectl", fieldset.hashes_of({"f:data": {"f:b": {}}}), b"")
    put(index, B, other_managers=(holder,)).left_behind = (LEFT,)
    put(index, A).left_behind = (LEFT,)  # whoever had it let it go

    assert view.remaining("web") == {B: (LEFT,)}
    index.get(B).stop_expecting()  # type: ignore[union-attr] # it is there
    assert view.remaining("web") == {}
