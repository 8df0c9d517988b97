"""Resolves scope: drops the namespace of cluster-scoped kinds and fills in the default one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from pattern_operator.api.fields import mapping_at
from pattern_operator.api.object import Object
from pattern_operator.apply.crd import CrdKinds, kinds_of_crds
from pattern_operator.apply.errors import failure_of, kind_not_found
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.kube import Discovery, KindNotFound, Resource, in_turns
from pattern_operator.kube.errors import GroupUnavailable


@dataclass(frozen=True, slots=True)
class ScopedObjects:
    """``objects`` have the key they will have in the cluster; ``unknown`` are those whose kind is not known.

    What is unknown has no place in an inventory yet: nobody can say whether its kind has namespaces.
    """

    objects: tuple[Object, ...]
    unknown: tuple[ApplyFailure, ...] = ()


async def resolve_scope(objects: Iterable[Object], *, discovery: Discovery, default_namespace: str) -> ScopedObjects:
    """Give each object the namespace its kind asks for: none for cluster-scoped kinds, the default where it is missing.

    Kinds that CRDs among ``objects`` define count as known. Of two objects that get the same key the later one stays,
    as when a file is applied twice.

    Raises:
        ApiError: the API server could not be asked for its kinds.
    """
    objects = tuple(objects)
    own_kinds = kinds_of_crds(objects)
    placed: dict[object, Object] = {}
    unknown: list[ApplyFailure] = []
    async for each in in_turns(objects):
        try:
            resource = await find(each, own_kinds=own_kinds, discovery=discovery)
        except KindNotFound as error:
            unknown.append(kind_not_found(each.key, error))
            continue
        except GroupUnavailable as error:
            unknown.append(failure_of(each.key, error))
            continue
        here = _place(each, namespace=(each.key.namespace or default_namespace) if resource.namespaced else "")
        placed[here.key] = here
    return ScopedObjects(tuple(placed.values()), tuple(unknown))


async def find(desired: Object, *, own_kinds: CrdKinds, discovery: Discovery) -> Resource:
    """The resource of an object, from the pattern's own definitions or from the API server.

    Raises:
        KindNotFound: neither has it in this version.
        ApiError: the API server could not be asked.
    """
    version = desired.api_version.rpartition("/")[2]
    own = own_kinds.get((desired.key.group, version, desired.key.kind))
    return own or await discovery.find(group=desired.key.group, kind=desired.key.kind, version=version)


def _place(each: Object, *, namespace: str) -> Object:
    metadata = mapping_at(each.body, "metadata")
    if each.key.namespace == namespace and (metadata.get("namespace") or "") == namespace:
        return each
    there = {name: value for name, value in metadata.items() if name != "namespace"}
    if namespace:
        there["namespace"] = namespace
    key = msgspec.structs.replace(each.key, namespace=namespace)
    return replace(each, key=key, body={**each.body, "metadata": there})
