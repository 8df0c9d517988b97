"""Nodes on which pods seem to run: kwok plays the kubelet, so that Deployments really roll out."""

from pathlib import Path
from typing import Any

from tests.testbed import process
from tests.testbed.binaries import STAGES_FILE
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import Kubectl
from tests.testbed.paths import BIN

COUNT = 2


def start(directory: Path, *, admin: Kubeconfig, kubectl: Kubectl) -> None:
    """Start kwok, make the nodes, and return when pods can be scheduled on them."""
    command: list[str | Path] = [
        BIN / "kwok",
        "--kubeconfig",
        admin.path,
        "--config",
        STAGES_FILE,
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",  # else nobody renews, and after 40 s every node is taken for dead
    ]
    process.start("kwok", command, directory=directory)
    kubectl.apply(*(_node(f"node-{number}") for number in range(1, COUNT + 1)))
    kubectl("wait", "--for=create", "serviceaccount/default", "--namespace=default", "--timeout=30s")
    kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=30s")


def _node(name: str) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
