"""Our marks on one object in the cluster: looked for before an apply, and taken off what stays when a pattern goes.

Everything is asked and written as the pattern's account, with the verbs that applying needs besides: get and patch.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson

from pattern_operator.api.fields import MAX_NAME, ManagedFieldsEntry, ObjectMeta, mappings
from pattern_operator.api.names import (
    ADOPTED_ANNOTATION,
    FIELD_MANAGER,
    GROUP,
    KIND,
    NAME_LABEL,
    OWNER_LABEL,
    PATTERN_ANNOTATION,
    RELEASED_BY_ANNOTATION,
)
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.apply.existing import ADOPTED, Existing, is_ours, read
from pattern_operator.apply.metadata_edit import MetadataEditor
from pattern_operator.kube import ApiError, Conflicts, Discovery, KindNotFound, Resource, Session, objects
from pattern_operator.kube.kind_existence import is_missing

_LONGEST: Final = 2 * MAX_NAME + 1  # characters of namespace and name of a pattern


async def get_existing(
    session: Session, resource: Resource, key: ObjectKey, *, impersonate: str | None
) -> Existing | None:
    """The object as it is now, None when there is none (or no such namespace).

    Raises:
        ApiError: among others ``NotFound`` where nothing is served at its path, which says nothing of the object.
    """
    try:
        body = await objects.get_metadata(
            session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate
        )
    except ApiError as error:
        if is_missing(error, key.name):
            return None
        raise
    return read(body)


async def read_if_there(desired: Object, *, session: Session, discovery: Discovery, user: str | None) -> Body | None:
    """The whole object as it is now, in the version that is desired; None where there is none, or no such kind.

    Raises:
        ApiError: as ``get_existing``.
    """
    key, version = desired.key, desired.api_version.rpartition("/")[2]
    try:
        resource = await discovery.find(group=key.group, kind=key.kind, version=version)
        return await objects.get(session, resource, namespace=key.namespace, name=key.name, impersonate=user)
    except KindNotFound:
        return None
    except ApiError as error:
        if is_missing(error, key.name):
            return None
        raise


async def withdraw_apply(
    session: Session, resource: Resource, key: ObjectKey, *, uid: str, impersonate: str | None
) -> None:
    """Take back everything that our apply has set on an object, and nothing that others hold too.

    Source: Kubernetes documentation, "Server-Side Apply": a field that its last manager no longer applies is removed.
    """
    metadata = {"name": key.name, "uid": uid} | ({"namespace": key.namespace} if resource.namespaced else {})
    await objects.apply(
        session,
        resource,
        body=orjson.dumps({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}),
        namespace=key.namespace,
        name=key.name,
        field_manager=FIELD_MANAGER,
        conflicts=Conflicts.FAIL,
        impersonate=impersonate,
    )


async def remove_owner_metadata(
    session: Session, resource: Resource, key: ObjectKey, *, owner: str, impersonate: str | None
) -> None:
    """Take labels and annotations of ``owner`` off an object that stays; its fields keep their values and are given up.

    An object that is gone, or carries another owner's label, is left as it is. Without an entry in managedFields the
    fields are nobody's, so the next tool applies them without a conflict. A DesignPattern that a pattern made says from
    then on which one it was: see reconcile/held_patterns.py.

    Raises:
        ApiError: the API server refused, or others were faster each time.
    """
    await _remove(session, resource, key, is_meant=lambda found: found.owner == owner, impersonate=impersonate)


async def remove_leftover_metadata(
    session: Session, resource: Resource, key: ObjectKey, *, pattern: str, impersonate: str | None
) -> None:
    """As ``remove_owner_metadata``, of an object that somebody took the owner label off and nothing else.

    Its annotation still names ``pattern`` (``<namespace>/<name>``). What has any owner label is left as it is.

    Raises:
        ApiError: as ``remove_owner_metadata``.
    """
    await _remove(
        session,
        resource,
        key,
        is_meant=lambda found: not found.owner and found.pattern == pattern,
        impersonate=impersonate,
    )


async def _remove(
    session: Session,
    resource: Resource,
    key: ObjectKey,
    *,
    is_meant: Callable[[Existing], bool],
    impersonate: str | None,
) -> None:
    editor = MetadataEditor(session=session, resource=resource, key=key, impersonate=impersonate)
    try:
        await editor.edit(
            lambda live: _without_owner_metadata(ObjectMeta.of(live), key) if is_meant(read(live)) else None
        )
    except ApiError as error:
        if not is_missing(error, key.name):
            raise


def _without_owner_metadata(meta: ObjectMeta, key: ObjectKey) -> dict[str, Any]:
    """The merge patch of the metadata; with its resourceVersion, since others may write meanwhile."""
    others = [each for each in mappings(meta.raw.get("managedFields")) if not is_ours(ManagedFieldsEntry.of(each))]
    return {
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
        "labels": {OWNER_LABEL: None, NAME_LABEL: None},
        "annotations": {PATTERN_ANNOTATION: None, ADOPTED_ANNOTATION: None, **_descent(meta, key)},
        "managedFields": others or [{}],  # a list with one empty entry is how the API server is told of an empty list
    }


def _descent(meta: ObjectMeta, key: ObjectKey) -> dict[str, str]:
    """What a DesignPattern keeps: which one made it. Not where it was there before, or somebody took the label off."""
    is_made = bool(meta.label(OWNER_LABEL)) and meta.annotation(ADOPTED_ANNOTATION) != ADOPTED
    if key.group_kind != (GROUP, KIND) or not is_made:
        return {}
    return {RELEASED_BY_ANNOTATION: meta.annotation(PATTERN_ANNOTATION)[:_LONGEST]}
