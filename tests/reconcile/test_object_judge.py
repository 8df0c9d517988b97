"""Who judges objects by health checks: which it recalls, in whose name it reads, and what is told of failures."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import orjson
import pytest
from tests.executors import EXECUTORS
from tests.kube.fake_session import FakeSession
from tests.reconcile.pattern import pattern
from tests.test_foreign_bodies import FakeDiscovery

from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import Status
from pattern_operator.apply import HealthState, owner_id
from pattern_operator.apply.managed.checks import CheckAnswer
from pattern_operator.health_checks.answer import Judged, NotNow
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.kube import ApiError, KindNotFound, Resource
from pattern_operator.reconcile import ObjectJudge, PatternStore, Tenancy

CHECK = HealthCheck(api_version="example.com/v1", kind="Widget", current="status.a")
KEY = ObjectKey("example.com", "Widget", "team", "it")
OWNER = owner_id("u-1")
SECRET = "hunter2"
WELL = CheckAnswer(HealthState.CURRENT, "is well")


class Session(FakeSession):
    """Takes down in whose name what was asked for."""

    def __init__(self, answer: bytes | ApiError) -> None:
        super().__init__(answer)
        self.asked: list[tuple[str, str | None]] = []

    async def request(self, *words: object, body: bytes | None = None, **options: Any) -> bytes:
        self.asked.append((str(words[1]), options.get("impersonate")))
        return await super().request(*words, body=body, **options)


class Processes(CheckProcesses):
    """Finds what it is told to."""

    def __init__(self, found: Judged | NotNow) -> None:
        self.found = found
        self.asked: list[tuple[str, HealthCheck, bytes]] = []
        self.turns: list[str] = []

    @asynccontextmanager
    async def turn(self, namespace: str) -> AsyncIterator[None]:
        self.turns.append(namespace)
        yield

    async def judge(self, namespace: str, check: HealthCheck, body: bytes) -> Judged | NotNow:
        self.asked.append((namespace, check, body))
        return self.found


class Scene:
    """An ObjectJudge of one pattern."""

    def __init__(
        self,
        *,
        answer: bytes | ApiError = b'{"status":{"a":true}}',
        found: Judged | NotNow = Judged("Current", "is well"),  # noqa: B008 - it is frozen
        served: bool = True,
        tenancy: Tenancy | None = None,
        checks: Sequence[HealthCheck] = (CHECK,),
        processes: CheckProcesses | None = None,
    ) -> None:
        patterns = PatternStore()
        spec = {} if tenancy is not None else {"apply": {"serviceAccountName": "deployer"}}
        patterns.take(pattern(resourceVersion="1", spec=spec, status=Status(health_checks=tuple(checks))))
        self.session, self.processes = Session(answer), Processes(found)
        discovery: Any = FakeDiscovery(self.session) if served else Unserved(self.session)
        self.judge = ObjectJudge(
            processes or self.processes,
            patterns=patterns,
            session=self.session,
            discovery=discovery,
            tenancy=tenancy or Tenancy(),
        )

    async def answer(self, body: bytes | None = None, owner: str = OWNER) -> CheckAnswer:
        return await self.judge.judge(CHECK, KEY, body, owner=owner)


class Judging(CheckProcesses):
    """Has the real turns, and judges once it is let."""

    def __init__(self) -> None:
        super().__init__(EXECUTORS)
        self.open = asyncio.Event()
        self.bodies = 0

    async def judge(self, _namespace: str, _check: HealthCheck, body: bytes) -> Judged | NotNow:
        self.bodies += 1
        await self.open.wait()
        return Judged("Current", f"has {len(body)} bytes")


class Unserved(FakeDiscovery):
    """Knows no kind."""

    async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
        raise KindNotFound(group=group, version=version, kind=kind, served=(), kinds=None)


def test_what_status_names_is_recalled_of_a_pattern_that_is_there():
    scene = Scene()

    assert scene.judge.recall(OWNER) == (CHECK,)
    assert scene.judge.recall(owner_id("another")) is None


async def test_a_body_is_judged_in_the_process_of_the_patterns_namespace_and_nobody_is_asked():
    scene = Scene()

    assert await scene.answer(b"{}") == WELL
    assert scene.processes.asked == [("team", CHECK, b"{}")]
    assert scene.session.asked == []


async def test_without_a_body_the_object_is_read_in_the_name_of_the_account_in_the_version_of_the_check():
    scene = Scene()

    assert await scene.answer() == WELL
    assert scene.session.asked == [
        ("/apis/example.com/v1/namespaces/team/widgets/it", "system:serviceaccount:team:deployer")
    ]
    assert orjson.loads(scene.processes.asked[0][2]) == {"status": {"a": True}}


@pytest.mark.parametrize(
    ("scene", "says"),
    [
        ({"answer": ApiError(code=404, reason="NotFound", message='widgets "it" not found')}, "cannot be read"),
        ({"answer": ApiError(code=403, reason="Forbidden", message="you may not")}, "cannot be read (you may not)"),
        ({"answer": ApiError(code=500, reason="InternalError", message="down")}, "cannot be read (down)"),
        ({"served": False}, "the API server does not have example.com/v1 Widget"),
        ({"tenancy": Tenancy(require_service_account=True)}, "serviceAccountName"),
        ({"found": NotNow("no process can be started")}, "no process can be started"),
    ],
    ids=["not there", "forbidden", "fails", "not served", "no account", "no process"],
)
async def test_what_cannot_be_found_out_is_in_progress_and_is_asked_for_again(scene: dict[str, Any], says: str):
    found = await Scene(**scene).answer()

    assert (found.state, found.settled) == (HealthState.IN_PROGRESS, False)
    assert says in found.fact


async def test_with_a_required_account_nothing_is_read_in_the_operators_own_name():
    scene = Scene(tenancy=Tenancy(require_service_account=True))

    await scene.answer()

    assert scene.session.asked == []


async def test_an_object_of_a_pattern_that_is_gone_is_not_judged():
    scene = Scene()

    found = await scene.answer(owner=owner_id("another"))

    assert not found.settled
    assert scene.processes.asked == []


async def test_what_no_json_writer_takes_has_failed():
    found = await Scene(answer=b'{"spec":' + b"[" * 500 + b"]" * 500 + b"}").answer()

    assert (found.state, found.settled) == (HealthState.FAILED, True)


async def test_the_turn_is_that_of_the_patterns_namespace_and_who_is_gone_needs_none():
    scene = Scene()

    async with scene.judge.turn(OWNER), scene.judge.turn(owner_id("another")):
        pass

    assert scene.processes.turns == ["team"]


async def test_of_a_namespace_one_object_is_read_at_a_time_however_many_wait_to_be_judged():
    processes = Judging()
    scene = Scene(processes=processes)

    async def judged() -> CheckAnswer:
        async with scene.judge.turn(OWNER):
            return await scene.answer()

    tasks = [asyncio.ensure_future(judged()) for _ in range(50)]
    for _ in range(200):
        await asyncio.sleep(0)
    meanwhile = (len(scene.session.asked), processes.bodies)
    processes.open.set()
    found = await asyncio.gather(*tasks)
    processes.close()

    assert meanwhile == (1, 1)
    assert len(scene.session.asked) == len(found) == 50
    assert {each.state for each in found} == {HealthState.CURRENT}


def test_what_status_keeps_is_read_as_it_was_written():
    status = Status(health_checks=(CHECK,))

    assert msgspec.json.decode(msgspec.json.encode(status), type=Status) == status
