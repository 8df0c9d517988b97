"""Normalizes field names to Kubernetes' spelling: Meshery's designer saves ``matchLabels`` as ``match Labels``.

Also leaves out null fields of Kubernetes' own kinds, in which they say nothing, and writes whole numbers as integers.
What comes out is built new, so that the document it came from can be rendered again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pattern_operator.api.repair import MadeRepair, Repair
from pattern_operator.limits import MAX_PATH
from pattern_operator.render.design_references import BEGIN, BrokenReference, References
from pattern_operator.render.kinds import group_of
from pattern_operator.render.scalar import whole

# Taking the spaces out is exact for every field but this one (measured on 456 designs).
_SPELLED: Final = {"CA Bundle": "caBundle"}
# In these maps the user chooses the keys: a null there is a value. Dropping it from a selector would widen it.
_MAPS: Final = frozenset({"annotations", "data", "labels", "matchLabels", "nodeSelector", "selector", "stringData"})
# What a schema gives as such is of any type (apiextensions/v1, JSONSchemaProps): null says something there.
_VALUES_OF_SCHEMAS: Final = frozenset({"default", "example"})
_MAX_REPAIRS: Final = 10  # a CRD may have hundreds of spaced names; each further one says nothing new


class ConflictingField(ValueError):
    """One field is written both spaced and unspaced, with different content; the text is its path."""


class UnresolvedReference(ValueError):
    """A reference into the design cannot be replaced; the text is the field that holds it, and why."""


@dataclass(frozen=True, slots=True)
class FieldPath:
    """The path of a value. It is made a string only when it is shown: one key may be long, and have much below it."""

    above: "FieldPath | None"
    key: str | int

    @property
    def keeps_nulls(self) -> bool:
        """Whether it is a map whose keys the user chooses."""
        return isinstance(self.key, str) and self.key.rpartition(".")[2] in _MAPS

    def __str__(self) -> str:
        parts: list[str] = []
        place: FieldPath | None = self
        while place is not None:
            parts.append(f"[{place.key}]" if isinstance(place.key, int) else f".{place.key}")
            place = place.above
        path = "".join(reversed(parts)).removeprefix(".")
        return path if len(path) <= MAX_PATH else f"{path[: MAX_PATH // 2]}...{path[-MAX_PATH // 2 :]}"


@dataclass(slots=True)
class FieldNormalizer:
    """Copies one configuration, and notes each repair.

    ``nulls_are``: what becomes of null fields; but for the fields called as one of ``kept``, where they stay.
    ``references`` are those of the design that the configuration is of.
    """

    nulls_are: Literal["left out", "kept"] = "left out"
    kept: frozenset[str] = frozenset()
    references: References = field(default_factory=lambda: References({}))

    resolved: list[str] = field(default_factory=list)  # the first fields with a reference that was replaced
    resolutions: int = 0
    spaced: dict[str, int] = field(default_factory=dict)  # name as found -> how often
    first_spaced: dict[str, str] = field(default_factory=dict)  # the first names -> the path of each
    first_null: str = ""
    nulls: int = 0
    repeated: list[str] = field(default_factory=list)  # the first paths
    repeats: int = 0

    def normalize(self, value: Any, at: str = "") -> Any:
        """Copy ``value``, which stands at the field ``at``, with field names, nulls and numbers normalized.

        Raises:
            ConflictingField: the choice between two contents of one field would be an invention.
            UnresolvedReference: a string holds ``$(#ref.<path>)``, which cannot be replaced.
        """
        return self._normalize(value, FieldPath(None, at) if at else None)

    def repairs(self) -> list[MadeRepair]:
        """The repairs that were made, naming the field and no value."""
        return [MadeRepair(name, message) for name, messages in self._told() for message in messages]

    def _told(self) -> Iterator[tuple[Repair, list[str]]]:
        told = list[str]()
        for name, path in self.first_spaced.items():
            more = f" (and {self.spaced[name] - 1} more like it)" if self.spaced[name] > 1 else ""
            told.append(f"{path} read as {unspaced(name)}{more}")
        if len(self.spaced) > _MAX_REPAIRS:
            told.append(f"spaces taken out of {len(self.spaced) - _MAX_REPAIRS} more field names")
        yield Repair.UNSPACE_FIELD_NAMES, told
        told = [f"{path}: $(#ref.<path>) replaced by what the design has there" for path in self.resolved]
        if self.resolutions > _MAX_REPAIRS:
            told.append(f"{self.resolutions - _MAX_REPAIRS} more references replaced")
        yield Repair.RESOLVE_REFERENCES, told
        told = [f"{path} read once: it is written twice, with and without spaces, the same" for path in self.repeated]
        if self.repeats > _MAX_REPAIRS:
            told.append(f"{self.repeats - _MAX_REPAIRS} more fields read once: they are written twice")
        yield Repair.MERGE_SPACED_FIELDS, told
        if self.nulls:
            more = f" and {self.nulls - 1} more" if self.nulls > 1 else ""
            yield Repair.DROP_NULL_FIELDS, [f"{self.first_null}{more} left out: null"]

    def _normalize(self, value: Any, place: FieldPath | None) -> Any:
        if isinstance(value, dict):
            return self._mapping(value, place)
        if isinstance(value, list):
            return [self._normalize(item, FieldPath(place, index)) for index, item in enumerate(value)]
        if isinstance(value, float):
            return whole(value)
        if isinstance(value, str) and BEGIN in value:
            return self._normalize(self._replaced(value, place), place)
        return value

    def _replaced(self, value: str, place: FieldPath | None) -> Any:
        """What a text means that holds references; what it brings in holds none any longer, or is the author's text."""
        where = str(place or "")
        try:
            meant = self.references.resolve(value)
        except BrokenReference as error:
            raise UnresolvedReference(f"{where}: {error}") from error
        self.resolutions += 1
        if len(self.resolved) < _MAX_REPAIRS:
            self.resolved.append(where)
        return meant

    def _mapping(self, value: dict[str, Any], place: FieldPath | None) -> dict[str, Any]:
        keeps_nulls = self.nulls_are == "kept" or (place is not None and place.keeps_nulls)
        made: dict[str, Any] = {}
        for name, child in value.items():
            here = FieldPath(place, name)
            if child is None and not keeps_nulls and name not in self.kept:
                self.first_null = self.first_null or str(here)
                self.nulls += 1
                continue
            normalized = self._normalize(child, here)
            plain = unspaced(name)
            if plain != name:
                self._note_spaced(name, here)
            if plain in made:
                if made[plain] != normalized:
                    raise ConflictingField(str(here))
                self.repeats += 1
                if self.repeats <= _MAX_REPAIRS:
                    self.repeated.append(str(here))
            made[plain] = normalized
        return made

    def _note_spaced(self, name: str, place: FieldPath) -> None:
        if name not in self.spaced and len(self.spaced) < _MAX_REPAIRS:
            self.first_spaced[name] = str(place)
        self.spaced[name] = self.spaced.get(name, 0) + 1


def values_of(api_version: str, kind: str) -> frozenset[str]:
    """The fields of a built-in kind in which a null is a value wherever they stand."""
    is_definition = (group_of(api_version), kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")
    return _VALUES_OF_SCHEMAS if is_definition else frozenset()


def unspaced(name: str) -> str:
    """The field as Kubernetes spells it."""
    return _SPELLED.get(name) or name.replace(" ", "") if " " in name else name


def without_nulls(value: Any, name: str = "", *, kept: frozenset[str] = frozenset()) -> Any:
    """Copy ``value``, the field ``name`` of a built-in kind: nulls left out and whole numbers as integers.

    A null is a value in maps whose keys the user chooses, and in the fields called as one of ``kept``.
    """
    if isinstance(value, dict):
        keeps_nulls = name in _MAPS
        return {
            field: with_nulls(child) if field in kept else without_nulls(child, field, kept=kept)
            for field, child in value.items()
            if child is not None or keeps_nulls or field in kept
        }
    if isinstance(value, list):
        return [without_nulls(item, kept=kept) for item in value]
    return whole(value) if isinstance(value, float) else value


def with_nulls(value: Any) -> Any:
    """Copy ``value`` of somebody else's kind: there a null is a value. Whole numbers become integers."""
    if isinstance(value, dict):
        return {name: with_nulls(child) for name, child in value.items()}
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    return whole(value) if isinstance(value, float) else value
