"""Typed fields of JSON objects that others wrote: of the type that is asked for, or ``InvalidDocument``.

Where a missing or wrong field is to count as absent instead, see ``api.fields``.
"""

from collections.abc import Mapping

from pattern_operator.strict_json import InvalidDocument


def string_field(parent: Mapping[str, object], name: str) -> str:
    """Take a string; an absent one, or null, is empty."""
    value = parent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidDocument(f"has a {name} that is not a string")
    return value


def object_field(parent: Mapping[str, object], name: str) -> dict[str, object]:
    """Take an object that must be there."""
    value = parent.get(name)
    if not isinstance(value, dict):
        raise InvalidDocument(f"has no object {name}")
    return value


def object_list_field(parent: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """Take a list of objects that must be there."""
    value = parent.get(name)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise InvalidDocument(f"has no list of objects {name}")
    return value


def string_map_field(parent: Mapping[str, object], name: str) -> dict[str, str]:
    """Take a map of strings; an absent one, or null, is empty."""
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise InvalidDocument(f"has {name} that are not a map of strings")
    return value
