"""YAML bytes to plain values as kubectl reads them, within limits that hold before memory is taken.

Built on libyaml's events and not on PyYAML's constructor: an alias is counted when it is used, so what is limited is
what expands; depth is counted without recursion; a key that occurs twice is refused (YAML 1.2.2, section 3.2.1.1:
keys are unique), where kubectl would silently take the last. Tags other than the core schema's are ignored, as
kubectl ignores them. Where a mapping merges others (``<<``), what stands later counts, as for kubectl (go-yaml v2).
"""

import base64
import binascii
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from pattern_operator.limits import MAX_KEY, MAX_NESTING, MAX_NODES, MAX_STREAM, MAX_YAML_ALIASES
from pattern_operator.render.invalid_yaml import LESS_DEEP, InvalidYaml, KeyTwice, YamlTooLarge
from pattern_operator.render.scalar import Scalar, key, resolve
from pattern_operator.render.scalar import value as json_value
from pattern_operator.render.written_keys import LONGEST_WRITTEN, MOST_WRITTEN_KEYS, KeyPath, WrittenKeys

Lines = Mapping[str | int, int]  # of the components of a design, by position or key: the line where each begins
_PARTS: Final = frozenset({"components", "services"})  # the fields of a design that hold them

_DEPTH_OF_PARTS: Final = 2  # the design, and the list or mapping of its parts
_TAG: Final = "tag:yaml.org,2002:"
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}
_MULTIPLIES: Final = "Write out less by aliases (*name)."
_TOO_DEEP: Final = "nesting depth"  # libyaml reads ahead, and stops by itself at 1,000 levels


