"""What a chart makes up is made up once for an artifact and its parameters, whatever the operator goes through."""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from tests.reconcile.pattern import NEWER, REVISION, pattern
from tests.reconcile.world import World, key_to

from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.status import Status
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import Transient
from pattern_operator.limits import MAX_NESTING, MAX_OBJECT, MIB
from pattern_operator.reconcile.apply_notes import regenerated
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.generated import is_the_same, with_kept_values
from pattern_operator.reconcile.state import Applying, Followed, Nothing, Running

DESIRED = desired_state(pattern(), REVISION, VerificationPolicy())
SALT = ("metadata", "annotations", "salt")
OTHERS = {
    "another artifact": replace(DESIRED, revision=NEWER),
    "other parameters": replace(DESIRED, parameters=b'{"a": 1}'),
}


def nested(levels: int) -> Any:
    made: Any = {}
    for _ in range(levels):
        made = {"a": made}
    return made


@pytest.fixture
def world() -> World:
    made = World()
    made.push("stable", "one", "a", "b")
    made.made_up = {"a"}
    return made


async def test_a_restart_changes_nothing_of_what_was_made_up(world: World):
    await world.settle()

    world.restart()
    world.drift("b", "other")
    await world.settle()

    assert (world.made[key_to("a")], world.renderings > 1) == ("1", True)


async def test_what_was_deleted_is_made_up_anew(world: World):
    await world.settle()

    world.drift("a", None)
    await world.settle()

    assert world.holds("one", "a", "b")
    assert world.made[key_to("a")] == str(world.renderings) != "1"


async def test_that_it_was_made_up_anew_is_said_until_it_is_made_of_something_else(world: World):
    await world.settle()
    world.drift("a", None)
    await world.settle()
    world.request("again")
    await world.settle()
    said = "was changed or deleted by others, and is as rendered now"
    assert said in message_of(world, "Applied")

    world.change(render={"parameters": {"a": "other"}})
    await world.settle()

    assert said not in message_of(world, "Applied")


async def test_what_drifted_is_repaired_with_what_was_made_up_first(world: World):
    await world.settle()

    world.restart()
    world.drift("a", "other")
    await world.settle()

    assert world.holds("one", "a", "b")
    assert (world.made[key_to("a")], world.renderings > 1) == ("1", True)


async def test_other_options_of_the_apply_keep_what_was_made_up(world: World):
    await world.settle()

    world.change(apply={"conflicts": "Take"})
    await world.settle()

    assert (world.made[key_to("a")], world.renderings > 1) == ("1", True)


async def test_other_parameters_and_another_artifact_make_it_up_anew(world: World):
    await world.settle()

    world.change(render={"parameters": {"a": 1}})
    await world.settle()
    second = world.made[key_to("a")]
    world.push("stable", "two", "a", "b")
    await world.settle(600.0)

    assert second not in ("", "1")
    assert world.made[key_to("a")] not in ("", "1", second)


async def test_an_operator_with_another_kustomize_changes_nothing_that_runs_and_says_so():
    world = World()
    world.push("stable", "one", "a", "b")
    world.program_version = "v5.8.2"
    await world.settle()
    assert "writes of itself" not in message_of(world, "Applied")

    world.restart()
    world.program_version = "v5.9.0"
    world.drift("b", None)
    await world.settle()

    assert world.holds("one", "a", "b")
    assert world.made == {key_to("a"): "v5.8.2", key_to("b"): "v5.9.0"}
    assert "comes out otherwise than it is in ConfigMap team/a, and is kept there" in message_of(world, "Applied")


async def test_another_artifact_brings_what_the_new_kustomize_writes_of_itself():
    world = World()
    world.push("stable", "one", "a")
    world.program_version = "v5.8.2"
    await world.settle()

    world.restart()
    world.program_version = "v5.9.0"
    world.push("stable", "two", "a")
    await world.settle(600.0)

    assert world.made == {key_to("a"): "v5.9.0"}
    assert "writes of itself" not in message_of(world, "Applied")


def message_of(world: World, condition: str) -> str:
    return next(each.message for each in world.status.conditions if each.type == condition)


@pytest.mark.parametrize("known", [Running, Applying])
@pytest.mark.parametrize("other", OTHERS)
def test_the_same_artifact_with_the_same_parameters_is_the_same(known, other):
    assert is_the_same(pattern(), DESIRED, known(desired=DESIRED))
    assert not is_the_same(pattern(), OTHERS[other], known(desired=DESIRED))


@pytest.mark.parametrize("known", [Nothing(), Followed()])
def test_where_nothing_is_known_and_status_says_nothing_it_is_not_the_same(known):
    assert not is_the_same(pattern(), DESIRED, known)


