"""The process of one namespace: takes limits upon itself, then answers job after job until it is ended.

Started by ``process`` with a socket as standard input and an empty environment.
"""

import socket
import struct
import sys
import time
from collections.abc import Iterator
from typing import Final

import orjson

from pattern_operator.confine import confine, end_with
from pattern_operator.health_checks import language

LENGTH: Final = struct.Struct("!I")  # of each message, in bytes
_WARM: Final = (
    '[1].map(x, string(x)).exists(x, x == "1" && x.matches("1")) && timestamp(0) < timestamp(1)'
    ' && status.?a.orValue("X").lowerAscii() == "x" && base64.decode("eA==") == b"x" && [1] != other'
)


def main() -> int:
    """Say that it is confined, then read a job and answer it, again and again; it ends with the processor time."""
    memory, retire_after, cpu_seconds, parent = (int(argument) for argument in sys.argv[1:])
    if not end_with(parent):
        return 0
    # Loads what is loaded late: once confined, no file can be opened any more.
    language.judge({"current": _WARM, "failed": "undeclared()"}, b'{"status":{},"other":[]}')
    with socket.socket(fileno=0) as line:
        confine(memory=memory, cpu_seconds=cpu_seconds)
        _send(line, b"")
        while (job := _receive(line)) is not None:
            for each in _answers(job):
                _send(line, each)
            if time.process_time() >= retire_after:  # so that each job finds enough of it left
                break
    return 0


def _answers(job: bytes) -> Iterator[bytes]:
    """Of a line of JSON, and what follows it: a list are expressions to compile, an object is a check for a body."""
    head, _, body = job.partition(b"\n")
    asked = orjson.loads(head)
    if isinstance(asked, list):
        for each in asked:
            why = language.why_unusable(each)
            yield orjson.dumps(None if why is None else why.encode(errors="replace").decode())
        return
    answer = language.judge(asked, body)
    yield orjson.dumps({"state": answer.state, "field": answer.field, "obstacle": answer.obstacle, "name": answer.name})


def _send(line: socket.socket, message: bytes) -> None:
    line.sendall(LENGTH.pack(len(message)) + message)


def _receive(line: socket.socket) -> bytes | None:
    """The next job; None where no more will come."""
    head = _exactly(line, LENGTH.size)
    return None if head is None else _exactly(line, LENGTH.unpack(head)[0])


def _exactly(line: socket.socket, length: int) -> bytes | None:
    pieces = list[bytes]()
    while length:
        piece = line.recv(min(length, 1 << 18))
        if not piece:
            return None
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


if __name__ == "__main__":
    sys.exit(main())
