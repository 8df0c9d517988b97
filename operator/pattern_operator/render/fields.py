"""Field names as Kubernetes spells them: Meshery's designer shows ``matchLabels`` as ``match Labels``, and saves that.

Also leaves out null fields, which say nothing, and writes whole numbers as integers. What comes out is built new, so
that the document it came from can be rendered again.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.limits import MAX_PATH
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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands. Put into words only where they are told: one key may be long, and have much below it."""

    above: "_Place | None"
    key: str | int

    @property
    def keeps_nulls(self) -> bool:
        """Whether it is a map whose keys the user chooses."""
        return isinstance(self.key, str) and self.key.rpartition(".")[2] in _MAPS

    def __str__(self) -> str:
        parts: list[str] = []
        place: _Place | None = self
        while place is not None:
            parts.append(f"[{place.key}]" if isinstance(place.key, int) else f".{place.key}")
            place = place.above
        path = "".join(reversed(parts)).removeprefix(".")
        return path if len(path) <= MAX_PATH else f"{path[: MAX_PATH // 2]}...{path[-MAX_PATH // 2 :]}"


@dataclass(slots=True)
class Cleaner:
    """Copies one configuration and remembers what it did."""

    spaced: dict[str, int] = field(default_factory=dict)  # name as found -> how often
    first_spaced: dict[str, str] = field(default_factory=dict)  # the first names -> the path of each
    first_null: str = ""
    nulls: int = 0
    repeated: list[str] = field(default_factory=list)  # the first paths
    repeats: int = 0

    def clean(self, value: Any, at: str = "") -> Any:
        """Copy ``value``, which stands at the field ``at``, with field names, nulls and numbers mended.

        Raises:
            ConflictingField: the choice between two contents of one field would be an invention.
            UnresolvedReference: a string holds ``$(#ref...)``.
        """
        return self._clean(value, _Place(None, at) if at else None)

    def sentences(self) -> list[str]:
        """What was done, a sentence each, naming the field and no value."""
        told = []
        for name, path in self.first_spaced.items():
            more = f" (and {self.spaced[name] - 1} more like it)" if self.spaced[name] > 1 else ""
            told.append(f"{path} read as {unspaced(name)}{more}")
        if len(self.spaced) > _MAX_SENTENCES:
            told.append(f"spaces taken out of {len(self.spaced) - _MAX_SENTENCES} more field names")
        told += [f"{path} read once: it is written twice, with and without spaces, the same" for path in self.repeated]
        if self.repeats > _MAX_SENTENCES:
            told.append(f"{self.repeats - _MAX_SENTENCES} more fields read once: they are written twice")
        if self.nulls:
            more = f" and {self.nulls - 1} more" if self.nulls > 1 else ""
            told.append(f"{self.first_null}{more} left out: null")
        return told

    def _clean(self, value: Any, place: _Place | None) -> Any:
        if isinstance(value, dict):
            return self._mapping(value, place)
        if isinstance(value, list):
            return [self._clean(item, _Place(place, index)) for index, item in enumerate(value)]
        if isinstance(value, float):
            return whole(value)
        if isinstance(value, str) and _REFERENCE in value:
            raise UnresolvedReference(str(place or ""))
        return value

    def _mapping(self, value: dict[str, Any], place: _Place | None) -> dict[str, Any]:
        keeps_nulls = place is not None and place.keeps_nulls
        made: dict[str, Any] = {}
        for name, child in value.items():
            here = _Place(place, name)
            if child is None and not keeps_nulls:
                self.first_null = self.first_null or str(here)
                self.nulls += 1
                continue
            cleaned = self._clean(child, here)
            plain = unspaced(name)
            if plain != name:
                self._note_spaced(name, here)
            if plain in made:
                if made[plain] != cleaned:
                    raise ConflictingField(str(here))
                self.repeats += 1
                if self.repeats <= _MAX_SENTENCES:
                    self.repeated.append(str(here))
            made[plain] = cleaned
        return made

    def _note_spaced(self, name: str, place: _Place) -> None:
        if name not in self.spaced and len(self.spaced) < _MAX_SENTENCES:
            self.first_spaced[name] = str(place)
        self.spaced[name] = self.spaced.get(name, 0) + 1


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
