"""What is told at once, what later, and that nothing is told of what is forgotten, in a clock of the tests' own."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.faketime import run

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.notification import FREE_CHANGES, Notification, NotificationKind, Notifier
from pattern_operator.apply.managed.observation import Observation
from pattern_operator.internal_errors import InternalErrors

KEY = ObjectKey("", "ConfigMap", "team", "c")
DRIFTED, HEALTH = NotificationKind.DRIFTED, NotificationKind.HEALTH


class Told:
    """A notifier, and what it told when."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails, self.errors, self.told = fails, list[str](), list[tuple[float, str, Notification]]()
        self.notifier = Notifier(self.listen, errors=InternalErrors(self.errors.append))
        observed = Observation.of({"metadata": {"name": "c"}}, key=KEY, now=datetime(2026, 5, 1, tzinfo=UTC))
        self.managed = ManagedObject(KEY, "web", observed, expected=True)
        self.begun = asyncio.get_running_loop().time()

    def listen(self, owner: str, notification: Notification) -> None:
        if self.fails:
            raise TypeError("a defect of who is told")
        self.told.append((round(asyncio.get_running_loop().time() - self.begun, 3), owner, notification))

    @property
    def moments(self) -> list[float]:
        return [moment for moment, _, _ in self.told]


def test_drift_is_told_at_once_and_again_when_the_next_repair_is_due():
    async def scenario() -> Told:
        told = Told()
        for _ in range(7):
            told.managed.backoff.record_repair(asyncio.get_running_loop().time())
        told.notifier.drift(told.managed)
        await asyncio.sleep(600)
        return told

    told = run(scenario())

    assert told.moments == [0.0, 4.0]
    assert {(owner, each) for _, owner, each in told.told} == {("web", Notification(DRIFTED, KEY))}


def test_health_that_changes_to_and_fro_is_told_ever_later():
    async def scenario() -> Told:
        told = Told()
        for _ in range(FREE_CHANGES + 1):
            told.notifier.health_state(told.managed)
        await asyncio.sleep(600)
        return told

    told = run(scenario())

    assert told.moments == [0.0] * FREE_CHANGES + [2.0]


def test_messages_are_told_later_and_of_many_the_last_once():
    async def scenario() -> Told:
        told = Told()
        for _ in range(10):
            told.notifier.health_message(told.managed)
        await asyncio.sleep(600)
        return told

    told = run(scenario())

    assert told.moments == [2.0]
    assert told.told[0][2] == Notification(HEALTH, KEY)


def test_another_health_lets_messages_be_told_as_soon_as_at_first():
    async def scenario(*, changes: bool) -> list[float]:
        told = Told()
        for _ in range(3):
            told.notifier.health_message(told.managed)
            await asyncio.sleep(20)
        if changes:
            told.notifier.health_state(told.managed)
        told.notifier.health_message(told.managed)
        await asyncio.sleep(600)
        return told.moments[3:]

    assert run(scenario(changes=False)) == [76.0]
    assert run(scenario(changes=True)) == [60.0, 62.0]


def test_a_message_and_a_comparison_that_are_due_at_about_the_same_time_are_told_in_one_moment():
    async def scenario(*, message_first: bool) -> Told:
        told = Told()
        first, then = told.notifier.health_message, told.notifier.untracked
        for change in (first, then) if message_first else (then, first):
            change(told.managed)
            await asyncio.sleep(0.4)
        await asyncio.sleep(600)
        return told

    for told in (run(scenario(message_first=True)), run(scenario(message_first=False))):
        assert told.moments == [2.0, 2.0]
        assert {each.kind for _, _, each in told.told} == {DRIFTED, HEALTH}


