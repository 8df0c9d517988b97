"""The program itself: its help at once, its exit codes, and an orderly end whatever happens to its output."""

import argparse
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.program import ENDS_WITHIN
from tests.render.designs import DATA
from tests.testbed.paths import ROOT

from pattern_operator import __version__
from pattern_operator.cli import exit_codes, parser

COMMANDS = [
    *("get", "push", "sign", "generate-key-pair", "render", "lint", "verify"),
    *("policy", "reconcile", "suspend", "resume", "uninstall", "completion"),
]
HEAVY = [
    *("aiohttp", "asyncio", "cryptography", "kopf", "kubernetes", "msgspec", "nacl", "orjson"),
    *("prometheus_client", "yaml"),
    "inspect",  # of dataclasses: a third of the time that help takes
]
HELP_WITHIN = 0.15  # seconds, Python's own start included

PRINT_MODULES = """\
import sys
from pattern_operator.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""


# --- help -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)], ids=" ".join)
def test_help_loads_nothing_that_takes_time(arguments):
    done = subprocess.run([sys.executable, "-c", PRINT_MODULES, *arguments], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("usage: patternctl")
    assert not set(done.stderr.split()) & set(HEAVY)


def test_help_is_there_at_once(patternctl):
    took = [cpu_of(patternctl.command("--help")) for _ in range(5)]

    assert min(took) < HELP_WITHIN


def cpu_of(command):
    """The seconds of CPU that a command takes: what a busy machine adds to the time of the clock is not its own."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_examples_and_exit_codes(patternctl, command):
    done = patternctl(command, "--help")

    assert (done.code, done.err) == (0, "")
    assert f"examples:\n  patternctl {command}" in done.out
    assert f"exit codes:\n  0    {exit_codes.DESCRIPTIONS[exit_codes.OK]}" in done.out


def test_the_help_names_every_exit_code(patternctl):
    done = patternctl("--help")

    for code, meaning in exit_codes.DESCRIPTIONS.items():
        assert f"  {code:<4} {meaning}" in done.out


def examples():
    """Every command line of patternctl in its own help and in the documents."""
    texts = [subcommand(command).format_help() for command in COMMANDS] + [parser().format_help()]
    texts += [path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
    for text in texts:
        for line in re.findall(r"^(?: *|\$ )patternctl (.*)", text, flags=re.MULTILINE):
            yield re.split(r"  | \||>|&&|\u2026", line)[0].strip()


def subcommand(name):
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return commands.choices[name]


@pytest.mark.parametrize("line", sorted(set(examples())))
def test_every_example_is_a_command_line_that_is_understood(line):
    assert callable(parser().parse_args(shlex.split(line)).run)


def test_the_version_is_that_of_the_package(patternctl):
    assert patternctl("--version").out == f"patternctl {__version__}\n"


def test_kubectl_finds_it_as_a_plugin():
    plugin = Path(sys.executable).parent / "kubectl-pattern"

    done = subprocess.run([plugin, "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"patternctl {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["get", "web", "-A"], ["get", "-o", "xml"], ["push", "design.yml"], ["render"], ["verify"]],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_with_2(patternctl, arguments):
    done = patternctl(*arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: patternctl")


# --- output ---------------------------------------------------------------------------------------------------------


def test_a_reader_that_has_seen_enough_is_not_an_error_to_talk_about(patternctl):
    reading, writing = socket.socketpair()
    reading.close()

    done = patternctl("render", DATA / "nginx-deployment", stdout=writing)

    assert (done.code, done.err) == (1, "")


@pytest.mark.parametrize("arguments", [["render", DATA / "nginx-deployment"], ["render", DATA / "meshery-export.tar"]])
def test_output_that_cannot_be_written_is_said(patternctl, arguments):
    with Path("/dev/full").open("wb") as full:
        done = patternctl(*arguments, stdout=full)

    assert (done.code, done.err) == (1, "patternctl: output: No space left on device\n")


def test_letters_that_the_terminal_lacks_are_shown_as_codes(patternctl, tmp_path):
    patternctl.variables.update(PYTHONIOENCODING="ascii")
    manifest = tmp_path / "a.yml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: Grüße}\n")

    rendered = patternctl("render", manifest)
    missing = patternctl("render", "Grüße.yml")

    assert rendered.items[0]["data"] == {"a": "Grüße"}
    assert missing.err.startswith("patternctl: ArtifactNotFound: Gr\\xfc\\xdfe.yml cannot be read")


def heed() -> None:
    """Take Ctrl-C as a command in the foreground does: one of a run in the background is told to ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "TERM", "HUP"])
def test_an_interrupted_command_ends_quietly_and_leaves_nothing_behind(patternctl, number):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        command = patternctl.command("render", "--insecure", f"oci://{host}:{port}/web:1.0.0")
        with subprocess.Popen(
            command,
            env=patternctl.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed,
        ) as running:
            connection, _ = silent.accept()
            with connection:
                running.send_signal(number)
                out, err = running.communicate(timeout=ENDS_WITHIN)

    assert (running.returncode, out, err) == (exit_codes.INTERRUPTED, "", "")
    assert list(patternctl.temporary.iterdir()) == []


INTERRUPTED_IN_A_FINALIZER = """
import asyncio, os, signal, sys
from pattern_operator import cli
from pattern_operator.cli import get

class Held:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))

async def ask():
    Held()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("went on")

get.run = lambda options: asyncio.run(ask())
sys.exit(cli.main(["get"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "TERM", "HUP"])
def test_no_interruption_is_lost_wherever_the_program_is(patternctl, number):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IN_A_FINALIZER, str(int(number))],
        env=patternctl.environment,
        capture_output=True,
        text=True,
        preexec_fn=heed,
        timeout=ENDS_WITHIN,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (exit_codes.INTERRUPTED, "", "")


def test_what_a_killed_command_left_of_the_run_of_a_program_is_removed_by_the_next(patternctl, tmp_path):
    left = patternctl.temporary / "pattern-operator-run-4194303-x"
    left.mkdir(parents=True)
    (left / "values.yaml").write_text("password: hunter2\n")
    manifest = tmp_path / "a.yml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")

    assert patternctl("render", manifest).code == exit_codes.OK
    assert not left.exists()


def processor_seconds(process: int) -> float:
    """What a process has used of a processor so far (proc_pid_stat(5), utime)."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11]) / os.sysconf("SC_CLK_TCK")


def test_ctrl_c_ends_a_check_of_a_schema_that_takes_for_ever(patternctl, tmp_path):
    doubled = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    schema = {
        "$defs": {**doubled, "a40": {"type": "string"}},
        "properties": {"x": {"$ref": "#/$defs/a0", "default": 1}},
    }
    described = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "Pattern", "parameters": {"schema": schema}}
    (tmp_path / "pattern.yaml").write_text(json.dumps(described))
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    with subprocess.Popen(
        patternctl.command("render", tmp_path), env=patternctl.environment, stderr=subprocess.PIPE, preexec_fn=heed
    ) as running:
        try:
            while running.poll() is None and processor_seconds(running.pid) < 5.0:
                time.sleep(0.1)
            running.send_signal(signal.SIGINT)
            running.wait(timeout=ENDS_WITHIN)
        finally:
            running.kill()

    assert running.returncode == -signal.SIGINT
