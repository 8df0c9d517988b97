"""Which DesignPatterns a pattern holds, would make, and which of them nobody holds any more."""

from collections.abc import Iterable
from typing import Any

import pytest
from tests.reconcile.pattern import pattern

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.hook import Hook
from pattern_operator.api.names import API_VERSION, OWNER_LABEL, RELEASED_BY_ANNOTATION
from pattern_operator.api.object import Object
from pattern_operator.api.report import Rendering
from pattern_operator.api.status import HooksStatus, Inventory, InventoryEntry, Status
from pattern_operator.apply import owner_id
from pattern_operator.reconcile import PatternKey, PatternStore
from pattern_operator.reconcile.contained_patterns import id_of
from pattern_operator.reconcile.held_patterns import held_patterns, left_behind, not_made, take_over_command

RELEASED = {RELEASED_BY_ANNOTATION: "team/top"}


def made(name: str, *holds: str, by: str = "", status: Status | None = None, **metadata: Any) -> DesignPattern:
    """A pattern with ``holds`` in its inventory, which ``by`` has made."""
    entries = tuple(InventoryEntry(id=id_of("team", each), v="v1alpha1") for each in holds)
    labels = {"labels": {OWNER_LABEL: owner_id(f"u-{by}")}} if by else {}
    whole = status or Status(inventory=Inventory(count=len(entries), entries=entries))
    return pattern(name=name, uid=f"u-{name}", status=whole, **labels, **metadata)


def left(innermost: DesignPattern, *others: DesignPattern) -> str:
    """The name of who is left behind in the line of ``innermost``, empty where nobody is."""
    known = store(innermost, *others)
    found = left_behind(known.line(innermost), patterns=known)
    return found.metadata.name if found is not None else ""


def store(*patterns: DesignPattern) -> PatternStore:
    known = PatternStore()
    for each in patterns:
        known.take(each)
    return known


def an_object(kind: str, name: str, namespace: str = "", **annotations: str) -> Object:
    metadata = {"name": name, "annotations": annotations} | ({"namespace": namespace} if namespace else {})
    return Object.of({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata})


def hooks(*objects: Object) -> Iterable[Hook]:
    return (each for each in map(Hook.of, objects) if each is not None)


def test_what_is_held_are_the_patterns_among_objects_and_hooks():
    hook = an_object("DesignPattern", "c", **{"helm.sh/hook": "pre-install"})
    objects = (an_object("DesignPattern", "a"), an_object("DesignPattern", "b", "other"), an_object("TrustPolicy", "t"))

    found = held_patterns(pattern(), Rendering(objects=objects, format="Helm", hooks=tuple(hooks(hook))))

    assert found == (PatternKey("team", "a"), PatternKey("other", "b"), PatternKey("team", "c"))


def test_a_pattern_would_make_what_it_neither_has_nor_made_as_a_hook():
    top = made("top", "inner")
    known = store(top, made("hook", by="top"), made("elsewhere", by="other"), made("free"))
    held = [PatternKey("team", each) for each in ("inner", "hook", "elsewhere", "free", "new")]

    assert {each.name for each in not_made(top, held, patterns=known)} == {"elsewhere", "free", "new"}


def test_who_is_held_all_the_way_up_is_not_left_behind():
    assert left(made("c", by="b"), made("b", "c", by="a"), made("a", "b")) == ""


def test_nobody_made_a_pattern_without_marks():
    assert left(made("a", "b")) == ""


@pytest.mark.parametrize(
    ("middle", "top"),
    [
        (made("b", "c", by="a"), (made("a"),)),
        (made("b", "c", by="a"), (made("a", "x"),)),
        (made("b", "c", by="a"), ()),
        (made("b", "c", annotations=RELEASED), (made("a"),)),
        (made("b", "c", annotations={RELEASED_BY_ANNOTATION: ""}), ()),
    ],
    ids=[
        "its holder holds none",
        "its holder holds others",
        "its holder is gone",
        "it was let go",
        "by nobody knows whom",
    ],
)
def test_who_is_not_held_by_who_made_it_is_left_behind_and_so_is_what_is_below(
    middle: DesignPattern, top: tuple[DesignPattern, ...]
):
    assert left(middle, *top) == "b"
    assert left(made("c", by="b"), middle, *top) == "b"


def test_a_pattern_that_a_hook_makes_is_left_behind_while_the_hook_is_under_way_too():
    under_way = Status(hooks=HooksStatus(hook=id_of("team", "b")))

    assert left(made("b", by="a"), made("a", status=under_way)) == "b"


def test_a_pattern_that_another_one_took_is_held_whatever_it_was_before():
    assert left(made("b", by="a", annotations=RELEASED), made("a", "b")) == ""


def test_a_holder_whose_inventory_cannot_be_read_may_hold_it():
    spoilt = made("a", status=Status(inventory=Inventory(count=1, compressed="?")))
    unreadable = store(made("b", by="a"))
    unreadable.keep_owner(PatternKey("team", "a"), uid="u-a")

    assert left(made("b", by="a"), spoilt) == ""
    assert left_behind([made("b", by="a")], patterns=unreadable) is None


@pytest.mark.parametrize(
    ("found", "command"),
    [
        (made("b", by="a"), "kubectl label designpattern b -n team pattern-operator.io/owner-"),
        (made("b", annotations=RELEASED), "kubectl annotate designpattern b -n team pattern-operator.io/releasedBy-"),
    ],
)
def test_it_is_taken_over_by_taking_its_mark_off(found: DesignPattern, command: str):
    assert take_over_command(found) == command


@pytest.mark.parametrize("marks", [{"annotations": RELEASED}, {"labels": {OWNER_LABEL: owner_id("u-a")}}])
def test_who_gets_or_loses_a_mark_is_looked_at_again(marks: dict[str, Any]):
    known, key = PatternStore(), PatternKey("team", "b")

    looked_at = [
        known.take(made("b", resourceVersion=str(number), **each)) for number, each in enumerate((marks, marks, {}), 1)
    ]

    assert looked_at == [key, None, key]
