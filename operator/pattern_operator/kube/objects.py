"""The verbs: what can be done to one object, or to a collection, over a session."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum
from typing import Any, Final, Literal

import orjson

from pattern_operator.kube.decode import read_list, read_object
from pattern_operator.kube.errors import AnswerTooLarge
from pattern_operator.kube.pagination import Listed, PageSize, TextPage, pages
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.session import Session
from pattern_operator.limits import MAX_PAGE

Body = dict[str, Any]  # a Kubernetes object of unknown kind really is this

# JSON is YAML, and orjson writes it ten times faster; the API server wants the name of the patch, not the notation.
APPLY_PATCH: Final = "application/apply-patch+yaml"
MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
LISTINGS: Final = 3  # times that a list starts again; a page expires after 5 minutes, so they take a quarter of an hour


class Conflicts(StrEnum):
    """What becomes of a field that another field manager holds with another value (server-side apply, ``force``)."""

    FAIL = "false"
    FORCE = "true"


class Propagation(StrEnum):
    """What becomes of the objects that the deleted one owns (DeleteOptions.propagationPolicy)."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


async def apply(
    session: Session,
    resource: Resource,
    *,
    body: bytes,
    namespace: str,
    name: str,
    field_manager: str,
    conflicts: Conflicts = Conflicts.FAIL,
    impersonate: str | None = None,
    dry_run: Literal["", "All"] = "",
    subresource: str = "",
) -> Body:
    """Server-side apply ``body`` (JSON) and return the object as the server has it now.

    Unknown and duplicate fields are refused (``fieldValidation=Strict``). ``dry_run="All"`` changes nothing and
    returns what would be.

    Raises:
        ApiError: ``Conflict`` names the other manager and the fields in ``causes``.
    """
    params = {"fieldManager": field_manager, "force": conflicts.value, "fieldValidation": "Strict"}
    if dry_run:
        params["dryRun"] = dry_run
    path = resource.path(namespace=namespace, name=name, subresource=subresource)
    answer = await session.request(
        "PATCH", path, body=body, content_type=APPLY_PATCH, params=params, impersonate=impersonate
    )
    return await read_object(answer)


async def get(
    session: Session, resource: Resource, *, namespace: str, name: str, impersonate: str | None = None
) -> Body:
    """Return the object; raises ApiError ``NotFound`` when there is none."""
    path = resource.path(namespace=namespace, name=name)
    return await read_object(await session.request("GET", path, impersonate=impersonate))


async def get_metadata(
    session: Session, resource: Resource, *, namespace: str, name: str, impersonate: str | None = None
) -> Body:
    """Return the object with its metadata alone (PartialObjectMetadata); raises as ``get``."""
    path = resource.path(namespace=namespace, name=name)
    return await read_object(await session.request("GET", path, accept=METADATA, impersonate=impersonate))


async def list_metadata(
    session: Session,
    resource: Resource,
    *,
    namespace: str = "",
    limit: int,
    token: str = "",
    label_selector: str = "",
    impersonate: str | None = None,
) -> Body:
    """Return one page of a collection as the server sends it (PartialObjectMetadataList), at most ``limit`` objects.

    ``token`` is ``metadata.continue`` of the page before.
    """
    params = {"limit": str(limit), "continue": token, "labelSelector": label_selector}
    params = {name: value for name, value in params.items() if value}
    path = resource.path(namespace=namespace)
    answer = await session.request(
        "GET", path, params=params, accept=METADATA_LIST, impersonate=impersonate, most=MAX_PAGE
    )
    return await read_list(answer)


async def create(
    session: Session,
    resource: Resource,
    *,
    body: bytes,
    namespace: str,
    field_manager: str,
    impersonate: str | None = None,
) -> Body:
    """Create the object in ``body`` (JSON) and return it; raises ApiError ``AlreadyExists``."""
    path = resource.path(namespace=namespace)
    params = {"fieldManager": field_manager}
    return await read_object(await session.request("POST", path, body=body, params=params, impersonate=impersonate))


async def replace(
    session: Session, resource: Resource, *, body: bytes, namespace: str, name: str, field_manager: str
) -> Body:
    """Put ``body`` (JSON, with the resourceVersion it was made from) in place of the object.

    Raises:
        ApiError: ``Conflict`` when someone else was faster.
    """
    path = resource.path(namespace=namespace, name=name)
    return await read_object(await session.request("PUT", path, body=body, params={"fieldManager": field_manager}))


