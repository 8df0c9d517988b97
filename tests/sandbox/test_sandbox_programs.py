"""A worker asks for a program, the operator runs it, and the worker goes on with its output."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.executors import EXECUTORS
from tests.hostile import tar
from tests.sandbox.jobs import PLAN, of_layer
from tests.sandbox.programs.charts import CONFIG_MAP, PATHS, chart
from tests.sandbox.programs.test_runner import BURN, NEEDED, processes, until
from tests.sandbox.test_sandbox import workers
from tests.testbed import binaries

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.limits import MAX_PROGRAM_RUNS
from pattern_operator.render.program import HelmTemplate, KustomizeBuild, ProgramOutput, ProgramRun
from pattern_operator.sandbox import BuildRefused, ProgramPaths, Sandbox, WorkerLimits, run_wire
from pattern_operator.sandbox.pool import Pool, Worker
from pattern_operator.sandbox.wire import LENGTH, BrokenAnswer, decode_ready


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    binaries.build(NEEDED)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox.open(executors=EXECUTORS, limits=WorkerLimits(), programs=PATHS) as opened:
        yield opened


async def built(sandbox: Sandbox, files: Mapping[str, bytes], *, installation: str = "") -> Rendering:
    async with sandbox.rendered(PLAN, of_layer(tar(files)), tenant="team", installation=installation) as rendering:
        return rendering


def of_chart(template: str) -> dict[str, bytes]:
    return {file.path: file.content for file in chart(template)}


async def test_a_kustomization_is_built(sandbox, place):
    files = {
        "kustomization.yaml": b"resources: [cm.yaml]\nconfigMapGenerator: [{name: f, files: [logo.bin]}]\n",
        "cm.yaml": CONFIG_MAP,
        "logo.bin": b"\xff\x00",
    }

    rendering = await built(sandbox, files)

    assert [each.key.kind for each in rendering.objects] == ["ConfigMap", "ConfigMap"]
    assert {"logo.bin": "/wA="} in [each.body.get("binaryData") for each in rendering.objects]
    assert not list(place.iterdir())


async def test_a_chart_is_rendered(sandbox, place):
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"

    (made,) = (await built(sandbox, of_chart(template))).objects

    assert made.key.kind == "ConfigMap"
    assert not list(place.iterdir())


async def test_to_render_a_chart_again_starts_no_program(sandbox, monkeypatch: pytest.MonkeyPatch):
    files = of_chart("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    first = await built(sandbox, files)
    monkeypatch.setattr(sandbox._programs, "_paths", ProgramPaths())

    assert await built(sandbox, files) == first


@pytest.mark.parametrize(
    "fields",
    [
        "metadata: {name: a}\ndata: {d: {{ randAlpha 8 }}}",
        "metadata: {name: a-{{ randAlpha 8 | lower }}}",
        "metadata: {name: a, annotations: {helm.sh/hook: pre-install, d: {{ randAlpha 8 }}}}",
    ],
)
async def test_what_is_made_up_is_remembered_for_one_installation_alone(sandbox, fields):
    files = of_chart(f"apiVersion: v1\nkind: ConfigMap\n{fields}\n")

    first = await built(sandbox, files, installation="one/1")

    assert not first.repeatable
    assert await built(sandbox, files, installation="one/1") == first
    assert await built(sandbox, files, installation="one/2") != first
    assert await built(sandbox, files, installation="two/1") != first
    assert await built(sandbox, files) != await built(sandbox, files)


async def test_what_a_program_refuses_is_a_failure_of_rendering(sandbox):
    with pytest.raises(BuildRefused) as refused:
        await built(sandbox, {"kustomization.yaml": b"resources: [none.yaml]\n"})

    assert refused.value.stage is Stage.RENDER


async def test_without_programs_the_missing_one_is_named():
    async with Sandbox.open(executors=EXECUTORS, limits=WorkerLimits()) as sandbox:
        with pytest.raises(BuildRefused) as refused:
            await built(sandbox, of_chart("a: b"))

    assert refused.value.error.reason is Reason.PROGRAM_MISSING


async def test_who_is_cancelled_leaves_neither_worker_nor_program_nor_directory(sandbox, place):
    building = asyncio.create_task(built(sandbox, of_chart(BURN)))
    await until(lambda: processes(place))

    building.cancel()
    await asyncio.wait({building})

    assert building.cancelled()
    await until(lambda: not workers())
    assert not processes(place)
    assert not list(place.iterdir())


# --- a worker that somebody took over ---------------------------------------------------------------------------------


def message(run: ProgramRun) -> bytes:
    return b"".join(run_wire.encode_run(run))[LENGTH.size :]


@pytest.mark.parametrize(
    "run",
    [
        KustomizeBuild(files=(), path="a"),
        HelmTemplate(
            files=(File("chart/Chart.yaml", b"a"),),
            chart="chart",
            release="web",
            namespace="team",
            values=b"{}",
            kube_version="v1.34.1",
            api_versions=("v1",),
            settings=("n=3",),
            skips_schema=True,
        ),
    ],
)
def test_a_run_comes_back_as_it_was(run: ProgramRun):
    assert run_wire.is_run(message(run))
    assert run_wire.decode_run(message(run)) == run


@pytest.fixture
def broken() -> bytes:
    return message(KustomizeBuild(files=()))


@pytest.mark.parametrize("change", [lambda m: m[:-1], lambda m: m + b"x", lambda m: m[:3], lambda m: b"\xff" * 8 + m])
def test_a_run_that_is_not_made_as_runs_are_is_refused(change, broken):
    with pytest.raises(BrokenAnswer):
        run_wire.decode_run(change(broken))


@pytest.mark.parametrize(
    "header",
    [
        b'{"type":"run","program":"kustomize","place":"\xff","files":[]}',
        b'{"type":"run","program":"kustomize","place":"\\ud800","files":[]}',
        b'{"type":"run","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type":"run","program":"kustomize","place":".","files":[["a",1e999]]}',
        b'{"type":"run","program":"sh","place":".","files":[]}',
        b"",
    ],
    ids=["no text", "half a letter", "deep", "no size", "another program", "nothing"],
)
def test_no_header_of_a_run_is_a_defect_of_the_operator(header: bytes):
    with pytest.raises(BrokenAnswer):
        run_wire.decode_run(LENGTH.pack(len(header)) + header)


@given(st.data())
def test_any_change_of_a_run_is_a_run_or_refused(data: st.DataObject):
    changed = bytearray(message(KustomizeBuild(files=(File("a.yaml", b"a: b"),), path="x")))
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))

    with suppress(BrokenAnswer):
        run_wire.decode_run(bytes(changed))


@pytest.mark.parametrize("said", [b"\xff", b'{"confined":"\xff"}', b"[" * 100_000, b"{}x", b""])
def test_no_first_message_of_a_worker_is_a_defect_of_the_operator(said: bytes):
    with pytest.raises(BrokenAnswer):
        decode_ready(said)


async def test_who_asks_again_and_again_is_ended(monkeypatch: pytest.MonkeyPatch):
    async def asks(*_, **__):
        return message(KustomizeBuild(files=()))

    async def answers(_):
        return run_wire.encode_output(ProgramOutput(exit_code=0, stdout=b"", stderr=""))

    monkeypatch.setattr(Worker, "_leg", asks)
    pool = Pool(WorkerLimits())

    with pytest.raises(BrokenAnswer, match=f"more than {MAX_PROGRAM_RUNS} runs"):
        await pool.run("team", b"", [], programs=answers)

    await pool.close()
    assert not workers()
