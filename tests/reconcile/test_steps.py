"""What a run does before anything else: without an account nothing is asked, kept or taken down."""

import dataclasses
from typing import Any

import pytest
from tests.reconcile.pattern import ENTRIES, NOW, REVISION, pattern

from pattern_operator.api.names import FINALIZER
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Inventory, Status
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.deleting import delete
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.steps import run_steps
from pattern_operator.reconcile.tenancy import Tenancy

RUNS = Status(revision=str(REVISION), inventory=Inventory(count=2, entries=ENTRIES))


class Untouchable:
    """Any effect at all: to use it is the failure of the test."""

    def __getattr__(self, name: str) -> Any:
        pytest.fail(f"{name} was used")


def rim() -> Rim:
    parts = {each.name: Untouchable() for each in dataclasses.fields(Rim)}
    return Rim(**{**parts, "tenancy": Tenancy(require_service_account=True)})


class Written:
    """A writer that keeps what it was given."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []
        self.released = 0

    async def status(self, _: object, status: Status) -> None:
        self.statuses.append(status)

    async def release(self, _: object) -> None:
        self.released += 1


async def ahead(*_: object) -> None:
    pytest.fail("something was about to be applied")


async def test_a_pattern_without_a_required_account_is_refused_before_anything_else():
    progress = await run_steps(pattern(status=RUNS), memory=Memory(), rim=rim(), ahead=ahead)

    assert isinstance(progress.failure, Stalled)
    assert (progress.failure.reason, progress.stage) == (Reason.SERVICE_ACCOUNT_REQUIRED, Stage.APPLY)


@pytest.mark.parametrize(
    ("tenancy", "user"),
    [(Tenancy(), None), (Tenancy(default_service_account="deployer"), "system:serviceaccount:team:deployer")],
)
async def test_a_run_knows_in_whose_name_it_acts(tenancy: Tenancy, user: str | None):
    nowhere = pattern(spec={"source": {"url": "oci://nowhere", "ref": {"tag": "1"}}})
    parts = dataclasses.replace(rim(), tenancy=tenancy, clock=lambda: 0.0)

    progress = await run_steps(nowhere, memory=Memory(), rim=parts, ahead=ahead)

    assert progress.user == user
    assert isinstance(progress.failure, Stalled)
    assert progress.failure.reason is Reason.INVALID_REFERENCE


async def test_its_objects_are_left_when_it_goes_and_status_says_what_to_set():
    writer, going = Written(), pattern(status=RUNS, finalizers=[FINALIZER], deletionTimestamp="2026-11-25T12:00:00Z")

    error = (await delete(going, rim=rim(), writer=writer, now=lambda: NOW)).error

    assert isinstance(error, Stalled)
    assert error.reason is Reason.SERVICE_ACCOUNT_REQUIRED
    assert "2 objects left" in error.message
    assert writer.released == 0
    assert writer.statuses[0].inventory.entries == ENTRIES


@pytest.mark.parametrize("spec", [{}, {"apply": {"deletionPolicy": "Orphan"}}])
async def test_a_pattern_that_owns_nothing_or_lets_go_needs_no_account_to_go(spec: dict[str, Any]):
    status = RUNS if spec else Status()
    writer, going = Written(), pattern(status=status, spec=spec, finalizers=[FINALIZER])

    assert (await delete(going, rim=rim(), writer=writer, now=lambda: NOW)).error is None
    assert writer.released == 1
