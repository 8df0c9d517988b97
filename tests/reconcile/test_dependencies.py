"""What a pattern depends on: what of it is missing, which circles are told, and what is named of whom."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.reconcile.pattern import NOW
from tests.reconcile.pattern import pattern as web

from pattern_operator.api.condition import Condition
from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.metadata import Labels
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import owner_id
from pattern_operator.apply.need import PatternNeeded
from pattern_operator.errors import Stalled, Waiting
from pattern_operator.limits import MAX_DEPENDENCIES_SEEN
from pattern_operator.reconcile import PatternKey, PatternStore
from pattern_operator.reconcile.conditions import Truth, rfc3339
from pattern_operator.reconcile.contained_patterns import id_of
from pattern_operator.reconcile.dependencies import Unmet, never_met, unmet

NOTHING: frozenset[str] = frozenset()


def ready(version: str = "1.0.0", *, generation: int = 1, status: Truth = "True", reason: str = Reason.READY) -> Status:
    condition = Condition(
        type="Ready",
        status=status,
        reason=reason,
        message="",
        observed_generation=generation,
        last_transition_time=rfc3339(NOW),
    )
    return Status(conditions=(condition,), version=version, observed_generation=generation)


def made(name: str, *depends_on: str | dict[str, str], namespace: str = "team", **more: Any) -> DesignPattern:
    """A pattern that depends on these: names, or entries of ``dependsOn``."""
    entries = [{"name": each} if isinstance(each, str) else each for each in depends_on]
    spec = {"dependsOn": entries, **more.pop("spec", {})} if entries else more.pop("spec", {})
    return web(name=name, namespace=namespace, uid=f"u-{namespace}-{name}", spec=spec, **more)


def holding(name: str, *names: str) -> DesignPattern:
    """A pattern with these in its inventory."""
    entries = tuple(InventoryEntry(id=id_of("team", each), v="v1alpha1") for each in names)
    return made(name, status=Status(inventory=Inventory(count=len(entries), entries=entries)))


def store(*patterns: DesignPattern) -> PatternStore:
    found = PatternStore()
    for each in patterns:
        found.take(each)
    return found


def look(pattern: DesignPattern, *others: DesignPattern, cross_namespace: bool = True, **more: Any) -> Unmet | None:
    known = store(pattern, *others)
    artifact, contained = more.get("of_artifact", ()), more.get("contained", NOTHING)
    return unmet(pattern, artifact, contained=contained, patterns=known, cross_namespace=cross_namespace)


def message(found: Unmet | None) -> str:
    assert found is not None
    return found.error.message


def test_a_pattern_without_dependencies_waits_for_nothing():
    assert look(made("web")) is None


def test_what_is_ready_is_not_waited_for():
    assert look(made("web", "db"), made("db", status=ready())) is None


def test_suspended_and_ready_is_ready():
    suspended = made("db", spec={"suspend": True}, status=ready())

    assert look(made("web", "db"), suspended) is None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (None, "does not exist"),
        (made("db"), "is not Ready"),
        (made("db", status=ready(status="False")), "is not Ready"),
        (made("db", status=ready(status="Unknown")), "is not Ready"),
        (made("db", generation=2, status=ready(generation=1)), "is not Ready"),
        (made("db", deletionTimestamp="2026-11-25T12:00:00Z", status=ready()), "is being deleted"),
        (made("db", namespace="other", status=ready()), "does not exist"),
    ],
    ids=["none", "no status", "false", "unknown", "older spec", "leaves", "another namespace"],
)
def test_what_is_not_ready_is_waited_for_and_named(other: DesignPattern | None, words: str):
    found = look(made("web", "db"), *([other] if other is not None else []))

    assert found is not None
    assert isinstance(found.error, Waiting)
    assert found.error.reason is Reason.DEPENDENCY_NOT_READY
    assert f"DesignPattern team/db {words}" in found.error.message
    assert found.needs == {PatternNeeded("team", "db")}


def test_a_status_that_speaks_of_an_older_spec_is_not_ready_whatever_its_condition_says():
    stale = msgspec.structs.replace(ready(generation=2), observed_generation=1)

    assert "is not Ready" in message(look(made("web", "db"), made("db", generation=2, status=stale)))


@pytest.mark.parametrize(
    ("version", "wanted", "lack"),
    [
        ("1.4.2", ">=1.4 <2", ""),
        ("v1.4.2", "1.x", ""),
        ("2.0.0", ">=1.4 <2", "has version 2.0.0, which is not in '>=1.4 <2'"),
        ("1.5.0-rc1", ">=1.4", "has version 1.5.0-rc1, which is not in '>=1.4'"),
        ("latest", ">=1.4", "has no version that could be in '>=1.4'"),
        ("", ">=1.4", "has no version that could be in '>=1.4'"),
    ],
)
def test_a_version_is_in_the_range_or_told(version: str, wanted: str, lack: str):
    found = look(made("web", {"name": "db", "version": wanted}), made("db", status=ready(version)))

    assert lack in message(found) if lack else found is None


def test_what_is_no_range_is_refused_where_it_stands():
    found = look(made("web", {"name": "db", "version": "newest"}), made("db", status=ready()))

    assert found is not None
    assert isinstance(found.error, Stalled)
    assert found.error.message.startswith("dependsOn[].version 'newest' is not a range of versions")
    assert "source.ref" not in found.error.message


def test_the_dependencies_of_the_artifact_count_beside_those_of_the_spec():
    of_artifact = (Dependency(name="cache"), Dependency(name="db", version=">=2"))
    pattern = made("web", {"name": "db", "version": "1.x"})

    found = look(pattern, made("db", status=ready("2.1.0")), of_artifact=of_artifact)

    assert "DesignPattern team/cache does not exist; DesignPattern team/db has version 2.1.0" in message(found)
    assert "which is not in '1.x'" in message(found)
    assert found is not None
    assert found.needs == {PatternNeeded("team", "cache"), PatternNeeded("team", "db")}


def test_another_namespace_is_looked_at_where_that_is_allowed_and_refused_where_not():
    pattern = made("web", {"name": "db", "namespace": "data"})
    other = made("db", namespace="data", status=ready())

    refused = look(pattern, other, cross_namespace=False)

    assert look(pattern, other) is None
    assert refused is not None
    assert (refused.error.reason, refused.needs) == (Reason.CROSS_NAMESPACE, frozenset())
    assert "DesignPattern data/db" in refused.error.message


def test_nothing_of_what_may_not_be_named_is_told():
    pattern, foreign = made("web", {"name": "db", "namespace": "data"}), made("db", namespace="data")

    with_it, without = (look(pattern, *others, cross_namespace=False) for others in ([foreign], []))

    assert message(with_it) == message(without)


def test_a_pattern_that_depends_on_itself_is_told():
    found = look(made("web", "web", status=ready()))

    assert found is not None
    assert found.error.reason is Reason.DEPENDENCY_CYCLE
    assert "team/web -> team/web." in found.error.message


def test_a_circle_is_shown_whole_and_also_where_all_of_it_is_ready():
    found = look(
        made("a", "b", status=ready()), made("b", "x", "c", status=ready()), made("c", "a"), made("x", status=ready())
    )

    assert found is not None
    assert isinstance(found.error, Stalled)
    assert "team/a -> team/b -> team/c -> team/a." in found.error.message
    assert found.needs == {PatternNeeded("team", "b")}


def test_who_depends_on_a_circle_is_not_in_it():
    found = look(made("web", "a"), made("a", "b"), made("b", "a"))

    assert found is not None
    assert found.error.reason is Reason.DEPENDENCY_NOT_READY


def test_a_circle_by_what_an_artifact_names_is_told_until_its_spec_is_another_one():
    pattern, other = made("web", "db"), made("db")
    known = store(pattern, other)
    known.note_dependencies(PatternKey("team", "db"), (PatternKey("team", "web"),))

    before = unmet(pattern, (), contained=NOTHING, patterns=known, cross_namespace=True)
    known.take(made("db", generation=2, resourceVersion="2"))
    after = unmet(pattern, (), contained=NOTHING, patterns=known, cross_namespace=True)

    assert before is not None
    assert before.error.reason is Reason.DEPENDENCY_CYCLE
    assert after is not None
    assert after.error.reason is Reason.DEPENDENCY_NOT_READY


@pytest.mark.parametrize(("wait", "reason"), [(True, Reason.DEPENDENCY_CYCLE), (False, Reason.DEPENDENCY_NOT_READY)])
def test_a_pattern_does_not_wait_for_one_that_contains_it_and_waits_for_it(wait: bool, reason: Reason):
    outer = made("outer", spec={"apply": {"wait": wait}})
    inner = made("inner", "outer")
    labelled = msgspec.structs.replace(inner.metadata, labels=Labels(owner=owner_id(outer.metadata.uid)))

    found = look(msgspec.structs.replace(inner, metadata=labelled), outer)

    assert found is not None
    assert found.error.reason is reason
    assert ("team/inner -> team/outer, which contains the first" in found.error.message) is wait


@pytest.mark.parametrize("others", [(), (made("db", status=ready()),)], ids=["not there yet", "there and Ready"])
def test_a_pattern_that_depends_on_what_it_contains_is_told_with_the_way_out(others: tuple[DesignPattern, ...]):
    found = look(made("all", "db"), *others, contained=frozenset({id_of("team", "db")}))

    assert found is not None
    assert found.error.reason is Reason.DEPENDENCY_CYCLE
    assert isinstance(found.error, Stalled)
    assert "team/all -> team/db, which the first contains" in found.error.message
    assert "What else team/all contains can wait for it: by spec.dependsOn of those." in found.error.message


def test_the_circle_is_told_over_another_pattern_and_of_what_is_inside_of_what_is_contained():
    inner = holding("inner", "db")
    contained = frozenset({id_of("team", "inner")})

    over = message(look(made("all", "between"), made("between", "inner"), inner, contained=contained))
    deep = message(look(made("all", "db"), inner, contained=contained))

    assert "team/all -> team/between -> team/inner, which the first contains" in over
    assert "team/all -> team/db, which the first contains" in deep


def test_who_depends_on_what_another_pattern_contains_waits_for_it():
    found = look(made("shop", "db"), holding("all", "db"), contained=frozenset({id_of("team", "cache")}))

    assert found is not None
    assert found.error.reason is Reason.DEPENDENCY_NOT_READY


def test_of_other_namespaces_a_circle_names_only_what_the_pattern_names_itself():
    pattern = made("a", {"name": "b", "namespace": "shown"})
    b = made("b", {"name": "c", "namespace": "hidden"}, namespace="shown")
    c = made("c", {"name": "a", "namespace": "team"}, namespace="hidden")

    said = message(look(pattern, b, c))

    assert "team/a -> shown/b -> a pattern of another namespace -> team/a" in said
    assert "hidden" not in said


def test_no_circle_goes_over_what_no_pattern_may_depend_on():
    b = made("b", {"name": "c", "namespace": "other"})
    c = made("c", {"name": "a", "namespace": "team"}, namespace="other")

    found = look(made("a", "b"), b, c, cross_namespace=False)

    assert found is not None
    assert found.error.reason is Reason.DEPENDENCY_NOT_READY


def test_a_long_circle_is_told_in_few_words():
    around = [made(f"p{each}", f"p{(each + 1) % 500}") for each in range(500)]

    said = message(look(*around))

    assert said.count("->") == 8
    assert "team/p0 -> team/p1 -> team/p2 -> " in said
    assert "team/p5 -> (493 more) -> team/p499 -> team/p0" in said


names = st.sampled_from([f"p{each}" for each in range(7)])


@given(st.dictionaries(names, st.lists(names, max_size=4), min_size=1))
def test_a_circle_is_told_exactly_to_those_that_reach_themselves(edges: dict[str, list[str]]):
    patterns = {name: made(name, *wanted) for name, wanted in edges.items()}
    known = store(*patterns.values())

    def reached(name: str) -> set[str]:
        found, line = set[str](), list(edges[name])
        while line:
            at = line.pop()
            if at not in found:
                found.add(at)
                line += edges.get(at, [])
        return found

    for name, pattern in patterns.items():
        got = unmet(pattern, (), contained=NOTHING, patterns=known, cross_namespace=True)
        assert (got is not None and got.error.reason is Reason.DEPENDENCY_CYCLE) is (name in reached(name))
        assert (got is None) is (not edges[name])
        if got is not None and got.error.reason is Reason.DEPENDENCY_CYCLE:
            shown = got.error.message.partition("circle: ")[2].partition(". Take")[0].replace("team/", "").split(" -> ")
            assert shown[0] == shown[-1] == name
            assert len(set(shown)) == len(shown) - 1
            assert all(after in edges[at] for at, after in pairwise(shown))


def test_thousands_in_a_row_cost_each_a_bounded_look():
    row = [made(f"p{each}", f"p{each + 1}") for each in range(3 * MAX_DEPENDENCIES_SEEN)]
    known = store(*row)

    def look_at_some() -> None:
        for each in row[:100]:
            unmet(each, (), contained=NOTHING, patterns=known, cross_namespace=True)

    assert cpu_time(look_at_some, enough=2) < 2


def test_what_runs_looks_at_many_long_ranges_without_reading_them_again():
    long = " || ".join(f">=1.{each}.0 <1.{each}.9" for each in range(24))
    entries = [{"name": f"d{each}", "version": f"{long} || {each}.x"} for each in range(32)]
    pattern = made("web", *entries)
    known = store(pattern, *(made(f"d{each}", status=ready("1.1.1")) for each in range(32)))

    def look_often() -> None:
        for _ in range(100):
            assert never_met(pattern, (), contained=NOTHING, patterns=known, cross_namespace=True) is None

    assert unmet(pattern, (), contained=NOTHING, patterns=known, cross_namespace=True) is None
    assert cpu_time(look_often, enough=0.3) < 0.3  # reading them all took 37 ms each time


def test_that_something_is_not_ready_is_not_never():
    pattern = made("web", {"name": "db", "version": ">=2"})

    for other in ((), (made("db"),), (made("db", status=ready("1.0.0")),)):
        assert unmet(pattern, (), contained=NOTHING, patterns=store(pattern, *other), cross_namespace=True) is not None
        assert never_met(pattern, (), contained=NOTHING, patterns=store(pattern, *other), cross_namespace=True) is None
