"""When workloads are looked at: after some seconds, ever less often, a few of a pattern, and in whose name."""

import asyncio
from typing import Any

import pytest
from tests.reconcile.pattern import pattern

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import ManagedObjects
from pattern_operator.apply.pvc_diagnosis import ConsideredHealthy
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile import PatternKey, PatternStore, Tenancy, WorkloadDiagnosis, workload_diagnosis

KEY = PatternKey("team", "web")


def workload(name: str, kind: str = "Deployment") -> ObjectKey:
    return ObjectKey("apps", kind, "team", name)


class Ill(ManagedObjects):
    """ManagedObjects of which these are not healthy; what is said of them is taken down by their names."""

    def __init__(self, ill: tuple[ObjectKey, ...], said: dict[str, str]) -> None:
        self.ill, self._said = ill, said

    def unhealthy(self, owner: str) -> tuple[ObjectKey, ...]:
        return self.ill

    def explain(self, key: ObjectKey, cause: str) -> None:
        self._said[key.name] = cause

    def consider_healthy(self, key: ObjectKey, why: str) -> None:
        self._said[key.name] = f"excused: {why}"


class Scene:
    """An explainer of one pattern, what it asked, and what it said."""

    def __init__(self, *ill: ObjectKey, spec: dict[str, Any] | None = None, tenancy: Tenancy | None = None) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.said: dict[str, str] = {}
        self.objects = Ill(ill, self.said)
        self.events: list[tuple[str, str]] = []
        self.cause, self.looked = "the cause", asyncio.Event()
        patterns = PatternStore()
        patterns.take(pattern(resourceVersion="1", spec=spec or {}))
        self.errors: list[str] = []
        self.explainer = WorkloadDiagnosis(
            patterns=patterns,
            managed_objects=self.objects,
            tenancy=tenancy or Tenancy(),
            look=self.look,
            on_cause=lambda of, words: self.events.append((of.metadata.name, words)),
            tasks=asyncio.get_running_loop(),
            internal_errors=InternalErrors(self.errors.append),
        )

    async def look(self, key: ObjectKey, user: str | None) -> str:
        self.asked.append((key.name, user))
        self.looked.set()
        return self.cause


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload_diagnosis, "FIRST", 0.02)
    monkeypatch.setattr(workload_diagnosis, "LONGEST", 10.0)


async def test_what_is_ill_for_a_while_is_looked_at_in_the_name_of_the_patterns_account():
    scene = Scene(workload("web"), spec={"apply": {"serviceAccountName": "deployer"}})

    scene.explainer.notice(KEY)
    at_once = list(scene.asked)
    await asyncio.sleep(0.03)

    assert at_once == []
    assert scene.asked == [("web", "system:serviceaccount:team:deployer")]
    assert scene.said == {"web": "the cause"}


async def test_the_first_cause_that_is_found_is_an_event_and_another_is_none():
    scene = Scene(workload("web"))
    scene.cause = ""
    scene.explainer.notice(KEY)
    await asyncio.sleep(0.03)
    unknown = list(scene.events)
    for scene.cause in ("image x cannot be pulled", "image x cannot be pulled (again)"):
        scene.looked.clear()
        await scene.looked.wait()
    await asyncio.sleep(0.01)

    assert unknown == []
    assert scene.events == [("web", "Deployment.apps team/web: image x cannot be pulled")]


async def test_what_comes_right_by_itself_is_not_looked_at():
    scene = Scene(workload("web"))
    scene.explainer.notice(KEY)
    scene.objects.ill = ()
    await asyncio.sleep(0.05)

    assert scene.asked == []


async def test_it_is_looked_at_ever_less_often_and_once_at_a_time():
    scene = Scene(workload("web"))
    for _ in range(20):
        scene.explainer.notice(KEY)
        await asyncio.sleep(0.01)

    assert 2 <= len(scene.asked) <= 4


async def test_between_looks_twice_as_much_time_passes_each_time_up_to_the_longest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workload_diagnosis, "FIRST", 1.0)
    scene, loop, times = Scene(workload("web")), asyncio.get_running_loop(), list[float]()
    begun = loop.time()

    async def look(*_: Any) -> str:
        times.append(loop.time() - begun)
        return ""

    monkeypatch.setattr(scene.explainer, "_look", look)
    scene.explainer.notice(KEY)
    await asyncio.sleep(40.0)

    assert times == [1.0, 3.0, 7.0, 15.0, 25.0, 35.0]


async def test_what_is_still_looked_at_is_not_looked_at_twice_when_another_came_right():
    scene = Scene(workload("web"), workload("other"))
    scene.explainer.notice(KEY)
    scene.objects.ill = (workload("web"),)
    await asyncio.sleep(0.03)
    scene.explainer.notice(KEY)
    scene.asked.clear()
    await asyncio.sleep(0.05)

    assert [name for name, _ in scene.asked] == ["web"]


async def test_of_a_pattern_whose_workloads_came_right_nothing_is_kept():
    scene = Scene(workload("web"))
    scene.explainer.notice(KEY)
    scene.objects.ill = ()
    await asyncio.sleep(0.03)

    assert scene.explainer._looking == {}


async def test_of_a_pattern_a_few_workloads_are_looked_at_and_of_other_kinds_none():
    many = [workload(f"web-{number}") for number in range(50)]
    scene = Scene(ObjectKey("", "Service", "team", "front"), *many)

    scene.explainer.notice(KEY)
    await asyncio.sleep(0.03)

    assert sorted(name for name, _ in scene.asked) == ["web-0", "web-1", "web-2"]


async def test_without_an_account_that_may_be_used_nobody_is_asked():
    scene = Scene(workload("web"), tenancy=Tenancy(require_service_account=True))

    scene.explainer.notice(KEY)
    await asyncio.sleep(0.05)

    assert (scene.asked, scene.errors) == ([], [])


async def test_of_a_pattern_that_is_gone_nothing_is_looked_at():
    scene = Scene(workload("web"))

    scene.explainer.notice(PatternKey("team", "other"))
    await asyncio.sleep(0.05)

    assert scene.asked == []


async def test_a_claim_that_need_not_be_bound_is_excused_and_not_looked_at_again():
    claim = ObjectKey("", "PersistentVolumeClaim", "team", "data")
    scene = Scene(claim)

    async def look(key: ObjectKey, user: str | None) -> ConsideredHealthy:
        scene.asked.append((key.name, user))
        return ConsideredHealthy("it waits for a pod")

    scene.explainer._look = look
    scene.explainer.notice(KEY)
    await asyncio.sleep(0.1)

    assert scene.said == {"data": "excused: it waits for a pod"}
    assert len(scene.asked) == 1


async def test_what_is_ill_is_looked_at_after_each_run_which_says_when_it_comes_again():
    scene = Scene(workload("web"))

    async def run(_: PatternKey) -> float:
        return 7.0

    delay = await scene.explainer.after(run)(KEY)
    await asyncio.sleep(0.03)

    assert delay == 7.0
    assert scene.asked == [("web", None)]


async def test_a_defect_of_one_look_is_recorded_and_costs_that_one(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(workload("web"))

    async def fail(*_: Any) -> str:
        raise TypeError("a defect")

    with monkeypatch.context() as broken:
        broken.setattr(scene.explainer, "_look", fail)
        scene.explainer.notice(KEY)
        await asyncio.sleep(0.03)
    scene.explainer.notice(KEY)
    await asyncio.sleep(0.03)

    assert scene.errors == ["explain"]
    assert scene.said == {"web": "the cause"}
