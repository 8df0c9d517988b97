"""``patternctl uninstall``: what it says before it does anything; what it does is in e2e/test_uninstall.py."""

from argparse import Namespace
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from tests.cli.program import Patternctl

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.cli import installation, uninstall
from pattern_operator.cli.installation import Installation, Part, Pattern, pattern_of
from pattern_operator.kube import Resource

DEPLOYMENT = Resource(group="apps", version="v1", kind="Deployment", plural="deployments", namespaced=True)
PART = Part(DEPLOYMENT, "pattern-operator-system", "pattern-operator")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPTIONS = Namespace(yes=False, keep_objects=False, output="text")


def pattern(name: str = "web", *, finalizers=("pattern-operator.io/finalizer",), policy: str = "", count: int = 3):
    body = {
        "metadata": {"name": name, "namespace": "team", "uid": f"u-{name}", "finalizers": list(finalizers)},
        "spec": {"apply": {"deletionPolicy": policy} if policy else {}},
        "status": {"inventory": {"count": count}},
    }
    return pattern_of(body, Counter())


def found(*patterns: Pattern, **more) -> Installation:
    given = {"parts": (PART,), "crd": True, "going": False, "holder": "pod_1", **more}
    return Installation(patterns=patterns, **given)


def shown(plan: Installation, capsys: pytest.CaptureFixture[str]) -> str:
    uninstall._show(plan, server="https://cluster", options=OPTIONS)
    return capsys.readouterr().out


def test_a_pattern_that_orphans_leaves_all_of_its_objects(capsys):
    said = shown(found(pattern("kept", policy="Orphan"), pattern("web")), capsys)

    assert ["team", "kept", "3", "3"] in [line.split() for line in said.splitlines()]
    assert ["team", "web", "3", "0"] in [line.split() for line in said.splitlines()]
    assert "Deployment pattern-operator-system/pattern-operator" in said
    assert "The operator runs: pod_1" in said
    assert said.endswith("Nothing was changed.\n")


def test_patterns_that_would_wait_for_an_operator_that_does_not_work_are_counted(capsys):
    plan = found(pattern("web"), pattern("free", finalizers=()), holder="")

    assert [each.name for each in plan.stuck] == ["web"]
    assert "No operator runs here, and 1 pattern cannot go without one" in shown(plan, capsys)


def test_an_operator_whose_objects_have_other_labels_is_not_said_to_be_absent(capsys):
    said = shown(found(pattern(), parts=()), capsys)

    assert "An operator runs (pod_1), and none of its objects has the label" in said


def test_it_is_said_what_there_was_and_nothing_else(capsys):
    assert "1. 1 pattern, with its objects, except" in shown(found(pattern()), capsys)
    assert "1. 2 patterns, with their objects, except" in shown(found(pattern(), pattern("shop")), capsys)
    assert "1. patterns: none is here\n2. " in shown(found(), capsys)
    assert uninstall._taken(found(pattern())) == "removed: 1 pattern, 1 object of the operator, the CRD"
    assert uninstall._taken(found(crd=False)) == "removed: 1 object of the operator"
    assert uninstall._taken(found(parts=(), crd=False)).startswith("nothing was removed")


def test_kinds_that_cannot_be_looked_at_are_named(capsys):
    assert "Widget.shop.example cannot be looked at now" in shown(
        found(pattern(), unseen=("Widget.shop.example",)), capsys
    )


@pytest.mark.parametrize(
    ("annotations", "stays"),
    [
        ({"pattern-operator.io/prune": "disabled"}, True),
        ({"pattern-operator.io/adopted": "true"}, True),
        ({"helm.sh/resource-policy": "keep"}, True),
        ({"kustomize.toolkit.fluxcd.io/prune": "Disabled"}, True),
        ({"argocd.argoproj.io/sync-options": "Delete=false"}, True),
        ({"argocd.argoproj.io/sync-options": "Prune=false"}, False),  # of what leaves a pattern that stays
        ({"pattern-operator.io/adopted": "no"}, False),
        ({"helm.sh/resource-policy": "delete"}, False),
        ({"helm.sh/resource-policy": ["keep"]}, False),
        ({}, False),
    ],
)
def test_what_any_tool_is_asked_to_keep_counts_as_left(annotations: dict[str, object], stays: bool):
    assert installation.stays(ObjectMeta.of({"metadata": {"annotations": annotations}})) is stays


@pytest.mark.parametrize(
    ("renewed", "fresh"),
    [
        (NOW - timedelta(seconds=40), True),
        (NOW + timedelta(seconds=40), True),  # clocks differ
        (NOW - timedelta(minutes=5), False),
        (NOW + timedelta(days=1), False),
    ],
)
def test_an_operator_works_when_its_lease_was_renewed_of_late(renewed: datetime, fresh: bool):
    assert installation._is_fresh(renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), NOW) is fresh


@pytest.mark.parametrize("text", ["", "yesterday", "9999-99-99T00:00:00Z"])
def test_a_time_that_is_none_is_long_ago(text: str):
    assert not installation._is_fresh(text, NOW)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon", "1e9"])
def test_a_timeout_is_a_number_of_seconds(patternctl: Patternctl, seconds: str):
    done = patternctl("uninstall", "--timeout", seconds)

    assert done.code == 2
    assert "must be a number of seconds" in done.err


def test_without_a_cluster_nothing_is_asked(patternctl: Patternctl):
    done = patternctl("uninstall", "--yes")

    assert done.code == 1
    assert "--kubeconfig" in done.err
