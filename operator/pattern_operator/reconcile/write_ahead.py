"""When something is written before objects are sent, and what: the kinds that are about to exist. Pure.

The inventory in status is written once, at the end of a run. Until then the annotation ``writeAhead`` says that status
is behind: its id is another one than ``status.writeAhead``. A process that finds it so, and did not write it, looks for
what came of it (``recovery``). So it is written whenever the cluster leaves what status speaks of, and names the kinds
of those objects alone that the inventory does not have. Anybody who may edit the pattern can remove it: where it is
gone, and status has an id, status may be behind, too.
"""

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.api.write_ahead import MAX_KINDS, MAX_NAMESPACES, MAX_TEXT, WriteAhead, kind_name, read, written
from pattern_operator.apply import inventory
from pattern_operator.errors import Stalled


def outstanding(pattern: DesignPattern) -> WriteAhead | None:
    """What was written ahead, and status may not have all that came of it; None where it has.

    Without an id where somebody removed it: then it is not known what that was. It is as old as the last run that
    status knows at most.
    """
    ahead, done = pattern.metadata.annotations.write_ahead, pattern.status.write_ahead
    if ahead is None:
        return WriteAhead(since=_last_applied(pattern)) if done else None
    if ahead.id == done:
        return None
    return ahead if ahead.since else msgspec.structs.replace(ahead, since=_last_applied(pattern))


def needed(pattern: DesignPattern, planned: tuple[InventoryEntry, ...], *, leaves: bool) -> WriteAhead | None:
    """What has to be written before ``planned`` is applied; None where all of it is on record.

    ``leaves``: status says of another desired state that all of it is applied, which is not so from now on.

    Raises:
        Stalled: INVENTORY_TOO_LARGE: it has more kinds than can be written.
    """
    listed = {each.id for each in pattern.status.inventory.entries}
    new = [inventory.key_of(each) for each in planned if each.id not in listed]
    open_ = outstanding(pattern)
    removed = open_ is not None and not open_.id  # written again at once, so that status and it are in step
    if open_ is not None and not removed and all(open_.covers(key) for key in new):
        return None
    if not new and not leaves and not removed:
        return None
    ahead = WriteAhead(
        id=pattern.metadata.resource_version,
        since=open_.since if open_ is not None else "",
        kinds=_kinds(new, open_),
        namespaces=_namespaces(new, open_),
    )
    if len(ahead.kinds) > MAX_KINDS or len(written(ahead)) > MAX_TEXT:
        raise Stalled(
            reason=Reason.INVENTORY_TOO_LARGE,
            message=f"it has new objects of {len(ahead.kinds)} kinds, and can have some of {MAX_KINDS} at a time;"
            " nothing was changed. Split the pattern.",
        )
    return read(written(ahead))


def _kinds(new: list[ObjectKey], before: WriteAhead | None) -> tuple[str, ...]:
    return tuple(sorted({kind_name(each.group_kind) for each in new} | set(before.kinds if before else ())))


def _namespaces(new: list[ObjectKey], before: WriteAhead | None) -> tuple[str, ...]:
    """Empty where they are too many to be named, or those of ``before`` were."""
    if before is not None and before.kinds and not before.namespaces:
        return ()
    names = {each.namespace for each in new if each.namespace} | set(before.namespaces if before else ())
    return tuple(sorted(names)) if len(names) <= MAX_NAMESPACES else ()


def _last_applied(pattern: DesignPattern) -> str:
    """What came of a run that status does not know is newer than the last one that it knows."""
    history = pattern.status.history
    return history[0].applied_at if history else pattern.metadata.creation_timestamp
