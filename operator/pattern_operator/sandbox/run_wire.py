"""The dialogue about programs: a worker asks for a run in the middle of a job, and is sent the output.

Beside ``wire``: a header of known types, and the bytes of the files as they are. The operator believes nothing of it:
``programs.judge_run`` says whether the run is done.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from pattern_operator.api.artifact import File
from pattern_operator.limits import (
    MAX_OBJECT,
    MAX_PROGRAM_INPUT,
    MAX_PROGRAM_OUTPUT,
    MAX_UNPACKED_FILES,
    MAX_VALUES,
    MIB,
)
from pattern_operator.render.program import HelmTemplate, KustomizeBuild, ProgramOutput, ProgramRun
from pattern_operator.sandbox.wire import LENGTH, BrokenAnswer

MAX_RUN: Final = MAX_PROGRAM_INPUT + MAX_VALUES + MAX_OBJECT  # a message that asks for a run
MAX_OUTPUT: Final = MAX_PROGRAM_OUTPUT + 1 * MIB
_MARK: Final = b'{"type":"run",'


class _Run(msgspec.Struct, tag="run", frozen=True):
    """``files`` are paths and sizes, ``values`` is a size: the bytes follow in this order."""

    program: Literal["helm", "kustomize"]
    place: str
    files: tuple[tuple[str, int], ...]
    values: int = 0
    release: str = ""
    namespace: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    skips_schema: bool = False


class _Output(msgspec.Struct, tag="output", frozen=True):
    """The standard output follows."""

    exit_code: int
    stderr: str


_runs: Final = msgspec.json.Decoder(_Run)
_outputs: Final = msgspec.json.Decoder(_Output)


def encode_run(run: ProgramRun) -> Iterator[bytes]:
    """The message that asks for a run, in pieces; the files are not copied."""
    contents = [file.content for file in run.files]
    files = tuple((file.path, len(file.content)) for file in run.files)
    if isinstance(run, HelmTemplate):
        contents.append(run.values)
        header = _Run(
            program="helm",
            place=run.chart,
            files=files,
            values=len(run.values),
            release=run.release,
            namespace=run.namespace,
            kube_version=run.kube_version,
            api_versions=run.api_versions,
            settings=run.settings,
            skips_schema=run.skips_schema,
        )
    else:
        header = _Run(program="kustomize", place=run.path, files=files)
    yield from _message(msgspec.json.encode(header), contents)


def is_run(message: bytes) -> bool:
    """Whether a worker asks for a run, and does not answer."""
    return message[LENGTH.size : LENGTH.size + len(_MARK)] == _MARK


def decode_run(message: bytes) -> ProgramRun:
    """Read what a worker asks for; raises BrokenAnswer. It may ask for anything."""
    try:
        header, rest = _parted(message)
        asked = _runs.decode(header)
        if len(asked.files) > MAX_UNPACKED_FILES:
            raise BrokenAnswer("a run has too many files")
        files, start = list[File](), 0
        for path, size in asked.files:
            files.append(File(path, _slice(rest, start, size)))
            start += size
        values = _slice(rest, start, asked.values)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenAnswer("a run is not made as runs are") from error
    if start + asked.values != len(rest):
        raise BrokenAnswer("something follows a run")
    if asked.program == "kustomize":
        return KustomizeBuild(files=tuple(files), path=asked.place)
    return HelmTemplate(
        files=tuple(files),
        chart=asked.place,
        release=asked.release,
        namespace=asked.namespace,
        values=values,
        kube_version=asked.kube_version,
        api_versions=asked.api_versions,
        settings=asked.settings,
        skips_schema=asked.skips_schema,
    )


def encode_output(output: ProgramOutput) -> bytes:
    """The message that answers a run."""
    header = msgspec.json.encode(_Output(output.exit_code, output.stderr))
    return b"".join(_message(header, [output.stdout]))


def decode_output(message: bytes) -> ProgramOutput:
    """What ``encode_output`` wrote, without its own length."""
    header, rest = _parted(message)
    said = _outputs.decode(header)
    return ProgramOutput(exit_code=said.exit_code, stdout=bytes(rest), stderr=said.stderr)


def _message(header: bytes, contents: list[bytes]) -> Iterator[bytes]:
    yield LENGTH.pack(LENGTH.size + len(header) + sum(map(len, contents)))
    yield LENGTH.pack(len(header))
    yield header
    yield from contents


def _parted(message: bytes) -> tuple[memoryview, memoryview]:
    view = memoryview(message)
    if len(view) < LENGTH.size:
        raise BrokenAnswer("a run ends too early")
    (length,) = LENGTH.unpack_from(view)
    if length > min(MAX_OBJECT, len(view) - LENGTH.size):
        raise BrokenAnswer("the header of a run is too long")
    return view[LENGTH.size : LENGTH.size + length], view[LENGTH.size + length :]


def _slice(content: memoryview, start: int, size: int) -> bytes:
    if size < 0 or start + size > len(content):
        raise BrokenAnswer("a run ends too early")
    return bytes(content[start : start + size])
