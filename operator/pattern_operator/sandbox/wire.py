"""What the operator and a worker say to each other: JSON of known types, each message with its length before it.

The operator believes nothing of an answer: whoever wrote an artifact may have taken over the process that read it. So
an answer is not a pickle, is bounded in bytes and in what is built from it, and is checked by its types. Objects come
one by one, because a JSON parser holds the interpreter, and with it the event loop, until it returns.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from pattern_operator.api.dependency import Dependencies
from pattern_operator.api.generated import FieldKeys, GeneratedFields
from pattern_operator.api.health_check import HealthChecks
from pattern_operator.api.hook import MAX_HOOKS, Hook
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import ComponentReport, Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.archive import Layer
from pattern_operator.errors import Stalled
from pattern_operator.limits import (
    KIB,
    MAX_GENERATED,
    MAX_OBJECT,
    MAX_OBJECT_VALUES,
    MAX_OBJECTS,
    MAX_RENDERED,
    MAX_REPORT,
    MAX_REPORT_NAME,
)
from pattern_operator.quote import one_line
from pattern_operator.render import has_more_values
from pattern_operator.sandbox.build import BuildRefused, Plan

LENGTH: Final = struct.Struct("!I")  # of each message, and of each part of an answer, in bytes
MAX_ANSWER: Final = MAX_RENDERED + MAX_REPORT + 256 * KIB  # the rest: lengths, and ids of components
MAX_REQUEST: Final = 8 * 1024 * KIB  # titles and media types of layers come from a manifest of at most 4 MiB
PIECE: Final = 256 * KIB  # read from a socket at once
_REPORTS: Final = 500  # components in one part
_NODE: Final = 100  # bytes of memory that a value takes at most, beside its text: an empty mapping in a list has 72


class BrokenAnswer(Exception):
    """An answer is not what a worker sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A job: the files of the layers are handed over beside it, in this order."""

    plan: Plan
    layers: tuple[Layer, ...]


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """A worker can take jobs. ``confined``: the kernel refuses it files, sockets and processes."""

    confined: bool


class Done(msgspec.Struct, tag="done", frozen=True):
    """Built; reports, objects, objects of hooks and generated fields follow, each in a part of its own."""

    format: str
    name: str
    version: str
    reports: int  # parts
    objects: int
    hooks: int = 0
    generated: int = 0
    deprecated: str = ""
    depends_on: Dependencies = ()
    health_checks: HealthChecks = ()
    repeatable: bool = True


class Refused(msgspec.Struct, tag="refused", frozen=True):
    """It cannot be built."""

    stage: Stage
    reason: Reason
    message: str


class TooLarge(msgspec.Struct, tag="too-large", frozen=True):
    """It was given up: ``limit`` names what was exceeded, ``name`` the object that did, where it is one."""

    limit: str
    name: str = ""


class Defect(msgspec.Struct, tag="defect", frozen=True):
    """The worker's own failure: the type of the exception and where it was raised, and nothing of the artifact."""

    where: str


Answer = Done | Refused | TooLarge | Defect

MEMORY: Final = "memory"  # limits of TooLarge
RENDERED: Final = "rendered"
REPORT: Final = "report"
OBJECT: Final = "object"
HOOKS: Final = "hooks"

_answers: Final = msgspec.json.Decoder(Answer)
# Which object, and the fields of it.
_generated: Final = msgspec.json.Decoder(tuple[int, tuple[FieldKeys, ...], tuple[FieldKeys, ...]])
_reports: Final = msgspec.json.Decoder(tuple[ComponentReport, ...])
_requests: Final = msgspec.json.Decoder(Request)
_ready: Final = msgspec.json.Decoder(Ready)


def encode_request(request: Request) -> bytes:
    """The message for a job."""
    return _with_length(msgspec.json.encode(request))


def decode_request(message: bytes) -> Request:
    """The job that ``encode_request`` wrote."""
    return _requests.decode(message)


def encode_ready(ready: Ready) -> bytes:
    """The first message of a worker."""
    return _with_length(msgspec.json.encode(ready))


def decode_ready(message: bytes) -> Ready:
    """The first message of a worker; raises BrokenAnswer."""
    try:
        return _ready.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenAnswer("its first message is none") from error


def encode_failure(answer: Refused | TooLarge | Defect) -> bytes:
    """The message that ends a job without a rendering."""
    return _with_length(_with_length(msgspec.json.encode(answer)))


def encode_rendering(rendering: Rendering) -> bytes:
    """The message that ends a job; a rendering beyond the limits becomes ``TooLarge``."""
    generated = list(_generated_parts(rendering))
    parts = [b"", *_report_parts(rendering)]
    reports = len(parts) - 1
    if sum(map(len, (*parts, *generated))) > MAX_REPORT:
        return encode_failure(TooLarge(REPORT))
    if len(rendering.hooks) > MAX_HOOKS:
        return encode_failure(TooLarge(HOOKS))
    total = 0
    for each in (*rendering.objects, *(hook.object for hook in rendering.hooks)):
        parts.append(orjson.dumps([each.component, each.after, each.body]))
        if len(parts[-1]) > MAX_OBJECT or has_more_values(parts[-1], MAX_OBJECT_VALUES):
            return encode_failure(TooLarge(OBJECT, one_line(each.key.display_name, MAX_REPORT_NAME)))
        total += len(parts[-1])
        if total > MAX_RENDERED:
            return encode_failure(TooLarge(RENDERED))
    parts[0] = msgspec.json.encode(
        Done(
            format=rendering.format,
            name=rendering.name,
            version=rendering.version,
            deprecated=rendering.deprecated,
            depends_on=rendering.depends_on,
            health_checks=rendering.health_checks,
            repeatable=rendering.repeatable,
            reports=reports,
            objects=len(rendering.objects),
            hooks=len(rendering.hooks),
            generated=len(generated),
        )
    )
    parts += generated
    return _with_length(b"".join(map(_with_length, parts)))


