"""What people put in the place of what the pattern has is taken away before an apply, or once the apply is refused.

It is handed over to the pattern's own entry of managedFields first, which changes no value; the apply after that does
not have it, so the API server removes it (Kubernetes documentation, "Server-Side Apply", "Transferring ownership").
Everything is asked and written in the name of the pattern's account.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import orjson

from pattern_operator.api.fields import ManagedFieldsEntry
from pattern_operator.api.object import Body, Object
from pattern_operator.apply import fieldset
from pattern_operator.apply.adoption import GUARDED, Adopt, Create, Own
from pattern_operator.apply.applying_tools import is_of_what_was_there, is_of_whole_manifests, is_older
from pattern_operator.apply.ignore_differences import Pointer
from pattern_operator.apply.immutable import says_immutable
from pattern_operator.apply.metadata_edit import Edited, MetadataEditor
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
from pattern_operator.kube import ApiError

Pick = Callable[[fieldset.Fields], fieldset.Fields]

ROUNDS: Final = 3  # a refusal may tell of the next clash only when the first is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReclaim:
    """What others put into one object that is about to be applied.

    ``desired`` is the manifest, ``sent`` what is sent of it, ``left`` what of it others write on purpose. ``may`` says
    of an entry of managedFields whether its fields may be taken.
    """

    editor: MetadataEditor
    desired: Object
    sent: bytes
    left: tuple[Pointer, ...]
    may: Callable[[ManagedFieldsEntry], bool]

    async def replaced(self) -> None:
        """Take what stands in the place of something that the pattern has, and that is gone.

        Raises:
            ApiError: as ``MetadataEditor.edit``.
        """
        if self._is_guarded:
            return
        body = self._body
        await self._take(lambda live: partial(replaced, body=body, live=all_fields(live)))

    async def applied(self, send: Callable[[], Awaitable[Body]]) -> Body:
        """Send the apply, and once more where something that was in the way could be taken.

        Raises:
            Blocked: it was refused all the same, or others hold what is in the way.
            ApiError: as ``send`` and as ``MetadataEditor.edit``.
        """
        for _ in range(ROUNDS):
            try:
                return await send()
            except ApiError as error:
                if not _may_clash(error) or self._is_guarded:
                    raise
                body = self._body
                taken = await self._take(partial(_whatever, partial(in_the_way, body=body, causes=error.causes)))
                if not taken.changed:
                    raise Blocked(error, holders(taken.body, body=body, causes=error.causes)) from error
        return await send()

    @property
    def _is_guarded(self) -> bool:
        return (self.desired.key.group, self.desired.key.kind) in GUARDED

    @property
    def _body(self) -> Body:
        body: Body = orjson.loads(self.sent)
        return body

    async def _take(self, pick: Callable[[Body], Pick]) -> Edited:
        """Hand over what is picked of an entry's fields by ``pick(the object as it is)``, where there is anything."""

        def change(live: Body) -> Any:
            picked = protecting(pick(live), body=self.desired.body, left=self.left)
            return handed_over(live, self.desired, pick=lambda who, fields: picked(fields) if self.may(who) else {})

        return await self.editor.edit(change)


def may_reclaim(decision: Own | Adopt | Create, entry: ManagedFieldsEntry, *, takes: bool) -> bool:
    """Whether what a manager has set may be taken for the pattern where it is in the way.

    On an object that is the pattern's: what people change by hand, and what nobody has set by name since its
    managedFields were cleared. On one that is being adopted: what its older tools applied; where the pattern does not
    take fields over (``conflicts: Fail``), only what a whole manifest had.
    """
    if isinstance(decision, Own):
        return is_by_hand(entry) or is_of_what_was_there(entry)
    return isinstance(decision, Adopt) and (is_older(entry) if takes else is_of_whole_manifests(entry))


def _whatever(pick: Pick, _: Body) -> Pick:
    """``pick``, however the object is."""
    return pick


def _may_clash(error: ApiError) -> bool:
    return error.code == HTTPStatus.UNPROCESSABLE_ENTITY and not says_immutable(error.message)
