"""The real programs render what they are given, and reach nothing else of this machine."""

import asyncio
import os
import signal
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.executors import EXECUTORS
from tests.reconcile.pattern import REVISION, pattern
from tests.sandbox.programs.charts import CONFIG_MAP, PATHS, chart, helm, kustomize
from tests.testbed import binaries

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.limits import MIB
from pattern_operator.reconcile.desired import desired_state, options
from pattern_operator.render.helm import render_chart
from pattern_operator.render.program import ProgramOutput, ProgramRun
from pattern_operator.sandbox.programs import ProgramFailed, ProgramLimits, ProgramPaths, Programs, runner

NEEDED = tuple(program for program in binaries.PROGRAMS if program.name in ("helm", "kustomize"))
BURN = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}"


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    binaries.build(NEEDED)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs are laid out in this test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


async def done(run: ProgramRun, **limits: float) -> ProgramOutput:
    bounds = ProgramLimits(**limits)  # type: ignore[arg-type]
    return await Programs(PATHS, limits=bounds).run(run, disk=EXECUTORS.disk)


def processes(place: Path) -> set[int]:
    """Those whose directory is that of a run."""
    found = set()
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(place) in str((each / "cwd").readlink()):
                found.add(int(each.name))
    return found


async def until(condition):
    async with asyncio.timeout(60):
        while not (found := condition()):  # noqa: ASYNC110 - what is looked for is outside this process
            await asyncio.sleep(0.005)
    return found


async def test_helm_renders_with_values_and_capabilities(place):
    template = "a: {{ .Values.a }}\nk: {{ .Capabilities.KubeVersion }}\n"
    template += "h: {{ .Capabilities.APIVersions.Has `example.com/v1` }}"

    output = await done(helm(template, values=b'{"a": 1}'))

    assert (output.exit_code, output.stderr) == (0, "")
    assert output.stdout == b"---\n# Source: web/templates/a.yaml\na: 1\nk: v1.34.1\nh: true\n"
    assert not list(place.iterdir())


async def test_kustomize_builds(place):
    output = await done(kustomize("resources: [cm.yaml]\nnamePrefix: x-\n"))

    assert output.stdout == b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x-a\n"
    assert not list(place.iterdir())


async def test_what_a_program_says_of_an_error_names_no_directory_of_this_machine(place):
    output = await done(kustomize("resources: [none.yaml]\n"))

    assert output.exit_code == 1
    assert "none.yaml" in output.stderr
    assert str(place) not in output.stderr


