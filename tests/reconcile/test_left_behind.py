"""What a pattern leaves in the cluster on purpose is said."""

from datetime import UTC, datetime

import pytest

from pattern_operator.api.hook import Hook
from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.apply import ManagedObjects, Owner
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.observation import Observation
from pattern_operator.reconcile.apply_notes import not_owned
from pattern_operator.reconcile.pruning import _left_behind
from pattern_operator.reconcile.steps.apply import Placed, ignored

OURS, THEIRS = Owner(id="ours", namespace="team", name="web"), "theirs"
NOW = datetime(2026, 5, 1, tzinfo=UTC)
KEYS = [ObjectKey("", "ConfigMap", "team", name) for name in ("a", "b", "c", "d", "e")]


def managed(label: str, *, present: bool = True) -> ManagedObject:
    """One that carries ``label`` as that of its owner."""
    observed = Observation.of({"metadata": {"labels": {OWNER_LABEL: label}}}, key=KEYS[0], now=NOW)
    return ManagedObject(KEYS[0], label, observed, present=present)


class Known(ManagedObjects):
    """ManagedObjects of which some are known; the watch of ConfigMaps is in step unless it is ``blind``."""

    def __init__(self, *, blind: bool = False, **managed_objects: ManagedObject) -> None:
        self.blind, self.managed_objects = blind, managed_objects

    def get(self, key: ObjectKey) -> ManagedObject | None:
        return self.managed_objects.get(key.name)

    def is_known_absent(self, _: ObjectKey) -> bool:
        return not self.blind


def test_what_stays_under_prune_false_is_named_with_the_reason():
    (said,) = _left_behind(KEYS, owner=OURS, managed=Known(b=managed("ours")))

    assert said == "ConfigMap team/b left the pattern and is not deleted, because spec.apply.prune is false"


def test_what_is_gone_or_of_another_pattern_is_not_named():
    known = Known(a=managed("ours", present=False), b=managed(THEIRS), c=managed(""))

    assert _left_behind(KEYS, owner=OURS, managed=known) == ()


def test_where_no_watch_tells_all_of_it_is_named():
    said = _left_behind(KEYS, owner=OURS, managed=Known(blind=True, e=managed(THEIRS)))

    assert [each.split()[1] for each in said] == ["team/a", "team/b", "team/c", "team/d"]


def skipped(name: str, reason: str) -> ComponentReport:
    return ComponentReport(name, name, "Namespace", Outcome.SKIPPED, reason, f"namespace {name} is used as it is")


def test_namespaces_that_are_used_as_they_are_are_named_the_first_few_of_them():
    components = (skipped("x", "Annotation"), *(skipped(f"n{number}", "ProtectedNamespace") for number in range(5000)))

    (said,) = not_owned(Rendering((), components))

    assert said.startswith("namespace n0 is used as it is; namespace n1 is used as it is; ")
    assert said.endswith(" more")
    assert len(said) < 1024


@pytest.mark.parametrize("reason", ["Hook", "LocalConfig"])
def test_what_is_left_to_other_tools_is_named(reason: str):
    hook = ComponentReport("1", "wipe", "Job", Outcome.SKIPPED, reason, "Job wipe is for another tool")

    assert not_owned(Rendering((), (hook,))) == ("Job wipe is for another tool",)


def test_where_every_namespace_is_applied_nothing_is_said():
    assert not_owned(Rendering((), (skipped("x", "Duplicate"),))) == ()


def _config_map(name: str, **annotations: str) -> Object:
    metadata = {"name": name, "namespace": "shop", "annotations": annotations}
    return Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def _placed(*ours: Object, others: tuple[Object, ...] = ()) -> Placed:
    return Placed(ours, (*ours, *others), (), frozenset(), (), ())


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("kapp.k14s.io/noop", ""),
        ("kapp.k14s.io/exists", ""),
        ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
        ("kustomize.toolkit.fluxcd.io/ssa", "Ignore"),
    ],
)
def test_what_asks_never_to_be_applied_is_named(annotation: str, value: str):
    asking = _config_map("b", **{annotation: value})

    assert ignored(_placed(_config_map("a"), others=(asking,)), ()) == (
        f"ConfigMap shop/b is never applied: it is annotated {annotation}",
    )


def test_a_hook_that_asks_never_to_be_applied_is_named_and_no_other():
    asked = {"helm.sh/hook": "pre-install", "kapp.k14s.io/noop": ""}
    hooks = [Hook.of(_config_map("b", **asked)), Hook.of(_config_map("c", **{"helm.sh/hook": "pre-install"}))]

    assert ignored(_placed(_config_map("a")), [each for each in hooks if each is not None]) == (
        "ConfigMap shop/b is never applied: it is annotated kapp.k14s.io/noop",
    )


def test_of_many_that_ask_the_first_few_are_named():
    many = tuple(_config_map(f"c{number}", **{"kapp.k14s.io/noop": ""}) for number in range(3000))

    (said,) = ignored(_placed(others=many), ())

    assert said.endswith(" more")
    assert len(said) < 1024


def test_what_the_pattern_has_already_and_what_asks_for_nothing_is_not_named_here():
    ours = _config_map("b", **{"kapp.k14s.io/noop": ""})

    assert ignored(_placed(ours, others=(_config_map("c", **{"kapp.k14s.io/noop-ish": ""}),)), ()) == ()
