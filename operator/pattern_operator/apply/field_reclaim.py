"""What people put in the place of what the pattern has is taken away before an apply, or once the apply is refused.

It is handed over to the pattern's own entry of managedFields first, which changes no value; the apply after that does
not have it, so the API server removes it (Kubernetes documentation, "Server-Side Apply", "Transferring ownership").
Everything is asked and written in the name of the pattern's account.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

import orjson

from pattern_operator.api.fields import ManagedFieldsEntry
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Body, Object
from pattern_operator.apply import fieldset
from pattern_operator.apply.adoption import GUARDED, Adopt, Create, Own
from pattern_operator.apply.ignore_differences import Pointer
from pattern_operator.apply.immutable import says_immutable
from pattern_operator.apply.migrate import is_of_whole_manifests, is_older
from pattern_operator.apply.replaced_fields import (
    Blocked,
    all_fields,
    handed_over,
    holders,
    in_the_way,
    is_by_hand,
    protecting,
    replaced,
)
from pattern_operator.kube import ApiError, Resource, Session, objects

ROUNDS: Final = 3  # a refusal may tell of the next clash only when the first is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReclaim:
    """What others put into one object that is about to be applied.

    ``desired`` is the manifest, ``sent`` what is sent of it, ``left`` what of it others write on purpose. ``may`` says
    of an entry of managedFields whether its fields may be taken.
    """

    session: Session
    resource: Resource
    desired: Object
    sent: bytes
    left: tuple[Pointer, ...]
    may: Callable[[ManagedFieldsEntry], bool]
    impersonate: str | None

    async def replaced(self) -> None:
        """Take what stands in the place of something that the pattern has, and that is gone.

        Raises:
            ApiError: there is no such object, somebody was faster (``Conflict``), or it was refused.
        """
        if self._is_guarded:
            return
        live = await self._look()
        await self._take(live, partial(replaced, body=self._body, live=all_fields(live)))

    async def applied(self, send: Callable[[], Awaitable[Body]]) -> Body:
        """Send the apply, and once more where something that was in the way could be taken.

        Raises:
            Blocked: it was refused all the same, or others hold what is in the way.
            ApiError: as ``send``.
        """
        for _ in range(ROUNDS):
            try:
                return await send()
            except ApiError as error:
                if not _may_clash(error) or self._is_guarded:
                    raise
                live = await self._look()
                if not await self._take(live, partial(in_the_way, body=self._body, causes=error.causes)):
                    raise Blocked(error, holders(live, body=self._body, causes=error.causes)) from error
        return await send()

    @property
    def _is_guarded(self) -> bool:
        return (self.desired.key.group, self.desired.key.kind) in GUARDED

    @property
    def _body(self) -> Body:
        body: Body = orjson.loads(self.sent)
        return body

    async def _look(self) -> Body:
        key = self.desired.key
        return await objects.get_metadata(
            self.session, self.resource, namespace=key.namespace, name=key.name, impersonate=self.impersonate
        )

    async def _take(self, live: Body, pick: Callable[[fieldset.Fields], fieldset.Fields]) -> bool:
        """Hand over what is picked; whether there was anything."""
        picked = protecting(pick, body=self.desired.body, left=self.left)
        metadata = handed_over(live, self.desired, pick=lambda who, fields: picked(fields) if self.may(who) else {})
        if metadata is None:
            return False
        await objects.patch_merge(
            self.session,
            self.resource,
            body=orjson.dumps({"metadata": metadata}),
            namespace=self.desired.key.namespace,
            name=self.desired.key.name,
            field_manager=FIELD_MANAGER,
            impersonate=self.impersonate,
        )
        return True


def may_reclaim(decision: Own | Adopt | Create, entry: ManagedFieldsEntry, *, takes: bool) -> bool:
    """Whether what a manager has set may be taken for the pattern where it is in the way.

    On an object that is the pattern's: what people change by hand. On one that is being adopted: what its older tools
    applied; where the pattern does not take fields over (``conflicts: Fail``), only what a whole manifest had.
    """
    if isinstance(decision, Own):
        return is_by_hand(entry)
    return isinstance(decision, Adopt) and (is_older(entry) if takes else is_of_whole_manifests(entry))


def _may_clash(error: ApiError) -> bool:
    return error.code == HTTPStatus.UNPROCESSABLE_ENTITY and not says_immutable(error.message)
