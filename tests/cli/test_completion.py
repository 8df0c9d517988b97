"""Words for shells: what they are, and that bash, zsh and fish, as far as they are here, and kubectl show them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pattern_operator.cli import completion, parser

BIN = Path(sys.executable).parent
COMMANDS = [
    *("get", "push", "sign", "generate-key-pair", "render", "lint", "verify"),
    *("policy", "reconcile", "suspend", "resume", "uninstall", "completion"),
]
HERE = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]


def complete(patternctl, *words):
    """The candidates, and the directive at the end."""
    *lines, directive = patternctl("__complete", *words).out.splitlines()
    return [line.partition("\t")[0] for line in lines], directive


@pytest.mark.parametrize(
    ("words", "candidates", "directive"),
    [
        (("re",), ["render", "reconcile", "resume"], ":4"),
        (("--v",), ["--version", "--verbose"], ":4"),
        (("get", "-o", ""), ["table", "wide", "json", "yaml", "name"], ":4"),
        (("get", "--output", "j"), ["json"], ":4"),
        (("get", "--sel"), ["--selector"], ":4"),
        (("-v", "get", "--wat"), ["--watch"], ":4"),
        (("render", "--format", "M"), ["Meshery", "Manifests"], ":4"),
        (("completion", ""), ["bash", "zsh", "fish"], ":4"),
        (("render", ""), [], ":0"),
        (("push", ""), [], ":0"),
        (("push", "a.yml", ""), [], ":4"),
        (("verify", "r.example/a:1", "--key", ""), [], ":0"),
        (("verify", "r.example/a:1", "--policy", ""), [], ":0"),
        (("policy", ""), ["import"], ":4"),
        (("render", "--report", ""), [], ":0"),
        (("get", "-n", ""), [], ":4"),
        (("get", ""), [], ":4"),  # nobody says where the cluster is
        (
            ("zzz", "a", ""),
            COMMANDS,
            ":4",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_candidates(patternctl, words, candidates, directive):
    assert complete(patternctl, *words) == (candidates, directive)


@pytest.mark.parametrize("command", list(completion._subcommands(parser())))
def test_every_flag_of_every_command_is_a_candidate(patternctl, command):
    flags, _ = complete(patternctl, command, "--")

    assert set(flags) >= {"--help", "--verbose"}
    assert patternctl(command, "--help").code == 0


def run(shell, script, patternctl):
    environment = {**patternctl.environment, "PATH": f"{BIN}:{os.environ['PATH']}", "TERM": "dumb"}
    done = subprocess.run(shell, input=script, env=environment, cwd=patternctl.home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


BASH = """\
source <(patternctl completion bash)
COMP_WORDS=({words} "{last}"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()
_patternctl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
FISH = "patternctl completion fish | source\ncomplete -C '{words} {last}' | string split -f1 \\t; true\n"
ZSH = """\
autoload -Uz compinit; compinit -u -D 2>/dev/null
source <(patternctl completion zsh)
_describe() {{ local -a shown; shown=("${{(@P)2}}"); print -l -- "${{(@)shown%%:*}}" }}
_files() {{ print -l -- * }}
words=({words} "{last}"); CURRENT=${{#words}}
_patternctl
"""
SHELLS = {"bash": (["bash", "--norc"], BASH), "zsh": (["zsh", "-f"], ZSH), "fish": (["fish", "--no-config"], FISH)}


@pytest.mark.parametrize("shell", HERE)
def test_a_shell_completes_commands_flags_values_and_files(patternctl, shell):
    (patternctl.home / "design.yml").write_text("a")
    command, script = SHELLS[shell]

    def asked(words, last):
        return [
            word for word in run(command, script.format(words=words, last=last), patternctl) if word.startswith(last)
        ]

    assert sorted(asked("patternctl", "re")) == ["reconcile", "render", "resume"]
    assert asked("patternctl get", "--sel") == ["--selector"]
    assert sorted(asked("patternctl get -o", "")) == ["json", "name", "table", "wide", "yaml"]
    assert asked("patternctl render", "des") == ["design.yml"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_every_shell(patternctl, shell):
    done = patternctl("completion", shell)

    assert (done.code, done.err) == (0, "")
    assert "patternctl __complete" in done.out


def test_kubectl_completes_its_plugin(patternctl):
    environment = {**patternctl.environment, "PATH": f"{BIN}:{os.environ['PATH']}"}
    kubectl = [str(BIN / "kubectl"), "__complete", "pattern", "re"]

    done = subprocess.run(kubectl, env=environment, capture_output=True, text=True, check=True)

    found = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    assert found == ["render", "reconcile", "resume", ":4"]
