"""Finds objects by the owner label of a pattern, in the cluster: for what a run that was cut short may have made.

Asked for are metadata alone, in pages, in the name of the pattern's account. What the account may not list is listed
with the operator's own rights, as its watches are: they show a pattern nothing but what carries its label.
"""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.inventorycodec import MOST
from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import GroupKind, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.api.write_ahead import kind_name
from pattern_operator.apply.errors import reason_of
from pattern_operator.apply.existing import is_ours
from pattern_operator.apply.inventory import entry_of
from pattern_operator.apply.ownership import Owner, is_protected, label_of
from pattern_operator.errors import Stalled, Transient
from pattern_operator.kube import ApiError, Discovery, KindNotFound, Resource, Session, objects
from pattern_operator.kube.errors import not_served_yet
from pattern_operator.limits import MAX_OBJECTS

MAX_FOUND: Final = MOST + MAX_OBJECTS  # objects of one label: what an inventory may have, and a run may make
MAX_LISTS: Final = 200  # of kinds in single namespaces; with more of them each kind is listed in all namespaces at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: these kinds, in these namespaces (none: in all), not older than ``since`` (empty: any).

    An object is as old as the last change that our apply made to it.
    """

    kinds: Collection[GroupKind]
    namespaces: Collection[str] = ()
    since: str = ""


class OwnedObjects:
    """Lists what carries an owner label."""

    def __init__(self, session: Session, discovery: Discovery) -> None:
        self._session = session
        self._discovery = discovery

    async def find(self, wanted: Wanted, *, owner: Owner, impersonate: str | None) -> tuple[InventoryEntry, ...]:
        """The objects of ``wanted`` that carry the label of ``owner``, and that our apply made or changed.

        A copy that somebody made of an object of the pattern, labels and all, has no entry of our apply in
        managedFields, and is left out. With its kind each object of it is gone.

        Raises:
            Transient: a kind could not be listed.
            Stalled: more objects carry the label than the operator can have made.
        """
        found: dict[ObjectKey, InventoryEntry] = {}
        seen = 0
        places = wanted.namespaces if len(wanted.namespaces) * len(wanted.kinds) <= MAX_LISTS else ()
        for kind in sorted(wanted.kinds):
            try:
                async with aclosing(self._each(kind, places, owner=owner, impersonate=impersonate)) as listed:
                    async for resource, body in listed:
                        seen += 1
                        if seen > MAX_FOUND:
                            raise _too_many(owner)
                        if (key := _key(body, resource, wanted, owner=owner)) is not None:
                            found[key] = entry_of(key, version=resource.version)
            except ApiError as error:
                raise Transient(
                    reason=reason_of(error),
                    message=f"{kind_name(kind)} could not be listed, to find what a run that was cut short has made:"
                    f" {error.message}; it is retried.",
                    retry_after=error.retry_after,
                ) from error
        return tuple(found.values())

    async def _each(
        self, kind: GroupKind, namespaces: Collection[str], *, owner: Owner, impersonate: str | None
    ) -> AsyncGenerator[tuple[Resource, dict[str, Any]], None]:
        """Each object of the kind with the label.

        Raises:
            ApiError: they could not be listed.
        """
        try:
            resource = await self._discovery.find(group=kind.group, kind=kind.kind)
        except KindNotFound:
            if await self._discovery.is_gone(group=kind.group, kind=kind.kind):
                return
            raise not_served_yet(kind_name(kind)) from None
        for namespace in sorted(namespaces) if namespaces and resource.namespaced else ("",):
            try:
                async with aclosing(self._in(resource, namespace, owner=owner, user=impersonate)) as listed:
                    async for body in listed:
                        yield resource, body
            except ApiError as error:
                if error.code != HTTPStatus.NOT_FOUND:
                    raise
                self._discovery.invalidate(resource)
                if not await self._discovery.is_gone(group=kind.group, kind=kind.kind):
                    raise

    async def _in(
        self, resource: Resource, namespace: str, *, owner: Owner, user: str | None
    ) -> AsyncGenerator[dict[str, Any], None]:
        selector = f"{OWNER_LABEL}={owner.id}"
        names = (user, None) if user is not None else (None,)
        for name in names:
            listing = objects.each_metadata(
                self._session, resource, namespace=namespace, label_selector=selector, impersonate=name
            )
            try:
                async with aclosing(listing) as listed:
                    async for body in listed:
                        yield body
            except ApiError as error:
                if name is None or error.code != HTTPStatus.FORBIDDEN:
                    raise
            else:
                return


def _key(body: object, resource: Resource, wanted: Wanted, *, owner: Owner) -> ObjectKey | None:
    """The key of an object that is meant, else None."""
    meta = ObjectMeta.of(body)
    key = ObjectKey(resource.group, resource.kind, meta.namespace if resource.namespaced else "", meta.name)
    if (
        not meta.name
        or bool(key.namespace) != resource.namespaced
        or label_of(meta.raw) != owner.id
        or is_protected(key)
    ):
        return None
    ours = next((each for each in meta.managers if is_ours(each)), None)
    if ours is None or (ours.time and ours.time < wanted.since):
        return None
    return key


def _too_many(owner: Owner) -> Stalled:
    return Stalled(
        reason=Reason.INVENTORY_TOO_LARGE,
        message=f"more than {MAX_FOUND} objects carry the label {OWNER_LABEL}={owner.id} of this pattern, and the"
        " operator cannot have made so many. Take the label off those that are not the pattern's.",
    )
