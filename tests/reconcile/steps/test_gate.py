"""What may not be applied is said before anything is: refused components, patterns within themselves, what is empty."""

from collections.abc import Collection
from contextlib import nullcontext
from typing import Any

import pytest
from tests.executors import EXECUTORS
from tests.reconcile.pattern import ENTRIES, REVISION, pattern

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.hook import Hook, HookEvent
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.api.status import Inventory, Status
from pattern_operator.errors import Stalled
from pattern_operator.reconcile import PatternKey, inventory_size
from pattern_operator.reconcile.steps.gate import accept, gate


class Rules:
    """Admits everything, but for what ``check`` is told to refuse; ``holders`` hold the pattern, one in another."""

    def __init__(
        self,
        *holders: DesignPattern,
        refuses: Stalled | None = None,
        has: frozenset[PatternKey] = frozenset(),
        below: int = 0,
        left: DesignPattern | None = None,
    ) -> None:
        self.holders, self.refuses, self.has, self.below, self.left = holders, refuses, has, below, left

    def check(self, _: Any, __: Any) -> None:
        if self.refuses is not None:
            raise self.refuses

    def line(self, pattern: DesignPattern) -> tuple[DesignPattern, ...]:
        return (pattern, *self.holders)

    def not_made(self, _: Any, held: Collection[PatternKey]) -> frozenset[PatternKey]:
        return frozenset(held) - self.has

    def left_behind(self, _: Any) -> DesignPattern | None:
        return self.left

    def count_below(self, pattern: DesignPattern, *, most: int) -> int:
        assert pattern == self.holders[-1] if self.holders else pattern  # the one at the top
        return self.below

    def cpu(self, _: Any) -> Any:
        return None  # a small inventory is not compressed


def an_object(kind: str, name: str, *, api: str = "v1", namespace: str = "team") -> Object:
    return Object.of({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}})


def rendering(*objects: Object, components: tuple[ComponentReport, ...] = ()) -> Rendering:
    return Rendering(objects=objects, format="Meshery", components=components)


OTHER = {"source": {"url": "oci://registry.example/other", "ref": {"tag": "1.0.0"}}}
WEB = {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}
HELD = an_object("DesignPattern", "web-x", api="pattern-operator.io/v1alpha1")
RUNS = Status(revision=str(REVISION), inventory=Inventory(count=2, entries=ENTRIES))


async def test_a_candidate_says_what_it_has_and_what_the_pattern_has():
    candidate = await gate(pattern(status=RUNS), REVISION, rendering(an_object("ConfigMap", "a")), port=Rules())

    assert (candidate.revision, candidate.objects, candidate.owned) == (REVISION, 1, 2)


async def test_a_pattern_that_contains_itself_is_not_applied():
    itself = an_object("DesignPattern", "web", api="pattern-operator.io/v1alpha1")

    with pytest.raises(Stalled, match="team/web"):
        await gate(pattern(), REVISION, rendering(itself), port=Rules())


async def test_a_pattern_that_contains_another_one_is_applied():
    other = an_object("DesignPattern", "other", api="pattern-operator.io/v1alpha1")

    assert (await gate(pattern(), REVISION, rendering(other), port=Rules())).containing_patterns == ()


async def test_what_only_has_the_name_of_the_pattern_is_applied():
    of_its_name = an_object("ConfigMap", "web")

    assert (await gate(pattern(), REVISION, rendering(of_its_name), port=Rules())).containing_patterns == ()


async def test_what_would_not_fit_into_the_inventory_is_refused_before_anything_is_applied(monkeypatch):
    class WithThreads(Rules):
        def cpu(self, _: Any) -> Any:
            return EXECUTORS.cpu

    monkeypatch.setattr(inventory_size, "LARGEST", 1_000)
    many = [an_object("ConfigMap", f"{number}-{'x' * 240}") for number in range(2_500)]

    with pytest.raises(Stalled) as refusal:
        await gate(pattern(), REVISION, rendering(*many), port=WithThreads())

    assert refusal.value.reason is Reason.INVENTORY_TOO_LARGE


async def test_an_artifact_that_became_empty_does_not_remove_what_runs():
    with pytest.raises(Stalled):
        await gate(pattern(status=RUNS), REVISION, rendering(), port=Rules())


