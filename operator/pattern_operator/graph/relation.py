"""The words between two nodes: "Service web selects Deployment web". Those of a design are the author's own."""

from typing import Final

OWNS: Final = "owns"
SELECTS: Final = "selects"
MOUNTS: Final = "mounts"
READS: Final = "reads"
NAMES: Final = "names"  # a field that says no more
CONTAINS: Final = "contains"
DEPENDS_ON: Final = "depends on"
# By the field that names an object, or holds the reference to one (``render.references``).
OF_FIELD: Final = {
    "claimName": MOUNTS,
    "claimRef": "is bound to",
    "configMap": MOUNTS,
    "configMapKeyRef": READS,
    "configMapRef": READS,
    "imagePullSecrets": "pulls images with",
    "ingressClassName": "is served by",
    "persistentVolumeName": "is bound to",
    "priorityClassName": "has the priority of",
    "roleRef": "grants",
    "runtimeClassName": "runs in",
    "scaleTargetRef": "scales",
    "secret": MOUNTS,
    "secretKeyRef": READS,
    "secretRef": READS,
    "secretName": "uses",
    "secrets": "uses",
    "service": "routes to",
    "serviceAccount": "runs as",
    "serviceAccountName": "runs as",
    "serviceName": "is served by",
    "storageClassName": "is stored by",
    "subjects": "grants to",
    "volumeName": "is bound to",
}
