"""When the status says how to keep what is being deleted: not at once where it goes by itself, and not never."""

from datetime import UTC, datetime, timedelta

import pytest

from pattern_operator.api.designpattern import decode
from pattern_operator.api.names import FINALIZER
from pattern_operator.api.reason import Reason
from pattern_operator.apply import FinalizeResult
from pattern_operator.errors import Waiting
from pattern_operator.reconcile.deletion_advice import ADVISE_AFTER, advice_in
from pattern_operator.reconcile.finalize import finalize

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
GOES = FinalizeResult(error=Waiting(reason=Reason.DELETING, message="1 object left."), advice="To keep them: do this")
STUCK = FinalizeResult(error=Waiting(reason=Reason.DELETING, message="1 object left. To keep them: do this"))


def deleted(at: str, **more):
    source = {"url": "oci://registry.example/web", "ref": {"tag": "1"}}
    metadata = {"name": "web", "namespace": "team", "deletionTimestamp": at, "finalizers": [FINALIZER]}
    return decode({"metadata": metadata, "spec": {"source": source}, **more})


@pytest.mark.parametrize(
    ("remaining", "at", "after", "seconds"),
    [
        (GOES, "2026-01-01T00:00:00Z", 0.0, ADVISE_AFTER),
        (GOES, "2026-01-01T00:00:00Z", ADVISE_AFTER - 1, 1.0),
        (GOES, "2026-01-01T00:00:00Z", ADVISE_AFTER, 0.0),
        (GOES, "2026-01-01T00:00:00Z", 10 * ADVISE_AFTER, 0.0),
        (GOES, "not a time", 0.0, 0.0),
        (STUCK, "2026-01-01T00:00:00Z", 0.0, None),
    ],
)
def test_the_way_out_is_said_when_it_takes_long(remaining, at, after, seconds):
    assert advice_in(deleted(at), remaining, now=BEGAN + timedelta(seconds=after)) == seconds


class Goes:
    """A cluster in which everything goes by itself."""

    def account(self, _):
        return None

    async def delete(self, *_):
        return GOES


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (0.0, "1 object left."),
        (ADVISE_AFTER - 1, "1 object left."),
        (ADVISE_AFTER, "1 object left. To keep them: do this"),
    ],
)
async def test_it_is_said_then_and_not_before(after, says):
    entries = {"count": 1, "entries": [{"id": "team_a__ConfigMap", "v": "v1"}]}
    going = deleted("2026-01-01T00:00:00Z", status={"inventory": entries})

    remaining = await finalize(going, port=Goes(), now=BEGAN + timedelta(seconds=after))

    assert remaining.message == says
