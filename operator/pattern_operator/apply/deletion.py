"""The end of a pattern: its objects go wave by wave, and each wave is really gone before the next one goes.

One call is one step; the reconciler calls again when a child event says that something went.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey, counted
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.outcome import told
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.prune import in_reverse
from pattern_operator.apply.removal import Ending, Removal, Remover
from pattern_operator.errors import PatternError, Stalled, Transient, Waiting


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left after a step. Without ``entries`` the pattern may go; ``kept`` were left alone, with the reason.

    ``error`` says what is left and why, and how to let go: Waiting when a child event will bring the deletion on,
    Transient when it has to be tried again; None when nothing is left.
    """

    entries: tuple[InventoryEntry, ...] = ()
    kept: tuple[tuple[ObjectKey, str], ...] = ()
    error: PatternError | None = None

    @property
    def message(self) -> str:
        """What is left and why, for people; empty when nothing is."""
        return self.error.message if self.error else ""


async def delete_step(
    entries: Iterable[InventoryEntry], *, owner: Owner, remover: Remover, impersonate: str | None = None
) -> Remaining:
    """Delete the objects of ``entries``, as far as the order allows without waiting.

    Nothing of a wave is touched before the waves that need it are gone: workloads before the configuration, the
    namespaces and the definitions they need, custom objects before the workloads that act on their finalizers.
    """
    waves = in_reverse(entries)
    kept: list[tuple[ObjectKey, str]] = []
    for position, wave in enumerate(waves):
        done = await remover.remove_all(wave, owner=owner, impersonate=impersonate, otherwise=Reason.DELETION_FAILED)
        kept += [(each.key, each.message) for each in done if each.ending is Ending.KEPT]
        stuck = [each for each in done if each.ending in (Ending.GOING, Ending.FAILED)]
        if stuck:
            rest = [entry for later in waves[position + 1 :] for entry in later]
            return _remaining(stuck, rest, kept=tuple(kept), owner=owner)
    return Remaining(kept=tuple(kept))


def remaining_all(entries: Iterable[InventoryEntry], *, owner: Owner, error: Stalled) -> Remaining:
    """Nothing was deleted because of ``error``: all of ``entries`` are left, and how to let go of them is said."""
    entries = tuple(entries)
    message = f"{counted(len(entries))} left: {error.message} {_let_go(owner)}"
    return Remaining(entries=entries, error=Stalled(reason=error.reason, message=message))


def _let_go(owner: Owner) -> str:
    return (
        f"To let go and leave them in the cluster: kubectl patch designpattern {owner.name} -n {owner.namespace}"
        """ --type merge -p '{"spec":{"apply":{"deletionPolicy":"Orphan"}}}'"""
    )


def _remaining(
    stuck: list[Removal], rest: list[InventoryEntry], *, kept: tuple[tuple[ObjectKey, str], ...], owner: Owner
) -> Remaining:
    entries = sorted((*(each.entry for each in stuck), *rest), key=lambda entry: entry.id)
    stuck.sort(key=lambda each: (each.ending is not Ending.FAILED, each.key))
    after = f"; {len(rest)} more go after them" if rest else ""
    message = f"{counted(len(entries))} left: {(told(stuck) + after).removesuffix('.')}. {_let_go(owner)}"
    return Remaining(tuple(entries), kept, _error(stuck, message))


def _error(stuck: list[Removal], message: str) -> PatternError:
    failures = [each.failure for each in stuck if each.failure is not None]
    if not failures and all(each.watched for each in stuck):
        return Waiting(reason=Reason.DELETING, message=message)
    reason = failures[0].reason if failures else Reason.DELETION_FAILED
    pauses = [failure.retry_after for failure in failures if failure.retry_after is not None]
    return Transient(reason=reason, message=message, retry_after=max(pauses, default=None))
