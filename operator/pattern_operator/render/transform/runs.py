"""What kustomize is given, in how many runs: in one run no two may have the same kind and name, which hooks may."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.render.transform.patches import invalid

_MOST: Final = 9  # of one kind and name: an object, or a hook for each moment that Helm knows


def is_sent(each: Object) -> bool:
    """Whether kustomize takes it as it is: it would take a kind of list apart."""
    return not (each.key.kind.endswith("List") and "items" in each.body)


def sent_of(rendering: Rendering) -> tuple[Object, ...]:
    """The objects, and after them the hooks, in order."""
    return tuple(filter(is_sent, (*rendering.objects, *(hook.object for hook in rendering.hooks))))


def runs(sent: Sequence[Object]) -> Iterator[list[int]]:
    """The places in ``sent`` of what goes into each run.

    The first has the first of each kind and name. A later one has the next, where there is one, and else the last, so
    that references are followed: what an earlier run has made of it stands.

    Raises:
        Stalled: PATCH_INVALID: too many have one kind and name.
    """
    places: dict[ObjectKey, list[int]] = {}
    for place, each in enumerate(sent):
        places.setdefault(each.key, []).append(place)
    counted = Counter({key: len(found) for key, found in places.items()})
    key, most = counted.most_common(1)[0]
    if most > _MOST:
        raise invalid("spec.render", f"{most} hooks are {key.display_name}, and {_MOST} of one name can be changed")
    for turn in range(most):
        yield [found[min(turn, len(found) - 1)] for found in places.values()]
