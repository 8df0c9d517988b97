"""Gate: whether a candidate may be applied now. What runs is not touched while it may not."""

from collections.abc import Collection, Iterable
from concurrent.futures import Executor
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_PATTERNS_BELOW
from pattern_operator.quote import listed
from pattern_operator.reconcile.held_patterns import held_patterns, take_over_command
from pattern_operator.reconcile.inventory_size import check_candidate
from pattern_operator.reconcile.parameter_sources import refuse_own_sources
from pattern_operator.reconcile.pattern_store import PatternKey, key_of
from pattern_operator.rollout import Candidate, check

NAMED = 5  # refused components that a message names; status.render has more


class RulesPort(Protocol):
    """What is known of other patterns and of what no pattern may hold."""

    def check(self, pattern: DesignPattern, objects: Iterable[Object]) -> None: ...  # noqa: D102 - see cluster.Cluster
    def line(self, pattern: DesignPattern) -> tuple[DesignPattern, ...]: ...  # noqa: D102 - see the class
    def not_made(  # noqa: D102 - see the class
        self, pattern: DesignPattern, held: Collection[PatternKey]
    ) -> frozenset[PatternKey]: ...
    def left_behind(self, pattern: DesignPattern) -> DesignPattern | None: ...  # noqa: D102 - see the class
    def count_below(self, pattern: DesignPattern, *, most: int) -> int: ...  # noqa: D102 - see the class
    def cpu(self, pattern: DesignPattern) -> Executor: ...  # noqa: D102 - see the class


def accept(pattern: DesignPattern, revision: Revision, rendering: Rendering) -> None:
    """Take a rendering in which nothing was refused; raises Stalled otherwise, unless ``onInvalid`` is Skip."""
    refused = list(rendering.with_outcome(Outcome.REFUSED))
    if not refused or pattern.spec.render.on_invalid == "Skip":
        return
    named = listed((f"{each.display_name}: {each.message}" for each in refused), NAMED)
    raise Stalled(
        reason=Reason.COMPONENTS_REFUSED,
        message=f"{len(refused)} of {len(rendering.components)} components of {revision.display_name} cannot be"
        " rendered; nothing was applied. Correct them, or set spec.render.onInvalid: Skip to apply the rest:"
        f" {named}",
    )


async def gate(pattern: DesignPattern, revision: Revision, rendering: Rendering, *, port: RulesPort) -> Candidate:
    """The candidate that may be applied now.

    Objects have the namespaces that they were rendered with; the apply step checks once more when it knows from the
    API server where they really go.

    Raises:
        Stalled: as ``rollout.check``; it holds what no pattern may hold, or what its parameters are read from; its
            inventory would not fit into status.
    """
    objects = (*rendering.objects, *(each.object for each in rendering.hooks))
    port.check(pattern, objects)
    refuse_own_sources(pattern, objects)
    line = port.line(pattern)
    names = frozenset(key_of(each) for each in line)
    held = held_patterns(pattern, rendering)
    new = port.not_made(pattern, held) if held else frozenset()
    left = port.left_behind(pattern) if new else None
    candidate = Candidate(
        revision=revision,
        objects=len(rendering.objects),
        owned=len(pattern.status.inventory.entries),
        allow_empty=pattern.spec.apply.allow_empty,
        containing_patterns=tuple(str(key) for key in held if key in names),
        holds_patterns=bool(held),
        holders=len(line) - 1,
        again=[_part(each) for each in line].count(_part(pattern)),
        below=port.count_below(line[-1], most=MAX_PATTERNS_BELOW) + len(new) if new else 0,
        left_behind=str(key_of(left)) if left is not None else "",
        take_over=take_over_command(left) if left is not None else "",
        same_as=next((str(key_of(each)) for each in line[1:] if _is_same(each, pattern)), ""),
    )
    check(candidate)
    await check_candidate(pattern, rendering, cpu=port.cpu(pattern))
    return candidate


def _is_same(holder: DesignPattern, pattern: DesignPattern) -> bool:
    """Whether both are of the same artifact, and rendered alike: what one holds, the other holds by another name."""
    return _content(holder) == _content(pattern)


def _content(pattern: DesignPattern) -> tuple[object, ...]:
    source = pattern.spec.source
    return source.url, source.ref, source.layer, pattern.spec.render


def _part(pattern: DesignPattern) -> tuple[object, ...]:
    """What of which repository it is of, in whatever version, and however it is rendered."""
    return pattern.spec.source.url, pattern.spec.source.layer
