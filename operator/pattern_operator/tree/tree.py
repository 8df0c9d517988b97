"""The tree of a pattern: its objects and what they made, each with its health, as a graph."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pattern_operator.api.fields import ObjectMeta, mappings_at, text_at
from pattern_operator.api.inventorycodec import expand
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply import health_of, owner_id
from pattern_operator.apply.pod_cause import cause_of
from pattern_operator.graph import Graph, NodeState, Part, graph_of
from pattern_operator.kube import Discovery, Session
from pattern_operator.tree.objects import Found, read_objects
from pattern_operator.tree.pods import pods_of


@dataclass(frozen=True, slots=True)
class Tree:
    """The graph of a pattern in the cluster, its pods, and what could not be read, a sentence each."""

    graph: Graph
    pods: tuple[Body, ...] = field(repr=False)
    unread: tuple[str, ...] = ()


async def read_tree(session: Session, discovery: Discovery, pattern: Body, *, now: datetime) -> Tree:
    """Read what the inventory of ``pattern`` (a DesignPattern) lists, and the pods of it; ``pattern`` is not changed.

    Raises nothing for what the API server refuses: the nodes that it concerns are ``NodeState.UNKNOWN``.
    """
    owner = owner_id(ObjectMeta.of(pattern).uid)
    found = await read_objects(session, discovery, keys_of(pattern), owner=owner)
    made, unread = await pods_of(session, [each.body for each in found if each.body is not None])
    listed = {ObjectMeta.of(each.body).uid for each in found if each.body is not None}
    more = (each for each in _once(made) if ObjectMeta.of(each).uid not in listed)
    parts = [*(_part(each, now=now) for each in found), *(_made(each, now=now) for each in more)]
    pods = tuple(each.body for each in parts if text_at(each.body, "kind") == "Pod" and "spec" in each.body)
    return Tree(graph_of(parts), pods, unread)


def keys_of(pattern: Body) -> list[ObjectKey]:
    """The objects in the inventory of a DesignPattern, those that are only about to be made included."""
    status = pattern.get("status")
    inventory = status.get("inventory") if isinstance(status, dict) else None
    whole: Body = {"status": {"inventory": {**inventory}}} if isinstance(inventory, dict) else {}
    expand(whole)
    return list(dict.fromkeys(_keys(whole)))


def _keys(pattern: Body) -> Iterator[ObjectKey]:
    for entry in mappings_at(pattern, "status", "inventory", "entries"):
        try:
            yield ObjectKey.parse(text_at(entry, "id"))
        except ValueError:  # somebody else wrote it: there is no such object
            continue


def _part(found: Found, *, now: datetime) -> Part:
    key = found.key
    if found.body is None:
        state = NodeState.UNKNOWN if found.unknown else NodeState.NOT_FOUND
        metadata = {"name": key.name, "namespace": key.namespace}
        body: Body = {"apiVersion": f"{key.group}/" if key.group else "v1", "kind": key.kind, "metadata": metadata}
        return Part(str(key), body, state, found.why)
    health = health_of(found.body, now=now)
    return Part(str(key), found.body, NodeState(health.state), _words(found.body, health.message))


def _made(body: Body, *, now: datetime) -> Part:
    health = health_of(body, now=now)
    return Part(f"made/{ObjectMeta.of(body).uid}", body, NodeState(health.state), _words(body, health.message))


def _words(body: Body, message: str) -> str:
    """Why a pod does not run, or else what its health says, without the name that stands before it anyway."""
    return (cause_of(body) if text_at(body, "kind") == "Pod" else "") or message.partition(": ")[2]


def _once(bodies: list[Body]) -> Iterator[Body]:
    """Each object once: two workloads may have made the same one."""
    return iter({uid: each for each in bodies if (uid := ObjectMeta.of(each).uid)}.values())
