"""Files of an artifact to documents: JSON where it is JSON, else YAML, each with the place it came from.

JSON is tried first: a design of 4 MB takes 30 ms as JSON and 1.8 s as YAML. Where JSON repeats a key the last one
counts, as for kubectl; YAML that repeats a key is refused (see ``yamlstream``). As for kubectl a file may hold JSON
documents one after another, each YAML document of it may begin with a byte-order mark, and it may be UTF-16.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_KEY, MAX_NODES, MAX_STREAM
from pattern_operator.nesting import NestedTooDeep, levels
from pattern_operator.render.invalid_yaml import LESS_DEEP, InvalidYaml, YamlTooLarge
from pattern_operator.render.json_lines import lines_of_parts
from pattern_operator.render.unbuilt import TEMPLATE, is_template
from pattern_operator.render.written_keys import WrittenKeys
from pattern_operator.render.yamlstream import Lines, load_documents

_BEGINS_AS_JSON: Final = re.compile(rb"\s*[{\[]")
_NEXT_JSON: Final = re.compile(r"[\s\ufeff]*(?=[{\[])")
_JSON: Final = json.JSONDecoder()  # finds where a document ends; what it means is read by orjson
_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# A mark that begins a later document of a file put together of several (YAML 1.2.2, section 5.2), or stands before its
# separator; between the two there may be comments and empty lines.
_LATER_MARK: Final = re.compile(
    r"((?:\A|^(?:---|\.\.\.)(?:[ \t][^\r\n]*)?\r?\n)(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*)\ufeff+", re.MULTILINE
)
_BEFORE_SEPARATOR: Final = re.compile(r"^\ufeff+(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)
_GZIP: Final = b"\x1f\x8b"  # RFC 1952
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
    written: WrittenKeys = field(default_factory=dict, repr=False)
    lines: Lines = field(default_factory=dict, repr=False)  # of the components of a design

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
    file = _in_utf8(file)
    if _BEGINS_AS_JSON.match(file.content):
        _refuse_many_nodes(file)
        documents = _read_json(file)
        if documents is not None:
            yield from documents
            return
    yield from _read_yaml(file)


def _in_utf8(file: File) -> File:
    """The file without a mark at its begin; UTF-16, as some shells write it, is known by that mark.

    What comes of it is no more than half as long again.
    """
    for mark, encoding in _MARKS.items():
        if file.content.startswith(mark):
            try:
                text = file.content[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                line = file.content.count(b"\n", 0, error.start) + 1
                raise _invalid(file, line, f"it begins as {encoding.upper()} and is not") from None
            return File(file.path, text.encode())
    return file


def _read_json(file: File) -> list[Document] | None:
    """The JSON documents of the file, one after another as kubectl takes them; None where it is not JSON throughout."""
    try:
        values = [(1, orjson.loads(file.content))]
    except orjson.JSONDecodeError:
        found = _json_stream(file)
        if found is None:
            return None  # flow style YAML begins like JSON
        values = found
    for _, value in values:
        refuse_shape(value, path=file.path)
    lines = lines_of_parts(file.content) if len(values) == 1 else {}
    return [
        Document(file.path, position, line, value, lines=lines)
        for position, (line, value) in enumerate(values, start=1)
    ]


def _json_stream(file: File) -> list[tuple[int, Any]] | None:
    """Each document of a stream of JSON with the line it begins at; None where it is another thing."""
    try:
        text = file.content.decode()
    except UnicodeDecodeError:
        return None
    values: list[tuple[int, Any]] = []
    line, begin = 1, 0
    while match := _NEXT_JSON.match(text, begin):
        if len(values) == MAX_STREAM:
            raise Stalled(
                reason=Reason.ARTIFACT_TOO_LARGE,
                message=f"{file.path} contains more than {MAX_STREAM} documents, which is more than the operator reads."
                " Split it.",
            )
        line += text.count("\n", begin, match.end())
        try:
            _, end = _JSON.raw_decode(text, match.end())
            values.append((line, orjson.loads(text[match.end() : end])))
        except (ValueError, RecursionError):  # nested deeper than what is read: YAML says so
            return None
        line += text.count("\n", match.end(), end)
        begin = end
    return values if not text[begin:].strip().strip("\ufeff") else None


def _refuse_many_nodes(file: File) -> None:
    """Raise Stalled when the file holds too many values and keys: before they are made, of 100 bytes each."""
    if not has_more_values(file.content, MAX_NODES):
        return
    raise Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE,
        message=f"{file.path} contains more than {MAX_NODES} values and keys, which is more than the operator reads."
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
    try:
        for level in levels(value):
            if any(len(key) > MAX_KEY for node in level if isinstance(node, dict) for key in node):
                raise Stalled(
                    reason=Reason.ARTIFACT_TOO_LARGE,
                    message=f"{path} has a key of more than {MAX_KEY} characters, which no field of Kubernetes has."
                    " Shorten it.",
                )
    except NestedTooDeep as error:
        raise Stalled(reason=Reason.ARTIFACT_TOO_LARGE, message=f"{path} {error} levels. {LESS_DEEP}") from error


def _read_yaml(file: File) -> Iterator[Document]:
    try:
        text = _BEFORE_SEPARATOR.sub("", _LATER_MARK.sub(r"\1", file.content.decode()))
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        gzip = file.content.startswith(_GZIP)
        raise _invalid(file, line, "it is compressed with gzip" if gzip else "it is not UTF-8") from None
    try:
        for position, each in enumerate(load_documents(text), start=1):
            yield Document(file.path, position, each.line, each.value, each.written, each.lines)
    except YamlTooLarge as error:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"{file.path}, line {error.line}: {error}. {error.advice}",
        ) from None
    except InvalidYaml as error:
        if is_template(text, line=error.line):
            raise Stalled(
                reason=Reason.DOCUMENT_INVALID, message=f"{file.path}, line {error.line}: it is {TEMPLATE}"
            ) from None
        raise _invalid(file, error.line, str(error)) from None


def _invalid(file: File, line: int, why: str) -> Stalled:
    return Stalled(
        reason=Reason.DOCUMENT_INVALID,
        message=f"{file.path}, line {line}: {why}. Correct the file and publish the artifact again.",
    )
