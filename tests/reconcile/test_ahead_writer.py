"""What a run is about to make is on record before the first object is sent, in the place where it costs least."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from tests.reconcile.pattern import ENTRIES, NOW, REVISION, pattern

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.metadata import Finalizers
from pattern_operator.api.names import FINALIZER, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, Status
from pattern_operator.api.write_ahead import written
from pattern_operator.errors import Transient
from pattern_operator.reconcile import PatternStore
from pattern_operator.reconcile.ahead_writer import AheadWriter
from pattern_operator.reconcile.pattern_store import key_of
from pattern_operator.reconcile.status_writer import PatternDeleted
from pattern_operator.reconcile.write_ahead import Ahead

PENDING = tuple(msgspec.structs.replace(each, pending=True) for each in ENTRIES)


class Writer:
    """Notes what it is asked to write."""

    def __init__(self, error: Exception | None = None) -> None:
        self.written: list[Any] = []
        self._error = error

    def _note(self, what: Any, found: DesignPattern) -> DesignPattern:
        if self._error is not None:
            raise self._error
        self.written.append(what)
        return found

    async def write_ahead(self, found: DesignPattern, ahead: Ahead | None) -> DesignPattern:
        return self._note(("annotation", ahead.entries if ahead is not None else ()), found)

    async def add_finalizer(self, found: DesignPattern) -> DesignPattern:
        return self._note("finalizer", found)

    async def remove_ahead(self, found: DesignPattern) -> DesignPattern:
        return self._note("annotation removed", found)

    async def status(self, found: DesignPattern, status: Status) -> DesignPattern:
        return self._note(("status", status.inventory.entries), found)


def writing(writer: Any, patterns: PatternStore | None = None) -> AheadWriter:
    def now() -> datetime:
        return NOW

    return AheadWriter(patterns or PatternStore(), writer, now=now)


def applied() -> DesignPattern:
    """A pattern whose status has an inventory."""
    found = pattern(status=Status(inventory=Inventory(count=1, entries=ENTRIES[:1])))
    annotations = msgspec.structs.replace(found.metadata.annotations, write_ahead=None)
    return msgspec.structs.replace(found, metadata=msgspec.structs.replace(found.metadata, annotations=annotations))


async def test_the_first_run_takes_one_write_for_the_finalizer_and_the_names():
    writer = Writer()

    await writing(writer).write(pattern(), PENDING, to=None)

    assert writer.written == [("annotation", PENDING)]


async def test_a_later_run_has_its_names_in_status():
    writer = Writer()

    await writing(writer).write(applied(), PENDING, to=REVISION)

    assert writer.written == ["finalizer", ("status", PENDING)]


async def test_the_annotation_of_the_first_run_goes_with_the_first_update():
    """It has the names of what prune: false leaves then, and would bring them back where status is lost."""
    writer, before = Writer(), applied()
    annotations = msgspec.structs.replace(before.metadata.annotations, leftover_ahead=True)
    before = msgspec.structs.replace(before, metadata=msgspec.structs.replace(before.metadata, annotations=annotations))

    await writing(writer).write(before, PENDING, to=REVISION)
    await writing(writer).write(before, (), to=None)

    assert writer.written == ["finalizer", "annotation removed", ("status", PENDING), "finalizer"]


async def test_where_all_is_on_record_the_finalizer_alone_is_seen_to():
    writer = Writer()

    await writing(writer).write(applied(), (), to=None)

    assert writer.written == ["finalizer"]


@pytest.mark.parametrize(
    ("found", "asked_uid", "put_back"),
    [
        pytest.param(applied(), "u-1", True, id="it is gone"),
        pytest.param(pattern(), "u-1", False, id="the pattern has no objects"),
        pytest.param(applied(), "u-2", False, id="it is another pattern of the name"),
    ],
)
async def test_a_finalizer_that_somebody_takes_off_in_a_run_is_put_back(
    found: DesignPattern, asked_uid: str, put_back: bool
):
    writer, patterns = Writer(), PatternStore()
    patterns.take(found)
    asked = msgspec.structs.replace(found, metadata=msgspec.structs.replace(found.metadata, uid=asked_uid))

    await writing(writer, patterns).keep_finalizer(asked)

    assert writer.written == (["finalizer"] if put_back else [])


async def test_an_annotation_that_somebody_takes_off_in_a_first_run_is_put_back():
    """The finalizer alone says that nothing is lost: what removes annotations leaves it."""
    writer, patterns = Writer(), PatternStore()
    metadata: dict[str, Any] = {"finalizers": [FINALIZER], "uid": "u-1"}
    ahead = str(written(PENDING, uid="u-1"))
    patterns.take(pattern(resourceVersion="7", annotations={WRITE_AHEAD_ANNOTATION: ahead}, **metadata))
    asked = patterns.get(key_of(pattern()))
    assert asked is not None

    await writing(writer, patterns).keep_finalizer(asked)
    woken = patterns.take(pattern(resourceVersion="8", **metadata))
    await writing(writer, patterns).keep_finalizer(asked)
    patterns.take(pattern(resourceVersion="9", annotations={WRITE_AHEAD_ANNOTATION: ahead}, **metadata))
    await writing(writer, patterns).keep_finalizer(asked)

    assert (woken, writer.written) == (key_of(asked), [("annotation", PENDING)])


async def test_a_finalizer_that_is_there_is_not_written():
    writer, patterns = Writer(), PatternStore()
    metadata = msgspec.structs.replace(applied().metadata, finalizers=Finalizers(count=1, ours=0))
    patterns.take(msgspec.structs.replace(applied(), metadata=metadata))

    await writing(writer, patterns).keep_finalizer(applied())
    await writing(writer).keep_finalizer(applied())  # nor of a pattern that is gone

    assert writer.written == []


@pytest.mark.parametrize(
    "error", [Transient(reason=Reason.APPLY_FAILED, message="refused"), PatternDeleted(key_of(pattern()))]
)
async def test_that_it_cannot_be_put_back_does_not_end_the_run(error: Exception):
    patterns = PatternStore()
    patterns.take(applied())

    await writing(Writer(error), patterns).keep_finalizer(applied())
