r"""The path of one parameter, as ``helm --set`` and Flux's ``targetPath`` write it: ``db.password``, ``hosts[0].name``.

A dot in a name is written ``\.``, and so is any other character that means something. Source: Helm documentation,
"The Format and Limitations of --set"; helm.sh/helm ``pkg/strvals``; for values fluxcd/pkg ``chartutil``
(``ReplacePathValue``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from pattern_operator.render.strvals import typed

MAX_INDEX: Final = 1_023  # of a list: entries below it that nobody set are null, so a high index makes many
_TOKEN: Final = re.compile(r"(?P<name>(?:[^\\\[\].=,{}]|\\.)+)|\[(?P<index>[0-9]{1,5})\]", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)

Step = str | int


class InvalidTargetPath(ValueError):
    """A text is not the path of a parameter; the message is a clause that says what is right."""


@dataclass(frozen=True, slots=True)
class TargetPath:
    """The names and indexes that lead to a parameter; the first is a name."""

    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a path; raises InvalidTargetPath."""
        steps = list[Step]()
        at = 0
        while at < len(text):
            if steps and text[at] == ".":
                at += 1
                expected = "name"
            else:
                expected = "index" if steps else "name"
            token = _TOKEN.match(text, at)
            if token is None or token.lastgroup != expected:
                raise InvalidTargetPath(
                    "is not the path of a parameter, such as db.password or hosts[0].name; a dot in a name is"
                    " written \\."
                )
            steps.append(_step(token))
            at = token.end()
        if not steps or _ends_open(text):
            raise InvalidTargetPath("ends where a name is expected, as in db.password")
        return cls(tuple(steps))

    def place(self, parameters: Mapping[str, object], value: object) -> dict[str, object]:
        """``parameters``, which are not changed, with ``value`` at this path.

        What stands in the way and is of another kind is replaced; entries of a list that nobody set are null.
        """
        first, *rest = self.steps
        return {**parameters, str(first): _placed(parameters.get(str(first)), rest, value)}


def value_of(text: str) -> object:
    """One value as Flux reads it for a path: as ``--set`` does, and between quotation marks as the text in them.

    Other than with Flux, what means something to ``--set`` (commas, braces, backslashes) is text, and one pair of
    quotation marks is taken away and not all of them: so each text can be given.
    """
    if len(text) >= len("''") and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return typed(text)


def _placed(below: object, steps: list[Step], value: object) -> object:
    if not steps:
        return value
    first, *rest = steps
    if isinstance(first, int):
        entries = list(below) if isinstance(below, list) else []
        entries += [None] * (first + 1 - len(entries))
        entries[first] = _placed(entries[first], rest, value)
        return entries
    members = dict(below) if isinstance(below, Mapping) else {}
    return {**members, first: _placed(members.get(first), rest, value)}


def _step(token: re.Match[str]) -> Step:
    if (index := token["index"]) is None:
        return _ESCAPED.sub(r"\1", token["name"])
    if int(index) > MAX_INDEX:
        raise InvalidTargetPath(f"has an index above {MAX_INDEX}")
    return int(index)


def _ends_open(text: str) -> bool:
    return text.endswith(".") and not text.endswith("\\.")