async def test_what_no_pattern_may_hold_is_refused_with_its_reason():
    refusal = Stalled(reason=Reason.CROSS_NAMESPACE, message="of another namespace")

    with pytest.raises(Stalled, match="of another namespace"):
        await gate(pattern(), REVISION, rendering(an_object("ConfigMap", "a")), port=Rules(refuses=refusal))


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
    parent = pattern(name="parent", namespace=namespace or "team", spec=OTHER)
    held = an_object("DesignPattern", "parent", api="pattern-operator.io/v1alpha1", namespace=namespace)

    with pytest.raises(Stalled) as refusal:
        await gate(pattern(), REVISION, rendering(held), port=Rules(parent))
    assert refusal.value.reason is Reason.CONTAINS_ITSELF

    await gate(
        pattern(), REVISION, rendering(held), port=Rules(pattern(name="parent", namespace="elsewhere", spec=OTHER))
    )


async def test_a_pattern_that_makes_itself_again_by_another_name_is_refused():
    with pytest.raises(Stalled) as refusal:
        await gate(pattern(name="web-y"), REVISION, rendering(HELD), port=Rules(pattern()))

    assert refusal.value.reason is Reason.CONTAINS_ITSELF
    assert "DesignPattern team/web, which contains this one, is of the same artifact" in refusal.value.message


async def test_a_hook_that_is_a_pattern_counts_as_held():
    hook = Hook.of(
        Object.of(
            {
                "apiVersion": "pattern-operator.io/v1alpha1",
                "kind": "DesignPattern",
                "metadata": {"name": "web", "namespace": "team", "annotations": {"helm.sh/hook": "pre-install"}},
            }
        )
    )
    assert hook is not None

    with pytest.raises(Stalled, match="contains DesignPattern team/web, which is this pattern"):
        await gate(pattern(), REVISION, Rendering(objects=(), format="Helm", hooks=(hook,)), port=Rules())


@pytest.mark.parametrize(
    "holder",
    [
        pattern(name="parent", spec=OTHER),
        pattern(name="parent", spec={"source": {**WEB, "ref": {"tag": "2.0.0"}}}),
        pattern(name="parent", spec={"render": {"format": "Helm"}}),
        pattern(name="parent", spec={"source": {**WEB, "layer": {"path": "all"}}}),
        pattern(name="parent", spec={"render": {"parameters": {"children": True}}}),
    ],
    ids=["repository", "tag", "format", "path", "parameters"],
)
async def test_a_pattern_of_another_artifact_or_rendered_otherwise_may_hold_patterns(holder: DesignPattern):
    assert (await gate(pattern(), REVISION, rendering(HELD), port=Rules(holder))).same_as == ""


async def test_a_pattern_that_is_held_by_one_of_its_artifact_and_holds_none_is_applied():
    plain = rendering(an_object("ConfigMap", "a"))

    assert (await gate(pattern(name="web-y"), REVISION, plain, port=Rules(pattern()))).objects == 1


@pytest.mark.parametrize(("holders", "held", "refused"), [(7, HELD, False), (8, HELD, True), (9, None, False)])
async def test_no_more_than_so_many_patterns_hold_one_another(holders: int, held: Object | None, refused: bool):
    line = [pattern(name=f"p-{n}", spec={"source": {**WEB, "url": f"{WEB['url']}-{n}"}}) for n in range(holders)]
    content = rendering(held or an_object("ConfigMap", "a"))

    if not refused:
        await gate(pattern(), REVISION, content, port=Rules(*line))
        return
    with pytest.raises(Stalled, match="more than 8 are taken for a pattern without end"):
        await gate(pattern(), REVISION, content, port=Rules(*line))


def otherwise(number: int, **source: Any) -> DesignPattern:
    """The pattern with another parameter, tag and so on, which differs each time."""
    spec = {"source": {**WEB, "ref": {"tag": f"1.0.{number}"}, **source}, "render": {"parameters": {"n": number}}}
    return pattern(name=f"web-{number}", spec=spec)


async def test_of_one_part_of_a_repository_a_third_may_not_hold_patterns_however_it_is_rendered():
    await gate(otherwise(2), REVISION, rendering(HELD), port=Rules(otherwise(1)))

    with pytest.raises(Stalled, match="2 that contain this one are already") as refusal:
        await gate(otherwise(3), REVISION, rendering(HELD), port=Rules(otherwise(2), otherwise(1)))
    assert refusal.value.reason is Reason.CONTAINS_ITSELF


async def test_a_fleet_of_one_repository_whose_levels_have_paths_of_their_own_is_applied():
    fleet, region = (otherwise(n, layer={"path": path}) for n, path in enumerate(("fleet", "regions/eu")))
    cluster = otherwise(3, layer={"path": "clusters/one"})

    assert (await gate(cluster, REVISION, rendering(HELD), port=Rules(region, fleet))).again == 1


