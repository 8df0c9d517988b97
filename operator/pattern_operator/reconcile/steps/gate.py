"""Gate: whether a candidate may be applied now. What runs is not touched while it may not."""

from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import GROUP, KIND
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.errors import Stalled
from pattern_operator.quote import listed
from pattern_operator.reconcile.inventory_size import check_candidate
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.rollout import Candidate, check

NAMED = 5  # refused components that a message names; status.render has more


class RulesPort(Protocol):
    """What is known of other patterns and of what no pattern may hold."""

    def check(self, pattern: DesignPattern, objects: Iterable[Object]) -> None: ...  # noqa: D102 - see cluster.Cluster
    def ancestors(self, pattern: DesignPattern) -> frozenset[PatternKey]: ...  # noqa: D102 - see the class
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
        Stalled: as ``rollout.check``; it holds what no pattern may hold; its inventory would not fit into status.
    """
    port.check(pattern, rendering.objects)
    line = port.ancestors(pattern)
    held = [_pattern_key(each.key, pattern) for each in rendering.objects if _is_pattern(each.key)]
    candidate = Candidate(
        revision=revision,
        objects=len(rendering.objects),
        owned=len(pattern.status.inventory.entries),
        allow_empty=pattern.spec.apply.allow_empty,
        containing_patterns=tuple(str(key) for key in held if key in line),
    )
    check(candidate)
    await check_candidate(pattern, rendering, cpu=port.cpu(pattern))
    return candidate


def _is_pattern(key: ObjectKey) -> bool:
    return key.group_kind == (GROUP, KIND)


def _pattern_key(key: ObjectKey, pattern: DesignPattern) -> PatternKey:
    return PatternKey(key.namespace or pattern.metadata.namespace, key.name)
