import asyncio
import re
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source import tagfilter
from pattern_operator.source.tagfilter import matching

CATASTROPHE = "(a+)+$"
TAG = "a" * 60 + "!"


def children() -> set[str]:
    """The processes that this thread started and has not seen end."""
    return set(Path("/proc/thread-self/children").read_text().split())


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        pytest.param("^1", ["1.0.0", "1.1.0-rc.1"], id="anchored"),
        pytest.param("rc", ["1.1.0-rc.1"], id="searched, not matched whole"),
        pytest.param("^[0-9.]+$", ["1.0.0", "2.0.0"], id="releases"),
        pytest.param("(?i)LATEST", ["latest"], id="with a flag"),
        pytest.param("", ["1.0.0", "latest", "1.1.0-rc.1", "2.0.0"], id="everything"),
        pytest.param("x", [], id="nothing"),
    ],
)
async def test_the_tags_in_which_it_is_found_are_kept_in_order(pattern, wanted):
    assert await matching(["1.0.0", "latest", "1.1.0-rc.1", "2.0.0"], pattern=pattern) == wanted


@settings(max_examples=5)
@given(tags=st.lists(st.text()), pattern=st.sampled_from(["a", "[^a]", "^.$", "é", '"', "\\\\"]))
def test_it_keeps_what_re_keeps(tags, pattern):
    found = asyncio.run(matching(tags, pattern=pattern))

    assert found == [tag for tag in tags if re.search(pattern, tag)]


async def test_ten_thousand_tags_are_no_trouble():
    tags = [f"1.0.{number}" for number in range(10_000)]

    assert await matching(tags, pattern="[05]$") == tags[::5]


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "*", "(?P<a>", "a{99999999999999999999}", "(" * 5_000])
async def test_what_is_no_expression_is_refused(pattern):
    with pytest.raises(Stalled) as refusal:
        await matching(["1.0.0"], pattern=pattern)

    assert refusal.value.reason is Reason.INVALID_REFERENCE
    assert "source.ref.semverFilter" in refusal.value.message
    assert "correct it" in refusal.value.message


async def test_an_expression_that_takes_years_is_ended_and_the_event_loop_goes_on(monkeypatch):
    monkeypatch.setattr(tagfilter, "_PATIENCE", 0.5)
    before, beats = children(), []

    async def beat() -> None:
        while True:
            beats.append(time.monotonic())
            await asyncio.sleep(0.01)

    heart = asyncio.create_task(beat())
    with pytest.raises(Stalled) as refusal:
        await matching([TAG], pattern=CATASTROPHE)
    heart.cancel()

    assert refusal.value.reason is Reason.INVALID_REFERENCE
    assert "make it simpler" in refusal.value.message
    assert len(beats) > 20
    assert children() == before


async def test_whoever_stops_waiting_ends_the_process():
    before = children()
    work = asyncio.create_task(matching([TAG], pattern=CATASTROPHE))
    while children() == before:  # noqa: ASYNC110 - the kernel tells, and sends no event
        await asyncio.sleep(0.01)

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert children() == before


async def test_a_process_that_someone_else_ended_says_nothing_about_the_expression(monkeypatch):
    monkeypatch.setattr(tagfilter, "_PROGRAM", f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})")

    with pytest.raises(Transient) as failure:
        await matching(["1.0.0"], pattern="^1")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "signal 9" in failure.value.message


async def test_a_process_that_cannot_be_started_is_tried_again_later(monkeypatch, tmp_path):
    monkeypatch.setattr(tagfilter.sys, "executable", str(tmp_path / "missing"))

    with pytest.raises(Transient) as failure:
        await matching(["1.0.0"], pattern="^1")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
