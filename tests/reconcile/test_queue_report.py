"""Patterns that wait for a worker: what is said of them, how often, and who holds the workers meanwhile."""

import asyncio
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from tests.reconcile.pattern import ENTRIES, NOW, REVISION, pattern, results

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Status
from pattern_operator.errors import Transient
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile import status
from pattern_operator.reconcile.lanes import lanes_of
from pattern_operator.reconcile.pattern_store import PatternKey, key_of
from pattern_operator.reconcile.queue_report import (
    EVERY,
    IN_LINE,
    LOGGED,
    WRITES,
    QueueReport,
    asked_for,
    holders,
    is_in_line,
    why,
)
from pattern_operator.reconcile.status_writer import PatternDeleted


def runs() -> Status:
    """The status of a pattern that runs."""
    return status.after(pattern(), results(inventory=ENTRIES), now=NOW)


def asks(namespace: str, host: str | None) -> Any:
    made = pattern(namespace=namespace, spec=from_host(host)) if host else None
    return lanes_of(PatternKey(namespace, "web"), made)


def from_host(host: str) -> dict[str, Any]:
    return {"source": {"url": f"oci://{host}/web", "ref": {"tag": "1"}}}


class Scene:
    """A queue in which patterns wait, a writer, and a clock."""

    def __init__(self, *waiting: DesignPattern) -> None:
        self.now = 1_000.0
        self.known = {key_of(each): each for each in waiting}
        self.running_lanes = [asks("team", "hangs.example")] * 24
        self.written: list[str] = []
        self.added: list[PatternKey] = []
        self.repairs: list[PatternKey] = []
        self.error: Exception | None = None
        patterns: Any = SimpleNamespace(get=self.known.get)
        self.line = QueueReport(
            self, patterns, self, workers=32, now=lambda: NOW, clock=lambda: self.now, report_repair=self.report_repair
        )

    def waiting(self, _: float) -> list[PatternKey]:
        return list(self.known)

    def add(self, key: PatternKey, *, delay: float = 0.0) -> None:
        self.added.append(key)

    async def report_repair(self, key: PatternKey) -> None:
        self.repairs.append(key)
        if isinstance(self.error, PatternDeleted):
            raise self.error

    async def first_status(self, found: DesignPattern, new: Status) -> None:
        self.written.append(found.metadata.name)
        if self.error is not None:
            raise self.error
        self.known[key_of(found)] = msgspec.structs.replace(found, status=new)


def message(found: DesignPattern) -> str:
    return next(each.message for each in found.status.conditions if each.type == "Ready")


async def test_a_pattern_that_waits_says_so_once():
    scene = Scene(pattern(spec=from_host("hangs.example")))
    for _ in range(5):
        await scene.line.sweep()

    (found,) = scene.known.values()
    assert scene.written == ["web"]
    assert message(found) == (
        "waits for a worker: of 32, namespace team has 24, and patterns that ask hangs.example have 24"
    )
    assert found.status.status == "Progressing"
    assert is_in_line(found)


async def test_what_drifted_of_a_pattern_that_waits_is_told_once_and_looked_at_again_by_a_run_that_began_meanwhile():
    scene = Scene(pattern(status=runs()))
    for _ in range(3):
        await scene.line.sweep()
    waited, scene.known = scene.known, {}
    await scene.line.sweep()  # its run has begun
    scene.known = waited
    await scene.line.sweep()

    assert scene.repairs == scene.added == [key_of(pattern())] * 2


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: pattern(status=runs()), id="status speaks of the spec"),
        pytest.param(lambda: pattern(spec={"suspend": True}), id="suspended"),
        pytest.param(lambda: pattern(deletionTimestamp="2026-11-25T12:00:00Z"), id="on its way out"),
    ],
)
async def test_nothing_is_written_of_a_pattern_with_nothing_to_say(made: Callable[[], DesignPattern]):
    scene = Scene(made())
    await scene.line.sweep()

    assert scene.written == []


async def test_a_new_spec_that_waits_is_said_and_what_runs_stays():
    scene = Scene(pattern(status=runs(), generation=2))
    await scene.line.sweep()

    (found,) = scene.known.values()
    assert message(found).startswith("waits for a worker")
    assert (found.status.revision, found.status.observed_generation) == (str(REVISION), 1)


async def test_a_sweep_writes_a_few_and_the_next_ones_the_others():
    scene, counts = Scene(*(pattern(name=f"p{number}") for number in range(2 * WRITES + 1))), []
    for _ in range(4):
        before = len(scene.written)
        await scene.line.sweep()
        counts.append(len(scene.written) - before)

    assert counts == [WRITES, WRITES, 1, 0]
    assert len(set(scene.written)) == len(scene.written)


