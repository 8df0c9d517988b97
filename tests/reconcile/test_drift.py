"""What is said of objects that are not as they were applied, and which of them are applied again."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.reconcile.pattern import pattern

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.reconcile.drift import (
    drift_left,
    drift_of,
    paused_words,
    remaining_words,
    to_repair,
    waiting_repairs,
)

A, B = (ObjectKey("", "ConfigMap", "team", name) for name in ("a", "b"))


def managed(**known: Any) -> Any:
    """What the watches tell: B and A drifted, and B was paused."""
    return SimpleNamespace(
        get=lambda key: known.get(key.name),
        drifted=lambda _: (B, A),
        all_drifted=lambda _: frozenset({B, A}),
        is_pending=lambda key, *, owner: key == B,
        conflicts=lambda _: ("a fight",),
        paused=lambda _: (B,),
    )


def seen(*, present: bool = True, pending: bool = False, changed_by: str = "") -> Any:
    return SimpleNamespace(present=present, pending=pending, changed_by=changed_by)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (None, "was deleted, or lost its owner label"),
        (seen(present=False, changed_by="x"), "was deleted, or lost its owner label"),
        (seen(pending=True, changed_by="x"), "was skipped while it was annotated reconcile: disabled"),
        (seen(), "was changed"),
        (seen(changed_by="kubectl-edit"), "was changed by kubectl-edit"),
    ],
)
def test_what_happened_to_an_object_is_said_as_far_as_the_watches_tell(known: Any, says: str):
    assert drift_of(A, managed=managed(a=known)) == f"ConfigMap team/a {says}"


@pytest.mark.parametrize(
    ("policy", "suspend", "left", "repaired"),
    [
        ("Repair", False, ("a fight",), (B, A)),
        ("Repair", True, ("ConfigMap team/a was changed", "ConfigMap team/b was changed"), (B, A)),
        ("Report", False, ("ConfigMap team/a was changed", "ConfigMap team/b was changed"), (B,)),
    ],
)
def test_drift_is_left_where_the_spec_asks_for_it(
    policy: str, suspend: bool, left: tuple[str, ...], repaired: tuple[ObjectKey, ...]
):
    asked, watches = pattern(spec={"apply": {"driftPolicy": policy}, "suspend": suspend}), managed(a=seen(), b=seen())

    assert drift_left(asked, managed=watches) == left
    assert to_repair(asked, managed=watches) == repaired


def test_repairs_that_wait_and_objects_that_are_paused_are_named():
    watches = managed(a=seen())

    assert waiting_repairs(pattern(), managed=watches) == (
        "ConfigMap team/a was changed; its repair waits for a worker",
        "ConfigMap team/b was deleted, or lost its owner label; its repair waits for a worker",
    )
    assert [each.startswith("ConfigMap team/b is skipped") for each in paused_words(pattern(), managed=watches)] == [
        True
    ]


def test_fields_that_left_and_stay_are_named_with_who_has_them_the_first_few_of_each():
    many = [RemainingField("one", f".data.{name}", number) for number, name in enumerate("abcde")]
    fields = (*many, RemainingField("two", ".data.f", 9), RemainingField("two", ".data.f", 10))
    watches: Any = SimpleNamespace(remaining=lambda _: {A: fields})

    assert remaining_words(pattern(), managed=watches) == (
        "ConfigMap team/a: .data.a, .data.b, .data.c and 2 more left the pattern, and stay because field manager one"
        " has set the same, too: if nobody needs them, remove them (kubectl edit configmap a -n team)",
        "ConfigMap team/a: .data.f left the pattern, and stays because field manager two has set the same, too: if"
        " nobody needs it, remove it (kubectl edit configmap a -n team)",
    )
