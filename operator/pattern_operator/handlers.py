"""What wakes a pattern up. kopf watches DesignPatterns; the handler only takes the state in and enqueues.

Nothing else of kopf's is used: no diff base, no finalizer or annotation of its own on objects, no retries. An event
handler's error would be logged and lost, so what can fail happens in the queue's workers.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import kopf
import msgspec

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.names import GROUP, PLURAL, VERSION
from pattern_operator.kopf_settings import watch_only
from pattern_operator.kube import Session
from pattern_operator.reconcile import PatternKey, PatternStore, Reconciler
from pattern_operator.telemetry import about_name

logger = logging.getLogger(__name__)


def registry(
    *,
    session: Session,
    patterns: PatternStore,
    wake: Callable[[PatternKey], None],
    reconciler: Reconciler,
    stop: Callable[[], Awaitable[None]],
) -> kopf.OperatorRegistry:
    """The handlers, bound to what they fill; ``stop`` ends the operator's own tasks when kopf stops."""
    handlers = kopf.OperatorRegistry()
    session.kopf_watch.skip_known(patterns.is_known)

    @kopf.on.login(registry=handlers)
    async def login(**_: Any) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=session.server, aiohttp_session=session.kopf_http)

    @kopf.on.startup(registry=handlers)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        watch_only(settings)

    @kopf.on.cleanup(registry=handlers)
    async def cleanup(**_: Any) -> None:
        await stop()

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    async def changed(type: str | None, body: kopf.Body, **_: Any) -> None:  # noqa: A002 - kopf's name for it
        with session.internal_errors.contain("handler"):
            state = dict(body)
            if type == "DELETED":
                meta = ObjectMeta.of(state)
                reconciler.forget(PatternKey(meta.namespace, meta.name), uid=meta.uid)
                return
            key = decode_or_log(state, patterns=patterns)
            if key is not None:
                wake(key)

    return handlers


def decode_or_log(state: dict[str, Any], *, patterns: PatternStore) -> PatternKey | None:
    """Take a state in; the key when it asks for work. One that the CRD would refuse today is logged and skipped."""
    try:
        return patterns.upsert(state)
    except msgspec.ValidationError as error:
        meta = ObjectMeta.of(state)
        where = PatternKey(meta.namespace, meta.name)
        patterns.keep_owner(where, uid=meta.uid)
        logger.error(  # noqa: TRY400 - no defect
            "skipped, because the CRD would refuse it: pattern=%s: %s",
            where,
            error,
            extra=about_name(where.namespace, where.name),
        )
        return None
