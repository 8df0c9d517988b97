"""Reading a tree where the API server answers as a real one rarely does: refusals midway, objects that come twice."""

from datetime import UTC, datetime

import orjson
from aiohttp import web
from tests.kube.fake_apiserver import serving

from pattern_operator.graph import NodeState
from pattern_operator.kube import Discovery, Resource, Session
from pattern_operator.tree import read_tree

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SELECTED = {"selector": {"matchLabels": {"app": "web"}}}
DEPLOYMENT = {"metadata": {"name": "web", "namespace": "shop", "uid": "d"}, "spec": SELECTED}
OWNER = {"kind": "Deployment", "name": "web", "uid": "d"}
REPLICA_SET = {
    "metadata": {"name": "web-1", "namespace": "shop", "uid": "r", "ownerReferences": [OWNER]},
    "spec": SELECTED,
}
PLURALS = {"Deployment": "deployments", "ReplicaSet": "replicasets"}


class Kinds(Discovery):
    """Knows the kinds of apps without asking."""

    async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
        return Resource(group, "v1", kind, PLURALS[kind], namespaced=True)


def pattern(*kinds_and_names: str):
    entries = [{"id": f"shop_{name}_apps_{kind}"} for kind, name in (each.split("/") for each in kinds_and_names)]
    return {"metadata": {"name": "web", "namespace": "shop", "uid": "p"}, "status": {"inventory": {"entries": entries}}}


def answers(**items):
    """Lists by the last part of their path; a number is the status of a refusal."""

    def answer(request: web.Request) -> web.Response:
        found = items.get(request.path.rpartition("/")[2], [])
        if isinstance(found, int):
            status = {"kind": "Status", "code": found, "reason": "Forbidden", "message": "pods is forbidden"}
            return web.Response(status=found, body=orjson.dumps(status))
        return web.Response(body=orjson.dumps({"items": found, "metadata": {}}))

    return answer


async def tree(answer, *kinds_and_names):
    async with serving(answer) as session:
        return await read_tree(session, discovery(session), pattern(*kinds_and_names), now=NOW)


def discovery(session: Session) -> Discovery:
    return Kinds(session)


async def test_what_a_pattern_lists_and_a_workload_made_is_one_node():
    lists = answers(deployments=[DEPLOYMENT], replicasets=[REPLICA_SET])

    found = await tree(lists, "Deployment/web", "ReplicaSet/web-1")

    assert [node.display_name for node in found.graph.nodes] == ["Deployment web", "ReplicaSet web-1"]
    assert [edge.relation for edge in found.graph.edges] == ["owns"]


async def test_pods_that_may_not_be_read_are_said_and_the_rest_is_shown():
    found = await tree(answers(deployments=[DEPLOYMENT], replicasets=[REPLICA_SET], pods=403), "Deployment/web")

    assert [node.display_name for node in found.graph.nodes] == ["Deployment web", "ReplicaSet web-1"]
    assert len(found.unread) == 1
    assert found.pods == ()


async def test_objects_that_may_not_be_read_are_unknown():
    found = await tree(answers(deployments=403), "Deployment/web")

    (node,) = found.graph.nodes
    assert node.state is NodeState.UNKNOWN
    assert node.message