def cost(answer: bytes) -> int:
    """The bytes of memory, at most, that decoding ``answer`` takes: its text, and each value in it.

    Counted and not believed: marks inside strings count too, so it is some times too much for ordinary objects.
    """
    return len(answer) + _NODE * sum(answer.count(mark) for mark in (b",", b"[", b"{", b":"))


def decode_answer(answer: bytes) -> Rendering | TooLarge | Defect:
    """Read what a worker sent. Takes some time for a large answer, in many steps that each hold nobody up.

    Raises:
        BuildRefused: the worker refused the artifact.
        BrokenAnswer: it is not what a worker sends.
    """
    parts = _parts(answer)
    try:
        first: Answer = _answers.decode(next(parts))
        if isinstance(first, Refused):
            raise BuildRefused(first.stage, Stalled(reason=first.reason, message=first.message))
        if not isinstance(first, Done):
            return first
        if first.objects > MAX_OBJECTS or first.hooks > MAX_HOOKS:
            raise BrokenAnswer("it has too many objects")
        if any(each.misnamed for each in first.depends_on):
            raise BrokenAnswer("it depends on what nothing can be called")
        if any(each.misnamed for each in first.health_checks):
            raise BrokenAnswer("its health checks are for what no kind can be called")
        reports = tuple(each for _ in range(first.reports) for each in _reports.decode(next(parts)))
        objects = tuple(_object(next(parts)) for _ in range(first.objects))
        hooks = tuple(_hook(next(parts)) for _ in range(first.hooks))
        generated = tuple(_generated_fields(next(parts), objects) for _ in range(min(first.generated, len(objects))))
        if next(parts, None) is not None:
            raise BrokenAnswer("something follows it")
    except (msgspec.DecodeError, orjson.JSONDecodeError, StopIteration, RuntimeError, ValueError) as error:
        raise BrokenAnswer("it is not made as answers are") from error
    return Rendering(
        objects=objects,
        components=reports,
        format=first.format,
        name=first.name,
        version=first.version,
        deprecated=first.deprecated,
        depends_on=first.depends_on,
        health_checks=first.health_checks,
        repeatable=first.repeatable,
        hooks=hooks,
        generated=generated,
    )


def _generated_fields(part: bytes, objects: Sequence[Object]) -> GeneratedFields:
    position, paths, metadata = _generated.decode(part)
    if not 0 <= position < len(objects) or max(len(paths), len(metadata)) > MAX_GENERATED:
        raise BrokenAnswer("its generated fields are of no object, or too many")
    return GeneratedFields(objects[position].key, paths, metadata)


def _generated_parts(rendering: Rendering) -> Iterator[bytes]:
    positions = {each.key: position for position, each in enumerate(rendering.objects)}
    return (msgspec.json.encode((positions[each.key], each.paths, each.build_metadata)) for each in rendering.generated)


def _hook(part: bytes) -> Hook:
    """A hook is what its annotations make it, whatever else a worker says."""
    hook = Hook.of(_object(part))
    if hook is None:
        raise BrokenAnswer("one of its hooks is none")
    return hook


def _object(part: bytes) -> Object:
    loaded: Any = orjson.loads(part)
    match loaded:
        case [
            str(component),
            list(after),
            {"apiVersion": str(), "kind": str(), "metadata": {"name": str(), **metadata}, **_rest},
        ] if isinstance(metadata.get("namespace", ""), str) and all(isinstance(each, str) for each in after):
            return Object.of(loaded[2], component=component, after=tuple(after))
    raise BrokenAnswer("one of its objects is none")


def _report_parts(rendering: Rendering) -> Iterator[bytes]:
    components = rendering.components
    for start in range(0, len(components), _REPORTS):
        yield msgspec.json.encode(components[start : start + _REPORTS])


def _parts(answer: bytes) -> Iterator[bytes]:
    view, start = memoryview(answer), 0
    while start < len(view):
        if start + LENGTH.size > len(view):
            raise BrokenAnswer("it ends too early")
        (length,) = LENGTH.unpack_from(view, start)
        start += LENGTH.size
        if start + length > len(view):
            raise BrokenAnswer("it ends too early")
        part = bytes(view[start : start + length])
        if length > MAX_OBJECT or has_more_values(part, MAX_OBJECT_VALUES):  # it is parsed without a break
            raise BrokenAnswer("one of its parts is too long")
        yield part
        start += length


def _with_length(message: bytes) -> bytes:
    return LENGTH.pack(len(message)) + message
