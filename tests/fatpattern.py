"""DesignPatterns whose metadata somebody filled with what nobody reads."""

from typing import Any

LABELS = 1_000  # with what the server notes of them, a body of some 0.7 MB


def fat(name: str, **metadata: Any) -> dict[str, Any]:
    """A pattern of the CRD with long labels, annotations, finalizers and managedFields, each text its own."""
    labels = {f"{name}{'x' * 230}/{number:06d}": "v" * 60 for number in range(LABELS)}
    fields: dict[str, dict[str, str]] = {f"f:{label}": {} for label in labels}
    return {
        "apiVersion": "pattern-operator.io/v1alpha1",
        "kind": "DesignPattern",
        "metadata": {
            "name": name,
            "namespace": "team",
            "uid": f"u-{name}",
            "resourceVersion": "7",
            "creationTimestamp": "2026-11-25T12:00:00Z",
            "labels": labels,
            "annotations": {f"{name}/a": "a" * 100_000},
            "finalizers": [f"{name}.example/{number}" for number in range(1_000)],
            "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:metadata": {"f:labels": fields}}}],
            **metadata,
        },
        "spec": {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}},
    }
