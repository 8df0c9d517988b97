"""What is found out of an object by its health check."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import msgspec

State = Literal["Current", "InProgress", "Failed"]
Field = Literal["current", "inProgress", "failed"]


class Obstacle(StrEnum):
    """Why an expression has no value, by kind; ``words`` say it to people."""

    NO_FIELD = "no field"
    NO_KEY = "no key"
    NO_FIELDS = "no fields"
    TYPES = "types"
    INDEX = "index"
    CONVERSION = "conversion"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    ARITHMETIC = "arithmetic"
    NOT_A_CONDITION = "not a condition"
    REGEX = "regex"
    STEPS = "steps"
    MEMORY = "memory"
    COMPILE = "compile"
    OTHER = "other"


_WORDS: Final = {
    Obstacle.NO_FIELD: "the object has no {name}",
    Obstacle.NO_KEY: "a field or key that it asks for is not there",
    Obstacle.NO_FIELDS: "a field is asked for of a value that has none",
    Obstacle.TYPES: "values of types that do not go together",
    Obstacle.INDEX: "an index is not in the list",
    Obstacle.CONVERSION: "a value cannot be converted",
    Obstacle.TIMESTAMP: "a text is not a timestamp",
    Obstacle.DURATION: "a text is not a duration",
    Obstacle.ARITHMETIC: "a number is too large, or divided by zero",
    Obstacle.NOT_A_CONDITION: "it is neither true nor false",
    Obstacle.REGEX: "a regular expression is not valid",
    Obstacle.STEPS: "it takes too many steps",
    Obstacle.MEMORY: "it needs too much memory",
    Obstacle.COMPILE: "it does not compile",
    Obstacle.OTHER: "CEL has no value for it",
}
# Of the expression itself: no change of the object is waited for.
_OF_THE_CHECK: Final = frozenset({Obstacle.STEPS, Obstacle.MEMORY, Obstacle.COMPILE, Obstacle.REGEX})


class Answer(msgspec.Struct, frozen=True):
    """What a process says of an object.

    ``field`` is the expression that decided; None: the controller has not seen the newest generation. ``obstacle``:
    that one has no value. ``name`` is the field at the top of the object that is missing, as the expression names it.
    """

    state: State
    field: Field | None = None
    obstacle: Obstacle | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of an object now: ``fact`` is for people, and holds nothing of the object."""

    state: State
    fact: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """It could not be found out, for reasons that are neither the object's nor the check's; ``why`` is a clause."""

    why: str


SEEN_TOO_LITTLE: Final = Answer("InProgress")
TOO_LARGE: Final = Judged("Failed", "cannot be judged by its health check, because it is too large for that")


def stumbled(field: Field, obstacle: Obstacle, name: str = "") -> Answer:
    """``field`` has no value. What the object lacks may come; where the expression is at fault, nothing is waited for.

    A field that is missing is the usual case: a controller that has written no status yet.
    """
    return Answer("Failed" if obstacle in _OF_THE_CHECK else "InProgress", field, obstacle, name)


def judged(answer: Answer, expression: str) -> Judged:
    """The answer in words; ``expression`` is the text of its field: of a name nothing else is shown."""
    if answer.field is None:
        return Judged("InProgress", "its controller has not seen its newest generation")
    named = f"`{answer.field}` of its health check"
    if answer.obstacle is not None:
        name = answer.name if answer.name in _names(expression) else "field that it asks for"
        return Judged(
            "Failed" if answer.obstacle in _OF_THE_CHECK else "InProgress",
            f"{named} cannot be evaluated: {_WORDS[answer.obstacle].format(name=name)}",
        )
    if answer.field == "current" and answer.state != "Current":
        return Judged("InProgress", f"{named} is not true")
    return Judged(_OF_FIELD[answer.field], f"{named} is true")


def _names(expression: str) -> frozenset[str]:
    """The names that ``expression`` writes for fields at the top: no words of its texts, and no keys."""
    return frozenset(_TOP_NAME.findall(_TEXT.sub("''", expression)))


_TEXT: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_TOP_NAME: Final = re.compile(r"(?<![\w.])[A-Za-z_][A-Za-z0-9_]{0,62}")
_OF_FIELD: Final[dict[Field, State]] = {"current": "Current", "inProgress": "InProgress", "failed": "Failed"}