@pytest.mark.parametrize(
    ("comparisons", "at", "told_at"),
    [
        pytest.param(1, 1.0, 2.0, id="half of its pause is left to it"),
        pytest.param(1, 1.25, 3.25, id="less is left"),
        pytest.param(2, 10.0, 14.0, id="twice its pause is left"),
        pytest.param(3, 22.0, 24.0, id="more is left"),
    ],
)
def test_a_message_waits_for_a_comparison_that_comes_at_about_the_same_time(
    comparisons: int, at: float, told_at: float
):
    """A message is told after 2 seconds, the comparisons after 2, 4 and 8, and they begin 10 seconds apart."""

    async def scenario() -> Told:
        told = Told()
        for number in range(comparisons):
            await asyncio.sleep(min(number, 1) * 10)
            told.notifier.untracked(told.managed)
        await asyncio.sleep(at - (comparisons - 1) * 10)
        told.notifier.health_message(told.managed)
        await asyncio.sleep(600)
        return told

    told = run(scenario())

    assert [moment for moment, _, each in told.told if each.kind is HEALTH] == [told_at]


def test_a_message_does_not_wait_for_a_comparison_that_is_far_away():
    async def scenario() -> Told:
        told = Told()
        for _ in range(4):  # each twice as late
            told.notifier.untracked(told.managed)
            await asyncio.sleep(20)
        told.notifier.untracked(told.managed)  # in 32 seconds
        told.notifier.health_message(told.managed)
        await asyncio.sleep(600)
        return told

    told = run(scenario())

    assert [moment for moment, _, each in told.told if each.kind is HEALTH] == [82.0]


def test_a_comparison_is_not_made_more_often_because_a_message_is_told_soon():
    async def scenario() -> Told:
        told = Told()
        for _ in range(4):  # each twice as late
            told.notifier.untracked(told.managed)
            await asyncio.sleep(20)
        told.notifier.health_message(told.managed)
        told.notifier.untracked(told.managed)  # in 32 seconds, and the message in 2
        await asyncio.sleep(600)
        return told

    told = run(scenario())

    assert [moment for moment, _, each in told.told if each.kind is DRIFTED][-1] == 112.0


def test_another_health_takes_the_place_of_a_message_that_waits():
    async def scenario() -> Told:
        told = Told()
        told.notifier.health_message(told.managed)
        told.notifier.health_state(told.managed)
        await asyncio.sleep(600)
        return told

    assert run(scenario()).moments == [0.0]


def test_of_messages_of_what_nobody_expects_nothing_is_told():
    async def scenario() -> Told:
        told = Told()
        told.managed.expected = False
        told.notifier.health_message(told.managed)
        await asyncio.sleep(600)
        return told

    assert run(scenario()).told == []


def test_nothing_is_told_later_of_what_is_forgotten_or_once_it_is_closed():
    async def scenario(end: str) -> tuple[Told, list[str]]:
        told, called = Told(), list[str]()
        for _ in range(7):
            told.managed.backoff.record_repair(asyncio.get_running_loop().time())
        told.notifier.drift(told.managed)
        told.notifier.health_message(told.managed)
        told.notifier.recheck(told.managed, 5.0, lambda: called.append("again"))
        if end == "forgotten":
            told.notifier.cancel(KEY)
        else:
            told.notifier.close()
        assert len(told.notifier) == 0
        await asyncio.sleep(600)
        return told, called

    for end in ("forgotten", "closed"):
        told, called = run(scenario(end))
        assert (told.moments, called) == ([0.0], [])


def test_a_recheck_takes_the_place_of_the_one_before():
    async def scenario() -> list[str]:
        told, called = Told(), list[str]()
        told.notifier.recheck(told.managed, 5.0, lambda: called.append("first"))
        told.notifier.recheck(told.managed, 1.0, lambda: called.append("second"))
        await asyncio.sleep(600)
        return called

    assert run(scenario()) == ["second"]


def test_a_defect_of_who_is_told_is_counted_and_costs_that_notification():
    async def scenario() -> Told:
        told = Told(fails=True)
        told.notifier.notify(told.managed, HEALTH)
        told.notifier.health_message(told.managed)
        await asyncio.sleep(600)
        return told

    assert run(scenario()).errors == ["managed_object_notification"] * 2
