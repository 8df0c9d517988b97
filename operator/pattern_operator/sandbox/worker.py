"""A worker process: confines itself, then unpacks and renders what it is handed, one artifact after another.

Started by ``pool`` with its socket as standard input, an empty environment and nothing else open. The layers come as
open files. It ends when the socket does.
"""

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from pattern_operator.api.report import Rendering
from pattern_operator.archive import Layer, LayerSelector
from pattern_operator.confine import confine, end_with
from pattern_operator.limits import MAX_LAYERS
from pattern_operator.render import Options
from pattern_operator.render.program import (
    HelmTemplate,
    KustomizeBuild,
    ProgramOutput,
    ProgramRun,
    drive,
    without_programs,
)
from pattern_operator.sandbox import run_wire, wire
from pattern_operator.sandbox.build import BuildRefused, Layers, Plan, build

Runner = Callable[[ProgramRun], ProgramOutput]

_DESCRIBED: Final = b"""{"apiVersion": "pattern-operator.io/v1alpha1", "kind": "Pattern",
"parameters": {"schema": {"properties": {"a": {"pattern": "^a$", "default": 1}}}}}"""
_JOB: Final = 1  # a byte, which carries the open files


def main() -> int:
    """Serve until the socket ends; the exit code."""
    memory, cpu_seconds, parent = (int(argument) for argument in sys.argv[1:])
    with socket.socket(fileno=0) as operator:
        if not end_with(parent):
            return 0
        _rehearse()
        confined = confine(memory=memory, cpu_seconds=cpu_seconds)
        operator.sendall(wire.encode_ready(wire.Ready(confined)))
        while True:
            mark, handles, _, _ = socket.recv_fds(operator, _JOB, MAX_LAYERS)
            if not mark:
                return 0
            files: list[BinaryIO] = [open(handle, "rb", buffering=0) for handle in handles]  # noqa: PTH123, SIM115 - a handle, and closed below
            try:
                answer = _work(_message(operator), files, run=partial(_run, operator))
            finally:
                for file in files:
                    file.close()
            operator.sendall(answer)


def _rehearse() -> None:
    """Load what Python loads only when it is first needed: once confined, no module can be opened any more."""
    plan = Plan(context="", types=(), selector=LayerSelector(), options=Options())
    for content in (b'{"apiVersion": "v1", "kind": "x"}', b"{1: 2", b"\xef\xbb\xbfa: 1", b"\xff", b"{a: !!binary x}"):
        with suppress(BuildRefused):
            wire.encode_rendering(_built(plan, [(Layer("", "design.yml", len(content)), BytesIO(content))]))
    with suppress(BuildRefused):
        _built(plan, [(Layer("", "pattern.yaml", len(_DESCRIBED)), BytesIO(_DESCRIBED))])
    with suppress(BuildRefused):
        _built(plan, [(Layer(".tar", "", 2), BytesIO(b"\x1f\x8b"))])
    output = ProgramOutput(exit_code=0, stdout=b"", stderr="")
    run_wire.decode_output(run_wire.encode_output(output)[wire.LENGTH.size :])
    for run in (
        KustomizeBuild(files=()),
        HelmTemplate(files=(), chart="", release="", namespace="", values=b"", kube_version=""),
    ):
        b"".join(run_wire.encode_run(run))


def _built(plan: Plan, layers: Layers, *, run: Runner = without_programs) -> Rendering:
    return drive(build(plan, layers), run=run)


def _run(operator: socket.socket, run: ProgramRun) -> ProgramOutput:
    """Let the operator run a program: this process can start none."""
    for piece in run_wire.encode_run(run):
        operator.sendall(piece)
    return run_wire.decode_output(_message(operator))


def _work(message: bytes, files: list[BinaryIO], *, run: Runner) -> bytes:
    """Do one job; whatever comes of it is an answer."""
    try:
        request = wire.decode_request(message)
        return wire.encode_rendering(_built(request.plan, list(zip(request.layers, files, strict=True)), run=run))
    except BuildRefused as refused:
        error = refused.error
        return wire.encode_failure(wire.Refused(refused.stage, error.reason, error.message))
    except MemoryError:
        pass
    except Exception as error:  # a defect, which an artifact can reach: it is told, and the process lives
        return wire.encode_failure(wire.Defect(_where(error)))
    return wire.encode_failure(wire.TooLarge(wire.MEMORY))  # outside the handler, where what was built is free again


def _where(error: Exception) -> str:
    """The type of an error, and the line of ours that raised it."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"{Path(code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' '.join(lines[-3:])}"


def _message(operator: socket.socket) -> bytes:
    (length,) = wire.LENGTH.unpack(_exactly(operator, wire.LENGTH.size))
    return _exactly(operator, length)


def _exactly(operator: socket.socket, length: int) -> bytes:
    message = bytearray(length)
    view = memoryview(message)
    while view:
        received = operator.recv_into(view)
        if not received:
            raise SystemExit(0)  # the operator ended in the middle
        view = view[received:]
    return bytes(message)


if __name__ == "__main__":
    sys.exit(main())