async def test_nobody_is_asked_where_nothing_is_made_up():
    desired = Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})

    class Port:
        asked = 0

        def cpu(self, _):
            return None

        async def read_live(self, _, objects, take):
            self.asked += 1
            return {}

    port, plain = Port(), Rendering(objects=(desired,))
    made_up = replace(plain, generated=(GeneratedFields(desired.key, (("data",),)),))

    assert await with_kept_values(pattern(), DESIRED, plain, objects=Running(desired=DESIRED), port=port) is plain
    assert await with_kept_values(pattern(), DESIRED, made_up, objects=Nothing(), port=port) is made_up
    assert port.asked == 0
    assert await with_kept_values(pattern(), DESIRED, made_up, objects=Running(desired=DESIRED), port=port) == replace(
        made_up, regenerated=(desired.key,)
    )
    assert port.asked == 1


class Cluster:
    """Answers each object with the same live body, in which our apply holds all where it says nothing else."""

    def __init__(self, body: dict[str, Any], *, cpu: Executor | None = None) -> None:
        self._cpu = cpu
        ours = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": {}}
        self.body = {**body, "metadata": {"managedFields": [ours], **body["metadata"]}}

    def cpu(self, _):
        return self._cpu

    async def read_live(self, _, objects, take):
        return {each.key: await take(each, self.body) for each in objects}


def annotated(number: int) -> Object:
    metadata = {"name": f"c{number}", "namespace": "team", "annotations": {"salt": "new"}}
    return Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


async def kept(count: int, body: dict[str, Any], path: tuple[str, ...] = SALT) -> Rendering:
    objects = tuple(annotated(number) for number in range(count))
    rendering = Rendering(objects=objects, generated=tuple(GeneratedFields(each.key, (path,)) for each in objects))
    return await with_kept_values(pattern(), DESIRED, rendering, objects=Running(desired=DESIRED), port=Cluster(body))


@pytest.mark.parametrize("taken", [True, False])
async def test_what_others_changed_is_made_anew_and_named(taken: bool):
    ours: dict[str, Any] = {
        "f:metadata": {"f:annotations": {"f:other": {}} if taken else {"f:salt": {}, "f:other": {}}}
    }
    entries = [
        {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": ours},
        {
            "manager": "kubectl-edit",
            "operation": "Update",
            "fieldsV1": {"f:metadata": {"f:annotations": {"f:salt": {}}}},
        },
    ]
    body = {"metadata": {"annotations": {"salt": "old"}, "managedFields": entries}}

    rendering = await kept(2, body)

    salts = [each.body["metadata"]["annotations"]["salt"] for each in rendering.objects]
    assert salts == (["new"] * 2 if taken else ["old"] * 2)
    keys = tuple(each.key for each in rendering.objects)
    assert rendering.regenerated == (keys if taken else ())
    assert len(regenerated(rendering, keys[:1])) == int(taken)
    assert regenerated(rendering, ()) == ()


@pytest.mark.parametrize("half_there", [False, True])
async def test_an_object_that_is_gone_is_named_because_what_was_made_with_it_may_not_fit(half_there: bool):
    """Not while the first apply is not at its end: then it was never there."""

    class Gone(Cluster):
        async def read_live(self, _, objects, take):
            return {objects[0].key: await take(objects[0], self.body)}

    objects = (annotated(0), annotated(1))
    rendering = Rendering(objects=objects, generated=tuple(GeneratedFields(each.key, (SALT,)) for each in objects))
    port = Gone({"metadata": {"annotations": {"salt": "old"}}})
    found = pattern(status=Status(applying_revision="1.0.0" if half_there else ""))
    made = await with_kept_values(found, DESIRED, rendering, objects=Running(desired=DESIRED), port=port)

    assert made.regenerated == (() if half_there else (objects[1].key,))


async def test_live_values_are_put_in_where_the_loop_is_not_held():
    """An object may have tens of thousands of generated keys."""

    class Recorded(ThreadPoolExecutor):
        count = 0

        def submit(self, *args, **kwargs):
            self.count += 1
            return super().submit(*args, **kwargs)

    with Recorded(max_workers=1) as cpu:
        cluster = Cluster({"metadata": {"annotations": {"salt": "old"}}}, cpu=cpu)
        desired = annotated(0)
        rendering = Rendering(objects=(desired,), generated=(GeneratedFields(desired.key, (SALT,)),))
        made = await with_kept_values(pattern(), DESIRED, rendering, objects=Running(desired=DESIRED), port=cluster)

    assert made.objects[0].body["metadata"]["annotations"]["salt"] == "old"
    assert cpu.count == 1


async def test_of_large_live_objects_only_what_is_generated_is_kept():
    body = {"metadata": {"annotations": {"salt": "old"}}, "data": {"large": "x" * MAX_OBJECT}}

    rendering = await kept(20, body)

    assert {each.body["metadata"]["annotations"]["salt"] for each in rendering.objects} == {"old"}
    assert not any("data" in each.body for each in rendering.objects)


@pytest.mark.parametrize(
    ("count", "salt", "says"),
    [(7, "x" * MIB, "its objects have more than 6 MiB"), (1, nested(MAX_NESTING), "nested deeper than 64 levels")],
)
async def test_generated_values_that_somebody_made_too_large_are_refused(count, salt, says):
    with pytest.raises(Transient, match=says) as error:
        await kept(count, {"metadata": {"annotations": {"salt": salt}}})

    assert error.value.reason is Reason.RESOURCE_LIMIT_EXCEEDED