@dataclass(slots=True)
class _Frame:
    """A collection that is being read. ``pending`` is the key whose value comes next; ``merging``: that key is <<."""

    value: Any
    anchor: str | None
    started_at: int  # nodes counted when it began, so that an alias to it can be weighed
    line: int
    pending: str | None = None
    merging: bool = False
    merged: set[str] = field(default_factory=set)  # keys that only a merge has given it: they may be written once more

    @property
    def awaits_key(self) -> bool:
        """Whether the next value is the key of a mapping."""
        return isinstance(self.value, dict) and self.pending is None and not self.merging


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A document, the line it begins at, and its keys that are not read as they are written."""

    line: int
    value: Any
    written: WrittenKeys
    lines: Lines


def load_all(text: str) -> Iterator[tuple[int, Any]]:
    """As ``load_documents``, only the line and the value of each."""
    return ((each.line, each.value) for each in load_documents(text))


def load_documents(text: str, *, most: int = MAX_NODES) -> Iterator[YamlDocument]:
    """Give each document with the line it begins at; empty documents are left out.

    ``most`` values and keys are built, those of aliases included.

    Raises:
        InvalidYaml: with the line and the reason.
        YamlTooLarge: depth, nodes or aliases exceed the limits of ``pattern_operator.limits``.
    """
    reader = _Reader(most)
    try:
        yield from reader.documents(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "it is not YAML"  # libyaml's own words: they hold no content
        line = mark.line + 1 if mark else reader.line
        if _TOO_DEEP in problem:
            raise _too_deep(line) from None
        raise InvalidYaml(problem, line=line) from None
    except yaml.YAMLError as error:
        # a ReaderError: its text quotes the character, and content is never repeated
        raise InvalidYaml("it contains a character that YAML forbids", line=_line_of(text, error)) from None


class _Reader:
    """Builds the documents of one stream. Aliases are counted across the whole of it."""

    def __init__(self, most: int) -> None:
        self.line = 1
        self._most = most
        self._nodes = 0
        self._aliases = 0
        self._documents = 0
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._document: Any = None
        self._written: dict[KeyPath, str] = {}
        self._lines: dict[str | int, int] = {}

    def documents(self, text: str) -> Iterator[YamlDocument]:
        """Yield each document that is not empty."""
        begins = 1
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):  # events: nothing is constructed
            self.line = event.start_mark.line + 1 if event.start_mark else self.line
            match event:
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.MappingStartEvent():
                    self._open({}, event.anchor)
                case yaml.SequenceStartEvent():
                    self._open([], event.anchor)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._close()
                case yaml.AliasEvent():
                    self._alias(event.anchor or "")
                case yaml.DocumentStartEvent():
                    begins, self._document, self._written, self._lines = self.line, None, {}, {}
                    self._count_document()
                    self._anchors.clear()
                case yaml.DocumentEndEvent() if self._document is not None:
                    yield YamlDocument(begins, self._document, self._written, self._lines)
                case _:
                    pass

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(1)
        merges = (event.implicit[0] and event.tag is None) or event.tag == f"{_TAG}merge"
        if merges and event.value == "<<" and self._awaits_key():
            self._frames[-1].merging = True
            return
        value = self._typed(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        is_key = self._awaits_key()
        self._place(value)
        if is_key and not isinstance(value, str):
            self._note_written(event.value)

    def _note_written(self, written: str) -> None:
        """Remember how the key that was just read stands in the file, where it is read as another."""
        if (
            written == self._frames[-1].pending
            or len(written) > LONGEST_WRITTEN
            or len(self._written) >= MOST_WRITTEN_KEYS
        ):
            return
        steps = [each.pending if isinstance(each.value, dict) else len(each.value) for each in self._frames]
        path = tuple(step for step in steps if step is not None)
        if len(path) == len(steps):  # what is merged (<<) has no place of its own
            self._written[path] = written

    def _typed(self, event: yaml.ScalarEvent) -> Scalar:
        text, tag = event.value, event.tag
        if tag is None:
            return resolve(text) if event.implicit[0] else str(text)
        try:
            if tag == f"{_TAG}binary":
                return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True).decode()
        except (ValueError, binascii.Error):
            raise InvalidYaml("a scalar is not what its tag binary says", line=self.line) from None
        if tag not in _TYPES:
            return str(text)
        scalar = resolve(text)
        if not isinstance(scalar, _TYPES[tag]) or (isinstance(scalar, bool) and bool not in _TYPES[tag]):
            raise InvalidYaml(f"a scalar is not what its tag {tag.removeprefix(_TAG)} says", line=self.line)
        return float(scalar) if tag == f"{_TAG}float" and isinstance(scalar, int) else scalar

    def _open(self, value: Any, anchor: str | None) -> None:
        self._count(1)
        if len(self._frames) >= MAX_NESTING:
            raise _too_deep(self.line)
        if self._awaits_key():
            raise InvalidYaml("a key is a list or a mapping, which JSON cannot hold", line=self.line)
        self._frames.append(_Frame(value, anchor, self._nodes, self.line))

    def _close(self) -> None:
        frame = self._frames.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, self._nodes - frame.started_at + 1)
        if len(self._frames) == _DEPTH_OF_PARTS and self._frames[0].pending in _PARTS:
            holder = self._frames[-1]
            place = holder.pending if isinstance(holder.value, dict) else len(holder.value)
            if place is not None:
                self._lines[place] = frame.line
        self._place(frame.value)

    def _alias(self, anchor: str) -> None:
        if anchor not in self._anchors:
            raise InvalidYaml("an alias names no anchor before it", line=self.line)
        self._aliases += 1
        if self._aliases > MAX_YAML_ALIASES:
            raise YamlTooLarge(f"it uses more than {MAX_YAML_ALIASES} aliases", line=self.line, advice=_MULTIPLIES)
        value, size = self._anchors[anchor]
        self._count(size)  # before the copy is made
        self._place(copy.deepcopy(value) if isinstance(value, dict | list) else value)

    def _place(self, value: Any) -> None:
        """Put a finished value where it belongs: the document, the list, the key or the value of a mapping."""
        if not self._frames:
            self._document = self._in_json(value)
            return
        frame = self._frames[-1]
        if isinstance(frame.value, list):
            frame.value.append(self._in_json(value))
        elif frame.merging:
            self._merge(frame, value)
        elif frame.pending is None:
            frame.pending = self._key(value, frame)
        else:
            frame.value[frame.pending] = self._in_json(value)
            frame.pending = None

    def _in_json(self, value: Any) -> Any:
        try:
            return value if isinstance(value, dict | list) else json_value(value)
        except ValueError:
            raise InvalidYaml("a scalar is infinity or not a number, which JSON cannot hold", line=self.line) from None

    def _key(self, value: Any, frame: _Frame) -> str:
        if isinstance(value, dict | list):
            raise InvalidYaml("a key is a list or a mapping, which JSON cannot hold", line=self.line)
        try:
            name = key(value)
        except ValueError as error:
            raise InvalidYaml(str(error), line=self.line) from None
        if len(name) > MAX_KEY:
            raise YamlTooLarge(
                f"a key has more than {MAX_KEY} characters, which no field of Kubernetes has",
                line=self.line,
                advice="Shorten it.",
            )
        if name in frame.value and name not in frame.merged:
            raise _twice(value, name, line=self.line)
        frame.merged.discard(name)
        return name

    def _merge(self, frame: _Frame, value: Any) -> None:
        """Take a merge key as go-yaml v2 does: it replaces what stands before it; in a list the first source wins."""
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise InvalidYaml("a merge key (<<) takes a mapping or a list of mappings", line=self.line)
        for source in reversed(sources):
            frame.merged.update(name for name in source if name not in frame.value)
            frame.value.update(source)
        frame.merging = False

    def _awaits_key(self) -> bool:
        return bool(self._frames) and self._frames[-1].awaits_key

    def _count_document(self) -> None:
        self._documents += 1
        if self._documents > MAX_STREAM:
            raise YamlTooLarge(f"it contains more than {MAX_STREAM} documents, empty ones included", line=self.line)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes <= self._most:
            return
        if self._aliases:
            raise YamlTooLarge(
                f"with what its aliases repeat it contains more than {self._most} values and keys",
                line=self.line,
                advice=f"{_MULTIPLIES} Or split it.",
            )
        raise YamlTooLarge(f"it contains more than {self._most} values and keys", line=self.line)


def _twice(value: Scalar, name: str, *, line: int) -> InvalidYaml:
    """What is wrong with a key that is there already; two words of a boolean are one key."""
    if not isinstance(value, bool):
        return KeyTwice(name, line=line)
    words = ", ".join(("y", "yes", "on", "true") if value else ("n", "no", "off", "false"))
    return InvalidYaml(
        f"two keys of one mapping are both read as {name}, as each of {words} is without quotes: quote them", line=line
    )


def _too_deep(line: int) -> YamlTooLarge:
    return YamlTooLarge(f"it is nested deeper than {MAX_NESTING} levels", line=line, advice=LESS_DEEP)


def _line_of(text: str, error: yaml.YAMLError) -> int:
    position = getattr(error, "position", 0)
    return text.count("\n", 0, position if isinstance(position, int) else 0) + 1
