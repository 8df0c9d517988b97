"""``python -m tests.testbed build | up [--no-operator] [--install NAME] | down``: what the Makefile's targets call."""

import argparse
import shlex
import shutil
import sys
import time

from tests.testbed import binaries, operator, process, testbed
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import Kubectl
from tests.testbed.paths import BIN, STATE
from tests.testbed.testbed import Testbed

RUN = STATE / "run"
ENV = STATE / "env"
INSTALLATIONS = {"default": operator.DEFAULT, "restricted": operator.RESTRICTED}


def main() -> int:
    """Do what the command line says; give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("build", help="build the programs that are missing or stale").set_defaults(run=_build)
    up = commands.add_parser("up", help="start a cluster, a registry and the operator; write .testbed/env")
    up.add_argument("--no-operator", action="store_const", dest="run", const=_up_without_operator, default=_up)
    up.add_argument("--install", choices=INSTALLATIONS, default="default", help="which of manifests/ to install")
    commands.add_parser("down", help="end all of it").set_defaults(run=_down)
    try:
        options = parser.parse_args()
        options.run(options)
    except (RuntimeError, OSError) as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    return 0


def _build(_: argparse.Namespace) -> None:
    binaries.build(say=_tell)
    _tell(f"the testbed's programs are in {BIN}")


def _up(options: argparse.Namespace) -> None:
    manifests = INSTALLATIONS[options.install]
    if not _already_up(options.install):
        _start(options.install)
    running = process.saved(RUN).get("operator")
    if running is not None and running.alive:
        return
    began = time.monotonic()
    flags = operator.flags_of(manifests, kubectl=Kubectl(Kubeconfig.read(RUN / "admin.kubeconfig"), RUN / "kubectl"))
    started = operator.start(RUN, kubeconfig=Kubeconfig.read(RUN / "operator.kubeconfig"), flags=flags)
    _write_env(OPERATOR_PID=str(started.process.pid), OPERATOR_METRICS=started.metrics)
    _say(f"the operator is ready after {time.monotonic() - began:.1f} s; its log: {started.process.log}")


def _up_without_operator(options: argparse.Namespace) -> None:
    if not _already_up(options.install):
        _start(options.install)


def _already_up(installation: str) -> bool:
    """Whether the testbed runs; raises RuntimeError where it runs with another installation."""
    if not testbed.healthy(RUN):
        return False
    installed = _installed()
    if installed != installation:
        raise RuntimeError(f"the testbed is up with INSTALL={installed}: `make down` first")
    _say(f"the testbed is up already: source {ENV}")
    return True


def _start(installation: str) -> None:
    """Start all but the operator, in place of whatever is left of an earlier testbed."""
    _end()
    shutil.rmtree(RUN, ignore_errors=True)
    binaries.build(say=_tell)
    began = time.monotonic()
    started = Testbed.start(RUN)
    registry = started.start_registry()
    operator.install(INSTALLATIONS[installation], kubectl=started.kubectl)
    account = operator.account(RUN, kubectl=started.kubectl)
    _write_env(
        KUBECONFIG=str(started.kubectl.kubeconfig.path),
        OPERATOR_KUBECONFIG=str(account.path),
        REGISTRY=registry.address,
        INSTALL=installation,
        OPERATOR_PID="",
        OPERATOR_METRICS="",
    )
    _say(f"a cluster and a registry are up after {time.monotonic() - began:.1f} s: source {ENV}")


def _down(_: argparse.Namespace) -> None:
    _end()
    _say("the testbed is down")


def _end() -> None:
    testbed.stop(RUN)
    ENV.unlink(missing_ok=True)
    for left in (RUN / "processes").glob("*.json"):
        left.unlink()


def _installed() -> str:
    """The installation of the testbed that runs, as ``_start`` wrote it down."""
    lines = ENV.read_text().splitlines() if ENV.exists() else []
    return next(
        (shlex.split(line.partition("=")[2])[0] for line in lines if line.startswith("export INSTALL=")), "default"
    )


def _write_env(**values: str) -> None:
    """Set ``values`` in the file of exported shell variables, and keep the others that are there."""
    lines = ENV.read_text().splitlines() if ENV.exists() else []
    kept = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    kept |= {name: shlex.quote(value) for name, value in values.items()}
    ENV.write_text("".join(f"export {name}={value}\n" for name, value in kept.items()))


def _say(line: str) -> None:
    print(line, flush=True)


def _tell(line: str) -> None:
    """Of what is only made for something else, whose output is another: ``make bench > bench.jsonl``."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
