"""How many DesignPatterns one makes in the end, by the inventories of all."""

from tests.cputime import cpu_time
from tests.reconcile.pattern import pattern

from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.limits import MAX_PATTERNS_BELOW
from pattern_operator.reconcile import PatternKey, PatternStore
from pattern_operator.reconcile.contained_patterns import ContainedPatterns, id_of

TOP = id_of("team", "top")


def ids(*names: str) -> list[str]:
    return [id_of("team", each) for each in names]


def test_all_that_is_below_is_counted_once():
    found = ContainedPatterns()
    found.note(TOP, ids("a", "b"))
    found.note(id_of("team", "a"), [*ids("c", "b"), "team_x__ConfigMap"])
    found.note(id_of("team", "c"), ids("top"))
    found.note(id_of("team", "elsewhere"), ids("d"))

    assert found.below([TOP], most=100) == frozenset(ids("a", "b", "c"))
    assert found.below([id_of("team", "b")], most=100) == frozenset()
    assert found.below(ids("a", "b"), most=100) == frozenset(ids("c", "top"))
    assert found.of(id_of("team", "a")) == frozenset(ids("c", "b"))


def test_what_is_no_pattern_is_not_counted():
    found = ContainedPatterns()
    found.note(TOP, ["team_x__ConfigMap", "team_y_example.com_DesignPattern", "_z_pattern-operator.io_TrustPolicy"])

    assert found.below([TOP], most=100) == frozenset()


def test_what_left_is_not_counted_any_more():
    found = ContainedPatterns()
    found.note(TOP, ids("a"))
    found.note(TOP, [])

    assert found.below([TOP], most=100) == frozenset()


def test_a_store_knows_it_of_inventories_and_forgets_it_with_the_pattern():
    store, key = PatternStore(), PatternKey("team", "top")
    entries = tuple(InventoryEntry(id=each, v="v1alpha1") for each in ids("a", "b"))
    top = pattern(name="top", status=Status(inventory=Inventory(count=2, entries=entries)), resourceVersion="1")
    store.take(top)
    counted, contained = store.count_below(key, most=100), store.contained(key)
    store.forget(key)

    assert (counted, contained) == (2, frozenset(ids("a", "b")))
    assert (store.count_below(key, most=100), store.contained(key)) == (0, frozenset())


def test_a_look_at_as_many_as_there_may_be_does_not_hold_the_loop():
    found, width = ContainedPatterns(), MAX_PATTERNS_BELOW // 50
    found.note(TOP, ids(*(f"p-{n}" for n in range(50))))
    for n in range(50):
        found.note(id_of("team", f"p-{n}"), ids(*(f"p-{n}-{m}" for m in range(width))))
        for m in range(width):
            found.note(id_of("team", f"p-{n}-{m}"), ids(*(f"q-{n}-{m}-{k}" for k in range(width))))

    assert len(found.below([TOP], most=MAX_PATTERNS_BELOW)) > MAX_PATTERNS_BELOW
    assert cpu_time(lambda: found.below([TOP], most=MAX_PATTERNS_BELOW), enough=0.02) < 0.02
