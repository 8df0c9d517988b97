"""Files of an artifact to documents: JSON where it is JSON, else YAML, each with the place it came from.

JSON is tried first: a design of 4 MB takes 30 ms as JSON and 1.8 s as YAML. Where JSON repeats a key the last one
counts, as for kubectl; YAML that repeats a key is refused (see ``yamlstream``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_JSON_DEPTH, MAX_KEY, MAX_NODES
from pattern_operator.render.yamlstream import LESS_DEEP, InvalidYaml, YamlTooLarge, load_all

_BEGINS_AS_JSON: Final = re.compile(rb"\s*[{\[]")
_STRING: Final = re.compile(rb'"[^"]*"')  # where nothing is escaped
_SUFFIXES: Final = frozenset({".yml", ".yaml", ".json"})
_NOT_PATTERNS: Final = frozenset({"artifacthub-pkg.yml", "artifacthub-pkg.yaml"})  # says what the artifact is


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: ``position`` counts the documents of the file from 1, ``line`` its lines."""

    path: str
    position: int
    line: int
    value: Any = field(repr=False)

    @property
    def where(self) -> str:
        """``<file>#<position>``: what a component of a plain manifest is known by."""
        return f"{self.path}#{self.position}"


def is_document(path: str) -> bool:
    """Whether a file by this path may hold documents: by its suffix, hidden files and package metadata left out."""
    name = PurePosixPath(path)
    hidden = any(part.startswith(".") for part in name.parts)
    return not hidden and name.suffix.lower() in _SUFFIXES and name.name.lower() not in _NOT_PATTERNS


def read(file: File) -> Iterator[Document]:
    """Read the documents of ``file``; empty ones are left out.

    Raises:
        Stalled: DOCUMENT_INVALID when it is neither JSON nor YAML, ARTIFACT_TOO_LARGE when it exceeds a limit; the
            message has file and line, and nothing of the content.
    """
    if _BEGINS_AS_JSON.match(file.content):
        _refuse_many_nodes(file)
        try:
            value = orjson.loads(file.content)
        except orjson.JSONDecodeError:
            pass  # flow style YAML begins like JSON, and several JSON documents are a YAML stream
        else:
            refuse_shape(value, path=file.path)
            yield Document(file.path, 1, 1, value)
            return
    yield from _read_yaml(file)


def _refuse_many_nodes(file: File) -> None:
    """Raise Stalled when the file holds too many values and keys: before they are made, of 100 bytes each."""
    if not has_more_values(file.content, MAX_NODES):
        return
    raise Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE,
        message=f"{file.path} holds more than {MAX_NODES} values and keys, which is more than the operator reads."
        " Split it.",
    )


def has_more_values(content: bytes, most: int) -> bool:
    """Whether a JSON text has more than ``most`` values and keys, without building them.

    They are counted by what stands between them: first anywhere, and where that is too much, outside of strings.
    """
    if _marks(content) <= most:
        return False
    plain = content.replace(rb"\\", b"").replace(rb"\"", b"")
    if plain.count(b'"') // 2 > most:
        return True
    return _marks(plain) - sum(_marks(string[0]) for string in _STRING.finditer(plain)) > most


def _marks(content: bytes) -> int:
    return sum(content.count(mark) for mark in (b",", b":", b"[", b"{"))


def refuse_shape(value: Any, *, path: str) -> None:
    """Raise Stalled when ``value`` is nested so deeply that walking it by recursion is not safe, or has a huge key."""
    level = [value]
    for _ in range(MAX_JSON_DEPTH):
        children: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                if any(len(key) > MAX_KEY for key in node):
                    raise Stalled(
                        reason=Reason.ARTIFACT_TOO_LARGE,
                        message=f"{path} has a key of more than {MAX_KEY} characters, which no field of Kubernetes has."
                        " Shorten it.",
                    )
                children.extend(child for child in node.values() if isinstance(child, dict | list))
            elif isinstance(node, list):
                children.extend(child for child in node if isinstance(child, dict | list))
        if not children:
            return
        level = children
    raise Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE,
        message=f"{path} is nested deeper than {MAX_JSON_DEPTH} levels. {LESS_DEEP}",
    )


def _read_yaml(file: File) -> Iterator[Document]:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        raise _invalid(file, line, "it is not UTF-8") from None
    try:
        for position, (line, value) in enumerate(load_all(text), start=1):
            yield Document(file.path, position, line, value)
    except YamlTooLarge as error:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"{file.path}, line {error.line}: {error}. {error.advice}",
        ) from None
    except InvalidYaml as error:
        raise _invalid(file, error.line, str(error)) from None


def _invalid(file: File, line: int, why: str) -> Stalled:
    return Stalled(
        reason=Reason.DOCUMENT_INVALID,
        message=f"{file.path}, line {line}: {why}. Correct the file and publish the artifact again.",
    )
