"""Reads the objects that the inventory of a pattern lists: a request a kind and namespace, not one an object.

Of kinds that are healthy by existing only metadata is asked for, so that no value of a Secret is ever sent.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from pattern_operator.aio import run_all
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply.health import needs_status
from pattern_operator.kube import ApiError, Discovery, KindNotFound, Resource, Session, objects

MAX_ASKED: Final = 100  # objects of a kind that are asked for one by one, where a list does not have them


@dataclass(frozen=True, slots=True)
class Found:
    """An object as the cluster has it; ``body`` is None where it is not there, or where ``why`` says more.

    ``unknown``: nobody could look, so that it may be there.
    """

    key: ObjectKey
    body: Body | None = field(default=None, repr=False)
    why: str = ""
    unknown: bool = False


async def read_objects(session: Session, discovery: Discovery, keys: Iterable[ObjectKey], *, owner: str) -> list[Found]:
    """Each object, in the order of ``keys``; ``owner`` is the value of the owner label of the pattern.

    What the API server refuses is said of the objects that it concerns. Raises nothing but cancellation.
    """
    wanted = list(keys)
    groups: dict[tuple[str, str, str], list[ObjectKey]] = {}
    for key in wanted:
        groups.setdefault((key.group, key.kind, key.namespace), []).append(key)
    read = await run_all(_read(session, discovery, each, owner=owner) for each in groups.values())
    found = {each.key: each for some in read for each in some}
    return [found[key] for key in wanted]


async def _read(session: Session, discovery: Discovery, keys: list[ObjectKey], *, owner: str) -> list[Found]:
    """The objects of one kind and namespace."""
    first = keys[0]
    try:
        resource = await discovery.find(group=first.group, kind=first.kind)
        listed = await _listed(session, resource, first.namespace, owner=owner)
    except KindNotFound:
        why = "the API server does not know its kind"
        return [Found(key, why=why) for key in keys]
    except ApiError as error:
        return [Found(key, why=error.message, unknown=True) for key in keys]
    missing = [key for key in keys if key.name not in listed]
    asked = await run_all(_read_one(session, resource, key) for key in missing[:MAX_ASKED])
    rest = (Found(key, why="is not among the pattern's objects") for key in missing[MAX_ASKED:])
    others = {each.key: each for each in (*asked, *rest)}
    return [others.get(key) or Found(key, listed[key.name]) for key in keys]


async def _listed(session: Session, resource: Resource, namespace: str, *, owner: str) -> Mapping[str, Body]:
    """The objects of the pattern by name; metadata alone where the kind has no status."""
    selector = f"{OWNER_LABEL}={owner}"
    if needs_status(group=resource.group, kind=resource.kind):
        found: Collection[Body] = await objects.list_(session, resource, namespace=namespace, label_selector=selector)
    else:
        found = [
            each | {"apiVersion": resource.api_version, "kind": resource.kind}
            async for each in objects.each_metadata(session, resource, namespace=namespace, label_selector=selector)
        ]
    return {ObjectMeta.of(each).name: each for each in found}


async def _read_one(session: Session, resource: Resource, key: ObjectKey) -> Found:
    """An object that has the owner label no longer, or is not there."""
    try:
        await objects.get_metadata(session, resource, namespace=key.namespace, name=key.name)
    except ApiError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return Found(key, why="is not there")
        return Found(key, why=error.message, unknown=True)
    return Found(key, why="is there, and does not have the pattern's owner label any more")
