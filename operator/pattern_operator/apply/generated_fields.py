"""Keeps what a chart made up when its objects were applied first: a second rendering would give another password.

Only the fields that differed between two renderings are taken from the live object; all others, such as images and
versions, are as they are rendered. So is what another field manager has taken from our apply: nobody knows any longer
what was applied first, and it is not for others to say what the pattern is.
"""

import base64
import binascii
import copy
from dataclasses import dataclass, replace
from typing import Any, Final

from pattern_operator.api.fields import mapping
from pattern_operator.api.generated import FieldKeys, GeneratedFields, position_in
from pattern_operator.api.object import Body, Object
from pattern_operator.apply.taken_fields import Holders

_STRING_DATA: Final = "stringData"


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object with its live values; ``taken`` says that a value of it was changed by others, and is as rendered."""

    object: Object
    taken: bool


def kept_values(desired: Object, generated: GeneratedFields, live: Body) -> KeptObject:
    """``desired`` with the values of its generated fields as in ``live``; where it has none, as rendered.

    What is changed is a copy.
    """
    made = copy.deepcopy(desired.body)
    is_given = _STRING_DATA in made
    given = _as_given(live) if is_given else live
    keeping = _Keeping(Holders.of(live, given=_given_fields if is_given else lambda fields: fields))
    for path in (*generated.paths, *generated.build_metadata):
        if path:
            keeping.keep(made, given, path)
    return KeptObject(replace(desired, body=made), keeping.taken)


def _as_given(live: Body) -> Body:
    """A live Secret with the text of its ``data`` as ``stringData``, too, as it was given: the server keeps no such."""
    fields = mapping(live)
    texts = {name: _text(value) for name, value in mapping(fields.get("data")).items()}
    return {**fields, _STRING_DATA: {name: text for name, text in texts.items() if text is not None}}


def _given_fields(fields: object) -> object:
    """A set of fields of a Secret, as ``_as_given`` has the object: what is sent as stringData becomes data."""
    found = mapping(fields)
    return {**found, f"f:{_STRING_DATA}": found["f:data"]} if "f:data" in found else found


def _text(encoded: Any) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode() if isinstance(encoded, str) else None
    except (binascii.Error, ValueError):
        return None


class _Keeping:
    """Puts the values of one live object into what is rendered, and remembers whether others took any."""

    def __init__(self, holders: Holders) -> None:
        self._holders = holders
        self.taken = False

    def keep(self, made: Any, live: Any, path: FieldKeys) -> None:
        """Give ``made`` the live value at ``path``, where both have one; what names an entry of a list finds it."""
        holders = self._holders
        for place, key in enumerate(path):
            other = _key_in(live, made, path[place:])
            if other is None:
                return
            holders = holders.at(live, other)
            if place == len(path) - 1:
                made[key] = self._merged(made[key], live[other], holders)
            made, live = made[key], live[other]

    def _merged(self, made: Any, live: Any, holders: Holders) -> Any:
        """The live value; of a mapping only what is rendered in it, because the rest of it is of others."""
        if isinstance(made, dict) and isinstance(live, dict):
            return {
                name: self._merged(value, live[name], holders.at(live, name)) if name in live else value
                for name, value in made.items()
            }
        if holders.are_others:
            self.taken = self.taken or made != live
            return made
        return copy.deepcopy(live)


def _key_in(live: Any, made: Any, path: FieldKeys) -> str | int | None:
    """The key or position in ``live`` of the value to which ``path`` leads in ``made``; None where one lacks it."""
    match made, live, path[0]:
        case dict(), dict(), str() as key if key in made and key in live:
            return key
        case list(), list(), int():
            return position_in(live, made, path)
        case _:
            return None
