"""What Helm calls the capabilities of a cluster."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The version, as ``v1.34.1``; and ``apps/v1`` and ``apps/v1/Deployment``, sorted (Helm, "Built-in Objects")."""

    kube_version: str
    api_versions: tuple[str, ...]
