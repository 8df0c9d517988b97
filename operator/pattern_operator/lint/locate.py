"""From a field of a rendered object, or a sentence that names one, to where its author wrote it."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.lint.position.node import Member, Node, Root, Step
from pattern_operator.lint.position.sources import Sources
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.design import Design
from pattern_operator.render.fields import unspaced

Path = tuple[Step, ...]
_WORDS: Final = re.compile(r"(?:^|(?<=[\s(,]))[A-Za-z]")
_MOST_WORDS: Final = 80  # beginnings in a sentence that are tried
_MOST_KEYS: Final = 500  # of a mapping that are compared with a sentence
_PLAIN_KEY: Final = re.compile(r"[\w/-]{1,253}")
_COMPONENT_FIELDS: Final[dict[Path, Path]] = {
    ("metadata", "name"): ("displayName",),
    ("apiVersion",): ("component", "version"),
    ("kind",): ("component", "kind"),
}
_SERVICE_FIELDS: Final[dict[Path, Path]] = {
    ("metadata", "name"): ("name",),
    ("apiVersion",): ("apiVersion",),
    ("kind",): ("type",),
}


@dataclass(frozen=True, slots=True)
class Locus:
    """Where a component stands: its file, its document, the path of it, and of what becomes its object."""

    file: str
    root: Root | None
    at: Path = ()
    body: Path = ()
    fields: dict[Path, Path] = field(default_factory=dict)
    document: int = 0  # its position among those of the file, from 0

    def written(self, path: Path) -> Path:
        """The path in the document of a field of the object."""
        if path in self.fields:
            return (*self.at, *self.fields[path])
        return (*self.at, *self.body, *path)

    def place(self, path: Path, *, on_key: bool = False, body: Any = None) -> tuple[int, int]:
        """Line and column of a field of the object, or of the nearest thing around it; ``body`` is the object.

        Where a list has another length than it has in the object, its entries are not matched.
        """
        if self.root is None:
            return 0, 0
        steps = self.written(self._sure(path, body))
        node, member, taken = self.root.find(steps)
        if taken == len(steps) and on_key and member is not None:
            return self.root.place(member.key_start)
        if taken < len(steps) and member is not None and node.members is not None:
            return self.root.place(member.key_start)
        return self.root.place(node.start)

    def named(self, sentence: str) -> tuple[int, int]:
        """Line and column of the field that a sentence names, or of the component."""
        if self.root is None:
            return 0, 0
        top, _, taken = self.root.find((*self.at, *self.body))
        best: tuple[int, Member] | None = None
        if taken == len(self.at) + len(self.body):
            for number, match in enumerate(_WORDS.finditer(sentence)):
                if number == _MOST_WORDS:
                    break
                found = _follow(top, sentence[match.start() :])
                if found is not None and (best is None or found[0] > best[0]):
                    best = found
        if best is not None:
            return self.root.place(best[1].key_start)
        for path in self.fields:
            if ".".join(map(str, path)) in sentence and (found_at := self._special(path)) is not None:
                return found_at
        return self.root.place(self.root.find(self.at)[0].start)

    def _special(self, path: Path) -> tuple[int, int] | None:
        if self.root is None:
            return None
        steps = self.written(path)
        _, member, taken = self.root.find(steps)
        return self.root.place(member.key_start) if member is not None and taken == len(steps) else None

    def _sure(self, path: Path, body: Any) -> Path:
        """``path`` up to the first list that is another than in the file."""
        if self.root is None or body is None:
            return path
        value = body
        for taken, step in enumerate(path):
            if isinstance(step, int):
                node, _, found = self.root.find(self.written(path[:taken]))
                same = found == len(self.written(path[:taken])) and node.items is not None
                if not same or not isinstance(value, list) or len(node.items or ()) != len(value):
                    return path[:taken]
                value = value[step] if step < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return path


def of_design(sources: Sources, design: Design, index: int) -> Locus:
    """The place of the component at ``index`` of a design."""
    document, root = sources.design(design.path)
    place = design.components[index].place
    if root is not None and root.node.child("components") is not None:
        return Locus(design.path, root, ("components", index), ("configuration",), _COMPONENT_FIELDS, document)
    return Locus(design.path, root, ("services", place), ("settings",), _SERVICE_FIELDS, document)


def of_manifest(sources: Sources, component: WorkingComponent) -> Locus:
    """The place of an object of plain manifests, whose id is ``<file>#<document>.<item of a list>...``."""
    file, _, position = component.id.rpartition("#")
    first, *items = (int(part) if part.isdigit() else 0 for part in position.split("."))
    path = tuple(step for item in items for step in ("items", item - 1))
    return Locus(file, sources.root(file, first), path, document=first - 1)


def _follow(node: Node, text: str) -> tuple[int, Member] | None:
    """How many characters at the begin of ``text`` are the path of a field below ``node``, and the field."""
    taken, found = 0, None
    while True:
        rest = text[taken:]
        if rest.startswith("[") and node.items is not None and (end := rest.find("]")) > 0:
            digits = rest[1:end]
            below = node.child(int(digits)) if digits.isdigit() and len(digits) < 7 else None
            if below is None:
                break
            node, taken = below, taken + end + 1
        elif node.members is not None and (member := _longest(node.members, rest.removeprefix("."))) is not None:
            name, value = member
            taken += len(name) + (1 if rest.startswith(".") else 0)
            node, found = value.node, value
        else:
            break
        if taken < len(text) and text[taken] not in ".[":
            break
    return (taken, found) if found is not None else None


def _longest(members: dict[str, Member], text: str) -> tuple[str, Member] | None:
    """The key, as it is written or without spaces, that ``text`` begins with; of a huge mapping a plain key alone."""
    if len(members) > _MOST_KEYS:
        plain = _PLAIN_KEY.match(text)
        found = members.get(plain[0]) if plain is not None else None
        return (plain[0], found) if plain is not None and found is not None else None
    best: tuple[str, Member] | None = None
    for key, member in members.items():
        for name in {key, unspaced(key)}:
            if text.startswith(name) and (best is None or len(name) > len(best[0])) and _ends(text, len(name)):
                best = (name, member)
    return best


def _ends(text: str, at: int) -> bool:
    return at == len(text) or not (text[at].isalnum() or text[at] in "_-/")
