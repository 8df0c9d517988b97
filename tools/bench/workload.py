"""What is applied: artifacts of three objects or of many, the same objects as bodies, and where each of them lives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from tools.bench.cluster import gather

from pattern_operator.api.artifact import File
from pattern_operator.api.reference import Repository
from pattern_operator.executors import Executors
from pattern_operator.source import Network, RepositoryClient, SystemResolver, TokenCache, push

BEFORE, AFTER = "1.0.0", "1.0.1"  # tags; one object of three differs
KINDS = {
    "ConfigMap": ("api/v1", "configmaps"),
    "ServiceAccount": ("api/v1", "serviceaccounts"),
    "Role": ("apis/rbac.authorization.k8s.io/v1", "roles"),
}


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact to push: the objects of ``repository:tag``."""

    repository: str
    tag: str
    objects: tuple[dict[str, Any], ...]


def small(number: int, *, tag: str = BEFORE) -> tuple[dict[str, Any], ...]:
    """The three objects of one small pattern."""
    name = name_of(number)
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [name], "verbs": ["get"]}]
    return (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"number": name, "tag": tag}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules},
    )


def large(count: int) -> tuple[dict[str, Any], ...]:
    """``count`` ConfigMaps of one pattern."""
    return tuple(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"of-{count}-{number:05}"},
            "data": {"number": str(number)},
        }
        for number in range(count)
    )


def name_of(number: int) -> str:
    """Of a small pattern, and of its objects."""
    return f"item-{number:05}"


def path(body: dict[str, Any], *, namespace: str) -> str:
    """Where an object is applied."""
    group, plural = KINDS[body["kind"]]
    return f"/{group}/namespaces/{namespace}/{plural}/{body['metadata']['name']}"


async def push_all(artifacts: Iterable[Artifact], *, registry: str) -> None:
    """Push each artifact to ``registry`` (host:port)."""
    tokens = TokenCache()
    with Executors.open() as executors:
        async with Network.open(resolver=SystemResolver(executors.names)) as network:

            async def one(artifact: Artifact) -> None:
                client = RepositoryClient(
                    Repository.parse(f"oci://{registry}/{artifact.repository}"),
                    network=network,
                    credentials=None,
                    scheme="http",
                    tokens=tokens,
                    user_agent="bench",
                    executors=executors,
                )
                await push([_file(artifact.objects)], registry=client, tag=artifact.tag, created=None, annotations={})

            await gather(one, artifacts)


def _file(objects: Sequence[dict[str, Any]]) -> File:
    return File("manifests.yaml", b"\n---\n".join(orjson.dumps(body) for body in objects))
