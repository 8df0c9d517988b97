"""Whether a run may be done: what it lays out is bounded, and every word of it that reaches a command line is plain.

A run may come from a worker that the author of an artifact took over, so nothing of it is believed: neither that its
paths were checked when the artifact was unpacked, nor that its release is a name.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import (
    MAX_PROGRAM_DEPTH,
    MAX_PROGRAM_FOLDERS,
    MAX_PROGRAM_INPUT,
    MAX_PROGRAM_PATH,
    MAX_SETTING,
    MAX_SETTINGS,
    MAX_UNPACKED_FILES,
    MAX_VALUES,
    MIB,
)
from pattern_operator.quote import quoted
from pattern_operator.render.program import HelmTemplate, KustomizeBuild, ProgramRun

_NAME: Final = 255  # bytes of one part of a path: Linux, NAME_MAX
_API_VERSIONS: Final = 10_000  # of kube.capabilities; as words they then have less than the 2 MiB that Linux takes
_RELEASE: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")  # RFC 1123; Helm itself takes 53 characters
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_KUBE_VERSION: Final = re.compile(r"v?[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,6})?([-+][0-9A-Za-z.+-]{1,64})?")
# What ends in a number sets nothing else than values, whatever stands before: --set reads no file.
_SETTING: Final = re.compile(r"[^\0]+=-?[0-9]{1,19}", re.DOTALL)
_API_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,317}")  # group (253) / version (63), or with a kind


class RunRefused(Stalled):
    """A run that is not done; only another artifact or spec helps."""


def judge_run(run: ProgramRun) -> None:
    """Pass a run that may be done.

    Raises:
        RunRefused: ARCHIVE_REFUSED: a path that no artifact needs. RESOURCE_LIMIT_EXCEEDED: more than is laid out.
            INVALID_SPEC: a name or version that is none.
    """
    _judge_files(run.files)
    if isinstance(run, KustomizeBuild):
        _judge_place(run.path)
        return
    _judge_place(run.chart)
    if len(run.values) > MAX_VALUES:
        raise _too_much(f"the values of the chart have more than {MAX_VALUES // MIB} MiB")
    _judge_words(run)


def _judge_words(run: HelmTemplate) -> None:
    if len(run.api_versions) > _API_VERSIONS:
        raise _too_much(f"there are more than {_API_VERSIONS} API versions")
    for what, word, pattern, right in (
        ("name of a release", run.release, _RELEASE, "small letters, digits, - and ., at most 63"),
        ("name of a namespace", run.namespace, _NAMESPACE, "small letters, digits and -, at most 63"),
        ("Kubernetes version", run.kube_version, _KUBE_VERSION, "a version such as 1.34 or v1.34.1"),
        *(("API version", word, _API_VERSION, "apps/v1 or apps/v1/Deployment") for word in run.api_versions),
    ):
        if not pattern.fullmatch(word):
            raise RunRefused(
                reason=Reason.INVALID_SPEC,
                message=f"{quoted(word)} is not the {what} that helm takes: write {right}.",
            )
    if len(run.settings) > MAX_SETTINGS:
        raise _too_much(f"there are more than {MAX_SETTINGS} settings")
    if any(not _SETTING.fullmatch(each) or len(_bytes(each)) > MAX_SETTING for each in run.settings):
        raise RunRefused(
            reason=Reason.INVALID_SPEC, message="a setting of helm is not a path and a number: correct it."
        )


def _judge_files(files: tuple[File, ...]) -> None:
    if len(files) > MAX_UNPACKED_FILES:
        raise _too_much(f"it has more than {MAX_UNPACKED_FILES} files")
    if sum(len(file.content) for file in files) > MAX_PROGRAM_INPUT:
        raise _too_much(f"its files have more than {MAX_PROGRAM_INPUT // MIB} MiB together")
    folders = set[PurePosixPath]()
    for file in files:
        _judge_path(file.path)
        folders.update(PurePosixPath(file.path).parents)
        if len(folders) > MAX_PROGRAM_FOLDERS:
            raise _too_much(f"it has more than {MAX_PROGRAM_FOLDERS} folders")
    paths = {PurePosixPath(file.path) for file in files}
    if len(paths) < len(files):
        raise _odd("two of its files have one path")
    if both := paths & folders:
        raise _odd(f"{quoted(min(both).as_posix())} is a file of it and a folder")


def _judge_place(path: str) -> None:
    if path != ".":
        _judge_path(path)


def _judge_path(path: str) -> None:
    parts = path.split("/")
    if len(parts) > MAX_PROGRAM_DEPTH or len(_bytes(path)) > MAX_PROGRAM_PATH or _has_long(parts):
        raise _too_much(f"{quoted(path)} is longer, or in more folders, than a path is laid out")
    if any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise _odd(f"{quoted(path)} is not a plain path below the artifact")


def _has_long(parts: Iterable[str]) -> bool:
    return any(len(_bytes(part)) > _NAME for part in parts)


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _odd(f"{quoted(text)} is not text") from error


def _too_much(why: str) -> RunRefused:
    return RunRefused(
        reason=Reason.RESOURCE_LIMIT_EXCEEDED,
        message=f"{why}, which is more than helm or kustomize is given: split the artifact.",
    )


def _odd(why: str) -> RunRefused:
    return RunRefused(reason=Reason.ARCHIVE_REFUSED, message=f"{why}: rename or remove the file.")
