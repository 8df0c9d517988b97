"""Joins what kustomize gives back with what was rendered: each object with its component, its row, and its hook."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final, Self

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping
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
from pattern_operator.render.transform.kustomization import MAPS, matched_field, position_field
from pattern_operator.render.transform.patches import invalid
from pattern_operator.render.transform.runs import is_sent

_WHERE: Final = "spec.render"


@dataclass(frozen=True, slots=True)
class Changes:
    """``sent`` by position, ``after`` what became of each, by the same; ``marks`` are the places of its patches."""

    sent: tuple[Object, ...] = field(repr=False)
    after: dict[int, Object] = field(repr=False)
    marks: dict[int, frozenset[int]]

    @property
    def matched(self) -> frozenset[int]:
        """The places of the patches that fit."""
        return frozenset[int]().union(*self.marks.values())

    @property
    def places(self) -> dict[ObjectKey, int]:
        """Where each object stands: objects come before hooks."""
        return {each.key: place for place, each in reversed(tuple(enumerate(self.sent)))}

    @property
    def deleted(self) -> bool:
        """Whether an object did not come back."""
        return len(self.after) < len(self.sent)

    def with_those_of(self, later: Self) -> Self:
        """These, and of a later run what they have not."""
        marks = {place: self.marks.get(place, frozenset()) | found for place, found in later.marks.items()}
        return replace(self, after=later.after | self.after, marks=self.marks | marks)

    def applied_to(self, rendering: Rendering, *, options: Options) -> Rendering:
        """``rendering`` with the objects as they are now, checked again, and with the rows that are theirs."""
        first = self.places
        now = {each.key: self.after.get(first[each.key]) if is_sent(each) else each for each in rendering.objects}
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
            hooks=self._hooks(rendering, options),
        )

    def _hooks(self, rendering: Rendering, options: Options) -> tuple[Hook, ...]:
        """The hooks as they are now, without those that a patch deletes."""
        places = count(sum(map(is_sent, rendering.objects)))
        found = [
            (each, self.after.get(next(places)) if is_sent(each.object) else each.object) for each in rendering.hooks
        ]
        return tuple(
            each if new is each.object else _hook(each, new, options=options) for each, new in found if new is not None
        )


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
    matched: dict[int, frozenset[int]] = {}
    position, mark = position_field(words), matched_field(words)
    for document in read(File(_WHERE, output)):
        body = mapping(document.value)
        place = body.pop(position, None)
        if type(place) is not int or not 0 <= place < len(sent) or place in after:
            raise invalid(f"{_WHERE}.patches", "a patch replaces a whole object, or adds one; change fields of it")
        marks = [name for name in body if name.startswith(mark)]
        for name in marks:
            del body[name]
        matched[place] = frozenset(int(name.removeprefix(mark)) for name in marks)
        _remove(mapping(body.get("metadata")), words.removed)
        after[place] = _restored(sent[place], words.show(body))
    return Changes(tuple(sent), {place: after[place] for place in sorted(after)}, matched)


def marks_of(output: bytes, words: Words) -> list[frozenset[int]]:
    """The places of the patches that are for an object, of each that kustomize printed; raises as ``document.read``."""
    mark = matched_field(words)
    bodies = [mapping(document.value) for document in read(File(_WHERE, output))]
    return [frozenset(int(name.removeprefix(mark)) for name in body if name.startswith(mark)) for body in bodies]


def _remove(metadata: dict[str, Any], removed: str) -> None:
    """Take out the labels and annotations that a patch removes; a map without any is none."""
    for name in MAPS:
        found = metadata.get(name)
        if isinstance(found, dict) and removed in found.values():
            metadata[name] = {key: value for key, value in found.items() if value != removed}
            if not metadata[name]:
                del metadata[name]


def _restored(before: Object, body: dict[str, Any]) -> Object:
    """The object as it is now: the very same where nothing changed."""
    metadata, was = mapping(body.get("metadata")), mapping(before.body.get("metadata"))
    for name, value in was.items():
        if name not in metadata and (value is None or (name in MAPS and not value)):
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


def _hook(before: Hook, now: Object, *, options: Options) -> Hook:
    """The hook as it is now, checked as objects are; raises Stalled where it may not be, or is none any more."""
    component = _component(before.object, now)
    made = as_written.rendering([component], options=options, form="")
    found = next((each for each in made.objects if each.component == now.component), None)
    if found is None:
        why = next((each.message for each in made.components if each.message), "it cannot be applied")
        raise invalid(f"{_WHERE}.patches", f"of the hook {before.object.key.display_name}: {why}")
    hook = Hook.of(found)
    if hook is None:
        told = (
            f"a patch leaves the hook {before.object.key.display_name} without a moment that Helm knows in helm.sh/hook"
        )
        raise invalid(f"{_WHERE}.patches", told)
    return hook


def _component(before: Object, now: Object) -> WorkingComponent:
    component = as_written.component(now.body, where=before.component, written={})
    component.namespaced = bool(before.key.namespace)  # what is known of the scope of a kind stays known
    return component


def _row_id(each: Object) -> str:
    return WorkingComponent(id=each.component, name="", kind="").report().id


def _joined(message: str, told: str) -> str:
    return one_line(f"{message}; {told}" if message else told)
