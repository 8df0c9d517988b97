r"""``${name}`` in the texts of manifests and designs, for patterns whose ``pattern.yaml`` declares parameters.

A text that is one reference becomes the parameter as it is, whatever its type, but that a number or boolean becomes
text where Kubernetes takes text alone: a label, ``data`` of a ConfigMap, ``value`` of ``env`` (``texts.takes_text``).
Within a text a parameter is a text, number or boolean. ``$${`` writes ``${``. Names of fields stay as they are, and
what was put in is not looked at again.
"""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.fields import mapping, text
from pattern_operator.limits import MAX_PATH, MAX_RENDERED
from pattern_operator.quote import one_line, quoted
from pattern_operator.render.parameters.target_path import TargetPath
from pattern_operator.render.texts import takes_text
from pattern_operator.suggestion import nearest

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{(?P<name>[^{}]*)\}|\$\{")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+|\[[0-9]{1,4}\])*")
_HOW_TO_ESCAPE: Final = "write $${ for ${"
_MISSING: Final = object()


class InvalidReference(ValueError):
    """A text refers to what is not a parameter; the message names the field, and holds no value."""


@dataclass(frozen=True, slots=True)
class _Enclosing:
    """The object that a value belongs to, and where it begins in the document."""

    api_version: str = ""
    kind: str = ""
    depth: int = 0

    def takes_text(self, path: tuple[str | int, ...]) -> bool:
        return bool(self.kind) and takes_text(self.api_version, self.kind, path[self.depth :])


class Substitution:
    """Puts ``parameters`` into documents, one after another: the bound is on all of them together."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._left = MAX_RENDERED  # characters that may be put in
        self._meant = ""

    def substitute(self, value: Any, *, meant: str = "") -> Any:
        """``value`` with its references replaced; it is not changed. It is nested at most ``limits.MAX_NESTING`` deep.

        ``meant`` is what has a meaning in this document to whoever reads it next: no parameter may bring it in.

        Raises:
            InvalidReference: a reference names no parameter with a value, or one that is no text within a text, or what
                is ``meant``.
        """
        self._meant = meant
        return self._replaced(value, (), _Enclosing())

    def _replaced(self, value: Any, path: tuple[str | int, ...], enclosing: _Enclosing) -> Any:
        match value:
            case dict():
                return {
                    name: self._replaced(each, (*path, str(name)), _below(value, name, len(path), enclosing))
                    for name, each in value.items()
                }
            case list():
                return [self._replaced(each, (*path, position), enclosing) for position, each in enumerate(value)]
            case str() if "${" in value:
                made = self._text(value, path, enclosing)
                self._refuse_meaning(value, made, path)
                return made
        return value

    def _refuse_meaning(self, text: str, made: Any, path: tuple[str | int, ...]) -> None:
        """Raise InvalidReference where ``made`` has what is ``meant`` more often than the author wrote it."""
        if not self._meant:
            return
        whole = made if isinstance(made, str) else json.dumps(made)
        if whole.count(self._meant) > text.count(self._meant):
            raise InvalidReference(
                f"{_shown(path)} has a parameter with {self._meant} in it, which would be taken for a reference of the"
                " design: give the parameter another value"
            )

    def _text(self, text: str, path: tuple[str | int, ...], enclosing: _Enclosing) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole is None or whole["name"] is None:
            return _REFERENCE.sub(lambda found: self._part(found, path), text)
        value = self._value(whole["name"], path)
        if isinstance(value, bool | int | float) and enclosing.takes_text(path):
            return json.dumps(value)
        return copy.deepcopy(value)

    def _part(self, found: re.Match[str], path: tuple[str | int, ...]) -> str:
        if found[0] == "$${":
            return "${"
        if found["name"] is None:
            raise InvalidReference(f"{_shown(path)} has ${{ without }}: {_HOW_TO_ESCAPE}")
        value = self._value(found["name"], path)
        if isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return json.dumps(value)
        raise InvalidReference(
            f"{_shown(path)} has ${{{found['name']}}} within a text, and that parameter is not a text, number or"
            " boolean: let it be the whole text"
        )

    def _value(self, name: str, path: tuple[str | int, ...]) -> Any:
        if _NAME.fullmatch(name) is None:
            raise InvalidReference(
                f"{_shown(path)} has {quoted(f'${{{name}}}')}, which is not a reference to a parameter:"
                f" {_HOW_TO_ESCAPE}"
            )
        value = self._found(name)
        if value is _MISSING:
            meant = nearest(name, _names(self._parameters))
            hint = f" (did you mean ${{{meant}}}?)" if meant else ""
            raise InvalidReference(
                f"{_shown(path)} has {quoted(f'${{{name}}}')}, and no such parameter has a value{hint}: set it in"
                f" spec.render.parameters, declare it with a default in pattern.yaml, or {_HOW_TO_ESCAPE}"
            )
        self._left -= len(value) if isinstance(value, str) else len(json.dumps(value))
        if self._left < 0:
            raise InvalidReference("parameters make more of the documents than the operator renders")
        return value

    def _found(self, name: str) -> Any:
        value: Any = self._parameters
        for step in TargetPath.parse(name).steps:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list) and step < len(value) else _MISSING
            else:
                value = value.get(step, _MISSING) if isinstance(value, Mapping) else _MISSING
        return value


def _below(value: Mapping[Any, Any], name: Any, depth: int, enclosing: _Enclosing) -> _Enclosing:
    """The object that ``value[name]`` belongs to: of a manifest the document, of a design a component's settings."""
    if name == "configuration" and (component := mapping(value.get("component"))):
        return _Enclosing(text(component.get("version")), text(component.get("kind")), depth + 1)
    if name == "settings" and (kind := text(value.get("type"))):
        return _Enclosing(text(value.get("apiVersion")), kind, depth + 1)
    if (version := text(value.get("apiVersion"))) and (kind := text(value.get("kind"))):
        return _Enclosing(version, kind, depth)
    return enclosing


def _shown(path: tuple[str | int, ...]) -> str:
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path).removeprefix(".")
    return one_line(text, MAX_PATH) or "a document"


def _names(parameters: Mapping[str, Any]) -> list[str]:
    """The names by which parameters can be referred to, two levels deep."""
    below = [f"{name}.{key}" for name, each in parameters.items() if isinstance(each, Mapping) for key in each]
    return [*parameters, *below]
