"""Keeps what a chart made up when its objects were applied first: a second rendering would give another password.

Only the fields that differed between two renderings are taken from the live object; all others, such as images and
versions, are as they are rendered.
"""

import base64
import binascii
import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from pattern_operator.api.fields import mapping
from pattern_operator.api.generated import FieldKeys, GeneratedFields, position_in
from pattern_operator.api.object import Body, Object, ObjectKey

_STRING_DATA: Final = "stringData"


def with_live_values(
    objects: Iterable[Object], generated: Iterable[GeneratedFields], live: Mapping[ObjectKey, Body]
) -> tuple[Object, ...]:
    """``objects``, in order, with the values of their generated fields as in ``live``; where it has none, as rendered.

    What is changed is a copy.
    """
    paths = {each.key: (*each.paths, *each.build_metadata) for each in generated if each.key in live}
    return tuple(
        replace(each, body=_kept(each.body, live[each.key], paths[each.key])) if each.key in paths else each
        for each in objects
    )


def _kept(body: Body, live: Body, paths: Iterable[FieldKeys]) -> Body:
    made = copy.deepcopy(body)
    given = _as_given(live) if _STRING_DATA in made else live
    for path in paths:
        if path:
            _keep(made, given, path)
    return made


def _as_given(live: Body) -> Body:
    """A live Secret with the text of its ``data`` as ``stringData``, too, as it was given: the server keeps no such."""
    fields = mapping(live)
    texts = {name: _text(value) for name, value in mapping(fields.get("data")).items()}
    return {**fields, _STRING_DATA: {name: text for name, text in texts.items() if text is not None}}


def _text(encoded: Any) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode() if isinstance(encoded, str) else None
    except (binascii.Error, ValueError):
        return None


def _keep(made: Any, live: Any, path: FieldKeys) -> None:
    """Give ``made`` the live value at ``path``, where both have one; an entry of a list is found by what names it."""
    for place, key in enumerate(path):
        other = _key_in(live, made, path[place:])
        if other is None:
            return
        if place == len(path) - 1:
            made[key] = _merged(made[key], live[other])
        made, live = made[key], live[other]


def _key_in(live: Any, made: Any, path: FieldKeys) -> str | int | None:
    """The key or position in ``live`` of the value to which ``path`` leads in ``made``; None where one lacks it."""
    match made, live, path[0]:
        case dict(), dict(), str() as key if key in made and key in live:
            return key
        case list(), list(), int():
            return position_in(live, made, path)
        case _:
            return None


def _merged(made: Any, live: Any) -> Any:
    """The live value; of a mapping only what is rendered in it, because the rest of it is of others."""
    if not isinstance(made, dict) or not isinstance(live, dict):
        return copy.deepcopy(live)
    return {name: _merged(value, live[name]) if name in live else value for name, value in made.items()}