@pytest.mark.parametrize(
    "error",
    [Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="conflict"), PatternDeleted(PatternKey("team", "p0"))],
    ids=["somebody wrote it", "gone"],
)
async def test_one_that_cannot_be_written_holds_up_no_other(error: Exception):
    scene = Scene(*(pattern(name=f"p{number}") for number in range(2)))
    scene.error = error
    await scene.line.sweep()

    assert scene.written == ["p0", "p1"]


async def test_who_holds_the_workers_is_logged_once_a_minute_while_patterns_wait(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    scene = Scene(pattern(status=runs()), pattern(status=runs(), namespace="other"))
    before = scene.line.words
    for _ in range(int(2 * LOGGED / EVERY)):
        await scene.line.sweep()
        scene.now += EVERY
    lines = len(caplog.records)
    words = scene.line.words
    scene.known.clear()
    scene.now += LOGGED
    await scene.line.sweep()

    assert before == ""
    assert lines == len(caplog.records) == 2
    assert words in caplog.text
    assert words == (
        "namespace team holds 24 of 32 workers, 24 of them for registry hangs.example;"
        " 1 of its patterns wait, of others 1"
    )
    assert scene.line.words == ""


def test_a_registry_that_several_namespaces_wait_for_is_counted_for_all_of_them():
    running = [*[asks("a", "hangs.example")] * 3, asks("a", None), *[asks("b", "hangs.example")] * 2]

    assert holders(running, [PatternKey("b", "web")], workers=8) == (
        "namespace a holds 4 of 8 workers, 3 of them for registry hangs.example (5 with other namespaces);"
        " 0 of its patterns wait, of others 1"
    )


def test_nobody_is_named_while_nobody_waits_or_runs():
    assert holders([asks("a", None)], [], workers=8) == holders([], [PatternKey("a", "web")], workers=8) == ""


def test_the_name_of_a_host_is_cut_in_these_words():
    long = ".".join(["a" * 50] * 4)
    words = holders([asks("a", f"{long}.example")], [PatternKey("a", "web")], workers=8)

    assert long not in words
    assert len(words) < 300


def test_a_pattern_that_names_no_registry_waits_for_its_namespace_alone():
    nowhere = pattern(spec={"source": {"url": "oci://nowhere", "ref": {"tag": "1"}}})

    assert why(nowhere, [asks("team", None)], workers=8) == "waits for a worker: of 8, namespace team has 1"


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ({"tag": "1"}, "tag 1"),
        ({"digest": str(REVISION.digest)}, f"digest {REVISION.digest}"),
        ({"semver": ">=1"}, "a version of >=1"),
    ],
)
def test_what_is_asked_for_is_said_in_the_words_of_the_spec(ref: dict[str, str], words: str):
    assert asked_for(pattern(spec={"source": {"url": "oci://registry.example/web", "ref": ref}})) == words


def test_a_pattern_with_no_status_or_one_of_its_own_is_not_in_line():
    assert not is_in_line(pattern())
    assert not is_in_line(pattern(status=runs()))


async def test_the_line_is_looked_at_now_and_then_whatever_fails_in_one_look():
    scene, defects, looks = Scene(pattern(spec=from_host("hangs.example"))), list[str](), list[float]()
    loop = asyncio.get_running_loop()

    def wait(_: float) -> list[PatternKey]:
        looks.append(loop.time())
        raise TypeError("a defect")

    scene.waiting = wait  # type: ignore[method-assign]
    begun = loop.time()
    watching = asyncio.create_task(scene.line.watch(InternalErrors(defects.append)))
    await asyncio.sleep(3.5 * EVERY)
    watching.cancel()
    await asyncio.wait({watching})

    assert [each - begun for each in looks] == pytest.approx([EVERY, 2 * EVERY, 3 * EVERY])
    assert defects == ["line"] * 3


async def test_what_is_missing_of_a_pattern_that_is_gone_brings_it_no_run():
    scene = Scene(pattern())
    scene.error = PatternDeleted(key_of(pattern()))

    await scene.line.sweep()

    assert (scene.repairs, scene.added) == ([key_of(pattern())], [])


def test_that_a_pattern_waits_for_a_worker_is_what_its_ready_says():
    waits = status.waiting(pattern(status=runs()), f"{IN_LINE}: of 8, namespace team has 0", now=NOW)
    applied_first = msgspec.structs.replace(waits, conditions=tuple(reversed(waits.conditions)))

    assert len(waits.conditions) > 1
    assert [is_in_line(pattern(status=each)) for each in (waits, applied_first)] == [True, True]


async def test_that_patterns_wait_is_logged_again_when_a_while_has_passed_and_not_before(caplog):
    scene = Scene(pattern(namespace="other"))
    logged = list[int]()
    for scene.now in (1_000.0, 1_000.0 + LOGGED - 1.0, 1_000.0 + LOGGED):
        await scene.line.sweep()
        logged.append(caplog.text.count("patterns wait for a worker"))

    assert logged == [1, 1, 2]
