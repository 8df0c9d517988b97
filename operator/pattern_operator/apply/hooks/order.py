"""The order of the hooks of one moment: by weight; then what is only made, by its kind; then what is run, by its name.

Helm runs one hook after the other, and so does the operator. Sources: Helm 4, ``pkg/action/hooks.go``
(``hookByWeight``: weight, then name; ``execHookWithDelayedShutdown``) and ``pkg/release/v1/util/kind_sorter.go``
(``InstallOrder``). Helm documentation, "Chart Hooks", puts the kind before the name. Both hold where it matters: a Job
never waits for the ServiceAccount of its own weight, and Jobs and Pods come in the order of their names.
"""

from collections.abc import Iterable
from typing import Final

from pattern_operator.api.fields import mapping_at
from pattern_operator.api.hook import Hook, HookEvent
from pattern_operator.apply.annotations import never_applied
from pattern_operator.apply.finished import can_finish

INSTALL_ORDER: Final = (
    *("PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy"),
    *("PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume"),
    *("PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding"),
    *("ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod"),
    *("ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob"),
    *("IngressClass", "Ingress", "APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
)
_RANK: Final = {kind: rank for rank, kind in enumerate(INSTALL_ORDER)}


def hooks_of(hooks: Iterable[Hook], event: HookEvent) -> tuple[Hook, ...]:
    """The hooks of this moment, in the order in which they are run; what asks never to be applied is none of them."""
    return tuple(sorted((each for each in hooks if event in each.events and not _is_never_made(each)), key=_order))


def _is_never_made(hook: Hook) -> bool:
    return bool(never_applied(mapping_at(hook.object.body, "metadata", "annotations")))


def _order(hook: Hook) -> tuple[object, ...]:
    key = hook.object.key
    runs = can_finish(key)
    kind = ("",) if runs else (_RANK.get(key.kind, len(_RANK)), key.kind)
    return hook.weight, runs, kind, key.name, key
