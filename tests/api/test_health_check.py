"""Which kind a health check is for, and which checks of a pattern count."""

import pytest

from pattern_operator.api.health_check import HealthCheck, effective, repeated


def check(api_version: str, kind: str = "Widget", current: str = "true") -> HealthCheck:
    return HealthCheck(api_version=api_version, kind=kind, current=current)


@pytest.mark.parametrize(
    ("api_version", "group", "version"),
    [("v1", "", "v1"), ("apps/v1", "apps", "v1"), ("a.example.com/v1beta1", "a.example.com", "v1beta1")],
)
def test_it_is_for_a_kind_in_whatever_version(api_version: str, group: str, version: str):
    found = check(api_version)

    assert (tuple(found.group_kind), found.version) == ((group, "Widget"), version)


@pytest.mark.parametrize(
    ("api_version", "kind", "field"),
    [
        ("v1", "Pod", ""),
        ("a-b.example.com/v1beta1", "A1", ""),
        ("A.example.com/v1", "A", "apiVersion"),
        ("a/b/v1", "A", "apiVersion"),
        ("a/", "A", "apiVersion"),
        ("v1\n", "A", "apiVersion"),
        ("v1", "a b", "kind"),
        ("v1", "1A", "kind"),
    ],
)
def test_what_no_kind_can_be_called_is_named(api_version: str, kind: str, field: str):
    assert check(api_version, kind).misnamed == field


def test_its_expressions_are_in_the_order_of_evaluation():
    whole = HealthCheck(api_version="v1", kind="Pod", current="c", failed="f", in_progress="p")

    assert list(whole.expressions()) == [("inProgress", "p"), ("failed", "f"), ("current", "c")]
    assert list(check("v1").expressions()) == [("current", "true")]


def test_the_specs_win_over_the_artifacts_for_the_same_kind_in_whatever_version():
    ours, theirs, other = check("a/v2", current="ours"), check("a/v1", current="theirs"), check("b/v1")

    assert effective((ours,), (theirs, other)) == (ours, other)
    assert effective((), (theirs,)) == (theirs,)


def test_two_for_one_kind_are_found():
    assert repeated([check("a/v1"), check("b/v1"), check("a/v2")]) == (0, 2)
    assert repeated([check("a/v1"), check("b/v1"), check("a/v1", "Other")]) is None
