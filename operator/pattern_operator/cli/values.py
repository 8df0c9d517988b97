"""The values of ``--values``, ``--set`` and its kin, put together as Helm does: files, then settings.

Source: Helm 4, ``pkg/cli/values/options.go``.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from pattern_operator.api.generated import FieldKeys
from pattern_operator.api.reason import Reason
from pattern_operator.cli import flag_file
from pattern_operator.errors import Stalled
from pattern_operator.limits import KIB, MAX_PARAMETERS
from pattern_operator.quote import quoted
from pattern_operator.render.options import NO_PARAMETERS
from pattern_operator.render.strvals import INT64, InvalidSetting, set_json, set_values
from pattern_operator.strict_json import InvalidDocument, read_object

_EXAMPLES: Final = {"--set-json": "'hosts=[\"a.example\"]'", "--set-file": "tls.ca=ca.crt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of flags, each ``key=value``: ``--set``, ``--set-string``, ``--set-json`` and ``--set-file``."""

    plain: Sequence[str] = ()
    texts: Sequence[str] = ()
    json: Sequence[str] = ()
    files: Sequence[str] = ()

    @classmethod
    def of(cls, given: argparse.Namespace) -> Self:
        """Those of a command line."""
        return cls(plain=given.set, texts=given.set_string, json=given.set_json, files=given.set_file)

    def put_into(self, values: dict[str, Any]) -> dict[str, Any]:
        """``values`` with these, in helm's order: JSON, plain ones, texts, files; raises Stalled DOCUMENT_INVALID."""
        for number, text in enumerate(self.json, start=1):
            if text.lstrip().startswith("{"):
                values = merge(values, _object(text, number))
            else:
                _put(text, values, "--set-json", number, set_json)
        for flag, given, reading in (
            ("--set", self.plain, None),
            ("--set-string", self.texts, str),
            ("--set-file", self.files, _content),
        ):
            for number, text in enumerate(given, start=1):
                _put(text, values, flag, number, partial(set_values, reading=reading))
        return values

    def __bool__(self) -> bool:
        return bool(self.plain or self.texts or self.json or self.files)


_NO_SETTINGS: Final = Settings()


def merged(files: Sequence[str], *, settings: Settings = _NO_SETTINGS, onto: bytes = NO_PARAMETERS) -> bytes:
    """JSON of all values, laid over those of ``onto``; raises as ``read_files`` and ``laid_over``."""
    return laid_over(onto, read_files(files), settings=settings)


def read_files(paths: Sequence[str]) -> list[dict[str, Any]]:
    """The values of each file; raises Stalled: ARTIFACT_NOT_FOUND, DOCUMENT_INVALID, ARTIFACT_TOO_LARGE."""
    return [_values(path) for path in paths]


def laid_over(onto: bytes, files: Sequence[dict[str, Any]], *, settings: Settings = _NO_SETTINGS) -> bytes:
    """JSON of ``onto`` with ``files`` and ``settings`` on it. ``null`` stays: it removes a default of a chart.

    Raises:
        Stalled: DOCUMENT_INVALID: a setting is not what Helm takes.
    """
    if not files and not settings:
        return onto
    values: dict[str, Any] = json.loads(onto)
    for each in files:
        values = merge(values, deepcopy(each))  # settings change what is merged
    try:
        return json.dumps(_of_64_bits(settings.put_into(values))).encode()
    except OverflowError:
        raise _invalid("--set-json: a number has too many digits: write it as text.") from None


def _of_64_bits(value: Any) -> Any:
    """``value`` with longer whole numbers as numbers with a point, as Go's ``encoding/json`` reads them.

    Raises OverflowError for what is none either. Values are nested a few hundred levels: their readers bound it.
    """
    match value:
        case dict():
            return {key: _of_64_bits(child) for key, child in value.items()}
        case list():
            return [_of_64_bits(child) for child in value]
        case int() if value not in INT64:
            return float(value)
    return value


def _put(text: str, values: dict[str, Any], flag: str, number: int, put: Callable[[str, dict[str, Any]], None]) -> None:
    try:
        put(text, values)
    except InvalidSetting as error:
        example = _EXAMPLES.get(flag, "image.tag=1.2")
        raise _invalid(f"{flag} number {number}: {error}: write key=value, as in {flag} {example}") from None


def _object(text: str, number: int) -> dict[str, Any]:
    try:
        return read_object(text.encode())
    except (InvalidDocument, UnicodeEncodeError):  # its own words may quote a value
        raise _invalid(
            f"--set-json number {number}: it is not a JSON object: write key=JSON, as in {_EXAMPLES['--set-json']}"
        ) from None


def _content(path: str) -> str:
    """The text of a file; raises InvalidSetting where it cannot be read as one."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_PARAMETERS + 1)
    except (OSError, ValueError):
        raise InvalidSetting(f"{quoted(path)} cannot be read") from None
    if len(content) > MAX_PARAMETERS:
        raise InvalidSetting(f"{quoted(path)} has more than {MAX_PARAMETERS // KIB} KiB")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidSetting(f"{quoted(path)} is not text in UTF-8") from None


def whole_numbers(settings: Sequence[str]) -> tuple[FieldKeys, ...]:
    """Where ``--set`` gives whole numbers, or may give some: for helm they are none of 64 bits with a point."""
    values: dict[str, Any] = {}
    for text in settings:
        with suppress(InvalidSetting):  # ``merged`` says so
            set_values(text, values)
    return tuple(_whole_numbers(values, ()))


def _whole_numbers(value: Any, path: FieldKeys) -> Iterator[FieldKeys]:
    """Settings are nested a few levels: strvals bounds it."""
    match value:
        case dict():
            for key, child in value.items():
                yield from _whole_numbers(child, (*path, key))
        case list():
            for position, child in enumerate(value):
                yield from _whole_numbers(child, (*path, position))
        case int() if not isinstance(value, bool):
            yield path


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``under``: mappings are merged, all else is replaced (helm 4, ``loader.MergeMaps``)."""
    both = dict(under)
    for key, value in over.items():
        below = both.get(key)
        both[key] = merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return both


def _values(path: str) -> dict[str, Any]:
    """The documents of a file of values, one laid over the other, as helm 4 reads them."""
    found: dict[str, Any] = {}
    for document in flag_file.documents(path, flag="--values", what="a file of values"):
        if not isinstance(document.value, dict):
            raise _invalid(f"{quoted(path)} is not a mapping of values: write them as key: value.")
        found = merge(found, document.value)
    return found


def _invalid(message: str) -> Stalled:
    return Stalled(reason=Reason.DOCUMENT_INVALID, message=message)
