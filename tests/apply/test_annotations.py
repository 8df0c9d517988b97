"""What annotations ask for, in the words of each tool."""

import pytest

from pattern_operator.apply.annotations import IF_ABSENT, IGNORE, apply_policy_of, retention_of


@pytest.mark.parametrize(
    ("name", "value", "pruned", "deleted"),
    [
        ("pattern-operator.io/prune", "disabled", True, True),
        ("helm.sh/resource-policy", "keep", True, True),
        ("helm.sh/resource-policy", " Keep ", True, True),
        ("kustomize.toolkit.fluxcd.io/prune", "disabled", True, True),
        ("kustomize.toolkit.fluxcd.io/prune", "Disabled", True, True),
        ("kapp.k14s.io/delete-strategy", "orphan", True, True),
        ("client.lifecycle.config.k8s.io/deletion", "detach", True, True),
        ("cli-utils.sigs.k8s.io/on-remove", "keep", True, True),
        ("argocd.argoproj.io/sync-options", "Prune=false", True, False),
        ("argocd.argoproj.io/sync-options", "ServerSideApply=true, Prune=confirm", True, False),
        ("argocd.argoproj.io/sync-options", "Delete=false", False, True),
        ("argocd.argoproj.io/sync-options", "Delete=confirm,Prune=false", True, True),
    ],
)
def test_an_object_that_asks_to_stay_stays(name: str, value: str, *, pruned: bool, deleted: bool):
    keep = retention_of({"a": "b", name: value})

    assert (keep.pruned, keep.deleted, bool(keep)) == (pruned, deleted, True)
    assert keep.asked.partition(":")[0] in (name, name.removeprefix("pattern-operator.io/"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("helm.sh/resource-policy", "delete"),
        ("helm.sh/resource-policy", ""),
        ("helm.sh/resource-policy", None),
        ("helm.sh/resource-policy", ["keep"]),
        ("helm.sh/resource-policies", "keep"),
        ("kustomize.toolkit.fluxcd.io/prune", "enabled"),
        ("kapp.k14s.io/delete-strategy", ""),
        ("argocd.argoproj.io/sync-options", "Prune=true,Delete=true"),
        ("argocd.argoproj.io/sync-options", "PruneLast=false"),
    ],
)
def test_what_asks_for_something_else_goes(name: str, value: object):
    assert not retention_of({name: value})


@pytest.mark.parametrize(
    ("annotations", "asked"),
    [
        ({"pattern-operator.io/ssa": "Ignore"}, (IGNORE, "ssa: Ignore")),
        ({"pattern-operator.io/ssa": "IfAbsent"}, (IF_ABSENT, "ssa: IfAbsent")),
        ({"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}, (IF_ABSENT, "kustomize.toolkit.fluxcd.io/ssa")),
        ({"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}, (IGNORE, "kustomize.toolkit.fluxcd.io/ssa")),
        ({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}, (IGNORE, "kustomize.toolkit.fluxcd.io/reconcile")),
        ({"kapp.k14s.io/noop": ""}, (IGNORE, "kapp.k14s.io/noop")),
        ({"kapp.k14s.io/exists": ""}, (IGNORE, "kapp.k14s.io/exists")),
        ({"kustomize.toolkit.fluxcd.io/ssa": "Merge"}, ("", "")),
        ({"kustomize.toolkit.fluxcd.io/reconcile": "enabled"}, ("", "")),
        ({"pattern-operator.io/ssa": None}, ("", "")),
        ({}, ("", "")),
    ],
)
def test_how_an_object_asks_to_be_applied(annotations: dict[str, object], asked: tuple[str, str]):
    assert apply_policy_of(annotations) == asked
