"""How parameters of several places become one object: as ``helm -f a -f b`` and Flux's ``valuesFrom`` do it.

Objects are merged key by key, anything else is replaced as a whole, lists included. A null stays, so that it removes
the default of a chart ("Deleting a default key", Helm documentation, "Values Files"); ``without_nulls`` is for
patterns, whose defaults are in their schema.
"""

from collections.abc import Mapping


def merge(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """``base`` with ``over`` on it; neither is changed. They are nested at most ``limits.MAX_NESTING`` deep."""
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[name] = merge(below, value) if both else value  # type: ignore[arg-type] # both are mappings
    return merged


def without_nulls(parameters: Mapping[str, object]) -> dict[str, object]:
    """``parameters`` without names whose value is null, in objects of objects too; lists stay as they are."""
    return {
        name: without_nulls(value) if isinstance(value, Mapping) else value
        for name, value in parameters.items()
        if value is not None
    }
