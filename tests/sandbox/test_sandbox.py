"""What is large or suspicious is built by processes that can be lost, and costs nobody but its own pattern."""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.executors import EXECUTORS
from tests.hostile import DOCUMENTS, layer, missing_fields, tar
from tests.render.designs import names, published
from tests.sandbox.jobs import HUNGRY, LARGE, PLAN, SLOW, SMALL, in_memory, layers, of_layer

from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MIB
from pattern_operator.render.program import drive, without_programs
from pattern_operator.sandbox import BuildRefused, Plan, Sandbox, WorkerLimits, pool
from pattern_operator.sandbox import sandbox as sandboxes
from pattern_operator.sandbox.build import Layers, build


def here(plan: Plan, opened: Layers) -> Rendering:
    """Build it in this process."""
    return drive(build(plan, opened), run=without_programs)


def workers() -> set[int]:
    """The worker processes of this one."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            ours = f") S {os.getpid()} " in (stat := (path / "stat").read_text()) or f") R {os.getpid()} " in stat
            if ours and b"sandbox.worker" in (path / "cmdline").read_bytes():
                found.add(int(path.name))
    return found


def working() -> set[int]:
    """Those of them that are confined, and so have begun to work."""
    return {each for each in workers() if "Seccomp:\t2" in Path(f"/proc/{each}/status").read_text()}


async def until(condition, *, seconds: float = 20.0):
    async with asyncio.timeout(seconds):
        while not (found := condition()):  # noqa: ASYNC110 - what is looked for is outside this process
            await asyncio.sleep(0.005)
    return found


async def objects_of(sandbox: Sandbox, content: bytes, *, tenant: str = "team") -> list[str]:
    async with sandbox.rendered(PLAN, layers(content), tenant=tenant) as rendering:
        return [each.key.display_name for each in rendering.objects]


async def refusal(sandbox: Sandbox, content: bytes) -> BuildRefused:
    with pytest.raises(BuildRefused) as refused:
        await objects_of(sandbox, content)
    assert isinstance(refused.value.error, Stalled)
    return refused.value


# --- where it is built ----------------------------------------------------------------------------------------------


async def test_what_is_small_needs_no_process(sandbox):
    assert await objects_of(sandbox, SMALL) == ["ConfigMap default/web"]
    assert not workers()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(LARGE, id="large"),
        pytest.param(b"a: &a [x]\nb: *a\n" + SMALL, id="anchors"),
        pytest.param(SMALL + b"data: {x: '" + b"," * 3000 + b"'}\n", id="many parts"),
    ],
)
async def test_what_is_large_or_suspicious_is_built_in_a_process(sandbox, content):
    assert await objects_of(sandbox, content) == ["ConfigMap default/web"]
    assert len(workers()) == 1


@pytest.mark.parametrize(
    ("parameters", "found"),
    [(b'{"name": "web"}', ["ConfigMap default/web"]), (b"{}", ["ConfigMap default/shop"])],
    ids=["given", "default"],
)
async def test_a_pattern_with_a_schema_is_built_in_a_process(sandbox, parameters, found):
    assert await described(sandbox, parameters) == found
    assert len(workers()) == 1


async def test_parameters_that_do_not_fit_are_refused_in_a_process(sandbox):
    with pytest.raises(BuildRefused) as refused:
        await described(sandbox, b'{"name": "hunter2"}')

    assert refused.value.error.reason is Reason.PARAMETERS_INVALID
    assert "hunter2" not in str(refused.value.error)


async def described(sandbox: Sandbox, parameters: bytes) -> list[str]:
    pattern = (
        b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nparameters:\n  schema:\n    properties:\n"
        b"      name: {type: string, pattern: '^[a-z]+$', default: shop}\n"
    )
    layer = tar({"pattern.yaml": pattern, "a.yaml": SMALL.replace(b"web", b"'${name}'")})
    plan = replace(PLAN, options=replace(PLAN.options, parameters=parameters))
    async with sandbox.rendered(plan, of_layer(layer), tenant="team") as rendering:
        return [each.key.display_name for each in rendering.objects]


@pytest.mark.parametrize("name", names())
async def test_a_process_gives_what_a_thread_would(sandbox, name):
    content = next(file.content for file in published(name) if file.path.startswith("design."))

    async with sandbox.rendered(PLAN, layers(content, "design.yml"), tenant="team") as rendering:
        found = rendering

    assert found == here(PLAN, [(each, file) for each, file in layers(content, "design.yml")])


@pytest.mark.parametrize(
    ("content", "stage", "reason"),
    [
        pytest.param(b"a: [\n" + LARGE, Stage.RENDER, Reason.DOCUMENT_INVALID, id="no YAML"),
        pytest.param(b"a: b\n" * 1 + b"# \n" * 90_000, Stage.RENDER, Reason.NOT_A_PATTERN, id="no pattern"),
    ],
)
async def test_a_refusal_is_the_same_from_a_process_and_from_a_thread(sandbox, content, stage, reason):
    found = await refusal(sandbox, content)
    with pytest.raises(BuildRefused) as refused:
        here(PLAN, in_memory(content))

    assert (found.stage, found.error.reason) == (stage, reason)
    assert found.error.message == refused.value.error.message


async def test_what_cannot_be_unpacked_is_a_failure_of_the_source(sandbox):
    with pytest.raises(BuildRefused) as refused:
        async with sandbox.rendered(PLAN, of_layer(layer("bomb")), tenant="team"):
            raise AssertionError

    assert refused.value.stage is Stage.SOURCE


# --- what a process may take ----------------------------------------------------------------------------------------


async def limited(**limits) -> BuildRefused:
    async with Sandbox.open(executors=EXECUTORS, limits=WorkerLimits(**limits)) as sandbox:
        content = HUNGRY if "memory" in limits else missing_fields(190_000)  # the latter takes some 2 s of a processor
        return await refusal(sandbox, content)


async def test_more_memory_than_a_process_may_have_is_refused():
    refused = await limited(memory=48 * MIB)

    assert refused.error.reason is Reason.RESOURCE_LIMIT_EXCEEDED
    assert "more than 48 MiB of memory" in refused.error.message
    assert "Split it" in refused.error.message


async def test_more_processor_time_than_a_job_may_have_is_refused(monkeypatch):
    monkeypatch.setattr(pool, "USED", 0)

    refused = await limited(cpu_seconds=1)

    assert refused.error.reason is Reason.RESOURCE_LIMIT_EXCEEDED
    assert "more than 1 s of a processor" in refused.error.message


async def test_more_time_than_a_job_may_have_is_refused_and_its_process_is_ended():
    refused = await limited(seconds=0.2)

    assert refused.error.reason is Reason.RESOURCE_LIMIT_EXCEEDED
    assert "more than 0 s" in refused.error.message
    assert not workers()


async def test_objects_that_take_more_than_a_share_of_memory_are_refused(monkeypatch):
    monkeypatch.setattr(sandboxes, "RENDERING_MEMORY", 3000)
    async with Sandbox.open(executors=EXECUTORS, limits=WorkerLimits()) as sandbox:
        refused = await refusal(sandbox, LARGE + b"data: {" + b"a: b, " + b"}\nx: [" + b"1," * 100 + b"]\n")

    assert refused.error.reason is Reason.RESOURCE_LIMIT_EXCEEDED


async def test_memory_counts_as_long_as_the_block_runs(sandbox):
    before = sandbox._memory.free

    async with sandbox.rendered(PLAN, layers(LARGE), tenant="team"):
        assert sandbox._memory.free < before

    assert sandbox._memory.free == before


# --- how a process may end ------------------------------------------------------------------------------------------


async def test_a_process_that_is_killed_is_replaced_once(sandbox):
    building = asyncio.create_task(objects_of(sandbox, SLOW))
    (worker,) = await until(working)

    os.kill(worker, signal.SIGKILL)

    assert await building == ["ConfigMap default/web"]


async def test_an_artifact_whose_processes_are_killed_twice_is_refused(sandbox):
    building = asyncio.create_task(refusal(sandbox, SLOW))
    (first,) = await until(working)
    os.kill(first, signal.SIGKILL)
    (second,) = await until(lambda: working() - {first})
    os.kill(second, signal.SIGKILL)

    refused = await building

    assert refused.error.reason is Reason.RESOURCE_LIMIT_EXCEEDED
    assert "killed twice" in refused.error.message


async def test_an_artifact_that_crashes_its_process_is_refused(sandbox):
    building = asyncio.create_task(refusal(sandbox, SLOW))
    (worker,) = await until(working)

    os.kill(worker, signal.SIGSEGV)

    assert "crashed" in (await building).error.message


async def test_who_is_cancelled_leaves_no_process(sandbox):
    building = asyncio.create_task(objects_of(sandbox, SLOW))
    await until(workers)

    building.cancel()
    await asyncio.wait({building})

    assert building.cancelled()
    await until(lambda: not workers())
    assert sandbox._workers.free == 2


async def test_a_process_that_dies_costs_nobody_else(sandbox):
    bad = [asyncio.create_task(refusal(sandbox, HUNGRY)) for _ in range(2)]

    good = [await objects_of(sandbox, LARGE, tenant="other") for _ in range(3)]

    assert good == [["ConfigMap default/web"]] * 3
    assert {each.error.reason for each in await asyncio.gather(*bad)} == {Reason.RESOURCE_LIMIT_EXCEEDED}


async def test_processes_end_with_the_sandbox():
    async with Sandbox.open(executors=EXECUTORS, limits=WorkerLimits()) as sandbox:
        await objects_of(sandbox, LARGE)
        assert workers()

    assert not workers()


async def test_a_process_that_nobody_needs_is_ended(monkeypatch, sandbox):
    monkeypatch.setattr(pool, "IDLE", 0.05)

    await objects_of(sandbox, LARGE)

    await until(lambda: not workers())
    assert await objects_of(sandbox, LARGE) == ["ConfigMap default/web"]


async def test_no_process_to_be_had_is_tried_again_later(monkeypatch, sandbox):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(Transient) as busy:
        await objects_of(sandbox, LARGE)

    assert busy.value.reason is Reason.OPERATOR_BUSY
    assert await objects_of(sandbox, SMALL)


@pytest.mark.parametrize(
    ("holder", "words"),
    [("team", "namespace team has its share in use"), ("others", "other namespaces have it")],
)
async def test_who_waits_too_long_for_a_process_is_told_who_has_them(monkeypatch, sandbox, holder: str, words: str):
    monkeypatch.setattr(sandboxes, "PATIENCE", 0.05)
    workers = sandbox._workers
    tenants = (holder, "more") if holder != "team" else ("team",)
    async with AsyncExitStack() as stack:
        for tenant in tenants:
            await stack.enter_async_context(workers.hold(tenant, 1, patience=1))
        with pytest.raises(Transient) as busy:
            await objects_of(sandbox, LARGE, tenant="team")

    assert busy.value.reason is Reason.OPERATOR_BUSY
    assert words in busy.value.message


# --- whom a process serves ------------------------------------------------------------------------------------------


async def test_a_process_serves_one_namespace_and_no_other(sandbox):
    await objects_of(sandbox, LARGE, tenant="one")
    first = workers()
    await objects_of(sandbox, LARGE, tenant="one")
    assert workers() == first

    await objects_of(sandbox, LARGE, tenant="other")

    assert workers()
    assert not workers() & first


async def test_one_namespace_never_has_all_processes(sandbox):
    slow = [asyncio.create_task(objects_of(sandbox, SLOW, tenant="greedy")) for _ in range(5)]
    await until(workers)

    async with asyncio.timeout(20):
        assert await objects_of(sandbox, LARGE, tenant="modest") == ["ConfigMap default/web"]

    assert sum(not each.done() for each in slow) >= 3
    for each in slow:
        each.cancel()
    await asyncio.wait(slow)


# --- every sort of hostile artifact ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["many_items", "nulls_under_long_key", "deep_json", "huge_yaml_numbers", "long_line"])
async def test_a_hostile_document_costs_a_typed_error_or_nothing(sandbox, name):
    assert name in DOCUMENTS
    with suppress(BuildRefused):
        async with sandbox.rendered(PLAN, of_layer(layer(name)), tenant="team"):
            pass
