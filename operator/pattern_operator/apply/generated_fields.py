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

from pattern_operator.api.generated import FieldKeys, GeneratedFields
from pattern_operator.api.object import Body, Object, ObjectKey

_MISSING: Final = object()
_STRING_DATA: Final = "stringData"


def with_live_values(
    objects: Iterable[Object], generated: Iterable[GeneratedFields], live: Mapping[ObjectKey, Body]
) -> tuple[Object, ...]:
    """``objects``, in order, with the values of their generated fields as in ``live``; where it has none, as rendered.

    What is changed is a copy.
    """
    paths = {each.key: each.paths for each in generated if each.key in live}
    return tuple(
        replace(each, body=_kept(each.body, live[each.key], paths[each.key])) if each.key in paths else each
        for each in objects
    )


def _kept(body: Body, live: Body, paths: Iterable[FieldKeys]) -> Body:
    made = copy.deepcopy(body)
    for path in paths:
        value = _live_value(live, path)
        if path and value is not _MISSING:
            _put(made, path, copy.deepcopy(value))
    return made


def _live_value(live: Body, path: FieldKeys) -> Any:
    """The value at ``path``. What a Secret was given as ``stringData`` is in its ``data``, in base64."""
    value = _at(live, path)
    if value is not _MISSING or path[:1] != (_STRING_DATA,) or len(path) != 2:
        return value
    encoded = _at(live, ("data", path[1]))
    try:
        return base64.b64decode(encoded, validate=True).decode() if isinstance(encoded, str) else _MISSING
    except (binascii.Error, ValueError):
        return _MISSING


def _at(value: Any, path: FieldKeys) -> Any:
    for key in path:
        match value, key:
            case dict(), str() if key in value:
                value = value[key]
            case list(), int() if 0 <= key < len(value):
                value = value[key]
            case _:
                return _MISSING
    return value


def _put(body: Body, path: FieldKeys, value: Any) -> None:
    """Set a value that is rendered; one that only the other rendering has is not."""
    if _at(body, path) is not _MISSING:
        _at(body, path[:-1])[path[-1]] = value
