"""When the status says how to keep what is being deleted: not at once where it goes by itself, and not never."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pattern_operator import limits
from pattern_operator.api.designpattern import decode
from pattern_operator.api.names import FINALIZER
from pattern_operator.api.reason import Reason
from pattern_operator.apply import FinalizeResult
from pattern_operator.errors import Stalled, Waiting
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


ENTRIES = {"count": 1, "entries": [{"id": "team_a__ConfigMap", "v": "v1"}]}


class Refuses(Goes):
    """A cluster of which nothing is asked, or that has no account for the pattern, or takes too long."""

    def __init__(self, *, account: Stalled | None = None, hangs: bool = False):
        self.asked: list[object] = []
        self._account, self._hangs = account, hangs

    def account(self, _):
        if self._account is not None:
            raise self._account

    async def delete(self, *given):
        self.asked.append(given)
        if self._hangs:
            await asyncio.Event().wait()
        return GOES


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"status": {"inventory": {"count": 0, "entries": []}}}, id="it has nothing"),
        pytest.param(
            {"status": {"inventory": ENTRIES}, "apply": {"deletionPolicy": "Orphan"}}, id="it leaves all of it"
        ),
        pytest.param({"status": {"inventory": ENTRIES}, "finalizers": []}, id="its finalizer is gone"),
    ],
)
async def test_a_pattern_goes_at_once_where_nothing_is_to_be_deleted(more):
    cluster, spec = Refuses(), {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1"}}}
    metadata = {"name": "web", "namespace": "team", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    going = decode(
        {
            "metadata": {**metadata, "finalizers": more.get("finalizers", [FINALIZER])},
            "spec": {**spec, **({"apply": more["apply"]} if "apply" in more else {})},
            "status": more["status"],
        }
    )

    assert await finalize(going, port=cluster, now=BEGAN) == FinalizeResult()
    assert cluster.asked == []


async def test_without_an_account_or_with_an_inventory_that_cannot_be_read_nothing_is_deleted_and_all_is_left():
    no_account = Stalled(reason=Reason.INVALID_SPEC, message="spec.serviceAccountName is required here: name one.")
    unreadable = {"count": 1, "entries": [{"id": "nonsense", "v": "v1"}]}
    for cluster, entries in ((Refuses(account=no_account), ENTRIES), (Refuses(), unreadable)):
        going = deleted("2026-01-01T00:00:00Z", status={"inventory": entries})

        remaining = await finalize(going, port=cluster, now=BEGAN)

        assert remaining.entries == going.status.inventory.entries
        assert isinstance(remaining.error, Stalled)
        assert cluster.asked == []


async def test_a_deletion_that_takes_too_long_leaves_all_of_it_for_the_next_run(monkeypatch):
    monkeypatch.setattr(limits, "MAX_RUN", 0.01)
    going = deleted("2026-01-01T00:00:00Z", status={"inventory": ENTRIES})

    remaining = await finalize(going, port=Refuses(hangs=True), now=BEGAN)

    assert remaining.entries == going.status.inventory.entries
    assert remaining.error is not None
    assert remaining.error.reason is Reason.RUN_TIMEOUT
