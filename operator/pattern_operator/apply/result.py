"""What came of applying: which objects are there, what failed in the API server's words, and the error that makes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pattern_operator.api.object import ObjectKey, pluralize
from pattern_operator.api.reason import Reason
from pattern_operator.apply.need import Need
from pattern_operator.errors import PatternError, Transient, Waiting
from pattern_operator.kube.kind_suggestion import NextStep
from pattern_operator.quote import listed

# What failed is sent again by the next try: that of thousands, each second and forever, would be a load on all.
REST: Final = timedelta(milliseconds=10)  # for each of them, at least
NAMED: Final = 5  # failures that a message names; the rest is pluralize


@dataclass(frozen=True, slots=True)
class ApplyFailure:
    """One object that could not be applied or deleted; ``message`` does not repeat its name.

    ``need`` is what would end it, where something tells when that comes. ``next_step`` is found when it is shown.
    """

    key: ObjectKey
    reason: Reason
    message: str
    retry_after: timedelta | None = None
    need: Need | None = None
    next_step: NextStep | None = None

    def __str__(self) -> str:
        said = self.message if self.next_step is None else f"{self.message}: {self.next_step}"
        return f"{self.key.display_name}: {said}"

    @property
    def order(self) -> tuple[str, str]:
        """By what a list of them is sorted."""
        return self.key.display_name, self.message


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """``applied`` are in the cluster as they should be, ``skipped`` were not sent, with the reason.

    ``notes`` are what people should know of some of ``applied``. ``disowned`` are those of ``skipped`` and ``failures``
    that are not the pattern's: they do not exist, or are another's. ``created`` were not there before, ``configured``
    were written with another content. ``unlabelled`` are those of ``failures`` that the apply made or changed all the
    same, and that lost the owner label on their way.
    """

    applied: tuple[ObjectKey, ...] = ()
    skipped: tuple[tuple[ObjectKey, str], ...] = ()
    failures: tuple[ApplyFailure, ...] = ()
    disowned: frozenset[ObjectKey] = frozenset()
    notes: tuple[tuple[ObjectKey, str], ...] = ()
    created: frozenset[ObjectKey] = frozenset()
    configured: frozenset[ObjectKey] = frozenset()
    unlabelled: frozenset[ObjectKey] = frozenset()


def to_error(applied: ApplyResult, *, unknown: tuple[ApplyFailure, ...] = (), others: int = 0) -> PatternError | None:
    """The error of a run in which something failed; ``unknown`` are the objects that ``resolve_scope`` could not place.

    ``others`` is how many more objects the pattern has, that were not to be applied.

    Failures are retried, because most pass without a notification: a role is granted, a webhook comes up, a field is
    released. Only when nothing but CRDs is missing, their arrival is what is waited for.
    """
    failures = (*applied.failures, *unknown)
    if not failures:
        return None
    total = len(failures) + len(applied.applied) + len(applied.skipped) + others
    message = f"{len(failures)} of {pluralize(total)} could not be applied: {summarize(failures)}"
    if all(failure.reason is Reason.KIND_NOT_FOUND for failure in failures):
        return Waiting(reason=Reason.KIND_NOT_FOUND, message=message)
    reason = next(each.reason for each in failures if each.reason is not Reason.KIND_NOT_FOUND)
    return Transient(reason=reason, message=message, retry_after=rest_after(failures))


def rest_after(failures: Collection[ApplyFailure]) -> timedelta:
    """How long to wait at least before all of these are retried: as they ask, or as many as they are."""
    pauses = [failure.retry_after for failure in failures if failure.retry_after is not None]
    return max(*pauses, REST * len(failures)) if pauses else REST * len(failures)


def of_defect(key: ObjectKey) -> ApplyFailure:
    """The failure of an object that the operator itself failed on. The error is logged, and may quote the object."""
    message = "internal error of the operator; its log says where. It is retried; report it."
    return ApplyFailure(key, Reason.INTERNAL_ERROR, message)


def summarize(lines: Iterable[object]) -> str:
    """The first few of ``lines``, and how many more there are; a sentence goes on here, so no line ends one."""
    return listed(lines, NAMED)
