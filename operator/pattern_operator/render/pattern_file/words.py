"""What msgspec says of a ``pattern.yaml``, in words for people: which field, what it may be, what may have been meant.

Source of its messages: msgspec, ``msgspec/_core.c``; what is not known here is passed on as it is.
"""

import re
from typing import Any, Final

import msgspec

from pattern_operator.quote import quoted
from pattern_operator.suggestion import nearest

_PLACE: Final = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `([^`]*)`")
_MISSING: Final = re.compile(r"^Object missing required field `([^`]*)`")
_NOT_ONE_OF: Final = re.compile(r"^Invalid enum value '?(.*?)'?$", re.DOTALL)
_TYPE: Final = re.compile(r"^Expected `([^`]*)`, got `([^`]*)`")
_TYPES: Final = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def explained(message: str, of: type[msgspec.Struct]) -> str:
    """A clause: ``message`` of a ValidationError of a document that is to be ``of``."""
    place = _PLACE.search(message)
    path = place[1].removeprefix(".") if place is not None else ""
    said = message[: place.start()] if place is not None else message
    if (found := _UNKNOWN.match(said)) is not None:
        fields = _fields(of, path)
        meant = nearest(found[1], fields)
        hint = f" (did you mean {meant}?)" if meant else f" (its fields are {', '.join(fields)})" if fields else ""
        return f"{_joined(path, found[1])} is not a field of it{hint}"
    if (found := _MISSING.match(said)) is not None:
        return f"{_joined(path, found[1])} is required, and is not there"
    if (found := _TYPE.match(said)) is not None:
        wanted = " or ".join(_TYPES.get(each, each) for each in found[1].split(" | ") if each != "null")
        quotes = ": put it in quotes" if "str" in found[1] and found[2] in ("int", "float", "bool") else ""
        return f"{path or 'the document'} must be {wanted}{quotes}"
    if (found := _NOT_ONE_OF.match(said)) is not None and (choices := _choices(of, path)):
        return f"{path} is one of {', '.join(choices)}, and not {quoted(found[1])}"
    return f"{path}: {said}" if path else said


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _type_at(of: type[msgspec.Struct], path: str) -> Any:
    """The type, as ``msgspec.inspect`` has it, of what stands at a path such as ``patches[...].target``."""
    found: Any = msgspec.inspect.type_info(of)
    for step in re.findall(r"\[[^\]]*\]|[^.\[]+", path):
        found = _without_none(found)
        if step.startswith("["):
            found = getattr(found, "item_type", None)
        else:
            fields = getattr(found, "fields", ())
            found = next((each.type for each in fields if each.encode_name == step), None)
    return _without_none(found)


def _without_none(found: Any) -> Any:
    types = [each for each in getattr(found, "types", ()) if not isinstance(each, msgspec.inspect.NoneType)]
    return types[0] if len(types) == 1 else found


def _fields(of: type[msgspec.Struct], path: str) -> list[str]:
    return [each.encode_name for each in getattr(_type_at(of, path), "fields", ())]


def _choices(of: type[msgspec.Struct], path: str) -> list[str]:
    return [str(each) for each in getattr(_type_at(of, path), "values", ())]
