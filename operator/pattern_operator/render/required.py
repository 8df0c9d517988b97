"""Fields without which the API server refuses an object of a built-in kind, found before anything is applied.

Only what is plainly absent or empty is looked for; the values are the server's to judge. The table holds what
Kubernetes 1.37 requires of the kinds that people write (its validation, tried by server-side apply with dryRun).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from pattern_operator.api.fields import array, mapping, mappings
from pattern_operator.api.object import Body
from pattern_operator.api.repair import Repair
from pattern_operator.quote import first_few
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.kinds import group_of
from pattern_operator.render.podspec import PLACES

_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_BINDING: Final = ("roleRef.kind", "roleRef.name", "subjects[].kind", "subjects[].name")
_WEBHOOK: Final = (
    "webhooks[].name",
    "webhooks[].clientConfig",
    "webhooks[].sideEffects",
    "webhooks[].admissionReviewVersions",
)
_WORKLOAD: Final = ("spec.selector", "spec.template")
_CONTAINER: Final = ("containers", "containers[].name", "containers[].image", "initContainers[].name", "volumes[].name")

_REQUIRED: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "PersistentVolume"): ("spec.capacity", "spec.accessModes"),
    ("", "PersistentVolumeClaim"): ("spec.accessModes", "spec.resources.requests.storage"),
    (_ADMISSION, "MutatingWebhookConfiguration"): _WEBHOOK,
    (_ADMISSION, "ValidatingWebhookConfiguration"): _WEBHOOK,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        "spec.group",
        "spec.names.kind",
        "spec.names.plural",
        "spec.scope",
        "spec.versions",
        "spec.versions[].name",
        "spec.versions[].schema",
    ),
    ("apiregistration.k8s.io", "APIService"): (
        "spec.group",
        "spec.version",
        "spec.groupPriorityMinimum",
        "spec.versionPriority",
    ),
    ("apps", "DaemonSet"): _WORKLOAD,
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "ReplicaSet"): _WORKLOAD,
    ("apps", "StatefulSet"): _WORKLOAD,
    ("autoscaling", "HorizontalPodAutoscaler"): (
        "spec.maxReplicas",
        "spec.scaleTargetRef.kind",
        "spec.scaleTargetRef.name",
    ),
    ("batch", "CronJob"): (
        "spec.schedule",
        "spec.jobTemplate",
        "spec.jobTemplate.spec.template.spec.restartPolicy",
    ),
    ("batch", "Job"): ("spec.template", "spec.template.spec.restartPolicy"),
    ("discovery.k8s.io", "EndpointSlice"): ("addressType",),
    ("networking.k8s.io", "Ingress"): ("spec.rules[].http.paths[].pathType", "spec.rules[].http.paths[].backend"),
    ("networking.k8s.io", "IngressClass"): ("spec.controller",),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    (_RBAC, "ClusterRole"): ("rules[].verbs",),
    (_RBAC, "ClusterRoleBinding"): _BINDING,
    (_RBAC, "Role"): ("rules[].verbs",),
    (_RBAC, "RoleBinding"): _BINDING,
    ("storage.k8s.io", "StorageClass"): ("provisioner",),
    ("storage.k8s.io", "VolumeAttachment"): ("spec.attacher", "spec.nodeName", "spec.source"),
}
# Fields of a PersistentVolume that are not its source; every other one is (core/v1, PersistentVolumeSource).
_NOT_A_SOURCE: Final = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)
_NAMED: Final = 5  # fields that a message names
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


Lacks = Callable[[WorkingComponent], list[str]]
"""The required fields that a component lacks."""
Offer = Callable[[WorkingComponent, Lacks], Sequence[Repair]]
"""The repairs that nobody has allowed, and that would give a component some of what it lacks."""


def offer_nothing(_component: WorkingComponent, _lacks: Lacks) -> Sequence[Repair]:
    """No repair: manifests have none that fills a required field."""
    return ()


def find_incomplete(components: Iterable[WorkingComponent], *, offer: Offer = offer_nothing) -> None:
    """Note of each component which required fields it lacks; the message names the first few of them."""
    for component in components:
        if component.excluded:
            continue
        missing = _lacking(component)
        if missing:
            repairs = offer(component, _lacking)
            allow = f" allow {', '.join(repairs)} in spec.render.repairs," if repairs else ""
            component.find(
                ComponentReason.MISSING_REQUIRED_FIELD,
                f"{component.kind} needs {first_few(missing, _NAMED)}, absent or empty; add"
                f" {'it' if len(missing) == 1 else 'them'},{allow} or remove the component",
            )


def _lacking(component: WorkingComponent) -> list[str]:
    return _outermost(_missing(component))


def _outermost(paths: Iterable[str]) -> list[str]:
    """The paths in order, each once, without those inside another: what is absent has no parts to be missed."""
    kept: dict[str, None] = {}
    for path in paths:
        if not any(prefix in kept for prefix in accumulate(path.split("."), "{}.{}".format)):
            kept[path] = None
    return list(kept)


def _missing(component: WorkingComponent) -> Iterator[str]:
    kind = (group_of(component.api_version), component.kind)
    for path in _REQUIRED.get(kind, ()):
        yield from _absent(component.body, path)
    if kind in PLACES:
        where = ".".join(PLACES[kind])
        for path in _CONTAINER:
            yield from _absent(component.body, f"{where}.{path}")
    if kind == ("", "Service"):
        yield from _missing_of_service(mapping(component.body.get("spec")))
    elif kind == ("", "PersistentVolume") and not set(mapping(component.body.get("spec"))) - _NOT_A_SOURCE:
        yield "a volume source in spec"
    elif kind == ("networking.k8s.io", "Ingress"):
        spec = mapping(component.body.get("spec"))
        if spec.get("defaultBackend") in _EMPTY and spec.get("rules") in _EMPTY:
            yield "spec.rules"
    elif kind == (_RBAC, "ClusterRoleBinding"):
        yield from _missing_of_subjects(component.body)


def _missing_of_service(spec: dict[str, Any]) -> Iterator[str]:
    """core/validation, ValidateService: ports unless headless or external, and a name for each of several."""
    if spec.get("type") == "ExternalName":
        if spec.get("externalName") in _EMPTY:
            yield "spec.externalName"
        return
    ports = array(spec.get("ports"))
    if not ports and spec.get("clusterIP") != "None":
        yield "spec.ports"
    for index, port in enumerate(mappings(ports)):
        if port.get("port") in _EMPTY:
            yield f"spec.ports[{index}].port"
        if len(ports) > 1 and port.get("name") in _EMPTY:
            yield f"spec.ports[{index}].name"


def _missing_of_subjects(body: Body) -> Iterator[str]:
    """rbac/validation, ValidateRoleBindingSubject: only a RoleBinding has a namespace to assume for an account."""
    for index, subject in enumerate(mappings(body.get("subjects"))):
        if subject.get("kind") == "ServiceAccount" and subject.get("namespace") in _EMPTY:
            yield f"subjects[{index}].namespace"


def _absent(value: Any, path: str, at: str = "") -> Iterator[str]:
    """The places where ``path`` leads to nothing; ``[]`` stands for each entry of a list, which may be absent."""
    field, _, rest = path.partition(".")
    name = field.removesuffix("[]")
    here = f"{at}.{name}" if at else name
    child = mapping(value).get(name)
    if field.endswith("[]"):
        for index, item in enumerate(array(child)):
            yield from _absent(item, rest, f"{here}[{index}]")
    elif child in _EMPTY and "[]" in rest:
        return
    elif child in _EMPTY:
        yield f"{here}.{rest}" if rest else here
    elif rest:
        yield from _absent(child, rest, here)
