"""Hooks are run in the order of Helm."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.hook import Hook, HookEvent
from pattern_operator.api.object import Object
from pattern_operator.apply.hooks import hooks_of

RUNS = {"Job", "Pod"}
KINDS = ["Job", "Pod", "ConfigMap", "ServiceAccount", "Role", "RoleBinding", "Secret", "Widget"]


def hook(kind: str, name: str, weight: int = 0, event: str = "pre-install") -> Hook:
    annotations = {"helm.sh/hook": event, "helm.sh/hook-weight": str(weight)}
    found = Hook.of(
        Object.of({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "annotations": annotations}})
    )
    assert found is not None
    return found


def job(name: str, weight: int = 0, event: str = "pre-install") -> Hook:
    metadata = {"name": name, "annotations": {"helm.sh/hook": event, "helm.sh/hook-weight": str(weight)}}
    found = Hook.of(Object.of({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}))
    assert found is not None
    return found


def names(*hooks: Hook) -> list[str]:
    return [each.object.key.name for each in hooks_of(hooks, HookEvent.PRE_INSTALL)]


def test_those_of_another_moment_are_left_out():
    assert names(job("a", event="post-install"), job("b", event="test,pre-install")) == ["b"]


@pytest.mark.parametrize(
    ("annotation", "runs"),
    [
        ({"pattern-operator.io/ssa": "Ignore"}, False),
        ({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}, False),
        ({"kapp.k14s.io/noop": ""}, False),
        ({"pattern-operator.io/ssa": "IfAbsent"}, True),
        ({"pattern-operator.io/ignore": "ssa"}, True),
    ],
)
def test_a_hook_that_asks_never_to_be_applied_is_not_run(annotation: dict[str, str], runs: bool):
    annotations = {"helm.sh/hook": "pre-install", **annotation}
    asking = Hook.of(
        Object.of({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "b", "annotations": annotations}})
    )
    assert asking is not None

    assert names(job("a"), asking, job("c")) == (["a", "b", "c"] if runs else ["a", "c"])


def test_the_lowest_weight_comes_first():
    assert names(job("a", 10), job("b", -2), job("c", 9)) == ["b", "c", "a"]


def test_what_is_only_made_comes_before_what_is_run_of_the_same_weight_in_the_order_of_kinds():
    hooks = [job("a"), hook("RoleBinding", "b"), hook("ConfigMap", "c"), hook("ServiceAccount", "d"), hook("X", "e")]

    assert names(*hooks) == ["d", "c", "b", "e", "a"]


def test_jobs_and_pods_of_the_same_weight_come_by_their_names():
    assert names(job("b"), hook("Pod", "c"), job("a")) == ["a", "b", "c"]


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from("abcd"), st.integers(-3, 3)), max_size=12), st.randoms()
)
def test_the_order_does_not_depend_on_how_they_are_listed(given: list[tuple[str, str, int]], random: object):
    hooks = [hook(*each) for each in dict.fromkeys(given)]
    shuffled = list(hooks)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    ordered = hooks_of(hooks, HookEvent.PRE_INSTALL)

    assert ordered == hooks_of(shuffled, HookEvent.PRE_INSTALL)
    weights = [each.weight for each in ordered]
    assert weights == sorted(weights)
    for before, after in itertools.pairwise(ordered):
        if before.weight == after.weight:
            assert (before.object.key.kind == "Pod") <= (after.object.key.kind == "Pod")
