"""Layers are open while they are rendered, and what follows from the bytes alone is told apart from a busy operator."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest
from tests.reconcile.pattern import REVISION, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.archive import Layer
from pattern_operator.errors import Stalled, Transient
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.steps.fetch import fetch
from pattern_operator.reconcile.steps.render import Unbuildable, render
from pattern_operator.sandbox import BuildRefused, Plan
from pattern_operator.source import ConnectionWaits

ASKED = pattern(spec={"render": {"targetNamespace": "elsewhere"}})
DESIRED = desired_state(ASKED, REVISION, VerificationPolicy())
ARTIFACT: Any = SimpleNamespace(context="oci://registry.example/web:1.0.0", types=("application/yaml",))
LAYERS: Sequence[tuple[Layer, BinaryIO]] = ((Layer("application/yaml", "", 4), BytesIO(b"a: 1")),)
RENDERED = Rendering(objects=(), format="Manifests")


class Sandbox:
    """Says what is open, and renders, or raises ``error``."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.open: list[str] = []
        self.plans: list[Plan] = []

    @asynccontextmanager
    async def layers(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        self.open.append("layers")
        yield LAYERS
        self.open.remove("layers")

    @asynccontextmanager
    async def built(self, _: Any, plan: Plan, layers: Any) -> AsyncIterator[Rendering]:
        assert layers == LAYERS
        self.plans.append(plan)
        if self.error is not None:
            raise self.error
        self.open.append("rendering")
        yield RENDERED
        self.open.remove("rendering")


async def test_what_is_fetched_is_open_during_the_block_and_what_is_rendered_follows_the_spec():
    port = Sandbox()
    waits = ConnectionWaits(lambda: 0.0)

    async with (
        fetch(ASKED, DESIRED, ARTIFACT, port=port, waits=waits) as fetched,
        render(ASKED, DESIRED, fetched.artifact, fetched.layers, port=port) as rendering,
    ):
        during = list(port.open)

    assert (rendering, during, port.open) == (RENDERED, ["layers", "rendering"], [])
    (plan,) = port.plans
    assert (plan.context, plan.types) == (ARTIFACT.context, ARTIFACT.types)
    assert plan.options.target_namespace == "elsewhere"
    assert plan.options.default_namespace == "team"


async def test_an_artifact_that_cannot_be_built_says_at_which_stage():
    refused = BuildRefused(Stage.SOURCE, Stalled(reason=Reason.NOT_A_PATTERN, message="it is not a pattern"))

    with pytest.raises(Unbuildable) as failed:
        async with render(ASKED, DESIRED, ARTIFACT, LAYERS, port=Sandbox(refused)):
            pytest.fail("it was rendered")

    assert (failed.value.stage, failed.value.error.reason) == (Stage.SOURCE, Reason.NOT_A_PATTERN)


async def test_an_operator_that_is_busy_says_nothing_of_the_artifact():
    busy = Transient(reason=Reason.OPERATOR_BUSY, message="all processes are in use")

    with pytest.raises(Transient, match="all processes are in use"):
        async with render(ASKED, DESIRED, ARTIFACT, LAYERS, port=Sandbox(busy)):
            pytest.fail("it was rendered")
