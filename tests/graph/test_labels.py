"""Selectors select as Kubernetes' own do, and thousands of them end."""

import pytest

from pattern_operator.graph.labels import MAX_COMPARED, MAX_TERMS, LabelIndex

PODS = {"web": {"app": "web", "tier": "front"}, "api": {"app": "api"}, "bare": {}}


def index():
    made = LabelIndex()
    for name, labels in PODS.items():
        made.add(name, "shop", labels)
    made.add("elsewhere", "other", {"app": "web"})
    return made


def expression(operator, *values, key="app"):
    return {"matchExpressions": [{"key": key, "operator": operator, "values": [*values]}]}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({"matchLabels": {"app": "web"}}, ["web"]),
        ({"matchLabels": {"app": "web", "tier": "front"}}, ["web"]),
        ({"matchLabels": {"app": "web", "tier": "back"}}, []),
        ({}, ["web", "api", "bare"]),
        (expression("In", "web", "api"), ["web", "api"]),
        (expression("NotIn", "web"), ["api", "bare"]),
        (expression("Exists"), ["web", "api"]),
        (expression("DoesNotExist"), ["bare"]),
        (expression("exists"), []),
        ({"matchLabels": {"tier": "front"}} | expression("NotIn", "web"), []),
        ({"matchLabels": {"app": 5}}, []),
        ({"matchLabels": {f"l{number}": "" for number in range(MAX_TERMS + 1)}}, []),
        ("app=web", []),
        (None, []),
    ],
    ids=str,
)
def test_a_selector_selects_in_its_namespace(selector, selected):
    assert list(index().select("shop", selector)) == selected


def test_labels_of_another_shape_are_none():
    made = LabelIndex()
    made.add("odd", "shop", ["app"])

    assert list(made.select("shop", {"matchLabels": {"app": "web"}})) == []


def test_selectors_of_everything_end():
    made = LabelIndex()
    for number in range(1_000):
        made.add(f"p{number}", "shop", {})

    found = sum(1 for _ in range(300) for _ in made.select("shop", {}))

    assert found == MAX_COMPARED
    assert made.exhausted


def test_what_has_not_compared_too_much_is_not_exhausted():
    made = index()
    list(made.select("shop", {}))

    assert not made.exhausted
