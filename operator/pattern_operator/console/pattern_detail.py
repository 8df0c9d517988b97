"""What the page of one pattern shows of it. Pure, and total for any shape of the object."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.fields import ObjectMeta, integer_at, mapping_at, mappings_at, text, text_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.quote import one_line

Body = dict[str, Any]
MAX_OBJECTS: Final = 500  # that are named; a page of thousands is read by nobody
MAX_LINES: Final = 50  # of each other list: what status has at most
_TEXT: Final = 2_048  # bytes of a text of others
_WORD: Final = 512
STEPS: Final = (
    (ConditionType.FETCHED, "The artifact was resolved and pulled."),
    (ConditionType.VERIFIED, "Who is trusted has signed it."),
    (ConditionType.RENDERED, "Its components became objects."),
    (ConditionType.APPLIED, "All objects are in the cluster."),
    (ConditionType.HEALTHY, "Every object is healthy."),
)
SIGNS: Final = {"True": "ok", "False": "failed", "Unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a pattern's way: ``sign`` is ok, failed, unknown or pending; ``message`` ends in the next step."""

    name: str
    description: str
    sign: str
    reason: str
    message: str
    since: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list of the page, as columns."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternDetail:
    """A pattern as its page shows it. ``outdated``: its status is about an older spec."""

    namespace: str
    name: str
    created: str
    ready: Step
    steps: tuple[Step, ...]
    suspended: bool
    deleting: bool
    outdated: bool
    url: str
    version: str
    revision: str
    attempted: str
    signers: tuple[Line, ...]
    history: tuple[Line, ...]
    refusals: tuple[Line, ...]
    repairs: tuple[str, ...]
    objects: tuple[Line, ...]
    object_count: int

    @classmethod
    def of(cls, pattern: Body) -> Self:
        """Read it."""
        meta, status = ObjectMeta.of(pattern), mapping_at(pattern, "status")
        seen = integer_at(status, "observedGeneration", default=-1)
        revision, attempted = _at(status, "revision"), _at(status, "lastAttemptedRevision")
        return cls(
            namespace=meta.namespace,
            name=meta.name,
            created=meta.created[:_WORD],
            ready=_step(pattern, ConditionType.READY, "Whether the desired revision runs and is healthy."),
            steps=tuple(_step(pattern, kind, description) for kind, description in STEPS),
            suspended=mapping_at(pattern, "spec").get("suspend") is True,
            deleting=meta.deleting,
            outdated=seen not in (-1, meta.generation),
            url=_at(pattern, "spec", "source", "url"),
            version=_at(status, "version"),
            revision=revision,
            attempted=attempted if attempted != revision else "",
            signers=_lines(
                status, "verifiedBy", fields=("authority", "identity", "issuer", "format", "where", "signedAt")
            ),
            history=_history(status),
            refusals=_lines(status, "render", "refusals", fields=("kind", "name", "reason", "message", "where")),
            repairs=_texts(mapping_at(status, "render").get("repairs")),
            objects=_objects(status),
            object_count=integer_at(status, "inventory", "count"),
        )


def _at(body: object, *path: str) -> str:
    return one_line(text_at(body, *path), _TEXT)


def _step(pattern: Body, kind: ConditionType, description: str) -> Step:
    conditions = mappings_at(pattern, "status", "conditions")
    found: Body = next((each for each in conditions if text_at(each, "type") == kind.value), {})
    return Step(
        name=kind.value,
        description=description,
        sign=SIGNS.get(text_at(found, "status"), "pending"),
        reason=one_line(text_at(found, "reason"), _WORD),
        message=_at(found, "message"),
        since=text_at(found, "lastTransitionTime")[:_WORD],
    )


def _lines(body: object, *path: str, fields: Sequence[str]) -> tuple[Line, ...]:
    """The objects of a list, each as the texts of these fields."""
    found = mappings_at(body, *path)[:MAX_LINES]
    return tuple(Line(tuple(one_line(text_at(each, name), _TEXT) for name in fields)) for each in found)


def _history(status: object) -> tuple[Line, ...]:
    found = mappings_at(status, "history")[:MAX_LINES]
    return tuple(
        Line(
            (
                _at(each, "version"),
                _at(each, "revision"),
                _at(each, "appliedAt"),
                ", ".join(_texts(each.get("verifiedBy"))),
            )
        )
        for each in found
    )


def _texts(value: object) -> tuple[str, ...]:
    found = value[:MAX_LINES] if isinstance(value, list) else []
    return tuple(one_line(text(each), _TEXT) for each in found if isinstance(each, str))


def _objects(status: object) -> tuple[Line, ...]:
    """Kind, namespace and name of what the pattern has in the cluster; an entry that is no such name is left out."""
    found = []
    for each in mappings_at(status, "inventory", "entries")[:MAX_OBJECTS]:
        try:
            key = ObjectKey.parse(text_at(each, "id")[:_TEXT])
        except ValueError:
            continue
        kind = f"{key.kind}.{key.group}" if key.group else key.kind
        found.append(Line(tuple(one_line(part, _WORD) for part in (kind, key.namespace, key.name))))
    return tuple(found)
