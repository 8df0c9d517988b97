"""Coerces values of unknown type: each function returns the value if it has the type, else an empty one."""

from typing import Any


def mapping(value: Any) -> dict[str, Any]:
    """``value`` if it is a mapping."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """``value`` if it is a string."""
    return value if isinstance(value, str) else ""


def items(value: Any) -> list[Any]:
    """``value`` if it is a list."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in ``value`` if it is a list."""
    return [item for item in items(value) if isinstance(item, dict)]
