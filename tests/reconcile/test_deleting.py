"""When it is said how to let go of what is being deleted: not at once where it goes by itself, and not never."""

from datetime import UTC, datetime, timedelta

import pytest

from pattern_operator.api.designpattern import decode
from pattern_operator.api.names import FINALIZER
from pattern_operator.api.reason import Reason
from pattern_operator.apply import FinalizeResult
from pattern_operator.errors import Waiting
from pattern_operator.reconcile import deleting
from pattern_operator.reconcile.deleting import PATIENCE, advice_in

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
GOES = FinalizeResult(error=Waiting(reason=Reason.DELETING, message="1 object left."), advice="To let go: do this")
STUCK = FinalizeResult(error=Waiting(reason=Reason.DELETING, message="1 object left. To let go: do this"))


def deleted(at: str):
    source = {"url": "oci://registry.example/web", "ref": {"tag": "1"}}
    metadata = {"name": "web", "namespace": "team", "deletionTimestamp": at, "finalizers": [FINALIZER]}
    return decode({"metadata": metadata, "spec": {"source": source}})


@pytest.mark.parametrize(
    ("remaining", "at", "after", "seconds"),
    [
        (GOES, "2026-01-01T00:00:00Z", 0.0, PATIENCE),
        (GOES, "2026-01-01T00:00:00Z", PATIENCE - 1, 1.0),
        (GOES, "2026-01-01T00:00:00Z", PATIENCE, 0.0),
        (GOES, "2026-01-01T00:00:00Z", 10 * PATIENCE, 0.0),
        (GOES, "not a time", 0.0, 0.0),
        (STUCK, "2026-01-01T00:00:00Z", 0.0, None),
    ],
)
def test_the_way_out_is_said_when_it_takes_long(remaining, at, after, seconds):
    assert advice_in(deleted(at), remaining, now=BEGAN + timedelta(seconds=after)) == seconds


class Written:
    """A writer that keeps what Ready says."""

    ready = ""

    async def status(self, _, status):
        self.ready = next(each.message for each in status.conditions if each.type == "Ready")


@pytest.mark.parametrize(
    ("after", "says"),
    [(0.0, "1 object left."), (PATIENCE - 1, "1 object left."), (PATIENCE, "1 object left. To let go: do this")],
)
async def test_status_says_it_then_and_not_before(monkeypatch, after, says):
    async def goes(*_, **__):
        return GOES

    monkeypatch.setattr(deleting, "_step", goes)
    written, now = Written(), BEGAN + timedelta(seconds=after)

    remaining = await deleting.delete(deleted("2026-01-01T00:00:00Z"), rim=None, writer=written, now=lambda: now)

    assert written.ready == remaining.message == says
