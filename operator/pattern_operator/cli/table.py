"""The table of ``patternctl get``: a row a pattern, for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, integer_at, mapping_at, mappings_at, text_at
from pattern_operator.api.names import FINALIZER
from pattern_operator.cli import output

_COLOURS: Final = {"True": "green", "False": "red", "Unknown": "yellow"}
_HEADER: Final = ("NAME", "READY", "STATUS", "VERSION", "DIGEST", "AGE")
_MORE: Final = ("OBJECTS", "VERIFIED BY", "SUSPENDED", "URL")


@dataclass(slots=True)
class Table:
    """Prints rows below one header; rows that come later keep the columns of those that came before."""

    wide: bool
    with_namespace: bool
    _widths: list[int] = field(default_factory=list)

    def show(self, patterns: Sequence[dict[str, Any]], *, now: datetime) -> None:
        """Print a row for each: the whole message where it is wide, else as much as the terminal has room for."""
        header = [] if self._widths else [self._header()]
        rows = [*header, *(output.cells(self._row(pattern, now=now)) for pattern in patterns)]
        widths = output.widths_of(rows)
        self._widths = [max(pair) for pair in zip(self._widths or widths, widths, strict=True)]
        shown = [line if self.wide else output.fitted(line) for line in output.aligned(rows, self._widths)]
        if header:
            print(shown.pop(0))
        for line, pattern in zip(shown, patterns, strict=True):
            print(output.colour(line, _COLOURS.get(text_at(_ready(pattern), "status"), "yellow")))

    def _header(self) -> list[str]:
        namespace = ("NAMESPACE",) if self.with_namespace else ()
        return [*namespace, *_HEADER, *(_MORE if self.wide else ()), "MESSAGE"]

    def _row(self, pattern: dict[str, Any], *, now: datetime) -> list[str]:
        namespace = [ObjectMeta.of(pattern).namespace] if self.with_namespace else []
        return [*namespace, *_row(pattern, now=now), *(_more(pattern) if self.wide else ()), message(pattern)]


def _row(pattern: dict[str, Any], *, now: datetime) -> list[str]:
    meta = ObjectMeta.of(pattern)
    return [
        meta.name,
        text_at(_ready(pattern), "status"),
        text_at(pattern, "status", "status"),
        text_at(pattern, "status", "version"),
        text_at(pattern, "status", "shortDigest"),
        age(meta.created, now),
    ]


def _more(pattern: dict[str, Any]) -> list[str]:
    """The further columns of a wide table."""
    verified_by = {text_at(each, "authority") for each in mappings_at(pattern, "status", "verifiedBy")}
    return [
        str(integer_at(pattern, "status", "inventory", "count")),
        ", ".join(sorted(verified_by)),
        str(mapping_at(pattern, "spec").get("suspend") is True).lower(),
        text_at(pattern, "spec", "source", "url"),
    ]


def _ready(pattern: dict[str, Any]) -> Mapping[str, Any]:
    conditions = mappings_at(pattern, "status", "conditions")
    unsaid = {"type": "Ready", "status": "Unknown", "message": _unsaid(ObjectMeta.of(pattern))}
    return next((condition for condition in conditions if text_at(condition, "type") == "Ready"), unsaid)


def _unsaid(meta: ObjectMeta) -> str:
    """What is known of a pattern of which no operator has said anything in status."""
    if meta.deleting:
        return "it is being deleted, and no operator has reported on it: is one running?"
    if FINALIZER in meta.finalizers:  # which goes out with the names of the first objects
        return "an operator has begun with it, and has not reported yet: is it running?"
    return "not seen by the operator yet"


def message(pattern: dict[str, Any]) -> str:
    """The message of Ready, and that it is about an older spec where it is."""
    message = text_at(_ready(pattern), "message")
    seen, wanted = integer_at(pattern, "status", "observedGeneration", default=-1), ObjectMeta.of(pattern).generation
    return message if seen in (-1, wanted) else f"(the change of the spec is not seen yet) {message}"


def age(created: str, now: datetime) -> str:
    """How long ago, in the largest unit of which there are two; nothing where ``created`` is not a time."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return ""
    seconds = int((now - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{max(seconds, 0)}s"
