"""Metadata of one object that is read, changed and written: again where somebody has written the object in between.

Controllers write the status of an object many times a minute, and each write changes its resourceVersion. That is no
reason not to write its metadata. Source: Kubernetes API conventions, "Concurrency Control and Consistency"; client-go
repeats such a write in the same way (``util/retry``, ``RetryOnConflict``).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.kube import ApiError, Resource, Session, objects
from pattern_operator.kube.conflict import is_overtaken

TRIES: Final = 10  # of one edit; between a read and its write there are a few milliseconds

Change = Callable[[Body], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Edited:
    """The object, or its metadata alone, as it was read last (``changed`` is False) or as it was written."""

    body: Body
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataEditor:
    """Reads and writes the metadata of one object, in the name of ``impersonate``."""

    session: Session
    resource: Resource
    key: ObjectKey
    impersonate: str | None

    async def read(self) -> Body:
        """The object's metadata as it is now; raises ApiError, also where there is no such object."""
        return await objects.get_metadata(
            self.session,
            self.resource,
            namespace=self.key.namespace,
            name=self.key.name,
            impersonate=self.impersonate,
        )

    async def edit(
        self, change: Change, *, live: Body | None = None, read: Callable[[], Awaitable[Body]] | None = None
    ) -> Edited:
        """Write the merge patch of the metadata that ``change`` makes of the object; None of it: write nothing.

        The patch names uid and resourceVersion of what it was made of. ``live`` is the object where it was just read.
        ``read`` reads it otherwise than ``self.read``.

        Raises:
            ApiError: there is no such object, others were faster each time or another object took its place
                (``Conflict``), or it was refused; also as ``read``.
        """
        look = read or self.read
        live = await look() if live is None else live
        uid = ObjectMeta.of(live).uid
        for left in reversed(range(TRIES)):
            metadata = change(live)
            if metadata is None:
                return Edited(live, changed=False)
            try:
                return Edited(await self._write(metadata), changed=True)
            except ApiError as error:
                if not left or not is_overtaken(error, self.resource, self.key.name):
                    raise
                live = await look()
                if ObjectMeta.of(live).uid != uid:
                    raise
        raise AssertionError("the last try returns or raises")

    async def _write(self, metadata: Mapping[str, Any]) -> Body:
        return await objects.patch_merge(
            self.session,
            self.resource,
            body=orjson.dumps({"metadata": metadata}),
            namespace=self.key.namespace,
            name=self.key.name,
            field_manager=FIELD_MANAGER,
            impersonate=self.impersonate,
        )
