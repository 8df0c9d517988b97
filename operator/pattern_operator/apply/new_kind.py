"""A kind or a namespace that the pattern itself has just brought: it is served a moment after it was created.

Nothing tells when, so what needs it is retried for a moment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, TypeVar

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.apply_run import ApplyRun
from pattern_operator.apply.errors import is_missing_namespace
from pattern_operator.kube import ApiError, Discovery, KindNotFound, Resource

NEW_KIND_DELAYS: Final = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds between tries

T = TypeVar("T")


async def retry_new_kind(call: Callable[[], Awaitable[T]], key: ObjectKey, run: ApplyRun) -> T:
    """Call again for a moment where the pattern of ``run`` has just brought the kind or the namespace of the object.

    Raises:
        ApiError, KindNotFound: as ``call``.
    """
    for pause in NEW_KIND_DELAYS:
        try:
            return await call()
        except (ApiError, KindNotFound) as error:
            if not is_of_new_kind(error, key, run):
                raise
        await asyncio.sleep(pause)
    return await call()


def is_of_new_kind(error: ApiError | KindNotFound, key: ObjectKey, run: ApplyRun) -> bool:
    """Whether the refusal may be over in a moment, because the pattern has just brought what the object needs."""
    if isinstance(error, KindNotFound) or error.code == HTTPStatus.NOT_FOUND:
        new_kind = any((group, kind) == key.group_kind for group, _, kind in run.own_kinds)
        return new_kind or key.namespace in run.namespaces
    # The ServiceAccount "default" of a new namespace is made by a controller; bare pods are refused before it is there.
    return error.code == HTTPStatus.FORBIDDEN and key.namespace in run.namespaces and "not found" in error.message


async def recheck_kind(error: ApiError, resource: Resource, *, discovery: Discovery) -> None:
    """Where the very path of a request was not there: look whether the kind still is.

    Raises:
        KindNotFound: it is not.
        ApiError: the API server could not be asked.
    """
    if error.code == HTTPStatus.NOT_FOUND and not is_missing_namespace(error):
        discovery.invalidate(resource)
        await discovery.find(group=resource.group, kind=resource.kind, version=resource.version)
