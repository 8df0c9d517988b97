"""A Reflector that sees what a test shows it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pattern_operator.kube import ApiError, Resource, WatchEvent, WatchEventType


class FakeReflector:
    """Shows nothing by itself, and has seen what is there once ``synced`` is set."""

    started: list["FakeReflector"]

    def __init__(
        self,
        _: object,
        resource: Resource,
        *,
        on_change: Callable[[WatchEvent], None],
        on_problem: Callable[[ApiError], None] = lambda _: None,
        label_selector: str = "",
        remembers: Callable[[str, str], bool] = lambda _, __: True,
        **__: Any,
    ) -> None:
        self.resource = resource
        self.label_selector = label_selector
        self.synced = asyncio.Event()
        self._on_change = on_change
        self.fail = on_problem
        self.runs = False
        self.remembers = remembers
        self.started.append(self)

    async def run(self) -> None:
        self.runs = True
        await asyncio.Event().wait()

    def show(
        self, name: str, *, kind: WatchEventType = WatchEventType.MODIFIED, status: Any = None, **metadata: Any
    ) -> None:
        self._on_change(WatchEvent(kind, {"metadata": {"name": name, **metadata}, "status": status or {}}))


def replace_reflectors(monkeypatch: pytest.MonkeyPatch, *modules: Any) -> list[FakeReflector]:
    """Let these modules watch nothing; those that they start."""
    started: list[FakeReflector] = []
    fake = type("StartedReflector", (FakeReflector,), {"started": started})
    for each in modules:
        monkeypatch.setattr(each, "Reflector", fake)
    return started