async def test_the_environment_of_kustomize_is_empty(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLANTED", "planted")
    names = b"PLANTED\nHOME\nPATH\nLC_CTYPE\nTMPDIR\nGOMAXPROCS\n"

    output = await done(kustomize("configMapGenerator: [{name: a, envs: [a.env]}]\n", File("a.env", names)))

    assert output.stdout.count(b': ""\n') == 6


@pytest.mark.parametrize(
    "text",
    [
        'resources: ["https://127.0.0.1:1/base.yaml"]',
        'resources: ["https://github.com/example/x//base?ref=main"]',
        "configMapGenerator: [{name: a, files: [/etc/passwd]}]",
        "configMapGenerator: [{name: a, files: [../../../../../../etc/passwd]}]",
        "resources: [../../../../../../etc]",
        "generators: [exec.yaml]",
        "helmCharts: [{name: web, repo: 'https://127.0.0.1:1'}]",
    ],
)
async def test_kustomize_reaches_nothing_outside(text: str):
    metadata = "{name: x, annotations: {config.kubernetes.io/function: 'exec: {path: ./x}'}}"
    plugin = f"apiVersion: x/v1\nkind: X\nmetadata: {metadata}\n"

    output = await done(kustomize(text + "\n", File("exec.yaml", plugin.encode())))

    assert output.exit_code
    assert not output.stdout


async def test_a_chart_reads_none_but_its_own_files():
    template = (
        'a: {{ .Files.Get "/etc/passwd" | quote }}\nb: {{ .Files.Get "../../../../etc/passwd" | quote }}\n'
        'c: {{ getHostByName "localhost" | quote }}\nd: {{ (lookup "v1" "Secret" "a" "b") | toJson }}\n'
    )

    output = await done(helm(template))

    assert output.stdout.endswith(b'a: ""\nb: ""\nc: ""\nd: {}\n')


@pytest.mark.parametrize("name", ["-f", "--post-renderer/x.yaml", "--help"])
async def test_a_file_that_is_called_as_a_flag_is_a_file(name: str):
    generator = f"configMapGenerator: [{{name: made, files: ['key={name}']}}]\n"

    output = await done(kustomize(generator, File(name, b"content")))

    assert b"key: content" in output.stdout


@pytest.mark.parametrize("folder", ["x/--help", "--help", "-h"])
async def test_a_folder_that_is_called_as_a_flag_is_a_folder(folder: str):
    files = (File(f"{folder}/kustomization.yaml", b"resources: [cm.yaml]\n"), File(f"{folder}/cm.yaml", CONFIG_MAP))

    output = await done(type(kustomize(""))(files=files, path=folder))

    assert b"kind: ConfigMap" in output.stdout


@pytest.mark.parametrize("folder", ["--help", "-f"])
async def test_a_chart_in_a_folder_that_is_called_as_a_flag_is_rendered(folder: str):
    made = helm("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    files = tuple(File(f"{folder}/{file.path.removeprefix(f'{made.chart}/')}", file.content) for file in made.files)

    output = await done(replace(made, files=files, chart=folder))

    assert b"kind: ConfigMap" in output.stdout


async def test_more_processor_time_than_a_run_may_have_is_refused(place):
    with pytest.raises(ProgramFailed, match="helm takes more than 1 s of a processor") as failed:
        await done(helm(BURN), cpu_seconds=1, seconds=120.0)

    assert failed.value.reason is Reason.RESOURCE_LIMIT_EXCEEDED
    assert not list(place.iterdir())


async def test_more_time_than_a_run_may_have_is_refused(place):
    with pytest.raises(ProgramFailed, match="helm takes more than 0 s"):
        await done(helm(BURN), seconds=0.4)

    assert not processes(place)
    assert not list(place.iterdir())


async def test_more_memory_than_a_run_may_have_is_refused():
    with pytest.raises(ProgramFailed, match="helm takes more than 512 MiB of memory"):
        await done(helm('{{ $x := repeat 100000000 "a" }}{{ $y := repeat 20 $x }}{{ len $y }}'), memory=512 * MIB)


async def test_more_output_than_is_read_is_refused(monkeypatch: pytest.MonkeyPatch, place):
    monkeypatch.setattr(runner, "MAX_PROGRAM_OUTPUT", 1 * MIB)

    with pytest.raises(ProgramFailed, match="helm writes more than 1 MiB"):
        await done(helm('{{ range until 2000 }}\n---\na: "{{ repeat 1000 `a` }}"{{ end }}'))

    assert not list(place.iterdir())


async def test_a_program_whose_output_nobody_reads_any_more_is_ended():
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", "yes >&2 & exec yes", stdout=pipe, stderr=pipe, start_new_session=True
    )
    streams: list[Any] = [process.stdout, process.stderr]
    await until(lambda: all(len(each._buffer) > 2 * each._limit for each in streams))  # asyncio reads no more

    async with asyncio.timeout(60):
        await runner._ended(process)

    assert process.returncode == -signal.SIGKILL


async def test_who_is_cancelled_leaves_neither_process_nor_directory(place):
    running = asyncio.create_task(done(helm(BURN)))
    await until(lambda: processes(place))

    running.cancel()
    await asyncio.wait({running})

    assert running.cancelled()
    assert not processes(place)
    assert not list(place.iterdir())


async def test_no_number_of_a_secret_is_on_the_command_line_or_in_the_environment_of_helm(place):
    values = [
        {"kind": "Secret", "name": "s", "targetPath": "db.pin"},
        {"kind": "ConfigMap", "name": "c", "targetPath": "n"},
    ]
    asked = pattern(spec={"render": {"valuesFrom": values}})
    parameters = b'{"db": {"pin": 48151623421}, "n": 1000710000}'
    desired = replace(desired_state(asked, REVISION, VerificationPolicy()), parameters=parameters)
    files = [replace(each, path=each.path.removeprefix("web/")) for each in chart(BURN)]
    running = asyncio.create_task(done(next(render_chart(files, ".", options=options(asked, desired)))))

    words = await until(lambda: [each for each in words_of(place) if b"--set=n=1000710000" in each])
    running.cancel()
    await asyncio.wait({running})

    assert not any(b"48151623421" in each for each in words)


def words_of(place: Path) -> list[bytes]:
    """The command line and the environment of each process of a run."""
    found = []
    for each in processes(place):
        with suppress(OSError):
            found.append(b"".join(Path(f"/proc/{each}/{name}").read_bytes() for name in ("cmdline", "environ")))
    return found


async def test_a_program_that_somebody_kills_runs_once_more_and_no_more(place):
    running = asyncio.create_task(done(helm(BURN)))
    for _ in range(2):
        (process,) = await until(lambda: processes(place))
        os.kill(process, signal.SIGKILL)
        await until(lambda process=process: process not in processes(place))

    with pytest.raises(ProgramFailed, match="killed twice"):
        await running


@pytest.mark.parametrize("paths", [ProgramPaths(), ProgramPaths(helm=Path("/nowhere/helm"))])
async def test_a_program_that_is_not_there_is_named_and_how_to_have_it(paths: ProgramPaths):
    with pytest.raises(Stalled, match=r"install helm, or name it with --helm PATH") as missing:
        await Programs(paths).run(helm(""), disk=EXECUTORS.disk)

    assert missing.value.reason is Reason.PROGRAM_MISSING


async def test_what_is_no_program_is_said(tmp_path_factory: pytest.TempPathFactory):
    program = tmp_path_factory.mktemp("bin") / "helm"
    program.write_text("nothing")

    with pytest.raises(Stalled, match=r"helm cannot be started: .*--helm PATH"):
        await Programs(ProgramPaths(helm=program)).run(helm(""), disk=EXECUTORS.disk)
