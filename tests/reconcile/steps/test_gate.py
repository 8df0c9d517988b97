"""What may not be applied is said before anything is: refused components, patterns within themselves, what is empty."""

from typing import Any

import pytest
from tests.executors import EXECUTORS
from tests.reconcile.pattern import ENTRIES, REVISION, pattern

from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.api.status import Inventory, Status
from pattern_operator.errors import Stalled
from pattern_operator.reconcile import inventory_size
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.reconcile.steps.gate import accept, gate


class Rules:
    """Admits everything, but for what ``check`` is told to refuse; ``line`` are the pattern and those that hold it."""

    def __init__(self, *line: PatternKey, refuses: Stalled | None = None) -> None:
        self.line, self.refuses = frozenset(line), refuses

    def check(self, _: Any, __: Any) -> None:
        if self.refuses is not None:
            raise self.refuses

    def ancestors(self, _: Any) -> frozenset[PatternKey]:
        return self.line

    def cpu(self, _: Any) -> Any:
        return None  # a small inventory is not compressed


def an_object(kind: str, name: str, *, api: str = "v1", namespace: str = "team") -> Object:
    return Object.of({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}})


def rendering(*objects: Object, components: tuple[ComponentReport, ...] = ()) -> Rendering:
    return Rendering(objects=objects, format="Meshery", components=components)


ME = PatternKey("team", "web")
RUNS = Status(revision=str(REVISION), inventory=Inventory(count=2, entries=ENTRIES))


async def test_a_candidate_says_what_it_has_and_what_the_pattern_has():
    candidate = await gate(pattern(status=RUNS), REVISION, rendering(an_object("ConfigMap", "a")), port=Rules(ME))

    assert (candidate.revision, candidate.objects, candidate.owned) == (REVISION, 1, 2)


async def test_a_pattern_that_contains_itself_is_not_applied():
    itself = an_object("DesignPattern", "web", api="pattern-operator.io/v1alpha1")

    with pytest.raises(Stalled, match="team/web"):
        await gate(pattern(), REVISION, rendering(itself), port=Rules(ME))


async def test_a_pattern_that_contains_another_one_is_applied():
    other = an_object("DesignPattern", "other", api="pattern-operator.io/v1alpha1")

    assert (await gate(pattern(), REVISION, rendering(other), port=Rules(ME))).containing_patterns == ()


async def test_what_only_has_the_name_of_the_pattern_is_applied():
    of_its_name = an_object("ConfigMap", "web")

    assert (await gate(pattern(), REVISION, rendering(of_its_name), port=Rules(ME))).containing_patterns == ()


async def test_what_would_not_fit_into_the_inventory_is_refused_before_anything_is_applied(monkeypatch):
    class WithThreads(Rules):
        def cpu(self, _: Any) -> Any:
            return EXECUTORS.cpu

    monkeypatch.setattr(inventory_size, "LARGEST", 1_000)
    many = [an_object("ConfigMap", f"{number}-{'x' * 240}") for number in range(2_500)]

    with pytest.raises(Stalled) as refusal:
        await gate(pattern(), REVISION, rendering(*many), port=WithThreads(ME))

    assert refusal.value.reason is Reason.INVENTORY_TOO_LARGE


async def test_an_artifact_that_became_empty_does_not_remove_what_runs():
    with pytest.raises(Stalled):
        await gate(pattern(status=RUNS), REVISION, rendering(), port=Rules(ME))


async def test_what_no_pattern_may_hold_is_refused_with_its_reason():
    refusal = Stalled(reason=Reason.CROSS_NAMESPACE, message="of another namespace")

    with pytest.raises(Stalled, match="of another namespace"):
        await gate(pattern(), REVISION, rendering(an_object("ConfigMap", "a")), port=Rules(ME, refuses=refusal))


REFUSED = ComponentReport(id="1", kind="Widget", name="w", outcome=Outcome.REFUSED, reason="x", message="it is odd")


def test_a_refused_component_refuses_all_unless_the_spec_skips_it():
    found = rendering(components=(REFUSED,))

    with pytest.raises(Stalled, match="1 of 1 components") as refusal:
        accept(pattern(), REVISION, found)
    accept(pattern(spec={"render": {"onInvalid": "Skip"}}), REVISION, found)

    assert refusal.value.reason is Reason.COMPONENTS_REFUSED
    assert "it is odd" in refusal.value.message


@pytest.mark.parametrize("namespace", ["other", ""], ids=["of another namespace", "of the pattern's own"])
async def test_a_pattern_may_not_hold_one_that_holds_it(namespace: str):
    parent = PatternKey(namespace or "team", "parent")
    held = an_object("DesignPattern", "parent", api="pattern-operator.io/v1alpha1", namespace=namespace)

    with pytest.raises(Stalled) as refusal:
        await gate(pattern(), REVISION, rendering(held), port=Rules(ME, parent))
    assert refusal.value.reason is Reason.CONTAINS_ITSELF

    await gate(pattern(), REVISION, rendering(held), port=Rules(ME, PatternKey("elsewhere", "parent")))
