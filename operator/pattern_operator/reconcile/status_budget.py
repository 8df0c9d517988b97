"""The budget of a status: what is cut, in which order, so that it can be written. Pure.

An object may have 1.5 MiB in etcd, and a status that is larger could not be written at all: the pattern would be
silent. The inventory is never cut, because what it does not name is never deleted; it has its own limit
(``api.inventorycodec``). All else may have ``MAX_TEXTS``, and says in ``status.truncated`` what of it was cut.
Together they leave 600 KiB to spec, annotations (256 KiB at most) and managedFields.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from pattern_operator.api.condition import Condition
from pattern_operator.api.inventorycodec import LARGEST
from pattern_operator.api.status import (
    GeneratedComponent,
    HistoryEntry,
    Inventory,
    RefusedComponent,
    SkippedComponent,
    Status,
    VerifiedBy,
)
from pattern_operator.limits import KIB, MAX_STATUS_MESSAGE
from pattern_operator.quote import cut, one_line

MAX_TEXTS: Final = 128 * KIB  # bytes of a status without its inventory, as JSON
MAX_STATUS: Final = LARGEST + MAX_TEXTS
_NAME: Final = 256  # bytes: names of Kubernetes have 253
_WORD: Final = 1024  # bytes of a text that somebody else chose, such as an annotation
_LEAST_MESSAGE: Final = 256
_KEPT: Final = 5  # entries of a list that is cut


def shortened(status: Status) -> Status:
    """``status`` with each text no longer than people read, in bytes; what no text of ours holds is left out."""
    render = status.render and msgspec.structs.replace(
        status.render,
        name=one_line(status.render.name, _NAME),
        version=one_line(status.render.version, _NAME),
        refusals=tuple(_refusal(each) for each in status.render.refusals),
        skips=tuple(_skip(each) for each in status.render.skips),
        generated=tuple(_generated(each) for each in status.render.generated),
        repairs=tuple(one_line(each, MAX_STATUS_MESSAGE) for each in status.render.repairs),
    )
    return msgspec.structs.replace(
        status,
        conditions=_messages(status, MAX_STATUS_MESSAGE),
        version=one_line(status.version, _NAME),
        design_version=one_line(status.design_version, _NAME),
        verified_by=tuple(_verified_by(each) for each in status.verified_by),
        history=tuple(_past(each) for each in status.history),
        render=render,
        last_handled_reconcile_at=one_line(status.last_handled_reconcile_at, _WORD),
    )


def within_budget(status: Status, *, most: int = MAX_TEXTS) -> Status:
    """``status`` cut to ``most`` bytes beside the inventory, the least needed first; it says what was cut."""
    status = msgspec.structs.replace(shortened(status), truncated=())
    cuts: list[str] = []
    for name, step in _STEPS:
        if size_of(status) <= most:
            break
        before, status = status, step(status)
        if before != status:
            cuts.append(name)
            status = msgspec.structs.replace(status, truncated=tuple(cuts))
    return status


def size_of(status: Status) -> int:
    """Bytes of a status as JSON, without its inventory."""
    return len(msgspec.json.encode(msgspec.structs.replace(status, inventory=Inventory())))


def _refusal(each: RefusedComponent) -> RefusedComponent:
    return RefusedComponent(
        name=one_line(each.name, _NAME),
        kind=one_line(each.kind, _NAME),
        reason=one_line(each.reason, _NAME),
        message=one_line(each.message, MAX_STATUS_MESSAGE),
        where=one_line(each.where, _WORD),
    )


def _skip(each: SkippedComponent) -> SkippedComponent:
    return SkippedComponent(
        name=one_line(each.name, _NAME), kind=one_line(each.kind, _NAME), reason=one_line(each.reason, _NAME)
    )


def _generated(each: GeneratedComponent) -> GeneratedComponent:
    return GeneratedComponent(
        name=one_line(each.name, _NAME),
        kind=one_line(each.kind, _NAME),
        message=one_line(each.message, MAX_STATUS_MESSAGE),
    )


def _verified_by(each: VerifiedBy) -> VerifiedBy:
    return VerifiedBy(
        authority=one_line(each.authority, _NAME),
        format=one_line(each.format, _NAME),
        where=one_line(each.where, _WORD),
        key_id=one_line(each.key_id, _NAME),
        identity=one_line(each.identity, _WORD),
        issuer=one_line(each.issuer, _WORD),
        log_index=each.log_index,
        signed_at=one_line(each.signed_at, _NAME),
        policies=tuple(one_line(name, _NAME) for name in each.policies),
    )


def _past(each: HistoryEntry) -> HistoryEntry:
    names = tuple(one_line(name, _NAME) for name in each.verified_by)
    return msgspec.structs.replace(each, version=one_line(each.version, _NAME), verified_by=names)


def _messages(status: Status, most: int) -> tuple[Condition, ...]:
    return tuple(
        msgspec.structs.replace(each, reason=cut(each.reason, _WORD), message=one_line(each.message, most))
        for each in status.conditions
    )


def _without_repairs(status: Status) -> Status:
    return _render(status, repairs=status.render.repairs[:_KEPT] if status.render else ())


def _without_skips(status: Status) -> Status:
    return _render(status, skips=status.render.skips[:_KEPT] if status.render else ())


def _few_generated(status: Status) -> Status:
    return _render(status, generated=status.render.generated[:_KEPT] if status.render else ())


def _short_refusals(status: Status) -> Status:
    refusals = status.render.refusals if status.render else ()
    short = (msgspec.structs.replace(each, message=one_line(each.message, _LEAST_MESSAGE)) for each in refusals)
    return _render(status, refusals=tuple(short))


def _few_refusals(status: Status) -> Status:
    return _render(status, refusals=status.render.refusals[:_KEPT] if status.render else ())


def _render(status: Status, **fields: object) -> Status:
    if status.render is None:
        return status
    return msgspec.structs.replace(status, render=msgspec.structs.replace(status.render, **fields))


def _short_history(status: Status) -> Status:
    return msgspec.structs.replace(status, history=status.history[:_KEPT])


def _few_signers(status: Status) -> Status:
    return msgspec.structs.replace(status, verified_by=status.verified_by[:_KEPT])


def _short_messages(status: Status) -> Status:
    return msgspec.structs.replace(status, conditions=_messages(status, _LEAST_MESSAGE))


def _without_fingerprints(status: Status) -> Status:
    return msgspec.structs.replace(status, fingerprints="")


# What is cut, the least needed first: the whole of a rendering is also told by `patternctl render --report`. Without
# fingerprints the first run after a restart applies all objects, or compares them by dry runs.
_STEPS: Final[tuple[tuple[str, Callable[[Status], Status]], ...]] = (
    ("render.repairs", _without_repairs),
    ("render.skips", _without_skips),
    ("render.generated", _few_generated),
    ("render.refusals[].message", _short_refusals),
    ("render.refusals", _few_refusals),
    ("history", _short_history),
    ("verifiedBy", _few_signers),
    ("fingerprints", _without_fingerprints),
    ("conditions[].message", _short_messages),
)