async def test_what_holds_no_pattern_may_be_of_the_repository_a_third_time():
    plain = rendering(an_object("ConfigMap", "a"))

    assert (await gate(otherwise(3), REVISION, plain, port=Rules(otherwise(2), otherwise(1)))).again == 3


@pytest.mark.parametrize(("below", "refused"), [(4_999, False), (5_000, True)])
async def test_no_more_than_so_many_patterns_are_below_one(below: int, refused: bool):
    if not refused:
        assert (await gate(pattern(), REVISION, rendering(HELD), port=Rules(below=below))).below == below + 1
        return
    with pytest.raises(Stalled, match="more than 5000 below the one at the top") as refusal:
        await gate(pattern(), REVISION, rendering(HELD), port=Rules(below=below))
    assert refusal.value.reason is Reason.CONTAINS_ITSELF


async def test_a_pattern_that_holds_no_new_ones_is_applied_however_many_there_are():
    has = frozenset({PatternKey("team", "web-x")})

    assert (await gate(pattern(), REVISION, rendering(HELD), port=Rules(below=9_000, has=has))).below == 0


SOURCES = {
    "render": {
        "valuesFrom": [{"kind": "ConfigMap", "name": "defaults"}, {"kind": "Secret", "name": "db", "targetPath": "pw"}]
    }
}


@pytest.mark.parametrize(("kind", "name", "position"), [("Secret", "db", 1), ("ConfigMap", "defaults", 0)])
@pytest.mark.parametrize("namespace", ["team", ""])
@pytest.mark.parametrize("is_hook", [False, True])
async def test_what_its_parameters_are_read_from_is_no_object_of_the_pattern(
    kind: str, name: str, position: int, namespace: str, is_hook: bool
):
    found = an_object(kind, name, namespace=namespace)
    made = Rendering(objects=(), hooks=(Hook(found, (HookEvent.PRE_INSTALL,)),)) if is_hook else rendering(found)

    with pytest.raises(Stalled) as refusal:
        await gate(pattern(spec=SOURCES), REVISION, made, port=Rules())

    assert refusal.value.reason is Reason.PARAMETERS_INVALID
    said = f"{kind} team/{name} is an object of the pattern, and spec.render.valuesFrom[{position}] names it"
    assert refusal.value.message.startswith(said)


@pytest.mark.parametrize(
    "other",
    [
        an_object("Secret", "db", namespace="elsewhere"),
        an_object("Secret", "defaults"),
        an_object("Secret", "db", api="example.com/v1"),
        an_object("ConfigMap", "db"),
    ],
    ids=["of another namespace", "of another name", "of another group", "of another kind"],
)
async def test_what_is_not_quite_what_its_parameters_are_read_from_is_applied(other: Object):
    assert (await gate(pattern(spec=SOURCES), REVISION, rendering(other), port=Rules())).objects == 1


@pytest.mark.parametrize(("policy", "refused"), [("IfAbsent", False), ("Ignore", False), ("Always", True)])
async def test_what_the_pattern_leaves_to_others_may_hold_its_parameters(policy: str, refused: bool):
    metadata = {"name": "db", "namespace": "team", "annotations": {"pattern-operator.io/ssa": policy}}
    left = rendering(Object.of({"apiVersion": "v1", "kind": "Secret", "metadata": metadata}))

    with pytest.raises(Stalled, match="is an object of the pattern") if refused else nullcontext():
        await gate(pattern(spec=SOURCES), REVISION, left, port=Rules())


async def test_what_is_left_behind_makes_no_new_patterns_and_says_how_to_take_it_over():
    left = pattern(name="web-y", annotations={"pattern-operator.io/releasedBy": "team/web"})

    with pytest.raises(Stalled) as refusal:
        await gate(left, REVISION, rendering(HELD), port=Rules(left=left))

    assert refusal.value.reason is Reason.CONTAINS_ITSELF
    assert "DesignPattern team/web-y, which is this one or contains it" in refusal.value.message
    assert "kubectl annotate designpattern web-y -n team pattern-operator.io/releasedBy-" in refusal.value.message


@pytest.mark.parametrize("held", [HELD, None], ids=["those that it has", "none"])
async def test_what_is_left_behind_goes_on_without_new_patterns(held: Object | None):
    rules = Rules(left=pattern(), has=frozenset({PatternKey("team", "web-x")}))
    content = rendering(held or an_object("ConfigMap", "a"))

    assert (await gate(pattern(), REVISION, content, port=rules)).left_behind == ""
