"""Adds to a rendering which fields of it are not decided by artifact and parameters alone, and tells of them.

What differs between two renderings is for the caller to find out (``helm.differences``); here it becomes
``Rendering.generated`` and the rows of the report (docs/adr/0024, docs/adr/0030).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from pattern_operator.api.generated import FieldKeys, GeneratedFields
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.report import ComponentReport, Rendering
from pattern_operator.quote import first_few, one_line
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.fields import FieldPath

_NAMED: Final = 5  # fields that a message names

Found = Mapping[ObjectKey, tuple[FieldKeys, ...]]
"""Fields by their object."""


def with_differences(rendering: Rendering, found: Found, *, vanished: Iterable[ObjectKey] = ()) -> Rendering:
    """``rendering`` with fields that are made anew each time; ``vanished`` are objects that another one has not."""
    told = {
        key: f"{key.display_name} is not made each time that the chart is rendered, or is called otherwise"
        for key in vanished
    }
    generated = tuple(GeneratedFields(*each) for each in found.items())
    return replace(_with_rows(rendering, told, ComponentReason.NOT_DETERMINISTIC), generated=generated)


def with_build_metadata(rendering: Rendering, found: Found) -> Rendering:
    """``rendering`` with the fields that its program writes of itself."""
    generated = {each.key: each for each in rendering.generated}
    for key, paths in found.items():
        generated[key] = replace(generated.get(key, GeneratedFields(key, ())), build_metadata=paths)
    return replace(rendering, generated=tuple(generated.values()))


def with_unkept(rendering: Rendering, found: Found) -> Rendering:
    """``rendering`` with rows for fields that are made anew each time, and that ``spec.render`` changes."""
    told = {
        key: f"{_shown(paths)} of {key.display_name} comes out differently each time, and is not kept, because"
        " spec.render changes it. To decide it, set all of it there"
        for key, paths in found.items()
    }
    return _with_rows(rendering, told, ComponentReason.NOT_DETERMINISTIC)


def with_generated_told(rendering: Rendering) -> Rendering:
    """``rendering`` with rows that tell its generated fields; a row that has a reason keeps it."""
    anew = {
        each.key: f"{_shown(each.paths)} of {each.key.display_name} comes out differently each time, or with another"
        " version of helm: what was applied first is kept until the chart or the parameters change, and is made anew"
        " then. To decide it, give it as a parameter, by spec.render.valuesFrom where it is a secret"
        for each in rendering.generated
        if each.paths
    }
    program = rendering.format.lower()
    of_program = {
        each.key: f"{_shown(each.build_metadata)} of {each.key.display_name} is what {program} writes of itself: what"
        f" was applied first is kept where only {program} is another one"
        for each in rendering.generated
        if each.build_metadata
    }
    told = _with_rows(rendering, anew, ComponentReason.NOT_DETERMINISTIC)
    return _with_rows(told, of_program, ComponentReason.BUILD_METADATA)


def _with_rows(rendering: Rendering, told: Mapping[ObjectKey, str], reason: ComponentReason) -> Rendering:
    messages = {each.component: told[each.key] for each in rendering.objects if each.key in told}
    if not messages:
        return rendering
    rows = tuple(_with_reason(row, messages.get(row.id), reason) for row in rendering.components)
    return replace(rendering, components=rows)


def _with_reason(row: ComponentReport, message: str | None, reason: ComponentReason) -> ComponentReport:
    if message is None:
        return row
    words = f"{row.message}; {message}" if row.message else message
    return replace(row, reason=row.reason or str(reason), message=one_line(words))


def _shown(paths: tuple[FieldKeys, ...]) -> str:
    return first_few([_path(each) for each in paths], _NAMED)


def _path(path: FieldKeys) -> str:
    place: FieldPath | None = None
    for key in path:
        place = FieldPath(place, key)
    return one_line(str(place)) if place is not None else "all"
