"""The one place that writes a DesignPattern: its status, and the finalizer. Writes nothing when nothing changed."""

from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.names import FIELD_MANAGER, FINALIZER, GROUP, PLURAL, VERSION
from pattern_operator.api.names import KIND as PATTERN_KIND
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Status
from pattern_operator.errors import Transient
from pattern_operator.kube import ApiError, Resource, Session, objects
from pattern_operator.reconcile.patterns import PatternKey, Patterns, key_of

DESIGN_PATTERN = Resource(group=GROUP, version=VERSION, kind=PATTERN_KIND, plural=PLURAL, namespaced=True)


class Gone(Exception):
    """The DesignPattern does not exist any more: there is nothing left to write to."""

    def __init__(self, key: PatternKey) -> None:
        super().__init__(f"DesignPattern {key} is gone")


class Writer:
    """Writes status and finalizer by JSON merge patch, and takes the answer in as the newest state.

    An answer may be the first to tell that the user asked for something else meanwhile: ``wake`` is called then. What
    is returned is the pattern as it was asked when the run began, with what was written since.
    """

    def __init__(self, session: Session, patterns: Patterns, *, wake: Callable[[PatternKey], None]) -> None:
        self._session = session
        self._patterns = patterns
        self._wake = wake

    async def status(self, pattern: DesignPattern, status: Status) -> DesignPattern:
        """Make ``status`` the status of ``pattern``; the pattern as it is afterwards.

        Raises:
            Gone: the resource does not exist any more.
            Transient: the API server could not be asked, or refused.
        """
        change = difference(msgspec.to_builtins(pattern.status), msgspec.to_builtins(status))
        if not change:
            return pattern
        return await self._patch(pattern, {"status": change}, subresource="status")

    async def hold(self, pattern: DesignPattern) -> DesignPattern:
        """Put our finalizer on ``pattern``, so that its objects are never left behind. Raises as ``status`` does."""
        if FINALIZER in pattern.metadata.finalizers:
            return pattern
        return await self._set_finalizers(pattern, [*pattern.metadata.finalizers, FINALIZER])

    async def release(self, pattern: DesignPattern) -> DesignPattern:
        """Take our finalizer away: the API server deletes the resource. Raises as ``status`` does."""
        if FINALIZER not in pattern.metadata.finalizers:
            return pattern
        return await self._set_finalizers(pattern, [f for f in pattern.metadata.finalizers if f != FINALIZER])

    async def _set_finalizers(self, pattern: DesignPattern, finalizers: list[str]) -> DesignPattern:
        # The resourceVersion makes the API server refuse a list that someone else changed meanwhile.
        metadata = {"finalizers": finalizers, "resourceVersion": pattern.metadata.resource_version}
        return await self._patch(pattern, {"metadata": metadata}, subresource="")

    async def _patch(self, pattern: DesignPattern, change: dict[str, Any], *, subresource: str) -> DesignPattern:
        key = key_of(pattern)
        try:
            body = await objects.patch_merge(
                self._session,
                DESIGN_PATTERN,
                namespace=key.namespace,
                name=key.name,
                subresource=subresource,
                body=orjson.dumps(change),
                field_manager=FIELD_MANAGER,
            )
        except ApiError as error:
            if error.code == 404:
                raise Gone(key) from error
            raise Transient(
                reason=Reason.API_SERVER_UNAVAILABLE,
                message=f"DesignPattern {key} could not be written: {error.message}",
                retry_after=error.retry_after,
            ) from error
        try:
            written, asked = decode(body), self._patterns.observe(body)
        except msgspec.ValidationError as error:
            raise Transient(
                reason=Reason.API_SERVER_UNAVAILABLE,
                message=f"DesignPattern {key} was written, and the answer is not a DesignPattern: look at the webhooks"
                " and proxies in between, and at the version of the CRD.",
            ) from error
        if asked is not None:
            self._wake(key)
        metadata = msgspec.structs.replace(
            pattern.metadata,
            finalizers=written.metadata.finalizers,
            resource_version=written.metadata.resource_version,
        )
        return msgspec.structs.replace(pattern, metadata=metadata, status=written.status)


def difference(before: Any, after: Any) -> dict[str, Any]:
    """The JSON merge patch (RFC 7396) that makes ``after`` of ``before``; empty when they are equal."""
    change: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if old == value and name in before:
            continue
        if isinstance(value, dict) and isinstance(old, dict):
            change[name] = difference(old, value)
        else:
            change[name] = value
    return change
