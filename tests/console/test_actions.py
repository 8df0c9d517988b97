"""What can be done to a pattern, by how it is and who manages it; and the lines of kubectl that do the same."""

import json
import shlex
from datetime import UTC, datetime

import pytest

from pattern_operator.console.actions import ACTIONS, DELETE, RECONCILE, RESUME, SUSPEND, owner_of, possible_actions

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def pattern(*, suspend=False, **metadata):
    return {"metadata": {"name": "web", "namespace": "shop", **metadata}, "spec": {"suspend": suspend}}


@pytest.mark.parametrize(
    ("body", "actions"),
    [
        (pattern(), [RECONCILE, SUSPEND, DELETE]),
        (pattern(suspend=True), [RESUME, DELETE]),
        (pattern(suspend="yes"), [RECONCILE, SUSPEND, DELETE]),
        (pattern(labels={"kustomize.toolkit.fluxcd.io/name": "a"}), [RECONCILE]),
        (pattern(suspend=True, labels={"kustomize.toolkit.fluxcd.io/name": "a"}), [RECONCILE]),
        ({}, [RECONCILE, SUSPEND, DELETE]),
    ],
)
def test_what_is_possible(body, actions):
    assert possible_actions(body) == actions


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({}, ""),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, ""),
        (
            {
                "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "apps"},
            },
            "the Helm release apps/shop",
        ),
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "app:pattern-operator.io/DesignPattern:shop/web"}},
            "the Argo CD Application app",
        ),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "app:pattern-operator.io/DesignPattern:shop/other"}}, ""),
    ],
)
def test_who_manages_a_pattern_is_said(metadata, owner):
    assert owner_of(pattern(**metadata)) == owner


@pytest.mark.parametrize("action", [RECONCILE, SUSPEND, RESUME])
def test_the_line_of_kubectl_does_what_the_button_does(action):
    words = shlex.split(action.kubectl_line("shop", "web"))

    assert words[:3] == ["kubectl", "-n", "shop"]
    change = action.change(NOW)
    if action is RECONCILE:
        (annotation,) = change["metadata"]["annotations"]
        assert words[3:] == ["annotate", "dp", "web", "--overwrite", f"{annotation}=$(date -Is)"]
        return
    assert words[3:-1] == ["patch", "dp", "web", "--type=merge", "-p"]
    assert json.loads(words[-1]) == change


def test_a_name_cannot_end_the_line_and_begin_another():
    for action in ACTIONS.values():
        words = shlex.split(action.kubectl_line("a; rm -rf /", "b && {c} 'd"))

        assert "a; rm -rf /" in words
        assert "b && {c} 'd" in words
