"""Keeps what a chart made up at the first apply, as long as artifact and parameters are the same (docs/adr/0024)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.apply.generated_fields import with_live_values
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.reached import was_begun
from pattern_operator.reconcile.state import Applying, Objects, Running


class GeneratedPort(Protocol):
    """Where the objects of a pattern are read."""

    async def live(  # noqa: D102 - said where it is implemented
        self, pattern: DesignPattern, objects: Collection[Object]
    ) -> Mapping[ObjectKey, Body]: ...


async def with_kept_values(
    pattern: DesignPattern, desired: DesiredState, rendering: Rendering, *, objects: Objects, port: GeneratedPort
) -> Rendering:
    """``rendering`` with the live values of what it makes anew each time, where the same was applied before.

    Raises:
        Transient, Stalled: the objects cannot be read: without them nothing is applied, because a password would
            change.
    """
    if not rendering.generated or not is_the_same(pattern, desired, objects):
        return rendering
    keys = {each.key for each in rendering.generated}
    live = await port.live(pattern, [each for each in rendering.objects if each.key in keys])
    return replace(rendering, objects=with_live_values(rendering.objects, rendering.generated, live))


def is_the_same(pattern: DesignPattern, desired: DesiredState, objects: Objects) -> bool:
    """Whether what is applied, or was begun to be, was rendered of the same artifact with the same parameters.

    After a restart status says so of the spec; of what Secrets and ConfigMaps held then, nobody knows.
    """
    if isinstance(objects, Running | Applying):
        return _inputs(objects.desired) == _inputs(desired)
    return was_begun(pattern, desired.revision)


def _inputs(desired: DesiredState) -> tuple[object, ...]:
    """All that decides what is rendered."""
    return (desired.revision.digest, desired.layer, desired.render, desired.parameters)
