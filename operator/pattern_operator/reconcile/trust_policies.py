"""Follows TrustPolicies, and the labels of namespaces, and says which policies hold for a pattern.

A change of a policy, of its Secrets and ConfigMaps, or of the labels of a namespace wakes the patterns for which it
holds, or held: what was approved is verified again. While it is not known which policies there are, nothing is known to
be approved: before the first list, while they cannot be watched, and where the kind is not served, which is not to say
that the policies are gone.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from pattern_operator.aio import Tasks
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.fields import ObjectMeta, mapping_at, texts
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import InvalidReference, Repository
from pattern_operator.errors import Transient
from pattern_operator.kube import Projection, Reflector, Resource, Session, WatchEvent, WatchEventType
from pattern_operator.kube.wellknown import NAMESPACE, TRUST_POLICY
from pattern_operator.reconcile.deployed import deployed
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of
from pattern_operator.reconcile.policy_store import KnownPolicy, PolicyKey, PolicyStore
from pattern_operator.verify.url_match import UrlGlob

SYNC_TIMEOUT: Final = 5.0  # seconds that a run waits until the policies are known
LEAVE: Final = 3.0  # seconds that a deleted policy still holds: `kubectl replace --force` deletes and makes anew
AT_ONCE: Final = 1_000  # globs that are tried in one turn of the loop: some 5 ms

logger = logging.getLogger(__name__)


class TrustPolicies:
    """``wake`` is called with each pattern that has to be verified again; ``on_change`` whenever a policy changed."""

    def __init__(
        self,
        session: Session,
        patterns: PatternStore,
        *,
        wake: Callable[[PatternKey], None],
        forget: Callable[[PolicyKey], None],
        tasks: Tasks,
    ) -> None:
        """``forget`` is called with each policy that is gone."""
        self.policies = PolicyStore()
        self.changed = asyncio.Event()  # set whenever a policy is another; cleared by who counts its patterns
        self._patterns = patterns
        self._wake = wake
        self._forget = forget
        self._tasks = tasks
        self._labels: dict[str, Mapping[str, str]] = {}
        self._waiting: set[PatternKey] = set()  # those that were told to wait until it is known what there is
        self._unseen: set[PolicyKey] = set()  # policies of a kind that is not served: they may be there
        self._policy_watch = self._reflector(session, TRUST_POLICY, Projection.FULL, self._policy_changed)
        self._namespace_watch = self._reflector(session, NAMESPACE, Projection.METADATA, self._namespace_changed)
        self._follows_namespaces = False

    def start(self) -> None:
        """Begin to follow the policies."""
        self._tasks.create_task(self._policy_watch.run(), name="watch-trustpolicies")

    async def covering(self, pattern: DesignPattern, repository: Repository) -> tuple[KnownPolicy, ...]:
        """The policies that hold for artifacts of ``repository`` in the namespace of a pattern.

        Raises:
            Transient: it is not known yet which there are, or which labels its namespace has.
        """
        await self._known(pattern, self._policy_watch, "TrustPolicies")
        if not self.policies.asks_for_labels:
            return self.policies.covering(repository, {})
        await self._known(pattern, self._namespace_watch, "the labels of namespaces")
        labels = self._labels.get(pattern.metadata.namespace)
        if labels is None:
            raise Transient(
                reason=Reason.API_SERVER_UNAVAILABLE,
                message=f"the labels of namespace {pattern.metadata.namespace} are not known yet, and a TrustPolicy"
                " asks for them; it is looked at again when they are.",
            )
        return self.policies.covering(repository, labels)

    async def _known(self, pattern: DesignPattern, watch: Reflector, what: str) -> None:
        """Wait until a watch misses nothing."""
        if watch.current.is_set():
            return
        try:
            async with asyncio.timeout(SYNC_TIMEOUT):
                await watch.current.wait()
        except TimeoutError:
            self._waiting.add(key_of(pattern))
            raise Transient(
                reason=Reason.API_SERVER_UNAVAILABLE,
                message=f"{what} cannot be followed, so that it is not known what must be verified{_why(watch)}. It is"
                " tried again.",
            ) from None

    def _is_known_again(self) -> None:
        if self._policy_watch.current.is_set():  # else it is the namespaces that are known again
            for key in self._unseen:
                self._let_go(key)
            self._unseen = set()
        waiting, self._waiting = self._waiting, set()
        for pattern in waiting:
            self._wake(pattern)
        self.changed.set()

    def known_covering(self, pattern: DesignPattern) -> tuple[KnownPolicy, ...]:
        """Those that hold for what the spec names and for what runs, as far as anything is known."""
        labels = self._labels.get(pattern.metadata.namespace, {})
        found = (each for it in _repositories(pattern) for each in self.policies.covering(it, labels))
        return tuple({each.key: each for each in found}.values())

    def material_changed(self, key: PolicyKey) -> None:
        """A Secret or ConfigMap that a policy names was changed, made or deleted."""
        policy = self.policies.get(key)
        if policy is not None:
            self._wake_covered(policy)
            self.changed.set()

    def _policy_changed(self, change: WatchEvent) -> None:
        policy = KnownPolicy.of(dict(change.object))
        before = self.policies.get(policy.key)
        if change.type is WatchEventType.DELETED:
            self._deleted(policy)
            return
        self._unseen.discard(policy.key)
        if self.policies.take(policy):
            self._follow_namespaces()
            self._wake_covered(before, policy)
            self.changed.set()

    def _deleted(self, policy: KnownPolicy) -> None:
        problem = self._policy_watch.problem
        if problem is not None and problem.code == HTTPStatus.NOT_FOUND:
            self._unseen.add(policy.key)
        else:
            self._tasks.create_task(self._leave(policy), name="leave-trustpolicy")

    async def _leave(self, policy: KnownPolicy) -> None:
        """Let a policy go that was deleted, unless there is another one of its name by then."""
        await asyncio.sleep(LEAVE)
        known = self.policies.get(policy.key)
        if known is not None and known.uid == policy.uid:
            self._let_go(policy.key)

    def _let_go(self, key: PolicyKey) -> None:
        before = self.policies.forget(key)
        self._forget(key)
        self._wake_covered(before)
        self.changed.set()

    def _follow_namespaces(self) -> None:
        if self.policies.asks_for_labels and not self._follows_namespaces:
            self._follows_namespaces = True
            self._tasks.create_task(self._namespace_watch.run(), name="watch-namespaces-for-policies")

    def _namespace_changed(self, change: WatchEvent) -> None:
        name = ObjectMeta.of(change.object).name
        before = self._labels.get(name)
        if change.type is WatchEventType.DELETED:
            self._labels.pop(name, None)
            return
        labels = texts(mapping_at(change.object, "metadata", "labels"))
        if labels == before:
            return
        self._labels[name] = labels
        self.changed.set()
        if not self._namespace_watch.synced.is_set():
            return
        for pattern in self._patterns:
            if pattern.metadata.namespace == name:
                self._wake(key_of(pattern))

    def _wake_covered(self, *policies: KnownPolicy | None) -> None:
        """Wake the patterns that one of these holds for, whatever the labels are: to look costs a run nothing.

        Until the first list is read nobody has been judged: who asks waits for it.
        """
        if not self._policy_watch.synced.is_set():
            return
        globs = [each.url for policy in policies if policy is not None for each in policy.match]
        self._tasks.create_task(self._wake_matched(globs), name="wake-covered-patterns")

    async def _wake_matched(self, globs: Sequence[UrlGlob]) -> None:
        looked = 0
        for pattern in self._patterns:
            if any(each.matches(it) for it in _repositories(pattern) for each in globs):
                self._wake(key_of(pattern))
            looked += len(globs)
            if looked >= AT_ONCE:
                looked = 0
                await asyncio.sleep(0)

    def _reflector(
        self, session: Session, resource: Resource, projection: Projection, on_change: Callable[[WatchEvent], None]
    ) -> Reflector:
        return Reflector(
            session,
            resource,
            projection=projection,
            on_change=on_change,
            on_problem=lambda error: logger.warning("cannot follow %s: %s", resource.plural, error),
            on_current=self._is_known_again,
        )


def _why(watch: Reflector) -> str:
    problem = watch.problem
    if problem is None:
        return ""
    if problem.code == HTTPStatus.NOT_FOUND:
        return ": the kind is missing; apply crds/ (kubectl apply --server-side -k crds)"
    if problem.code == HTTPStatus.FORBIDDEN:
        return f": the operator may not list and watch {watch.name}; apply its manifests again, which grant it"
    return f": {problem.message}"


def _repositories(pattern: DesignPattern) -> frozenset[Repository]:
    """The one that the spec names, and those that what runs came from."""
    found = {each.repository for each in deployed(pattern)}
    with suppress(InvalidReference):
        found.add(Repository.parse(pattern.spec.source.url))
    return frozenset(found)
