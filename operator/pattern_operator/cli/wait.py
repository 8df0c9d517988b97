"""Requests a reconcile of a pattern, and waits until it is ready."""

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, integer_at, mapping_at, mappings_at, text_at
from pattern_operator.api.names import REQUESTED_AT_ANNOTATION
from pattern_operator.cli import cluster, output, session, watch
from pattern_operator.cli.session import Cluster
from pattern_operator.kube import ApiError
from pattern_operator.kube.identity import NAMESPACE

_UNSEEN: Final = "the operator has not looked at it yet"


@dataclass(frozen=True, slots=True)
class ConditionView:
    """The parts of a condition; empty where there is none."""

    status: str
    reason: str
    message: str


class NotReadyError(Exception):
    """The pattern is not ready and waiting is over; the message is the operator's."""


async def request_reconcile(options: argparse.Namespace) -> dict[str, Any]:
    """Request a reconcile; returns the pattern, with ``--wait`` once it is ready.

    Raises:
        NotReadyError: it is suspended, stalled, or not ready in time.
        Stalled, Transient: as ``Cluster.get``.
    """
    async with session.connected(options) as here:
        pattern = await here.get(options.name)
        if mapping_at(pattern, "spec").get("suspend") is True:
            raise NotReadyError(
                f"{options.name} is suspended: `{cluster.typed('resume', options.name, options)}` ends that"
            )
        if options.wait and (nobody := await _nobody_works(here)):  # looked at first: what follows is watched
            output.progress(output.plain(f"{options.name}: waiting{nobody}"))
        moment = datetime.now(UTC).isoformat()
        pattern = await here.change(options.name, {"metadata": {"annotations": {REQUESTED_AT_ANNOTATION: moment}}})
        return await _until_ready(here, options) if options.wait else pattern


async def _until_ready(here: Cluster, options: argparse.Namespace) -> dict[str, Any]:
    """The pattern, once it is ready; raises NotReadyError where it is stalled, or after ``--timeout``."""
    name, last = options.name, _UNSEEN
    try:
        async with asyncio.timeout(options.timeout), watch.watch_patterns(here, name=name) as lists:
            async for found in lists:
                if not found or found[-1].type.value == "DELETED":
                    raise NotReadyError(f"{name} was deleted meanwhile")
                pattern = found[-1].object
                before, last = last, _progress(pattern)
                if last != before:
                    output.progress(output.plain(f"{name}: {last}"))
                if _is_answered(pattern) and _is_ready(pattern, name):
                    return pattern
    except TimeoutError:
        pass
    nobody = await _nobody_works(here) if last == _UNSEEN else ""
    raise NotReadyError(
        f"{name} is not ready after {options.timeout} s: {last.rstrip('.')}{nobody}."
        f" `{cluster.typed('get', name, options)} -w` continues to watch it."
    )


async def _nobody_works(here: Cluster) -> str:
    """That no operator holds the Lease, where it is by default; empty where one does, or this user may not look."""
    from pattern_operator.cli.installation import LEASE, holder

    try:
        found = await holder(here.session, namespace=NAMESPACE, now=datetime.now(UTC))
    except ApiError:
        return ""
    return "" if found else f", and nobody holds the Lease {NAMESPACE}/{LEASE}: no operator runs there"


def _is_answered(pattern: dict[str, Any]) -> bool:
    """Whether status is about this request and the current spec."""
    status, meta = mapping_at(pattern, "status"), ObjectMeta.of(pattern)
    asked = meta.annotation(REQUESTED_AT_ANNOTATION)  # of somebody who asked after us: it answers us as well
    return (
        text_at(status, "lastHandledReconcileAt") == asked
        and integer_at(status, "observedGeneration") == meta.generation
    )


def _is_ready(pattern: dict[str, Any], name: str) -> bool:
    """Whether it is ready; raises NotReadyError where it is stalled."""
    said = ready(pattern)
    if _condition(pattern, "Stalled").status == "True":
        raise NotReadyError(f"{name} is not ready: {said.reason}: {said.message}")
    return said.status == "True" and _failing(pattern) is None


def _failing(pattern: dict[str, Any]) -> ConditionView | None:
    """The condition of the stage that failed, so that nothing newer was applied although Ready is True."""
    stages = (_condition(pattern, each) for each in ("Fetched", "Verified", "Rendered", "Applied"))
    return next((each for each in stages if each.status == "False"), None)


def _progress(pattern: dict[str, Any]) -> str:
    """What is printed while it waits."""
    if not _is_answered(pattern) and ready(pattern).status == "True":
        return _UNSEEN
    return (_failing(pattern) or ready(pattern)).message or _UNSEEN


def ready(pattern: dict[str, Any]) -> ConditionView:
    """The condition Ready."""
    return _condition(pattern, "Ready")


def _condition(pattern: dict[str, Any], kind: str) -> ConditionView:
    conditions = mappings_at(pattern, "status", "conditions")
    found: Mapping[str, Any] = next((each for each in conditions if text_at(each, "type") == kind), {})
    return ConditionView(text_at(found, "status"), text_at(found, "reason"), text_at(found, "message"))
