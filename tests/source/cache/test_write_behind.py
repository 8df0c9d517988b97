"""What is written after whoever brought it has gone on."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from tests.executors import EXECUTORS

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import Transient
from pattern_operator.source.cache import write_behind
from pattern_operator.source.cache.entry import Entry
from pattern_operator.source.cache.write_behind import WriteBehind

ENTRIES = [Entry.of("scope", Digest.of(bytes([number]))) for number in range(100)]


class Disk:
    """Notes what is written, once it may go on; ``error`` is raised instead."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.batches: list[list[tuple[Entry, bytes]]] = []
        self.error: Exception | None = None
        self.tries = 0

    def write(self, contents: Sequence[tuple[Entry, bytes]]) -> None:
        self.tries += 1
        assert self.open.wait(60)
        if self.error is not None:
            raise self.error
        self.batches.append(list(contents))

    async def is_writing(self) -> None:
        """Wait until it writes."""
        async with asyncio.timeout(20):
            while not self.tries:  # noqa: ASYNC110 - a thread sets it
                await asyncio.sleep(0.001)

    @property
    def written(self) -> list[Entry]:
        return [entry for batch in self.batches for entry, _ in batch]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def behind(disk: Disk) -> WriteBehind:
    return WriteBehind(disk.write, disk=EXECUTORS.disk)


async def test_nobody_waits_for_a_write(disk, behind):
    disk.open.clear()

    assert behind.add(ENTRIES[0], b"x")

    assert disk.batches == []
    disk.open.set()
    await behind.flush()
    assert disk.batches == [[(ENTRIES[0], b"x")]]


async def test_what_came_meanwhile_is_written_together_in_the_order_of_coming(disk, behind):
    disk.open.clear()
    for entry in ENTRIES:
        assert behind.add(entry, b"x")
    disk.open.set()
    await behind.flush()

    assert disk.written == ENTRIES
    assert len(disk.batches) <= 5  # the first may have been alone, the others 32 at a time


async def test_what_waits_already_is_written_once(disk, behind):
    disk.open.clear()
    behind.add(ENTRIES[0], b"x")
    await disk.is_writing()  # and takes nothing more, until it may go on
    for _ in range(3):
        behind.add(ENTRIES[1], b"x")
    disk.open.set()
    await behind.flush()

    assert disk.written.count(ENTRIES[1]) == 1


async def test_what_waits_already_takes_no_more_room(disk, behind, monkeypatch):
    monkeypatch.setattr(write_behind, "MAX_WAITING", 10)
    disk.open.clear()
    behind.add(ENTRIES[0], b"x")
    await disk.is_writing()  # and it no longer waits
    assert [behind.add(ENTRIES[1], b"12345"), behind.add(ENTRIES[1], b"12345")] == [True, True]

    assert behind.add(ENTRIES[2], b"12345")

    disk.open.set()
    await behind.flush()


async def test_no_more_waits_than_is_bounded(disk, behind, monkeypatch):
    monkeypatch.setattr(write_behind, "MAX_WAITING", 10)
    disk.open.clear()
    behind.add(ENTRIES[0], b"x")
    await disk.is_writing()  # and it no longer waits
    accepted = [behind.add(entry, b"12345") for entry in ENTRIES[1:4]]
    disk.open.set()
    await behind.flush()

    assert accepted == [True, True, False]
    assert behind.add(ENTRIES[4], b"1234567890")
    await behind.flush()


@pytest.mark.parametrize(
    "error", [Transient(reason=Reason.CACHE_UNAVAILABLE, message="full"), RuntimeError("a defect")]
)
async def test_after_a_failed_write_others_write_themselves_until_the_disk_works(disk, behind, error):
    disk.error = error
    behind.add(ENTRIES[0], b"x")
    await behind.flush()

    assert [behind.add(ENTRIES[1], b"x"), behind.add(ENTRIES[1], b"x")] == [False, False]

    disk.error = None
    behind.recovered()
    assert behind.add(ENTRIES[2], b"x")
    await behind.flush()
    assert disk.written == [ENTRIES[2]]


async def test_flushing_nothing_takes_no_time(behind):
    await behind.flush()


async def test_after_a_disk_that_failed_as_much_may_wait_as_before(disk, behind):
    disk.error = OSError("full")
    assert behind.add(ENTRIES[0], b"x")
    await behind.flush()
    refused = behind.add(ENTRIES[1], b"x")
    disk.error = None
    behind.recovered()
    disk.open.clear()

    taken = behind.add(ENTRIES[2], bytes(write_behind.MAX_WAITING))
    disk.open.set()
    await behind.flush()

    assert (refused, taken) == (False, True)
    assert disk.written == [ENTRIES[2]]


async def test_what_waits_when_the_disk_fails_is_not_tried_and_takes_no_room(disk, behind, monkeypatch):
    monkeypatch.setattr(write_behind, "_AT_ONCE", 1)
    monkeypatch.setattr(write_behind, "MAX_WAITING", 10)
    disk.error = OSError("full")
    disk.open.clear()
    taken = [behind.add(ENTRIES[0], b"x"), behind.add(ENTRIES[1], b"12345"), behind.add(ENTRIES[2], b"1234")]
    disk.open.set()
    await behind.flush()
    disk.error = None
    behind.recovered()
    disk.open.clear()

    again = [behind.add(ENTRIES[3], b"1234567890"), behind.add(ENTRIES[4], b"12345678901")]
    disk.open.set()
    await behind.flush()

    assert (taken, again) == ([True] * 3, [True, False])
    assert disk.tries == 2
    assert disk.written == [ENTRIES[3]]
