"""Field names as Kubernetes spells them: Meshery's designer shows ``matchLabels`` as ``match Labels``, and saves that.

Also leaves out null fields, which say nothing, and writes whole numbers as integers. What comes out is built new, so
that the document it came from can be rendered again.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.render.scalar import whole

# Taking the spaces out is exact for every field but this one (measured on 456 designs).
_SPELLED: Final = {"CA Bundle": "caBundle"}
# In these maps the user chooses the keys: a null there is a value. Dropping it from a selector would widen it.
_MAPS: Final = frozenset({"annotations", "data", "labels", "matchLabels", "nodeSelector", "selector", "stringData"})
_REFERENCE: Final = "$(#"  # Meshery's reference into the design, `$(#ref.<path>)`
_MAX_SENTENCES: Final = 10  # a CRD may have hundreds of spaced names; each further one says nothing new


class ConflictingField(ValueError):
    """One field is written both spaced and unspaced, with different content; the text is its path."""


class UnresolvedReference(ValueError):
    """A value refers to another part of the design; the text is its path."""


@dataclass(slots=True)
class Cleaner:
    """Copies one configuration and remembers what it did."""

    spaced: dict[str, tuple[str, int]] = field(default_factory=dict)  # name as found -> first path, how often
    nulls: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def clean(self, value: Any, path: str = "") -> Any:
        """Copy ``value`` with field names, nulls and numbers mended.

        Raises:
            ConflictingField: the choice between two contents of one field would be an invention.
            UnresolvedReference: a string holds ``$(#ref...)``.
        """
        if isinstance(value, dict):
            return self._mapping(value, path)
        if isinstance(value, list):
            return [self.clean(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if isinstance(value, float):
            return whole(value)
        if isinstance(value, str) and _REFERENCE in value:
            raise UnresolvedReference(path)
        return value

    def sentences(self) -> list[str]:
        """What was done, a sentence each, naming the field and no value."""
        told = [
            f"{path} read as {unspaced(name)}" + (f" (and {count - 1} more like it)" if count > 1 else "")
            for name, (path, count) in list(self.spaced.items())[:_MAX_SENTENCES]
        ]
        if len(self.spaced) > _MAX_SENTENCES:
            told.append(f"spaces taken out of {len(self.spaced) - _MAX_SENTENCES} more field names")
        told += [f"{path} read once: it is written twice, with and without spaces, the same" for path in self.repeated]
        if self.nulls:
            more = f" and {len(self.nulls) - 1} more" if len(self.nulls) > 1 else ""
            told.append(f"{self.nulls[0]}{more} left out: null")
        return told

    def _mapping(self, value: dict[str, Any], path: str) -> dict[str, Any]:
        keeps_nulls = path.rpartition(".")[2] in _MAPS
        made: dict[str, Any] = {}
        for name, child in value.items():
            here = f"{path}.{name}" if path else name
            if child is None and not keeps_nulls:
                self.nulls.append(here)
                continue
            cleaned = self.clean(child, here)
            plain = unspaced(name)
            if plain != name:
                first, count = self.spaced.get(name, (here, 0))
                self.spaced[name] = (first, count + 1)
            if plain in made:
                if made[plain] != cleaned:
                    raise ConflictingField(here)
                self.repeated.append(here)
            made[plain] = cleaned
        return made


def unspaced(name: str) -> str:
    """The field as Kubernetes spells it."""
    return _SPELLED.get(name) or name.replace(" ", "") if " " in name else name


def without_nulls(value: Any, path: str = "") -> Any:
    """Copy ``value`` for a plain manifest: nulls left out and whole numbers as integers, names as they are written."""
    if isinstance(value, dict):
        keeps_nulls = path in _MAPS
        return {name: without_nulls(child, name) for name, child in value.items() if child is not None or keeps_nulls}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return whole(value) if isinstance(value, float) else value
