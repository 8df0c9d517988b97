"""What leaves a pattern may have what its next version is to get: the message of the refusal says so, and a way out.

An address, a node port, the place of the default or the room in a quota goes to one object only. Where an object is
renamed, its successor is refused until it is gone; and it is deleted only when all of the new version is applied, so
that nothing that runs is missing meanwhile. Neither comes first by itself, so people are told; nothing is deleted here.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pattern_operator.api.fields import mapping_at, mappings_at
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.apply.adoption import GUARDED
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.kube import ApiError, KindNotFound

MOST: Final = 10  # refusals that are looked into, and objects that are read for each
_SERVICE: Final = ("", "Service")
_PRIORITY_CLASS: Final = ("scheduling.k8s.io", "PriorityClass")

Read = Callable[[ObjectKey], Awaitable[Body | None]]


@dataclass(frozen=True, slots=True)
class _Claim:
    """Those of ``among`` that, read, are found by ``holds``; ``how`` says what they have to do with the refusal."""

    among: tuple[ObjectKey, ...]
    how: str
    holds: Callable[[Body], bool]


async def name_holders(
    failures: Collection[ApplyFailure],
    *,
    desired: Mapping[ObjectKey, Object],
    leaving: Collection[ObjectKey],
    read: Read,
) -> tuple[ApplyFailure, ...]:
    """The failures, with what of ``leaving`` stands in the way of each; what cannot be read is not named."""
    told = [await _named(each, desired.get(each.key), leaving, read) for each in tuple(failures)[:MOST]]
    return (*told, *tuple(failures)[MOST:])


async def _named(
    failure: ApplyFailure, desired: Object | None, leaving: Collection[ObjectKey], read: Read
) -> ApplyFailure:
    claim = None if desired is None else _claim(failure, desired.body, sorted(leaving))
    for key in () if claim is None else claim.among[:MOST]:
        try:
            found = await read(key)
        except (ApiError, KindNotFound):
            continue
        if claim is not None and found is not None and claim.holds(found):
            return replace(failure, message=f"{failure.message.rstrip('.')}. {_way_out(key, claim.how)}")
    return failure


def _way_out(key: ObjectKey, how: str) -> str:
    kind = f"{key.kind}.{key.group}" if key.group else key.kind
    where = f" -n {key.namespace}" if key.namespace else ""
    return (
        f"{key.display_name}, which {how}, leaves the pattern with this version, but only once all of the version is"
        f" applied. To let it go first: kubectl delete {kind.lower()} {key.name}{where}"
    )


def _claim(failure: ApplyFailure, desired: Body, leaving: list[ObjectKey]) -> _Claim | None:
    """By what the API server says when it gives away what is there once only (core/service, scheduling, quota)."""
    key, said = failure.key, failure.message
    same = tuple(each for each in leaving if each.group_kind == key.group_kind)
    if key.group_kind == _SERVICE and "is already allocated" in said:
        wanted = frozenset(_allocated(desired))
        return _Claim(same, "has it", lambda found: not wanted.isdisjoint(_allocated(found)))
    if key.group_kind == _PRIORITY_CLASS and "already marked as default" in said:
        return _Claim(same, "is the default", lambda found: found.get("globalDefault") is True)
    if "exceeded quota: " in said:
        there = tuple(each for each in same if each.namespace == key.namespace and key.group_kind not in GUARDED)
        return _Claim(there, "is of the same kind and takes room, too", lambda _: True)
    named = tuple(each for each in leaving if each.group_kind not in GUARDED and _names(said, each))
    return _Claim(named, "it names", lambda _: True)


def _names(said: str, key: ObjectKey) -> bool:
    """Whether a sentence has ``<namespace>/<name>`` in it; a name alone may be any word."""
    words = re.escape(f"{key.namespace}/{key.name}")
    return bool(key.namespace) and re.search(rf"(?<![\w./-]){words}(?![\w/-])", said) is not None


def _allocated(service: Body) -> Iterator[Any]:
    """The addresses and node ports of a Service (core/v1, ServiceSpec); ``None`` is no address."""
    spec = mapping_at(service, "spec")
    addresses = spec.get("clusterIPs")
    for address in (spec.get("clusterIP"), *(addresses if isinstance(addresses, list) else ())):
        if isinstance(address, str) and address not in ("", "None"):
            yield address
    for port in (spec.get("healthCheckNodePort"), *(each.get("nodePort") for each in mappings_at(spec, "ports"))):
        if isinstance(port, int) and port:
            yield port
