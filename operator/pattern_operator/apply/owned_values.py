"""The values of the fields that one manager owns on an object, to be compared with those of another state of it.

Who owns a field stands for its value only as long as the API server writes managedFields anew with each change. It
keeps the old entries where it cannot read the object in the version of one (apiserver, ``managedfields``): a custom
resource that is stored in another version, with a field that the entry's version does not have, is changed and nobody
is named. Pure, and total for any JSON.
"""

from typing import Any, Final

import orjson

from pattern_operator.api.fields import MAX_DEPTH
from pattern_operator.apply import fieldset

_ABSENT: Final = "absent"  # in place of what is not there, beside the values in a list of one


def owned_values(body: object, fields: fieldset.Fields, *, depth: int = MAX_DEPTH) -> object:
    """What ``body`` has at each of ``fields``, in their shape: a list of one value, or a text for what is not there."""
    inner = {name: each for name, each in fields.items() if name != fieldset.ITSELF}
    if not inner or not depth:
        return [body]
    return {name: _at(body, name, each, depth=depth - 1) for name, each in inner.items()}


def _at(body: object, name: str, fields: fieldset.Fields, *, depth: int) -> object:
    kind, _, rest = name.partition(":")
    if kind == "f" and isinstance(body, dict):
        return owned_values(body[rest], fields, depth=depth) if rest in body else _ABSENT
    if not isinstance(body, list):
        return _ABSENT
    if kind == "i" and rest.isdecimal() and int(rest) < len(body):
        return owned_values(body[int(rest)], fields, depth=depth)
    wanted = _json(rest)
    found = (each for each in body if (each == wanted if kind == "v" else kind == "k" and _has(each, wanted)))
    first = next(found, _ABSENT)
    return first if first is _ABSENT else owned_values(first, fields, depth=depth)


def _has(entry: object, keys: Any) -> bool:
    """Whether an entry of a list has these keys; one that it leaves out has its default, and is not looked for."""
    if not isinstance(entry, dict) or not isinstance(keys, dict):
        return False
    return all(entry.get(name, value) == value for name, value in keys.items())


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _ABSENT
