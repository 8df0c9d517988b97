"""A pattern as it runs in a cluster without nodes: its objects, and what controllers would have made of them."""

import json
from typing import Any
from uuid import uuid4

from tests.testbed.kubectl import Kubectl

from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.apply import owner_id


class Running:
    """Objects of the pattern ``web`` in a namespace; each that is made is in the inventory, if it says so."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self.kubectl, self.namespace = kubectl, namespace
        self.inventory: list[dict[str, str]] = []
        self.kubectl("create", "serviceaccount", "default", "-n", namespace)
        uid = self.kubectl("get", "dp", "web", "-n", namespace, "-o", "jsonpath={.metadata.uid}")
        self.owner = owner_id(uid)

    def make(self, body: dict[str, Any], *, status: dict[str, Any] | None = None) -> dict[str, Any]:
        """Create an object, with a status where one is given; the object as the server has it."""
        body["metadata"].setdefault("namespace", self.namespace)
        made: dict[str, Any] = self.kubectl.json("create", "-f", "-", stdin=json.dumps(body))
        if status is not None:
            what = f"{body['kind'].lower()}.{body['apiVersion'].rpartition('/')[0]}".rstrip(".")
            patch = json.dumps({"status": status})
            self.kubectl(
                "patch", what, made["metadata"]["name"], "-n", self.namespace, "--subresource=status", "--type=merge",
                "-p", patch,
            )  # fmt: skip
        return made

    def manage(self, body: dict[str, Any], *, status: dict[str, Any] | None = None) -> dict[str, Any]:
        """Create an object of the pattern."""
        body["metadata"].setdefault("labels", {})[OWNER_LABEL] = self.owner
        made = self.make(body, status=status)
        self.list(made)
        return made

    def list(self, body: dict[str, Any]) -> None:
        """Enter an object in the inventory."""
        group, _, version = body["apiVersion"].rpartition("/")
        name = body["metadata"]["name"]
        self.inventory.append({"id": f"{self.namespace}_{name}_{group}_{body['kind']}", "v": version})
        status = {"inventory": {"count": len(self.inventory), "entries": self.inventory}}
        patch = json.dumps({"status": status})
        self.kubectl("patch", "dp", "web", "-n", self.namespace, "--type=merge", "--subresource=status", "-p", patch)


def owned_by(owner: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """The metadata of what ``owner`` made."""
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True}
    reference |= {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return {"name": f"{owner['metadata']['name']}-{uuid4().hex[:5]}", "ownerReferences": [reference], **metadata}


def workload(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    """A Deployment or ReplicaSet of pods that are labelled ``app: name``."""
    template = {"metadata": {"labels": {"app": name}}, "spec": containers("app")}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template, **spec},
    }


def containers(*names: str, **spec: Any) -> dict[str, Any]:
    """The specification of a pod."""
    return {"containers": [{"name": name, "image": "registry.example/app:1"} for name in names], **spec}


def pod(metadata: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A pod."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**containers("app"), **spec}}
