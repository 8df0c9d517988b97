"""One life of the operator: everything is made here, put together, run, and taken down.

State lives in the cluster; a life only remembers. When one ends by an error (kopf takes a watch error other than 410 for
fatal), the next begins with nothing, in the same process, and finds everything again.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import kopf
import msgspec

from pattern_operator import handlers
from pattern_operator.apply import Applier, Children, Claims
from pattern_operator.apply.ownership import owner_id
from pattern_operator.kube import Discovery, Endpoint, Session, list_, load
from pattern_operator.reconcile import PatternKey, Patterns, Queue, Reconciler, Referents, Registries, Rim, Writer
from pattern_operator.reconcile.writer import DESIGN_PATTERN
from pattern_operator.source import Cache, TokenCache
from pattern_operator.telemetry import Endpoint as Probes
from pattern_operator.telemetry import Metrics, Recorder

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds between lives that end by an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line says."""

    kubeconfig: Path | None
    context: str | None
    cache_directory: Path
    cache_size: int  # bytes
    metrics: tuple[str, int]  # host and port
    concurrency: int
