"""Keeps what a chart made up at the first apply, as long as artifact and parameters are the same (docs/adr/0024).

What helm or kustomize wrote of themselves is kept likewise: an upgrade of them changes nothing that runs (0030).
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.generated import FieldKeys, GeneratedFields, value_at
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.apply.generated_fields import kept_values
from pattern_operator.errors import Transient
from pattern_operator.executors import run_in
from pattern_operator.limits import MAX_OBJECT, MAX_RENDERED, MIB
from pattern_operator.nesting import NestedTooDeep, least_size
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.reached import was_begun
from pattern_operator.reconcile.state import Applying, Objects, Running


class GeneratedPort(Protocol):
    """Where the objects of a pattern are read."""

    def cpu(self, pattern: DesignPattern) -> Executor: ...  # noqa: D102 - said where it is implemented

    async def read_live(  # noqa: D102 - said where it is implemented
        self, pattern: DesignPattern, objects: Collection[Object], take: Callable[[Object, Body], Awaitable[Object]]
    ) -> Mapping[ObjectKey, Object]: ...


@dataclass(frozen=True, slots=True)
class _Kept:
    """One object with its live values: whether others took one, whether it has another program's metadata."""

    object: Object
    size: int
    taken: bool
    other_metadata: bool


class KeptValues:
    """Puts live values into objects, one at a time: of a live object, which may be large, nothing else is kept."""

    def __init__(self, generated: Iterable[GeneratedFields], *, cpu: Executor) -> None:
        self._generated = {each.key: each for each in generated}
        self._cpu = cpu
        self._size = 0
        self._other_metadata: list[ObjectKey] = []
        self._taken: list[ObjectKey] = []

    @property
    def other_metadata(self) -> tuple[ObjectKey, ...]:
        """The objects that another helm or kustomize wrote of itself into, in order."""
        return tuple(sorted(self._other_metadata))

    @property
    def taken(self) -> tuple[ObjectKey, ...]:
        """The objects of which others changed what was generated: it is as rendered now."""
        return tuple(self._taken)

    async def take(self, desired: Object, live: Body) -> Object:
        """``desired`` with the live values of its generated fields; raises Transient where all are too large."""
        kept = await run_in(self._cpu, _kept, desired, self._generated[desired.key], live)
        if kept.taken:
            self._taken.append(desired.key)
        if kept.other_metadata:
            self._other_metadata.append(desired.key)
        self._size += kept.size
        if self._size > MAX_RENDERED:
            raise _too_large(f"its objects have more than {MAX_RENDERED // MIB} MiB with the values they have there")
        return kept.object


def _kept(desired: Object, generated: GeneratedFields, live: Body) -> _Kept:
    kept = kept_values(desired, generated, live)
    made = kept.object
    try:
        size = least_size(made.body, most=MAX_OBJECT)
    except NestedTooDeep as error:
        raise _too_large(f"the generated values of {made.key.display_name} {error} levels") from None
    return _Kept(made, size, kept.taken, _is_other_at(generated.build_metadata, made, desired))


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
    values = KeptValues(rendering.generated, cpu=port.cpu(pattern))
    wanted = [each for each in rendering.objects if each.key in keys]
    kept = await port.read_live(pattern, wanted, values.take)
    made = tuple(kept.get(each.key, each) for each in rendering.objects)
    lost = () if pattern.status.applying_revision else (each.key for each in wanted if each.key not in kept)
    anew = tuple(sorted({*values.taken, *lost}))
    return replace(rendering, objects=made, kept_metadata=values.other_metadata, regenerated=anew)


def is_the_same(pattern: DesignPattern, desired: DesiredState, objects: Objects) -> bool:
    """Whether what is applied, or was begun to be, was rendered of the same artifact with the same parameters.

    After a restart status says so of the spec; of what Secrets and ConfigMaps held then, nobody knows.
    """
    if isinstance(objects, Running | Applying):
        return objects.desired.inputs == desired.inputs
    return was_begun(pattern, desired.revision)


def _is_other_at(paths: Iterable[FieldKeys], made: Object, desired: Object) -> bool:
    return any(value_at(made.body, path) != value_at(desired.body, path) for path in paths)


def _too_large(fact: str) -> Transient:
    return Transient(
        reason=Reason.RESOURCE_LIMIT_EXCEEDED,
        message=f"what the chart generated cannot be kept, because {fact}: somebody changed them. Correct or delete"
        " these objects; it is retried.",
    )