async def patch_merge(
    session: Session,
    resource: Resource,
    *,
    body: bytes,
    namespace: str,
    name: str,
    field_manager: str,
    subresource: str = "",
    impersonate: str | None = None,
) -> Body:
    """Merge ``body`` (JSON merge patch, RFC 7386) into the object or its ``subresource`` (``status``).

    A ``metadata.resourceVersion`` in it makes the server refuse (``Conflict``) when the object has changed since.
    """
    answer = await session.request(
        "PATCH",
        resource.path(namespace=namespace, name=name, subresource=subresource),
        body=body,
        content_type=MERGE_PATCH,
        params={"fieldManager": field_manager},
        impersonate=impersonate,
    )
    return await read_object(answer)


async def delete(
    session: Session,
    resource: Resource,
    *,
    namespace: str,
    name: str,
    uid: str = "",
    propagation: Propagation = Propagation.BACKGROUND,
    impersonate: str | None = None,
    dry_run: Literal["", "All"] = "",
) -> Body:
    """Delete the object and return the ``Status``, or the object while finalizers hold it.

    With ``uid`` only that very object goes: one that was created again under the same name is a ``Conflict``.
    """
    options: Body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation.value}
    if uid:
        options["preconditions"] = {"uid": uid}
    path = resource.path(namespace=namespace, name=name)
    params = {"dryRun": dry_run} if dry_run else {}
    answer = await session.request("DELETE", path, body=orjson.dumps(options), params=params, impersonate=impersonate)
    return await read_object(answer)


async def patch_json(
    session: Session, resource: Resource, *, body: bytes, namespace: str, name: str, field_manager: str
) -> Body:
    """Do the operations in ``body`` (JSON patch, RFC 6902) to the object, all or none.

    One that replaces ``/metadata/resourceVersion`` makes the server refuse (``Conflict``) as in ``patch_merge``.
    """
    answer = await session.request(
        "PATCH",
        resource.path(namespace=namespace, name=name),
        body=body,
        content_type=JSON_PATCH,
        params={"fieldManager": field_manager},
    )
    return await read_object(answer)


async def list_(
    session: Session,
    resource: Resource,
    *,
    namespace: str = "",
    label_selector: str = "",
    field_selector: str = "",
    impersonate: str | None = None,
) -> list[Body]:
    """Return all objects of the collection, each with its apiVersion and kind. They have to fit into memory."""
    selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
    found: list[Body] = []
    async for listed in _pages(
        session, resource.path(namespace=namespace), selectors=selectors, impersonate=impersonate
    ):
        if listed.restarted:
            found.clear()
        found += [_titled(item, resource) async for item in listed.page.items()]
    return found


async def list_page(
    session: Session,
    resource: Resource,
    *,
    namespace: str,
    label_selector: str,
    limit: int,
    impersonate: str | None = None,
) -> list[Body]:
    """Return the first ``limit`` objects that the selector selects, fewer where a page would be too large."""
    size = PageSize(limit)
    params = {"limit": str(limit), "labelSelector": label_selector}
    path = resource.path(namespace=namespace)
    while True:
        try:
            answer = await session.request("GET", path, params=params, impersonate=impersonate, most=MAX_PAGE)
        except AnswerTooLarge as error:
            params["limit"] = str(size.after(error))
            continue
        page = await TextPage.of(answer)
        return [item async for item in page.items()]


async def each(session: Session, resource: Resource) -> AsyncGenerator[Body, None]:
    """Yield the objects of all namespaces, one at a time: what is in memory is a page of text, and one object.

    Where the pages are too old before the last was read (410), the list starts again: an object may come twice, and one
    that came may be gone.
    """
    async for listed in _pages(session, resource.path(namespace=""), selectors={}):
        async for item in listed.page.items():
            yield _titled(item, resource)


async def each_metadata(
    session: Session, resource: Resource, *, namespace: str = "", label_selector: str = ""
) -> AsyncGenerator[Body, None]:
    """Yield the metadata of the objects that the selector selects (PartialObjectMetadata); as ``each`` for the rest."""
    selectors = {"labelSelector": label_selector}
    found = _pages(session, resource.path(namespace=namespace), selectors=selectors, accept=METADATA_LIST)
    async with aclosing(found) as listed_pages:
        async for listed in listed_pages:
            async for item in listed.page.items():
                yield item


def _pages(
    session: Session,
    path: str,
    *,
    selectors: dict[str, str],
    impersonate: str | None = None,
    accept: str = "application/json",
) -> AsyncGenerator[Listed, None]:
    """Every page of a collection, none larger than ``MAX_PAGE``."""

    async def ask(params: dict[str, str]) -> bytes:
        return await session.request("GET", path, params=params, accept=accept, most=MAX_PAGE, impersonate=impersonate)

    return pages(ask, selectors=selectors, listings=LISTINGS)


def _titled(item: Body, resource: Resource) -> Body:
    """``item`` with apiVersion and kind: the server leaves both out of the items of a typed list."""
    return {"apiVersion": resource.api_version, "kind": resource.kind} | item
