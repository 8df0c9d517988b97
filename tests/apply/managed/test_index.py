from datetime import UTC, datetime

from pattern_operator.api.object import GroupKind, ObjectKey
from pattern_operator.apply.managed.index import Index
from pattern_operator.apply.managed.observation import Observation

A, B = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "ConfigMap", "team", "b")
CONFIG_MAPS = GroupKind("", "ConfigMap")


def observed(name: str = "a") -> Observation:
    body = {"metadata": {"name": name, "uid": name}}
    return Observation.of(body, key=A, now=datetime(2026, 5, 1, tzinfo=UTC))


def test_an_object_is_found_by_its_key_and_under_its_owner_alone():
    index = Index()

    managed = index.file(A, owner="web", observed=observed())

    assert A in index
    assert B not in index
    assert (index.get(A), index.get(B)) == (managed, None)
    assert (index.owned(A, "web"), index.owned(A, "shop")) == (managed, None)
    assert (list(index.of("web")), list(index.of("shop"))) == ([managed], [])
    assert list(index) == [managed]


def test_an_object_that_another_has_now_is_moved_and_what_is_known_of_it_stays():
    index = Index()
    first = index.file(A, owner="web", observed=observed())
    first.expected = True

    moved = index.file(A, owner="shop", observed=observed("anew"))

    assert moved is first
    assert (moved.owner, moved.expected, moved.observed.uid) == ("shop", True, "a")
    assert (list(index.of("web")), list(index.of("shop"))) == ([], [moved])


def test_a_kind_is_there_until_its_last_object_is_removed():
    index = Index()
    one, other = (index.file(key, owner="web", observed=observed()) for key in (A, B))

    index.remove(one)
    assert index.has_kind(CONFIG_MAPS)
    assert list(index.of("web")) == [other]

    index.remove(other)
    assert not index.has_kind(CONFIG_MAPS)
    assert (list(index), list(index.of("web"))) == ([], [])


def test_nothing_is_kept_of_a_pattern_that_has_no_object_any_more():
    index = Index()
    index.file(A, owner="web", observed=observed())

    index.file(A, owner="shop", observed=observed())

    assert list(index._by_owner) == ["shop"]
