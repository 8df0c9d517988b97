"""What one run of the operator holds open until all that use it have ended: sandbox, network, cache and events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from pattern_operator.kube import Session, identity
from pattern_operator.manager import Process
from pattern_operator.sandbox import Sandbox
from pattern_operator.source import Cache, DnsResolver, Network
from pattern_operator.telemetry import EventRecorder, SecretValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What is closed after the tasks that use it have ended: then the last events and contents are written."""

    network: Network
    sandbox: Sandbox
    cache: Cache
    recorder: EventRecorder
    secrets: SecretValues

    @classmethod
    @asynccontextmanager
    async def open(cls, process: Process, session: Session) -> AsyncIterator[Self]:
        """Open them all; they are closed with the block."""
        settings, executors = process.settings, process.executors
        cache = Cache(settings.cache_directory, max_size=settings.cache_size, disk=executors.disk)
        secrets = SecretValues()
        recorder = EventRecorder(
            session,
            instance=identity(),
            now=lambda: datetime.now(UTC),
            clock=asyncio.get_running_loop().time,
            on_dropped=process.metrics.event_dropped,
            secrets=secrets,
        )
        with secrets.masked_in_logs():
            async with (
                Network.open(settings.registry_network, resolver=DnsResolver()) as network,
                Sandbox.open(executors=executors, limits=settings.workers, programs=settings.programs) as sandbox,
                aclosing(cache),
                aclosing(recorder),
            ):
                yield cls(network=network, sandbox=sandbox, cache=cache, recorder=recorder, secrets=secrets)
