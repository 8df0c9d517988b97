"""References into a design, ``$(#ref.<path>)``: replaced by what the design has at that path.

Source: meshery, server/models/pattern/stages/filler.go (the path is one of the flattened design, its steps joined by
dots). Unlike there a value that is a reference as a whole keeps its type, and one inside a text is replaced where it
stands. Only what describes a component can be referred to: models, schemas and styles are not part of it, so that no
reference reaches what a registrant carries.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.limits import MAX_PATH, MAX_REFERENCE_CHAIN, MAX_REFERENCE_STEPS, MAX_REFERENCED, MAX_REFERENCES
from pattern_operator.quote import quoted

BEGIN: Final = "$(#ref."
_REFERENCE: Final = re.compile(rf"\$\(#ref\.([^()$\r\n]{{1,{MAX_PATH}}})\)")
_TOP: Final = frozenset({"components", "id", "name", "schemaVersion", "services", "version"})
_COMPONENT: Final = frozenset(
    {"apiVersion", "component", "configuration", "description", "displayName", "id", "labels", "annotations"}
    | {"metadata", "name", "namespace", "settings", "type", "version"}
)
_DIGITS: Final = 6  # of a position in a list
_DEPTH: Final = 16  # levels of a value that is brought in as a whole
_OPAQUE: Final = frozenset({"schema"})  # of component.component: a text as long as all the rest


class BrokenReference(ValueError):
    """A reference cannot be replaced; the text says which and why, and holds nothing but its path."""


@dataclass(slots=True)
class References:
    """The references of one design. What they bring in is counted, whatever they refer to."""

    top: dict[str, Any] = field(repr=False)
    used: int = 0
    brought: int = 0  # characters and values
    looked: int = 0  # keys

    def resolve(self, text: str) -> Any:
        """What ``text`` means, with every reference in it replaced; a value as a whole is a part of the design itself.

        Raises:
            BrokenReference: one names nothing or itself, or what they bring in is more than a design may.
        """
        return self._resolved(text, ())

    def _resolved(self, text: str, chain: tuple[str, ...]) -> Any:
        if BEGIN not in text:
            return text
        if whole := _REFERENCE.fullmatch(text):
            return self._value(whole[1], chain)
        made, end = list[str](), 0
        for match in _REFERENCE.finditer(text):
            made += [text[end : match.start()], self._text(match[1], chain)]
            end = match.end()
        made.append(text[end:])
        if any(BEGIN in part for part in made[::2]):
            raise BrokenReference("a reference that is not $(#ref.<path>), such as $(#ref.components.0.displayName)")
        joined = "".join(made)
        if BEGIN in joined:
            raise BrokenReference("a reference that is put together of others; write it out")
        return joined

    def _text(self, path: str, chain: tuple[str, ...]) -> str:
        value = self._value(path, chain)
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str | int | float):
            raise BrokenReference(f"$(#ref.{_told(path)}) stands in a text, and names what is not a text or a number")
        return str(value)

    def _value(self, path: str, chain: tuple[str, ...]) -> Any:
        if path in chain:
            raise BrokenReference(f"$(#ref.{_told(path)}) refers to itself, by way of {len(chain)}")
        if len(chain) >= MAX_REFERENCE_CHAIN:
            raise BrokenReference(f"$(#ref.{_told(path)}) is reached by more than {MAX_REFERENCE_CHAIN} references")
        self._count(1)
        return self._within(self._at(path), (*chain, path), 0)

    def _within(self, value: Any, chain: tuple[str, ...], depth: int) -> Any:
        """A copy of a value of the design, with the references in it replaced."""
        if depth > _DEPTH:
            raise BrokenReference(f"$(#ref.{_told(chain[-1])}) names what is nested deeper than {_DEPTH} levels")
        self.brought += len(value) if isinstance(value, str) else 1
        self._count(0)
        if isinstance(value, dict):
            return {name: self._within(child, chain, depth + 1) for name, child in value.items()}
        if isinstance(value, list):
            return [self._within(item, chain, depth + 1) for item in value]
        return self._resolved(value, chain) if isinstance(value, str) else value

    def _count(self, used: int) -> None:
        self.used += used
        if self.used > MAX_REFERENCES or self.brought > MAX_REFERENCED:
            raise BrokenReference("the references of the design bring in more than a design may; write values out")

    def _at(self, path: str) -> Any:
        found = self._found(self.top, path.split("."), ())
        if not found:
            raise BrokenReference(f"$(#ref.{_told(path)}) names nothing in the design")
        if len(found) > 1:
            raise BrokenReference(f"$(#ref.{_told(path)}) names several places of the design: a key in it has a dot")
        return found[0]

    def _found(self, value: Any, steps: list[str], above: tuple[str, ...]) -> list[Any]:
        """What is at ``steps``; keys that hold dots take several. Each step counts: many keys may begin alike."""
        if not steps:
            return [value]
        if isinstance(value, list):
            index = steps[0]
            inside = index.isascii() and index.isdecimal() and len(index) < _DIGITS and int(index) < len(value)
            return self._found(value[int(index)], steps[1:], (*above, index)) if inside else []
        if not isinstance(value, dict):
            return []
        self.looked += len(steps)
        if self.looked > MAX_REFERENCE_STEPS:
            raise BrokenReference("the references of the design lead through more keys than are followed")
        found: list[Any] = []
        for length in range(1, len(steps) + 1):
            name = ".".join(steps[:length])
            if name in value and _is_open((*above, name)):
                found += self._found(value[name], steps[length:], (*above, name))
        return found


def _is_open(path: tuple[str, ...]) -> bool:
    """Whether a reference may lead through ``path``."""
    if len(path) == 1:
        return path[0] in _TOP
    if path[0] not in ("components", "services"):
        return True
    if len(path) == 3:
        return path[2] in _COMPONENT
    return not (len(path) > 3 and path[2] == "component" and path[3] in _OPAQUE)


def _told(path: str) -> str:
    return quoted(path).strip("'\"")
