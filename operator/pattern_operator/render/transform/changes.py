"""Joins what kustomize gives back with what was rendered: each object with its component, its row, and its hook."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping
from pattern_operator.api.generated import FieldKeys, GeneratedFields, position_in
from pattern_operator.api.hook import Hook
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.quote import one_line
from pattern_operator.render import as_written
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.document import read
from pattern_operator.render.options import Options
from pattern_operator.render.transform.carried import Words, in_order_of
from pattern_operator.render.transform.kustomization import MATCHED, POSITION
from pattern_operator.render.transform.patches import invalid

_WHERE: Final = "spec.render"
_MAPS: Final = ("labels", "annotations")


@dataclass(frozen=True, slots=True)
class Changes:
    """``sent`` by position, ``after`` what became of each, by the same; ``matched`` are places of patches that fit."""

    sent: tuple[Object, ...] = field(repr=False)
    after: dict[int, Object] = field(repr=False)
    matched: frozenset[int]

    @property
    def deleted(self) -> bool:
        """Whether an object did not come back."""
        return len(self.after) < len(self.sent)

    def applied_to(self, rendering: Rendering, *, options: Options) -> Rendering:
        """``rendering`` with the objects as they are now, checked again, and with the rows that are theirs."""
        places = {each.key: place for place, each in enumerate(self.sent)}
        now = {each.key: self.after.get(places[each.key]) if each.key in places else each for each in rendering.objects}
        left = [(each, new) for each in rendering.objects if (new := now[each.key]) is not None]
        components = [_component(each, new) for each, new in left]
        made = as_written.rendering(components, options=options, form=rendering.format)
        reports = {each.id: each for each in made.components}
        rows = {_row_id(each): _Row(each, now[each.key]) for each in rendering.objects}
        return replace(
            rendering,
            objects=made.objects,
            components=tuple(
                row if row.id not in rows else rows[row.id].of(row, reports.get(row.id)) for row in rendering.components
            ),
            hooks=tuple(hook for each in rendering.hooks if (hook := self._hook(each, places)) is not None),
            generated=_generated(rendering.generated, left),
        )

    def _hook(self, hook: Hook, places: dict[ObjectKey, int]) -> Hook | None:
        place = places.get(hook.object.key)
        if place is None or self.sent[place] is not hook.object:
            return hook
        new = self.after.get(place)
        return replace(hook, object=new) if new is not None else None


def _generated(before: Sequence[GeneratedFields], left: Sequence[tuple[Object, Object]]) -> tuple[GeneratedFields, ...]:
    """The generated fields where they are now: what puts an entry into a list moves those that follow."""
    now = {each.key: (each, new) for each, new in left}
    return tuple(
        GeneratedFields(new.key, paths)
        for fields in before
        if fields.key in now
        for each, new in (now[fields.key],)
        if (paths := tuple(path for old in fields.paths if (path := _moved(each.body, new.body, old)) is not None))
    )


def _moved(before: Any, now: Any, path: FieldKeys) -> FieldKeys | None:
    """Where the value at ``path`` is now; None where it is gone."""
    moved: FieldKeys = ()
    for place, key in enumerate(path):
        match before, now, key:
            case dict(), dict(), str() if key in before and key in now:
                there: str | int | None = key
            case dict(), dict(), str() if key not in before:  # only the other rendering has it
                return (*moved, *path[place:])
            case list(), list(), int():
                there = position_in(now, before, path[place:])
            case _:
                return None
        if there is None:
            return None
        moved, before, now = (*moved, there), before[key], now[there]
    return moved


@dataclass(frozen=True, slots=True)
class _Row:
    """An object, and what it is now; None where a patch deletes it."""

    before: Object
    now: Object | None

    def of(self, row: ComponentReport, report: ComponentReport | None) -> ComponentReport:
        """The row of the object, as it is to be told."""
        if row.outcome is not Outcome.RENDERED or self.now is self.before:
            return row
        if self.now is None or report is None:
            reason = ComponentReason.DELETED_BY_PATCH
            message = f"{self.before.key.display_name} is deleted by a patch of {_WHERE}.patches"
            return replace(row, outcome=reason.outcome, reason=str(reason), message=one_line(message))
        if report.outcome is not Outcome.RENDERED:
            return replace(row, outcome=report.outcome, reason=report.reason, message=report.message)
        told = f"changed by {_WHERE}"
        if self.now.key.name == self.before.key.name:
            return replace(row, message=_joined(row.message, told))
        message = _joined(row.message, f"{told}, and was called {self.before.key.name}")
        return replace(row, name=report.name, message=message)


def read_back(output: bytes, sent: Sequence[Object], words: Words) -> Changes:
    """Read what kustomize printed.

    Raises:
        Stalled: PATCH_INVALID where it cannot be said which object it is, or it is none; DOCUMENT_INVALID,
            ARTIFACT_TOO_LARGE.
    """
    after: dict[int, Object] = {}
    matched: set[int] = set()
    for document in read(File(_WHERE, output)):
        body = mapping(document.value)
        place = body.pop(POSITION, None)
        if not isinstance(place, int) or not 0 <= place < len(sent) or place in after:
            raise invalid(f"{_WHERE}.patches", "a patch replaces a whole object, or adds one; change fields of it")
        marks = [name for name in body if name.startswith(f"{MATCHED}-")]
        for name in marks:
            del body[name]
            matched.add(int(name.removeprefix(f"{MATCHED}-")))
        after[place] = _restored(sent[place], words.show(body))
    return Changes(tuple(sent), {place: after[place] for place in sorted(after)}, frozenset(matched))


def _restored(before: Object, body: dict[str, Any]) -> Object:
    """The object as it is now: the very same where nothing changed."""
    metadata, was = mapping(body.get("metadata")), mapping(before.body.get("metadata"))
    for name, value in was.items():
        if name not in metadata and (value is None or (name in _MAPS and not value)):
            metadata[name] = value
    if body == before.body and _types(body) == _types(before.body):
        return before
    try:
        return Object.of(in_order_of(before.body, body), component=before.component)
    except ValueError:
        raise invalid(f"{_WHERE}.patches", f"a patch leaves {before.key.display_name} without kind or name") from None


def _types(value: Any) -> Any:
    """What ``==`` does not tell: true is 1, and 1 is 1.0."""
    if isinstance(value, dict):
        return {name: _types(child) for name, child in value.items()}
    return [_types(child) for child in value] if isinstance(value, list) else type(value)


def _component(before: Object, now: Object) -> WorkingComponent:
    component = as_written.component(now.body, where=before.component)
    component.namespaced = bool(before.key.namespace)  # what is known of the scope of a kind stays known
    return component


def _row_id(each: Object) -> str:
    return WorkingComponent(id=each.component, name="", kind="").report().id


def _joined(message: str, told: str) -> str:
    return one_line(f"{message}; {told}" if message else told)
