"""``python -m tests.testbed build | up [--no-operator] | down``: what the Makefile's targets call."""

import argparse
import shlex
import shutil
import sys
import time

from tests.testbed import binaries, operator, process, testbed
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.paths import BIN, STATE
from tests.testbed.testbed import Testbed

RUN = STATE / "run"
ENV = STATE / "env"


def main() -> int:
    """Do what the command line says; give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("build", help="build the programs that are missing or stale").set_defaults(run=_build)
    up = commands.add_parser("up", help="start a cluster, a registry and the operator; write .testbed/env")
    up.add_argument("--no-operator", action="store_const", dest="run", const=_up_without_operator, default=_up)
    commands.add_parser("down", help="end all of it").set_defaults(run=_down)
    try:
        parser.parse_args().run()
    except (RuntimeError, OSError) as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    return 0


def _build() -> None:
    binaries.build(say=_say)
    _say(f"the testbed's programs are in {BIN}")


def _up() -> None:
    if not _already_up():
        _start()
    running = process.saved(RUN).get("operator")
    if running is not None and running.alive:
        return
    began = time.monotonic()
    started = operator.start(RUN, kubeconfig=Kubeconfig.read(RUN / "operator.kubeconfig"))
    _write_env(OPERATOR_PID=str(started.process.pid), OPERATOR_METRICS=started.metrics)
    _say(f"the operator is ready after {time.monotonic() - began:.1f} s; its log: {started.process.log}")


def _up_without_operator() -> None:
    if not _already_up():
        _start()


def _already_up() -> bool:
    if not testbed.healthy(RUN):
        return False
    _say(f"the testbed is up already: source {ENV}")
    return True


def _start() -> None:
    """Start all but the operator, in place of whatever is left of an earlier testbed."""
    _end()
    shutil.rmtree(RUN, ignore_errors=True)
    binaries.build(say=_say)
    began = time.monotonic()
    started = Testbed.start(RUN)
    registry = started.start_registry()
    operator.install(operator.DEFAULT, kubectl=started.kubectl)
    account = operator.account(RUN, kubectl=started.kubectl)
    _write_env(
        KUBECONFIG=str(started.kubectl.kubeconfig.path),
        OPERATOR_KUBECONFIG=str(account.path),
        REGISTRY=registry.address,
        OPERATOR_PID="",
        OPERATOR_METRICS="",
    )
    _say(f"a cluster and a registry are up after {time.monotonic() - began:.1f} s: source {ENV}")


def _down() -> None:
    _end()
    _say("the testbed is down")


def _end() -> None:
    testbed.stop(RUN)
    ENV.unlink(missing_ok=True)
    for left in (RUN / "processes").glob("*.json"):
        left.unlink()


def _write_env(**values: str) -> None:
    """Set ``values`` in the file of shell assignments, and keep the others that are there."""
    lines = ENV.read_text().splitlines() if ENV.exists() else []
    kept = dict(line.split("=", 1) for line in lines)
    kept |= {name: shlex.quote(value) for name, value in values.items()}
    ENV.write_text("".join(f"{name}={value}\n" for name, value in kept.items()))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
