"""What patterns wait for in the cluster, of whatever sort: kinds, namespaces, rights, objects that others have.

Each sort is watched from when the first pattern waits for one, by metadata alone, and nothing is kept of what nobody
waits for. All but kinds is retried after a pause anyway: a watch that is refused makes that pause longer, no more.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from contextlib import AbstractContextManager
from typing import Final

from pattern_operator.aio import Tasks
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.need import (
    KindNeeded,
    NamespaceNeeded,
    Need,
    ObjectNeeded,
    PatternNeeded,
    RightsNeeded,
)
from pattern_operator.kube import Discovery, Projection, Reflector, Resource, Session, WatchEvent, WatchEventType
from pattern_operator.kube.wellknown import NAMESPACE
from pattern_operator.reconcile.missing_kinds import MissingKinds
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.reconcile.subscriptions import Subscriptions

_RBAC: Final = ("rbac.authorization.k8s.io", "v1")
# What gives an account its rights, or is an account: Kubernetes documentation, "Using RBAC Authorization".
RIGHTS: Final = (
    Resource("", "v1", "ServiceAccount", "serviceaccounts", namespaced=True),
    Resource(*_RBAC, "Role", "roles", namespaced=True),
    Resource(*_RBAC, "RoleBinding", "rolebindings", namespaced=True),
    Resource(*_RBAC, "ClusterRole", "clusterroles", namespaced=False),
    Resource(*_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
)


class Prerequisites:
    """Who waits for what; ``wake`` is called with a pattern when something of it came."""

    def __init__(
        self, session: Session, discovery: Discovery, *, wake: Callable[[PatternKey], None], tasks: Tasks
    ) -> None:
        self._session = session
        self._tasks = tasks
        self._kinds = MissingKinds(session, discovery, wake=wake, tasks=tasks)
        self._others = Subscriptions(wake=wake)
        self._watched: dict[Resource, Reflector] = {}

    def during(self, key: PatternKey) -> AbstractContextManager[None]:
        """While a pattern looks at the cluster: what happens before ``wait`` wakes it, too."""
        return self._others.during(key)

    def wait(self, key: PatternKey, needs: Collection[Need]) -> None:
        """Let a pattern wait for ``needs``, and for nothing else any more."""
        self._kinds.wait(key, [each for each in needs if isinstance(each, KindNeeded)])
        self._others.wait(key, frozenset(topic for each in needs for topic in _topics(each, key)))
        for each in needs:
            match each:
                case NamespaceNeeded():
                    self._watch(NAMESPACE)
                case RightsNeeded():
                    for resource in RIGHTS:
                        self._watch(resource)

    def released(self, keys: Iterable[ObjectKey | str], *, by: PatternKey | None = None) -> None:
        """These objects (or ids of them in an inventory) are gone, or their pattern ``by`` has them no more."""
        for each in keys:
            self._others.happened(("object", str(each)), by=by)

    def pattern_changed(self, key: PatternKey) -> None:
        """A DesignPattern came, went, or is another to those that depend on it."""
        self._others.happened(PatternNeeded(key.namespace, key.name), by=key)

    def _watch(self, resource: Resource) -> None:
        if resource in self._watched:
            return
        self._watched[resource] = watch = Reflector(
            self._session,
            resource,
            projection=Projection.METADATA,
            on_change=lambda change: self._changed(resource, change),
            remembers=lambda _, __: False,
        )
        self._tasks.create_task(watch.run(), name=f"watch-{resource.plural}-awaited")
        if resource is not NAMESPACE:
            self._tasks.create_task(self._look_again(watch), name=f"first-list-{resource.plural}-awaited")

    async def _look_again(self, watch: Reflector) -> None:
        """Rights may have come before their watch began: whoever lacks one tries once more."""
        await watch.synced.wait()
        self._others.happened(RightsNeeded(""))

    def _changed(self, resource: Resource, change: WatchEvent) -> None:
        if change.type is WatchEventType.DELETED:
            return
        meta = ObjectMeta.of(change.object)
        if resource is NAMESPACE:
            if not meta.deleting:
                self._others.happened(NamespaceNeeded(meta.name))
        elif self._watched[resource].synced.is_set():  # not for each of the hundreds that are there at first
            self._others.happened(RightsNeeded(meta.namespace))


def _topics(need: Need, key: PatternKey) -> tuple[Hashable, ...]:
    """What a pattern has to hear of to know that ``need`` may be there."""
    match need:
        case ObjectNeeded(wanted):
            return (("object", str(wanted)),)
        case RightsNeeded(namespace):  # its account is of its own namespace, and cluster-wide rights are rights, too
            return tuple(RightsNeeded(each) for each in {namespace, key.namespace, ""})
        case NamespaceNeeded() | PatternNeeded():
            return (need,)
        case KindNeeded():
            return ()
