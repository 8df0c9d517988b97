"""One run over the objects of a pattern: what was asked, and what came of it so far."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.adoption import Adopt, Create, Own, Policy
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.apply.crd import CrdKinds, is_crd
from pattern_operator.apply.ignore_differences import Rule
from pattern_operator.apply.ownership import Owner, is_namespace
from pattern_operator.apply.result import ApplyFailure, ApplyResult
from pattern_operator.kube import ApiError

OnApplied = Callable[[Object, Body], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRequest:
    """What ``Applier.apply_all`` was asked. ``impersonate`` is the user in whose name to look and to apply."""

    owner: Owner
    conflicts: Literal["Fail", "Take"]
    adopt: Policy
    rules: tuple[Rule, ...]  # spec.apply.ignoreDifferences
    owned: Collection[ObjectKey]  # the keys of the inventory
    impersonate: str | None
    scaled: frozenset[tuple[str, str, str, str]]  # what the pattern's own autoscalers aim at (``replicas.scaled_in``)


@dataclass(slots=True, kw_only=True)
class ApplyRun:
    """A run of one request."""

    request: ApplyRequest
    on_applied: OnApplied | None = None
    own_kinds: CrdKinds  # that the pattern itself brings
    namespaces: set[str]  # that the pattern itself brings
    applied: list[ObjectKey] = field(default_factory=list)
    skipped: list[tuple[ObjectKey, str]] = field(default_factory=list)
    notes: dict[ObjectKey, str] = field(default_factory=dict)  # what people should know of what was applied
    remaining: dict[ObjectKey, tuple[RemainingField, ...]] = field(default_factory=dict)  # of what was applied
    disowned: set[ObjectKey] = field(default_factory=set)
    unlabelled: set[ObjectKey] = field(default_factory=set)
    created: set[ObjectKey] = field(default_factory=set)
    configured: set[ObjectKey] = field(default_factory=set)
    failures: list[ApplyFailure] = field(default_factory=list)
    not_established: set[str] = field(default_factory=set)  # names of the CRDs that are applied and not served yet
    unavailable: ApiError | None = None  # the API server does not answer, or asks to slow down

    def record_change(self, key: ObjectKey, decision: Create | Own | Adopt, answer: Body) -> None:
        """Write down whether an apply made or changed the object: one that changes nothing leaves its version."""
        if isinstance(decision, Create):
            self.created.add(key)
        elif decision.version and ObjectMeta.of(answer).resource_version != decision.version:
            self.configured.add(key)

    def fail(self, failure: ApplyFailure) -> None:
        """Write down what could not be applied; nobody waits for a namespace or a kind that it was to bring."""
        key = failure.key
        self.failures.append(failure)
        if is_namespace(key):
            self.namespaces.discard(key.name)
        elif is_crd(key):
            self.own_kinds = {at: r for at, r in self.own_kinds.items() if f"{r.plural}.{r.group}" != key.name}

    def fail_stored(self, failure: ApplyFailure) -> None:
        """Write down what was stored by its apply, and not as it should be."""
        self.fail(failure)
        if failure.reason is Reason.OWNER_LABEL_REMOVED:
            self.unlabelled.add(failure.key)

    def result(self) -> ApplyResult:
        """What came of it, in the order of keys."""
        return ApplyResult(
            applied=tuple(sorted(self.applied)),
            skipped=tuple(sorted(self.skipped)),
            failures=tuple(sorted(self.failures, key=lambda each: each.order)),
            disowned=frozenset(self.disowned),
            unlabelled=frozenset(self.unlabelled),
            notes=tuple(sorted(self.notes.items())),
            created=frozenset(self.created),
            configured=frozenset(self.configured),
        )
