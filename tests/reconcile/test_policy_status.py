"""Whether a policy can be used, and how its patterns stand, is in its status: written when it changed, and not else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import orjson
import pytest
from aiohttp import web
from tests.executors import EXECUTORS
from tests.faketime import run
from tests.kube.fake_apiserver import serving
from tests.kube.fake_collection import Collection, until
from tests.kube.fake_session import FakeSession
from tests.reconcile.pattern import pattern
from tests.reconcile.test_policy_store import body, policy
from tests.verify.signing import ALICE

from pattern_operator.aio import background_tasks
from pattern_operator.api.authority_spec import Attestation, Authority
from pattern_operator.api.condition import Condition
from pattern_operator.api.material_spec import Key
from pattern_operator.api.reason import Reason
from pattern_operator.api.trust_policy import PatternCounts, TrustPolicyStatus
from pattern_operator.api.verification import Requirement, TrustedAuthority, Unsigned, VerificationPolicy
from pattern_operator.conditions.process import ConditionProcesses
from pattern_operator.errors import Stalled, Transient
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import ApiError
from pattern_operator.kube.wellknown import TRUST_POLICY
from pattern_operator.reconcile import PatternKey, PatternStore, policy_status_writer
from pattern_operator.reconcile.policies import Policies
from pattern_operator.reconcile.policy_status import policy_status
from pattern_operator.reconcile.policy_status_writer import PolicyStatusWriter
from pattern_operator.reconcile.policy_store import PolicyStore
from pattern_operator.reconcile.trust_policies import TrustPolicies
from pattern_operator.reconcile.verdicts import Verdicts

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
COUNTS = PatternCounts(covered=3, passing=2, failing=1)
WEB = PatternKey("team", "web")
KEY = {"data": ALICE.pem.decode()}


AWAY = Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="away.")
BROKEN = Stalled(reason=Reason.SECRET_NOT_FOUND, message="Secret x does not exist.")


def ready(status: TrustPolicyStatus) -> Condition:
    (condition,) = status.conditions
    assert condition.type == "Ready"
    return condition


@pytest.mark.parametrize(
    ("error", "truth", "reason", "says"),
    [
        (None, "True", "Ready", "the policy can be used"),
        (
            Stalled(reason=Reason.SECRET_NOT_FOUND, message="Secret x does not exist."),
            "False",
            "SecretNotFound",
            "nothing meets this policy: Secret x does not exist.",
        ),
        (
            Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="away."),
            "Unknown",
            "ApiServerUnavailable",
            "nothing meets this policy: away.",
        ),
    ],
)
def test_ready_says_whether_the_policy_can_be_used(error: Any, truth: str, reason: str, says: str):
    status = policy_status(policy(generation=4), COUNTS, error, now=NOW)

    found = ready(status)
    assert (found.status, found.reason, found.message, found.observed_generation) == (truth, reason, says, 4)
    assert (status.observed_generation, status.patterns) == (4, COUNTS)


@pytest.mark.parametrize(
    ("names", "threshold", "says"),
    [
        (["a"], 1, "a"),
        (["a", "b", "c"], 2, "2 of a, b, c"),
        (["a" * 120, "b" * 120, "c" * 120], 1, f"1 of {'a' * 120}, {'b' * 120}, cccc…"),
    ],
)
def test_the_table_names_the_authorities_and_how_many_must_have_signed(names: list[str], threshold: int, says: str):
    authorities = [{"name": name, "key": KEY} for name in names]
    known = policy(authorities=authorities, threshold=threshold)

    assert policy_status(known, COUNTS, None, now=NOW).authorities == says


def test_the_time_of_ready_is_that_of_its_last_change():
    known = policy()
    first = policy_status(known, COUNTS, None, now=NOW)
    later = NOW + timedelta(hours=1)

    same = policy_status(replace(known, status=first), COUNTS, None, now=later)
    broken = Stalled(reason=Reason.SECRET_NOT_FOUND, message="gone")
    changed = policy_status(replace(known, status=first), COUNTS, broken, now=later)

    assert same == first
    assert ready(changed).last_transition_time == "2026-11-27T13:00:00Z"


def test_the_time_of_ready_is_not_that_of_another_condition():
    of_others = Condition(type="Other", status="True", reason="x", message="", last_transition_time="never")
    first = policy_status(policy(), COUNTS, None, now=NOW)
    both = msgspec.structs.replace(first, conditions=(of_others, *first.conditions))

    same = policy_status(replace(policy(), status=both), COUNTS, None, now=NOW + timedelta(hours=1))

    assert ready(same).last_transition_time == "2026-11-27T12:00:00Z"


def writes_at(*changes: float, until: float, fails: int = 0, defects: int = 0) -> list[float]:
    """When statuses are written after policies changed at these moments.

    The first ``defects`` tries end in a defect, and so many more, ``fails``, do not write all.
    """

    async def work() -> list[float]:
        loop, written, trust = asyncio.get_running_loop(), list[float](), SimpleNamespace(changed=asyncio.Event())
        begun = loop.time()
        made: Any = PolicyStatusWriter.__new__(PolicyStatusWriter)
        made._trust = trust

        async def write_all() -> bool:
            written.append(loop.time() - begun)
            if len(written) <= defects:
                raise TypeError("a defect")
            return len(written) > defects + fails

        made.write_all = write_all
        for each in changes:
            loop.call_later(each, trust.changed.set)
        with suppress(TimeoutError):
            async with asyncio.timeout(until):
                await made.run(InternalErrors(lambda _: None))
        return written

    return run(work())


def test_where_nothing_changed_no_status_is_looked_at():
    assert writes_at(until=1e6) == []


def test_changes_of_a_moment_are_written_together_and_further_ones_after_a_rest():
    gather, rest = policy_status_writer.GATHER, policy_status_writer.REST

    assert writes_at(8.0, 8.0 + gather / 2, until=1e6) == [8.0 + gather]
    assert writes_at(8.0, 8.0 + gather + rest / 2, until=1e6) == [8.0 + gather, 8.0 + 2 * gather + rest]


def test_what_could_not_be_written_is_tried_again_until_it_is():
    gather, rest, again = policy_status_writer.GATHER, policy_status_writer.REST, policy_status_writer.AGAIN
    first, step = 8.0 + gather, rest + again + gather

    assert writes_at(8.0, until=1e6, fails=2) == [first, first + step, first + 2 * step]
    assert writes_at(8.0, until=1e6, defects=1) == [first, first + step]


@pytest.mark.parametrize(
    ("errors", "written", "whole"),
    [
        pytest.param((None, None), (True, True), True, id="all are written"),
        pytest.param((None, None), (False, True), False, id="the first is not"),
        pytest.param((None, None), (True, False), False, id="the last is not"),
        pytest.param((AWAY, None), (True, True), False, id="of the first it is not known whether it can be used"),
        pytest.param((None, AWAY), (True, True), False, id="of the last it is not known"),
        pytest.param((BROKEN, None), (True, True), True, id="one cannot be used, which is known"),
    ],
)
async def test_whether_all_is_written_and_known_is_told(errors: tuple[Any, Any], written: Any, whole: bool):
    made: Any = PolicyStatusWriter.__new__(PolicyStatusWriter)
    why, writes = iter(errors), iter(written)
    made._trust = SimpleNamespace(policies=PolicyStore())
    for name in ("a", "b"):
        made._trust.policies.take(policy(name))
    made._patterns, made._verdicts = [], Verdicts(on_change=lambda: None)
    made._now, made._report = lambda: NOW, lambda _: None

    async def requirement(_: object) -> Any:
        return None, next(why)

    async def write(*_: object) -> Any:
        return next(writes)

    made._requirement, made._write = requirement, write

    assert await made.write_all() is whole


@pytest.mark.parametrize(("globs", "turns"), [(1, 2), (3, 7), (10, 29), (700, 29)])
def test_the_more_patterns_and_globs_are_looked_at_the_more_often_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch, globs: int, turns: int
):
    monkeypatch.setattr(policy_status_writer, "AT_ONCE", 10)
    expected = turns

    async def work() -> tuple[int, float, int]:
        loop, turns = asyncio.get_running_loop(), 0
        made: Any = PolicyStatusWriter.__new__(PolicyStatusWriter)
        made._patterns = [pattern(name=f"p{number}") for number in range(29)]
        made._trust = SimpleNamespace(known_covering=lambda _: (policy(),), policies=SimpleNamespace(globs=globs))

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        waiting, begun = asyncio.create_task(others()), loop.time()
        covered = await made._covered()
        waiting.cancel()
        return turns, loop.time() - begun, sum(map(len, covered.values()))

    assert run(work()) == (expected, 0.0, 29)


async def test_of_a_policy_whose_keys_cannot_be_read_now_it_is_not_known_whether_it_can_be_used():
    away = Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="away.")

    async def requirement(_: object) -> None:
        raise away

    made: Any = PolicyStatusWriter.__new__(PolicyStatusWriter)
    made._policies = SimpleNamespace(requirement=requirement)

    assert await made._requirement(policy()) == (None, away)


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        pytest.param(b"{}", True, id="written"),
        pytest.param(ApiError(code=404, reason="NotFound", message="x"), True, id="gone, and so is its status"),
        pytest.param(ApiError(code=403, reason="Forbidden", message="x"), False, id="refused"),
    ],
)
async def test_whether_a_status_is_as_it_should_be_is_told(answer: bytes | ApiError, whole: bool):
    made: Any = PolicyStatusWriter.__new__(PolicyStatusWriter)
    made._session = FakeSession(answer)

    assert await made._write(policy(), policy_status(policy(), COUNTS, None, now=NOW)) is whole


# --- written ---


class Cluster:
    """TrustPolicies whose status is patched, as the API server merges it."""

    def __init__(self) -> None:
        self.policies = Collection(TRUST_POLICY)
        self.patterns = PatternStore()
        self.patterns.take(pattern())
        self.written: list[dict[str, Any]] = []
        self.reported: list[Mapping[str, TrustPolicyStatus]] = []
        self.refuse: int = 0
        self.following: tuple[TrustPolicies, Policies]

    def put(self, name: str = "release", *, generation: int = 1, **spec: Any) -> None:
        authorities = spec.pop("authorities", [{"name": "release-team", "key": KEY}])
        made = body(name, generation=generation, url="oci://**", authorities=authorities, **spec)
        self.policies.put(name, namespace="", metadata={"generation": generation}, spec=made["spec"])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method != "PATCH":
            return await self.policies.answer(request)
        if self.refuse:
            return web.json_response({"code": self.refuse, "reason": "InternalError"}, status=self.refuse)
        *_, name, subresource = request.path.split("/")
        assert subresource == "status"
        assert request.content_type == "application/merge-patch+json"
        change = orjson.loads(await request.read())
        self.written.append(change["status"])
        held = self.policies.objects["", name]
        assert change["metadata"]["uid"] == held["metadata"]["uid"]
        metadata = {"generation": held["metadata"]["generation"]}
        merged = {**held.get("status", {}), **change["status"]}
        merged = {name: value for name, value in merged.items() if value is not None}
        self.policies.put(name, namespace="", metadata=metadata, spec=held["spec"], status=merged)
        return web.json_response({})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[TrustPolicies, Verdicts]]:
        errors: list[str] = []
        async with serving(self.answer) as session, background_tasks() as tasks:
            trust = TrustPolicies(session, self.patterns, wake=lambda _: None, forget=lambda _: None, tasks=tasks)
            sources: Any = Sources()
            policies = Policies(sources, trust, namespace="system", unsigned=Unsigned.ALLOW)
            verdicts = Verdicts(on_change=trust.changed.set)
            writer = PolicyStatusWriter(
                session,
                trust=trust,
                policies=policies,
                patterns=self.patterns,
                verdicts=verdicts,
                conditions=ConditionProcesses(),
                cpu=EXECUTORS.cpu,
                now=lambda: NOW,
                report=self.reported.append,
            )
            self.following = trust, policies
            trust.start()
            tasks.create_task(writer.run(InternalErrors(errors.append)), name="writer")
            try:
                yield trust, verdicts
            finally:
                await tasks.stop()
                self.policies._closed = True
                self.policies._changed.set()
        assert errors == []

    async def policy(self) -> VerificationPolicy:
        """What the policies require, once they are known."""
        trust, policies = self.following
        await until(lambda: len(list(trust.policies)) == len(self.policies.objects))
        return VerificationPolicy(tuple([await policies.requirement(each) for each in trust.policies]))

    async def until(self, done: Callable[[dict[str, Any]], bool], name: str = "release") -> dict[str, Any]:
        status: Callable[[], dict[str, Any]] = lambda: self.policies.objects["", name].get("status", {})  # noqa: E731 - it is one line
        await until(lambda: done(status()))
        return status()


class Sources:
    """No Secret at all."""

    async def read(self, *_: object, name: str, **__: object) -> dict[str, bytes]:
        raise Stalled(reason=Reason.SECRET_NOT_FOUND, message=f"Secret {name} does not exist.")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setattr(policy_status_writer, "GATHER", 0.05)
    monkeypatch.setattr(policy_status_writer, "AGAIN", 0.2)
    monkeypatch.setattr(policy_status_writer, "REST", 0.05)
    return Cluster()


def truth(status: dict[str, Any]) -> str:
    found: str = next((each["status"] for each in status.get("conditions", ())), "")
    return found


@pytest.mark.real_time
async def test_the_status_says_whether_a_policy_can_be_used_and_how_its_patterns_stand(cluster: Cluster):
    cluster.put()
    cluster.put("broken", authorities=[{"name": "a", "key": {"secretRef": {"name": "gone"}}}])
    cluster.put("no-key", authorities=[{"name": "a", "key": {"data": "-----BEGIN PUBLIC KEY-----\n"}}])

    async with cluster.running() as (_, verdicts):
        verdicts.note(WEB, await cluster.policy(), met=["release"], unmet=["broken"])
        good = await cluster.until(lambda status: status.get("patterns", {}).get("passing") == 1)
        broken = await cluster.until(lambda status: truth(status) == "False", "broken")
        no_key = await cluster.until(lambda status: truth(status) == "False", "no-key")

        cluster.put(generation=2, threshold=1)
        changed = await cluster.until(lambda status: status.get("patterns", {}).get("passing") == 0)

    assert changed["patterns"] == {"covered": 1, "passing": 0, "failing": 0}
    assert truth(good) == "True"
    assert good["patterns"] == {"covered": 1, "passing": 1, "failing": 0}
    told = cluster.reported[-1]
    assert {name: (ready(each).status, each.patterns.failing) for name, each in told.items()} == {
        "release": ("True", 0),
        "broken": ("False", 1),
        "no-key": ("False", 0),
    }
    assert broken["patterns"]["failing"] == 1
    assert (broken["failingPatterns"], good.get("failingPatterns")) == (["team/web"], None)
    assert (good["authorities"], broken["authorities"]) == ("release-team", "a")
    assert "Secret gone does not exist." in broken["conditions"][0]["message"]
    assert no_key["conditions"][0]["reason"] == "KeyInvalid"


@pytest.mark.real_time
async def test_a_policy_whose_condition_does_not_compile_is_not_ready_and_says_where(cluster: Cluster):
    scan = {"name": "scan", "predicateType": "https://example.org/scan", "condition": "predicate.x =="}
    cluster.put(authorities=[{"name": "release-team", "key": KEY, "attestations": [scan]}])

    async with cluster.running():
        status = await cluster.until(lambda status: truth(status) == "False")

    (condition,) = status["conditions"]
    assert condition["reason"] == "PolicyInvalid"
    assert condition["message"].startswith(
        "nothing meets this policy: spec.authorities[0].attestations[0].condition ('scan' of 'release-team') does not"
        " compile: 1:15: Syntax error"
    )


async def test_of_a_policy_whose_conditions_cannot_be_compiled_now_it_is_not_known_whether_it_can_be_used():
    busy = Transient(reason=Reason.OPERATOR_BUSY, message="busy.")

    class Busy:
        def errors(self, _: object) -> None:
            raise busy

    async def requirement(_: object) -> Requirement:
        attestation = Attestation("scan", "https://example.org/scan", "true")
        spec = Authority(key=Key(), attestations=(attestation,))
        return Requirement(authorities=(TrustedAuthority("a", spec, (("key", ALICE.pem),)),))

    made: Any = PolicyStatusWriter.__new__(PolicyStatusWriter)
    made._policies, made._conditions, made._cpu = SimpleNamespace(requirement=requirement), Busy(), EXECUTORS.cpu

    assert (await made._requirement(policy()))[1] is busy


@pytest.mark.real_time
async def test_what_is_no_more_is_written_as_none(cluster: Cluster):
    cluster.put()
    async with cluster.running() as (_, verdicts):
        verdicts.note(WEB, await cluster.policy(), met=["release"], unmet=[])
        await cluster.until(lambda status: status.get("patterns", {}).get("passing") == 1)
        verdicts.note(WEB, await cluster.policy(), met=[], unmet=["release"])
        status = await cluster.until(lambda status: status["patterns"]["failing"] == 1)

        named = status["failingPatterns"]
        verdicts.note(WEB, await cluster.policy(), met=["release"], unmet=[])
        passing = await cluster.until(lambda status: status["patterns"]["failing"] == 0)

    assert (status["patterns"], named) == ({"covered": 1, "passing": 0, "failing": 1}, ["team/web"])
    assert "failingPatterns" not in passing


@pytest.mark.real_time
async def test_a_status_that_is_as_it_was_is_not_written_again(cluster: Cluster):
    cluster.put()
    async with cluster.running() as (trust, _):
        await cluster.until(lambda status: truth(status) == "True")
        await until(lambda: next(iter(trust.policies)).status.observed_generation == 1)
        written = len(cluster.written)
        for _ in range(3):
            trust.changed.set()
            await until(lambda: not trust.changed.is_set())
        await asyncio.sleep(0.2)  # nothing comes of it, so there is nothing to wait for

    assert len(cluster.written) == written == 1


@pytest.mark.real_time
async def test_a_status_that_could_not_be_written_is_written_later(cluster: Cluster):
    cluster.put()
    cluster.refuse = 500
    async with cluster.running():
        await until(lambda: "list trustpolicies" in cluster.policies.asked)
        cluster.refuse = 0
        await cluster.until(lambda status: truth(status) == "True")


def test_a_status_is_read_as_it_is_written():
    status = policy_status(policy(), COUNTS, None, now=NOW)
    written = msgspec.to_builtins(status)

    read = policy().of({**body(), "status": written})

    assert read.status == status
