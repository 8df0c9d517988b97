"""``pattern-operator``: the process. It parses the command line, and runs until SIGTERM or SIGINT."""

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from pattern_operator import __version__
from pattern_operator.api.account import is_account_name

# How long a thread that computes may keep the event loop waiting for the interpreter. Beside two such threads a tick
# of the loop came 36 to 39 ms late at the 99th percentile with Python's 5 ms, and 9 to 11 ms with this; they did no
# less meanwhile. With one such thread it was 5 to 6 ms, but then the one that has it stops all others.
SWITCH_SECONDS = 0.001

# Objects that are made before the young ones are looked through. With Python's 700 that took 5 % of all processor time
# while patterns were applied, and with 2,000 half of it; with more, the middle generation holds the loop for too long.
YOUNG_OBJECTS = 2_000

_SIZES = {"": 1, "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}


def size(text: str) -> int:
    """Bytes of a Kubernetes quantity such as 512Mi."""
    number, unit = text.rstrip("KMGi"), text[len(text.rstrip("KMGi")) :]
    if not number.isdigit() or unit not in _SIZES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: write it as 512Mi or 2Gi")
    return int(number) * _SIZES[unit]


def address(text: str) -> tuple[str, int]:
    """Host and port of ``host:port``; an empty host is every address."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address: write it as 127.0.0.1:8080 or :8080")
    return host.strip("[]"), int(port)


def count(text: str) -> int:
    """A number of things, one or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of at least 1")
    return int(text)


def account(text: str) -> str:
    """The name of a ServiceAccount."""
    if not is_account_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a ServiceAccount, such as deployer")
    return text


def parser() -> argparse.ArgumentParser:
    """The command line of the operator."""
    top = argparse.ArgumentParser(
        prog="pattern-operator", description="Runs signed patterns of Kubernetes resources from OCI registries."
    )
    top.add_argument("--version", action="version", version=f"pattern-operator {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    run = commands.add_parser(
        "run",
        help="reconcile DesignPatterns",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    run.add_argument(
        "--kubeconfig", type=Path, help="how to reach the API server; in a pod its service account is used"
    )
    run.add_argument("--context", help="the context of the kubeconfig, when not its current one")
    run.add_argument(
        "--cache-dir",
        type=Path,
        default=Path("/var/cache/pattern-operator"),
        help="the directory of the artifact cache",
    )
    run.add_argument("--cache-size", type=size, default="1Gi", help="its maximum size")
    run.add_argument(
        "--metrics-bind", type=address, default=":8080", help="the address of /metrics, /healthz and /readyz"
    )
    run.add_argument("--lease-namespace", help="the namespace of the leader election Lease; default: the pod's own")
    run.add_argument(
        "--default-service-account",
        type=account,
        metavar="NAME",
        help="the ServiceAccount, in the pattern's namespace, of patterns without spec.apply.serviceAccountName",
    )
    run.add_argument(
        "--require-service-account",
        action="store_true",
        help="apply nothing with the operator's own rights: every pattern must name a ServiceAccount",
    )
    run.add_argument(
        "--no-cross-namespace",
        action="store_true",
        help="refuse patterns that contain DesignPatterns of other namespaces",
    )
    run.add_argument(
        "--registry-network",
        type=str.capitalize,
        choices=("Any", "Public"),
        default="Any",
        help="where registries, and what they send the operator to, may be: Public refuses private addresses",
    )
    run.add_argument(
        "--unsigned",
        type=str.capitalize,
        choices=("Allow", "Deny"),
        default="Allow",
        help="what becomes of artifacts of which neither a TrustPolicy nor the pattern requires a signature",
    )
    run.add_argument("--concurrency", type=count, default=32, help="how many patterns are reconciled at once")
    run.add_argument("--workers", type=count, default=2, help="how many processes unpack and render at once")
    run.add_argument("--worker-memory", type=size, default="160Mi", help="how much memory each of them may take")
    run.add_argument("--helm", type=Path, metavar="PATH", help="the program helm; default: the one on PATH")
    run.add_argument("--kustomize", type=Path, metavar="PATH", help="the program kustomize; default: the one on PATH")
    run.add_argument(
        "--log-level",
        type=str.lower,
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="what is logged",
    )
    run.add_argument(
        "--log-format", type=str.lower, choices=("text", "json"), default="text", help="the format of log lines"
    )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; the exit code."""
    options = parser().parse_args(arguments)
    import uvloop  # a third more requests a second from the same core

    from pattern_operator.api.verification import Unsigned
    from pattern_operator.app import run_app
    from pattern_operator.manager import run
    from pattern_operator.reconcile.tenancy import Tenancy
    from pattern_operator.rlimits import raise_open_file_limit
    from pattern_operator.sandbox import ProgramPaths, WorkerLimits
    from pattern_operator.settings import Settings
    from pattern_operator.source import RegistryNetwork
    from pattern_operator.telemetry import configure

    configure(level=options.log_level, form=options.log_format)
    settings = Settings(
        kubeconfig=options.kubeconfig,
        context=options.context,
        lease_namespace=options.lease_namespace,
        cache_directory=options.cache_dir,
        cache_size=options.cache_size,
        metrics=options.metrics_bind,
        concurrency=options.concurrency,
        registry_network=RegistryNetwork(options.registry_network),
        unsigned=Unsigned(options.unsigned),
        workers=WorkerLimits(count=options.workers, memory=options.worker_memory),
        programs=ProgramPaths.find(helm=options.helm, kustomize=options.kustomize),
        tenancy=Tenancy(
            default_service_account=options.default_service_account,
            require_service_account=options.require_service_account,
            cross_namespace=not options.no_cross_namespace,
        ),
    )
    raise_open_file_limit()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(YOUNG_OBJECTS)
    gc.freeze()  # what is loaded by now stays: to look at it again and again would hold the event loop for 80 ms
    return uvloop.run(run(settings, run_app))


if __name__ == "__main__":
    sys.exit(main())
