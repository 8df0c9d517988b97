"""Reading documents of which nothing is certain: each function gives the wanted shape, empty where it is another."""

from typing import Any


def mapping(value: Any) -> dict[str, Any]:
    """``value`` if it is a mapping."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """``value`` if it is a string."""
    return value if isinstance(value, str) else ""


def not_text(parent: dict[str, Any], field: str) -> str:
    """What the value of ``field`` is, and what to do; empty where it is text, or is not there at all."""
    value = parent.get(field, "")
    if isinstance(value, str):
        return ""
    if isinstance(value, list | dict):
        return f"is a {'list' if isinstance(value, list) else 'mapping'}, and must be text"
    what = "null" if value is None else "a boolean" if isinstance(value, bool) else "a number"
    return f"is {what}, and must be text: quote it"


def items(value: Any) -> list[Any]:
    """``value`` if it is a list."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in ``value`` if it is a list."""
    return [item for item in items(value) if isinstance(item, dict)]
