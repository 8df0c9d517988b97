import asyncio
import math
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.apply.harness import Harness, config_map, deployment, entries, owner
from tests.faketime import run

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Notification, NotificationKind, Owner, Transfers, changed_patterns, prune, transfer
from pattern_operator.apply.delete_result import DeletionOutcome
from pattern_operator.internal_errors import InternalErrors

KEY = config_map("c", "team").key
PVC = ObjectKey("", "PersistentVolumeClaim", "team", "data")
OLD, NEW, THIRD = (Owner(name, "team", name) for name in ("old", "new", "third"))
FAR = Owner("far", "elsewhere", "far")


@dataclass
class Told:
    """Who was woken."""

    owners: list[str] = field(default_factory=list)
    somebody: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, owner: str, event: Notification) -> None:
        assert event.kind is NotificationKind.GONE
        self.owners.append(owner)
        self.somebody.set()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of the module, a hundredth of them."""
    for name in (
        "FIRST_RUN_WINDOW",
        "DATA_FIRST_RUN_WINDOW",
        "OFFER_DURATION",
        "DATA_OFFER_DURATION",
        "TAKE_TIMEOUT",
        "GRACE",
        "DATA_GRACE",
        "RECHECK_INTERVAL",
    ):
        monkeypatch.setattr(transfer, name, getattr(transfer, name) / 100)


async def test_what_nobody_waits_for_is_deleted_at_once():
    assert Transfers().delay_reason(KEY, by=OLD) == ""


async def test_who_waits_is_woken_and_named_once_and_the_object_stays_until_it_is_theirs():
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.wait(KEY, NEW)
    offered = [transfers.is_offered(KEY, by=OLD.id, to=NEW.id)]

    whys = [transfers.delay_reason(KEY, by=OLD) for _ in range(3)]
    offered.append(transfers.is_offered(KEY, by=OLD.id, to=NEW.id))
    transfers.stop_waiting(KEY, NEW.id)

    assert offered == [False, True]
    assert set(whys) == {"is handed over to DesignPattern team/new, which has it in its version, too"}
    assert told.owners == ["new", "old"]
    assert transfers.delay_reason(KEY, by=OLD) == ""


@pytest.mark.parametrize("end", ["exclude", "forget", "leave", "keep_waiting_only_for"])
async def test_who_may_not_or_wants_it_no_longer_holds_up_nobody(end: str):
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.wait(KEY, NEW)
    transfers.delay_reason(KEY, by=OLD)
    match end:
        case "exclude":
            transfers.exclude(KEY, NEW.id)
            transfers.wait(KEY, NEW)  # as its next try would
        case "keep_waiting_only_for":
            transfers.keep_waiting_only_for(NEW.id, [PVC])
        case _:
            getattr(transfers, end)(NEW.id)

    assert not transfers.is_offered(KEY, by=OLD.id, to=NEW.id)
    assert transfers.delay_reason(KEY, by=OLD) == ""
    assert told.owners == ["new", "old"]


async def test_it_is_offered_to_all_that_wait_so_that_none_stands_before_the_next():
    told = Told()
    transfers = Transfers(on_change=told)
    for each in (NEW, THIRD, NEW):
        transfers.wait(KEY, each)

    first = transfers.delay_reason(KEY, by=OLD)
    offered = [transfers.is_offered(KEY, by=OLD.id, to=each.id) for each in (NEW, THIRD, OLD)]
    transfers.exclude(KEY, NEW.id)
    second = transfers.delay_reason(KEY, by=OLD)

    assert "team/new" in first
    assert offered == [True, True, False]
    assert told.owners == ["new", "third", "old"]
    assert "team/third" in second
    assert not transfers.is_offered(KEY, by=OLD.id, to=NEW.id)


@pytest.mark.parametrize("change", ["pattern_changed", "keep_waiting_only_for"])
async def test_what_its_owner_wants_again_is_not_offered_any_more(change: str):
    transfers = Transfers()
    transfers.wait(KEY, NEW)
    transfers.delay_reason(KEY, by=OLD)

    if change == "pattern_changed":
        transfers.pattern_changed(OLD, generation=2)
    else:
        transfers.keep_waiting_only_for(OLD.id, [KEY])

    assert not transfers.is_offered(KEY, by=OLD.id, to=NEW.id)


async def test_who_waited_and_was_changed_shows_anew_that_it_could_take_it():
    transfers = Transfers()
    transfers.wait(KEY, NEW)
    before = transfers.may_wait(KEY, NEW.id)
    transfers.delay_reason(KEY, by=OLD)
    transfers.pattern_changed(NEW, generation=2)

    assert not before
    assert transfers.may_wait(KEY, NEW.id)
    assert not transfers.is_offered(KEY, by=OLD.id, to=NEW.id)


def test_an_apply_that_is_on_its_way_is_not_overtaken_by_the_deletion():
    async def scenario() -> tuple[str, bool, str]:
        transfers = Transfers()
        transfers.wait(KEY, NEW)
        transfers.delay_reason(KEY, by=OLD)
        await asyncio.sleep(transfer.OFFER_DURATION - 1)
        with transfers.taking(KEY, NEW):
            await asyncio.sleep(2)
            meanwhile = transfers.delay_reason(KEY, by=OLD)
            transfers.pattern_changed(NEW, generation=2)  # even where it is changed meanwhile
            meanwhile = meanwhile and transfers.delay_reason(KEY, by=OLD)
        return meanwhile, transfers.is_offered(KEY, by=OLD.id, to=NEW.id), transfers.delay_reason(KEY, by=OLD)

    meanwhile, offered, after = run(scenario())

    assert "is handed over to DesignPattern team/new" in meanwhile
    assert not offered
    assert after == ""


@dataclass
class Crowd:
    """Ten patterns that name an object; each of its words is one thing that one of them may do."""

    transfers: Transfers
    key: ObjectKey
    hanging: list[asyncio.Task[None]] = field(default_factory=list)

    async def do(self, deed: str, number: int) -> None:
        # For data, patterns beside it are waited for without an end: that is another test.
        who = Owner(f"w{number}", "team" if number % 2 and self.key is not PVC else "far", f"w{number}")
        match deed:
            case "wait" | "stop_waiting" | "exclude":
                getattr(self.transfers, deed)(self.key, who if deed == "wait" else who.id)
            case "pattern_changed" | "pattern_ran":
                getattr(self.transfers, deed)(who if deed == "pattern_changed" else who.id, generation=1)
            case "keep_waiting_only_for":
                self.transfers.keep_waiting_only_for(who.id, ())
            case "take":
                await self._take(who, seconds=1)
            case "hang":
                self.hanging.append(asyncio.create_task(self._take(who, seconds=1000)))
                await asyncio.sleep(0)
            case _:
                getattr(self.transfers, deed)(who.id)

    async def _take(self, who: Owner, *, seconds: float) -> None:
        with self.transfers.taking(self.key, who):
            await asyncio.sleep(seconds)


DEEDS = (
    "wait",
    "stop_waiting",
    "exclude",
    "pattern_changed",
    "pattern_ran",
    "pattern_suspended",
    "pattern_stalled",
    "leave",
    "forget",
    "keep_waiting_only_for",
    "take",
    "hang",
)
DEED = st.tuples(st.sampled_from(DEEDS), st.integers(0, 9), st.floats(0.0, 20.0))


MOST_LOOKS = 1_000  # each deed may wake it, and so does a timer each half a second of a minute and a half


async def seconds_of_removal(key: ObjectKey, deeds: list[tuple[str, int, float]]) -> float:
    """How long a pattern cannot delete its object that looks when it is woken, and never else."""
    woken = asyncio.Event()

    def wake(owner: str, _: Notification) -> None:
        if owner == OLD.id:
            woken.set()

    transfers = Transfers(on_change=wake)
    crowd = Crowd(transfers, key)
    for number in range(10):
        transfers.wait(key, Owner(f"w{number}", "team", f"w{number}"))

    async def work() -> None:
        for deed, number, pause in deeds * 5:
            await crowd.do(deed, number)
            await asyncio.sleep(pause)

    now = asyncio.get_running_loop().time
    begun, at_work = now(), asyncio.create_task(work())
    for _ in range(MOST_LOOKS):  # who is woken again and again at one moment never comes to a timeout
        if not transfers.delay_reason(key, by=OLD):
            break
        woken.clear()
        await woken.wait()
    else:
        pytest.fail(f"woken {MOST_LOOKS} times, and the object may still not be deleted")
    took = now() - begun
    for each in (at_work, *crowd.hanging):
        each.cancel()
    transfers.close()
    return took


# No shrinking: an example in which the time never ends takes a second, and any one of them tells enough.
@settings(max_examples=50, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(key=st.sampled_from([KEY, PVC]), deeds=st.lists(DEED, max_size=60))
def test_whatever_those_who_wait_do_the_removal_ends_in_time(key: ObjectKey, deeds: list[tuple[str, int, float]]):
    bound = transfer.TAKE_TIMEOUT + (transfer.DATA_OFFER_DURATION if key is PVC else transfer.OFFER_DURATION)

    assert run(asyncio.wait_for(seconds_of_removal(key, deeds), 1_000)) <= bound + transfer.RECHECK_INTERVAL


async def test_a_pattern_does_not_wait_for_itself():
    transfers = Transfers()
    transfers.wait(KEY, OLD)

    assert transfers.delay_reason(KEY, by=OLD) == ""


async def test_who_was_changed_a_moment_ago_is_waited_for_until_it_has_run():
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.pattern_changed(NEW, generation=2)

    before = transfers.delay_reason(KEY, by=OLD)
    transfers.pattern_ran(NEW.id, generation=1)  # a run that began before the change
    still = transfers.delay_reason(KEY, by=OLD)
    transfers.pattern_ran(NEW.id, generation=2)
    transfers.forget(NEW.id)

    assert before == still
    assert before.startswith("stays until DesignPattern team/new has run")
    assert transfers.delay_reason(KEY, by=OLD) == ""


async def test_who_was_changed_and_is_suspended_is_not_waited_for():
    transfers = Transfers()
    transfers.pattern_changed(NEW, generation=2)
    before = transfers.delay_reason(KEY, by=OLD)

    transfers.pattern_suspended(NEW.id)

    assert before.startswith("stays until DesignPattern team/new has run")
    assert transfers.delay_reason(KEY, by=OLD) == ""


@pytest.mark.parametrize(("moment", "stays"), [(-0.25, True), (0.0, False)])
def test_who_was_changed_after_that_is_waited_for_as_long_as_all_others_and_no_longer(moment: float, stays: bool):
    async def scenario() -> str:
        transfers = Transfers()
        transfers.delay_reason(KEY, by=OLD)
        await asyncio.sleep(transfer.FIRST_RUN_WINDOW / 2)
        transfers.pattern_changed(NEW, generation=2)
        await asyncio.sleep(transfer.FIRST_RUN_WINDOW / 2 + moment)
        return transfers.delay_reason(KEY, by=OLD)

    assert bool(run(scenario())) is stays


@pytest.mark.parametrize(("moment", "stays"), [(-0.25, True), (0.0, False)])
def test_an_apply_that_does_not_end_is_waited_for_no_longer_than_that(moment: float, stays: bool):
    async def scenario() -> str:
        transfers = Transfers()
        transfers.wait(KEY, NEW)
        transfers.delay_reason(KEY, by=OLD)
        with transfers.taking(KEY, NEW):
            await asyncio.sleep(transfer.OFFER_DURATION + transfer.TAKE_TIMEOUT + moment)
            return transfers.delay_reason(KEY, by=OLD)

    assert bool(run(scenario())) is stays


@pytest.mark.parametrize(("who", "key"), [(NEW, KEY), (FAR, PVC)])
async def test_nobody_is_waited_for_for_long_and_the_pattern_is_woken_for_it(short: None, who: Owner, key: ObjectKey):
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.pattern_changed(who, generation=1)
    transfers.delay_reason(key, by=OLD)

    for number in range(1, 1_000):  # somebody who is changed all the time
        transfers.pattern_changed(who, generation=number)
        await asyncio.sleep(0.001)
        if not transfers.delay_reason(key, by=OLD):
            break

    assert number < 900
    assert "old" in told.owners


def days_later(change: str) -> str:
    """Why data stays a day after another pattern of its namespace was changed, and after ``change``."""

    async def scenario() -> str:
        transfers = Transfers()
        transfers.pattern_changed(NEW, generation=2)
        transfers.delay_reason(PVC, by=OLD)
        match change:
            case "pattern_ran" | "pattern_rendered":
                getattr(transfers, change)(NEW.id, generation=2)
            case "rendered an older version":
                transfers.pattern_rendered(NEW.id, generation=1)
            case "seen again":
                transfers.pattern_seen(NEW, generation=2)
            case "nothing":
                pass
            case _:
                getattr(transfers, change)(NEW.id)
        await asyncio.sleep(86_400)
        return transfers.delay_reason(PVC, by=OLD)

    return run(scenario())


@pytest.mark.parametrize(
    "change",
    ["nothing", "pattern_ran", "pattern_stalled", "pattern_suspended", "rendered an older version", "seen again"],
)
def test_data_stays_as_long_as_nobody_knows_whether_a_changed_pattern_beside_it_has_it(change: str):
    assert days_later(change) == (
        "stays, because it holds data and DesignPattern team/new, which was changed, may have it in a version that"
        " could not be rendered yet: let that pattern run, or delete the object yourself"
    )


@pytest.mark.parametrize("change", ["pattern_rendered", "leave", "forget"])
def test_data_goes_once_it_is_known_that_nobody_has_it(change: str):
    assert days_later(change) == ""


DAY = 86_400
TAKES = "DesignPattern team/new has it in its version and has not taken it (Forbidden)"


@pytest.mark.parametrize("failed", ["waits", "excluded", "stalled"])
def test_data_stays_as_long_as_a_pattern_of_the_namespace_has_it_in_its_version_and_cannot_take_it(failed: str):
    async def scenario() -> tuple[str, str, str]:
        transfers = Transfers()
        transfers.pattern_changed(NEW, generation=2)
        transfers.pattern_has_data(NEW, frozenset({PVC}), failure="Forbidden")
        transfers.pattern_rendered(NEW.id, generation=2)
        first = transfers.delay_reason(PVC, by=OLD)
        transfers.wait(PVC, NEW)
        if failed == "excluded":
            transfers.exclude(PVC, NEW.id)
        if failed == "stalled":
            transfers.pattern_stalled(NEW.id)
        await asyncio.sleep(DAY)
        later = transfers.delay_reason(PVC, by=OLD)
        transfers.pattern_has_data(NEW, frozenset(), failure="Forbidden")
        return first, later, transfers.delay_reason(PVC, by=OLD)

    first, later, last = run(scenario())

    assert first == (
        f"stays, because it holds data and {TAKES}: correct that pattern or take the object out of it, annotate the"
        " object pattern-operator.io/prune: disabled to let it stay for good, or delete it yourself"
    )
    assert TAKES in later or (failed == "waits" and "is handed over to DesignPattern team/new" in later)
    assert last == ""


def test_data_is_handed_over_to_who_could_not_take_it_for_a_day_once_it_can():
    async def scenario() -> tuple[bool, bool]:
        transfers = Transfers()
        transfers.pattern_has_data(NEW, frozenset({PVC}), failure="Forbidden")
        transfers.delay_reason(PVC, by=OLD)
        transfers.wait(PVC, NEW)
        transfers.exclude(PVC, NEW.id)
        await asyncio.sleep(DAY)
        transfers.delay_reason(PVC, by=OLD)
        meanwhile = transfers.may_wait(PVC, NEW.id) and not transfers.is_offered(PVC, by=OLD.id, to=NEW.id)
        transfers.wait(PVC, NEW)
        transfers.delay_reason(PVC, by=OLD)
        return meanwhile, transfers.is_offered(PVC, by=OLD.id, to=NEW.id)

    assert run(scenario()) == (True, True)


@pytest.mark.parametrize("what", ["its version is not known", "its version has it"])
def test_who_may_write_patterns_beside_data_of_another_namespace_keeps_it_for_ten_minutes_at_most(what: str):
    async def scenario() -> float:
        transfers, there = Transfers(), ObjectKey("", "PersistentVolumeClaim", "elsewhere", "data")
        for seconds in range(0, 2_000, 10):
            if what == "its version has it":
                transfers.pattern_has_data(FAR, frozenset({there}), failure="Forbidden")
            elif seconds % 100 == 0:
                transfers.pattern_changed(FAR, generation=seconds)
                transfers.pattern_ran(FAR.id, generation=seconds)
            if not transfers.delay_reason(there, by=OLD):
                return seconds
            await asyncio.sleep(10)
        return 2_000

    assert run(scenario()) == changed_patterns.DATA_CHANGE_WINDOW


@pytest.mark.parametrize(
    ("lets_go", "held"), [(None, False), (3_000.0, False), (3_001.0, True), (math.inf, True)], ids=str
)
def test_after_a_restart_data_is_kept_for_a_change_that_may_belong_to_the_same_move(lets_go: float | None, held: bool):
    async def scenario() -> str:
        transfers = Transfers()
        transfers.pattern_changed(NEW, generation=2, ago=3_600)
        if lets_go is not None:
            transfers.lets_go_since(OLD.id, ago=60, at_most=lets_go)
        transfers.pattern_ran(NEW.id, generation=2)
        transfers.delay_reason(PVC, by=OLD)
        transfers.pattern_rendered(OLD.id, generation=1)  # its first run since the restart
        await asyncio.sleep(DAY)
        return transfers.delay_reason(PVC, by=OLD)

    assert ("may have it in a version that could not be rendered yet" in run(scenario())) is held


@pytest.mark.parametrize("rendered", [False, True])
def test_after_a_restart_data_is_kept_for_who_may_have_asked_for_it_before_until_it_is_rendered_again(rendered: bool):
    async def scenario() -> str:
        transfers = Transfers()
        transfers.pattern_not_applied(NEW, generation=2)
        transfers.pattern_ran(NEW.id, generation=2)
        transfers.pattern_stalled(NEW.id)  # its tag is gone
        await asyncio.sleep(DAY)
        transfers.delay_reason(PVC, by=OLD)  # only now the other one lets go
        await asyncio.sleep(DAY)
        if rendered:
            transfers.pattern_rendered(NEW.id, generation=2)
        return transfers.delay_reason(PVC, by=OLD)

    assert ("may have it in a version that could not be rendered yet" in run(scenario())) is not rendered


def test_data_is_kept_for_who_is_known_to_have_it_although_somebody_moved_its_tag_long_before():
    async def scenario() -> str:
        transfers = Transfers()
        transfers.pattern_changed(NEW, generation=2)
        transfers.pattern_rendered(NEW.id, generation=2)
        transfers.pattern_has_data(NEW, frozenset({PVC}), failure="OwnedByAnotherPattern")
        transfers.pattern_ran(NEW.id, generation=2)
        transfers.pattern_stalled(NEW.id)
        transfers.pattern_unrendered(NEW, generation=2)  # nobody signed where the tag leads now
        await asyncio.sleep(DAY)
        transfers.delay_reason(PVC, by=OLD)
        await asyncio.sleep(DAY)
        return transfers.delay_reason(PVC, by=OLD)

    assert "team/new has it in its version and has not taken it (OwnedByAnotherPattern)" in run(scenario())


@pytest.mark.parametrize(("ago", "held"), [(599.0, True), (600.0, False)])
async def test_after_a_restart_a_pattern_of_another_namespace_keeps_data_for_the_rest_of_its_time(
    ago: float, held: bool
):
    transfers, there = Transfers(), ObjectKey("", "PersistentVolumeClaim", "elsewhere", "data")
    transfers.pattern_changed(FAR, generation=2)
    transfers.lets_go_since(OLD.id, ago=ago, at_most=math.inf)

    assert ("could not be rendered yet" in transfers.delay_reason(there, by=OLD)) is held


async def test_what_a_pattern_wants_to_delete_after_its_first_run_it_did_not_want_to_before_the_restart():
    transfers = Transfers()
    transfers.pattern_changed(NEW, generation=2, ago=3_600)
    transfers.lets_go_since(OLD.id, ago=3_600, at_most=3_600)
    transfers.pattern_rendered(OLD.id, generation=1)

    assert "could not be rendered yet" not in transfers.delay_reason(PVC, by=OLD)


async def test_a_newer_version_that_cannot_be_rendered_may_have_data_too():
    transfers = Transfers()
    transfers.pattern_seen(NEW, generation=2)
    transfers.pattern_unrendered(NEW, generation=2)

    assert "may have it in a version that could not be rendered yet" in transfers.delay_reason(PVC, by=OLD)


@pytest.mark.parametrize("holds_data", [True, False])
async def test_of_a_workload_it_is_said_whether_data_goes_with_it(holds_data: bool):
    transfers, workload = Transfers(), ObjectKey("apps", "StatefulSet", "team", "db")

    assert ("holds data" in transfers.delay_reason(workload, by=OLD, holds_data=holds_data)) is holds_data
    assert "holds data" in transfers.delay_reason(workload, by=OLD)  # where nobody says


@pytest.mark.parametrize("change", ["long before", "seen after a restart"])
def test_a_pattern_that_has_not_rendered_for_long_holds_no_data(change: str):
    async def scenario() -> str:
        transfers = Transfers()
        if change == "long before":
            transfers.pattern_changed(NEW, generation=2)
            await asyncio.sleep(changed_patterns.DATA_CHANGE_WINDOW + 1)
        else:
            transfers.pattern_seen(NEW, generation=2)
        transfers.pattern_ran(NEW.id, generation=2)
        transfers.delay_reason(PVC, by=OLD)
        await asyncio.sleep(transfer.DATA_GRACE)
        return transfers.delay_reason(PVC, by=OLD)

    assert run(scenario()) == ""


async def test_that_data_is_about_to_be_lost_is_said():
    assert Transfers().delay_reason(PVC, by=OLD) == (
        "holds data, and is deleted in 15 s, unless another pattern has it by then"
    )


@pytest.mark.parametrize(("who", "key", "waits"), [(FAR, KEY, False), (FAR, PVC, True), (OLD, KEY, False)])
async def test_only_patterns_that_may_well_have_it_are_waited_for(who: Owner, key: ObjectKey, waits: bool):
    transfers = Transfers()
    transfers.pattern_changed(who, generation=1)

    assert ("has run" in transfers.delay_reason(key, by=OLD)) is waits


@pytest.mark.parametrize("key", [KEY, PVC])
async def test_it_waits_a_moment_for_a_change_of_another_pattern_that_is_still_to_come(short: None, key: ObjectKey):
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.pattern_changed(THIRD, generation=1)
    transfers.pattern_ran(THIRD.id, generation=1)
    transfers.pattern_rendered(THIRD.id, generation=1)

    first = transfers.delay_reason(key, by=OLD)
    async with asyncio.timeout(5):
        await told.somebody.wait()
    transfers.delay_reason(key, by=OLD)
    await asyncio.sleep(transfer.DATA_GRACE)

    assert "unless another pattern has it by then" in first
    assert told.owners[0] == "old"
    assert transfers.delay_reason(key, by=OLD) == ""


async def test_a_pattern_in_a_pattern_is_not_waited_for_before_it_is_deleted():
    transfers, inner = Transfers(), ObjectKey("pattern-operator.io", "DesignPattern", "team", "new")
    transfers.pattern_changed(NEW, generation=1)

    assert transfers.delay_reason(inner, by=OLD) == ""


def seen_and_run(transfers: Transfers, who: Owner) -> None:
    transfers.pattern_seen(who, generation=1)
    transfers.pattern_ran(who.id, generation=1)
    transfers.pattern_rendered(who.id, generation=1)


@pytest.mark.parametrize("how", ["pattern_changed", "pattern_not_applied", "pattern_seen"])
async def test_a_pattern_of_which_another_version_is_seen_begins_anew(how: str):
    transfers = Transfers()
    transfers.wait(KEY, NEW)
    transfers.exclude(KEY, NEW.id)
    other = config_map("other", "team").key
    transfers.wait(other, NEW)
    before = (transfers.may_wait(KEY, NEW.id), transfers.may_wait(other, NEW.id))

    getattr(transfers, how)(NEW, generation=2)

    assert before == (False, False)
    assert (transfers.may_wait(KEY, NEW.id), transfers.may_wait(other, NEW.id)) == (True, True)


async def test_a_pattern_that_is_seen_beside_an_object_is_waited_for_a_moment():
    transfers = Transfers()
    seen_and_run(transfers, NEW)

    assert transfers.delay_reason(KEY, by=OLD) == "is deleted in 1 s, unless another pattern has it by then"


async def test_who_waits_again_is_offered_it_again_and_not_by_what_was_said_before():
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.wait(KEY, NEW)
    transfers.delay_reason(KEY, by=OLD)
    transfers.stop_waiting(KEY, NEW.id)
    transfers.wait(KEY, NEW)
    offered = transfers.is_offered(KEY, by=OLD.id, to=NEW.id)
    transfers.delay_reason(KEY, by=OLD)

    assert not offered
    assert transfers.is_offered(KEY, by=OLD.id, to=NEW.id)
    assert told.owners == ["new", "old", "new"]


async def test_who_waits_again_while_another_waited_on_is_told_again():
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.wait(KEY, NEW)
    transfers.wait(KEY, THIRD)
    transfers.delay_reason(KEY, by=OLD)
    transfers.stop_waiting(KEY, NEW.id)
    transfers.wait(KEY, NEW)
    transfers.delay_reason(KEY, by=OLD)

    assert told.owners == ["new", "third", "old", "new"]


def test_the_end_of_an_offer_is_the_end_for_who_still_waits_and_of_no_other_offer():
    async def scenario() -> tuple[str, list[bool]]:
        transfers = Transfers()
        transfers.wait(KEY, NEW)
        transfers.delay_reason(KEY, by=OLD)
        await asyncio.sleep(transfer.OFFER_DURATION - 1)
        transfers.delay_reason(KEY, by=FAR)
        await asyncio.sleep(1)
        return transfers.delay_reason(KEY, by=OLD), [
            transfers.is_offered(KEY, by=each.id, to=NEW.id) for each in (OLD, FAR)
        ]

    assert run(scenario()) == ("", [False, True])


def test_a_pattern_is_woken_when_the_time_of_its_offer_is_over_counted_from_when_it_first_asked():
    async def scenario() -> list[list[str]]:
        told = Told()
        transfers, seen = Transfers(on_change=told), []
        transfers.delay_reason(KEY, by=OLD)
        await asyncio.sleep(10)
        transfers.wait(KEY, NEW)
        transfers.delay_reason(KEY, by=OLD)
        for pause in (transfer.OFFER_DURATION - 10.1, 0.2):
            await asyncio.sleep(pause)
            seen.append(list(told.owners))
        return seen

    assert run(scenario()) == [["new"], ["new", "old"]]


def test_a_pattern_is_woken_when_the_moment_of_waiting_is_over_and_not_before():
    async def scenario() -> list[list[str]]:
        told = Told()
        transfers, seen = Transfers(on_change=told), []
        seen_and_run(transfers, NEW)
        transfers.delay_reason(KEY, by=OLD)
        for pause in (transfer.GRACE - 0.1, 0.2):
            await asyncio.sleep(pause)
            seen.append(list(told.owners))
        return seen

    assert run(scenario()) == [[], ["old"]]


def test_who_keeps_data_for_a_pattern_that_is_not_rendered_looks_again_soon():
    async def scenario() -> list[str]:
        told = Told()
        transfers = Transfers(on_change=told)
        transfers.pattern_changed(NEW, generation=2)
        transfers.delay_reason(PVC, by=OLD)
        await asyncio.sleep(transfer.RECHECK_INTERVAL + 0.1)
        return told.owners

    assert run(scenario()) == ["old"]


def test_once_closed_nobody_is_woken():
    async def scenario() -> list[str]:
        told = Told()
        transfers = Transfers(on_change=told)
        seen_and_run(transfers, NEW)
        transfers.delay_reason(KEY, by=OLD)
        transfers.close()
        await asyncio.sleep(100)
        return told.owners

    assert run(scenario()) == []


def test_an_apply_of_who_was_not_offered_the_object_holds_nobody_up():
    async def scenario() -> str:
        transfers = Transfers()
        transfers.wait(KEY, NEW)
        transfers.delay_reason(KEY, by=OLD)
        await asyncio.sleep(transfer.OFFER_DURATION)
        with transfers.taking(KEY, THIRD):
            return transfers.delay_reason(KEY, by=OLD)

    assert run(scenario()) == ""


def test_of_an_offer_whose_time_is_over_nothing_is_kept():
    async def scenario() -> bool:
        transfers = Transfers()
        transfers.wait(KEY, NEW)
        transfers.delay_reason(KEY, by=OLD)
        await asyncio.sleep(transfer.OFFER_DURATION)
        transfers.delay_reason(KEY, by=OLD)
        return bool(transfers._offered)

    assert not run(scenario())


def test_of_two_that_send_an_object_the_one_that_still_does_is_waited_for():
    async def scenario() -> tuple[str, str, bool]:
        transfers = Transfers()
        for each in (NEW, THIRD):
            transfers.wait(KEY, each)
        transfers.delay_reason(KEY, by=OLD)
        with transfers.taking(KEY, THIRD):
            with transfers.taking(KEY, NEW):
                pass
            await asyncio.sleep(transfer.OFFER_DURATION)
            meanwhile = transfers.delay_reason(KEY, by=OLD)
        return meanwhile, transfers.delay_reason(KEY, by=OLD), bool(transfers._taking)

    meanwhile, after, kept = run(scenario())

    assert "team/third" in meanwhile
    assert (after, kept) == ("", False)


async def test_nothing_is_kept_of_patterns_that_are_gone():
    transfers = Transfers()
    for each in (OLD, NEW):
        transfers.pattern_changed(each, generation=1)
        transfers.wait(KEY, each)
        transfers.wait(PVC, each)
        transfers.exclude(KEY, each.id)
        transfers.delay_reason(PVC, by=each)
        transfers.lets_go_since(each.id, ago=1, at_most=1)
        transfers.pattern_has_data(each, frozenset({PVC}), failure="")
    for each in (OLD, NEW):
        transfers.forget(each.id)

    assert not transfers._offered and not transfers._taking
    for part in (transfers._patterns, transfers._waiting, transfers._releases):
        assert not any(vars(part).values())
    assert not len(transfers._timers)


async def test_what_is_offered_is_taken_by_an_apply_and_what_is_not_is_refused(harness: Harness, namespace: str):
    old, new, desired = owner("old"), owner("new"), config_map("c", namespace)
    await harness.apply(desired, by=old)
    harness.living[old.id] = old
    before = await harness.get(desired.key)

    (refused,) = (await harness.apply(desired, by=new)).failures
    harness.managed_objects.release([desired.key], owner=old.id)
    handing = await prune(entries(desired), owner=old, deleter=harness.deleter)
    taken = await harness.apply(config_map("c", namespace, a="2"), by=new)
    after = await harness.get(desired.key)
    ended = await prune(entries(desired), owner=old, deleter=harness.deleter)

    assert refused.reason is Reason.OWNED_BY_ANOTHER_PATTERN
    assert [each.outcome for each in handing.terminating] == [DeletionOutcome.TERMINATING]
    assert "is handed over to DesignPattern team/new" in handing.message
    assert taken.applied == (desired.key,)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["data"] == {"a": "2"}
    assert ended.skipped == ((desired.key, "is kept: it belongs to another pattern now"),)
    assert harness.managed_objects.drifted(new.id) == harness.managed_objects.drifted(old.id) == ()


@pytest.mark.parametrize("why", ["immutable", "invalid", "paused"])
async def test_who_could_not_take_it_holds_up_nobody(harness: Harness, namespace: str, why: str):
    old, new = owner("old"), owner("new")
    if why == "immutable":
        had, desired = deployment("c", namespace, app="one"), deployment("c", namespace, app="two")
    else:
        had = config_map("c", namespace)
        desired = config_map("c", namespace, data={"bad key!": "1"} if why == "invalid" else None)
    await harness.apply(had, by=old)
    harness.living[old.id] = old
    if why == "paused":
        await harness.patch(had.key, {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})

    (refused,) = (await harness.apply(desired, by=new)).failures
    harness.managed_objects.release([had.key], owner=old.id)
    done = await prune(entries(had), owner=old, deleter=harness.deleter)

    assert refused.reason is Reason.OWNED_BY_ANOTHER_PATTERN
    assert ("It is not handed over to this pattern: " in refused.message) is (why != "paused")
    assert "is handed over" not in done.message
    assert not done.remaining or why == "immutable"  # whose deletion waits for what it has


async def test_who_finds_it_paused_when_it_is_offered_does_not_take_it_and_holds_up_nobody(
    harness: Harness, namespace: str
):
    old, new, desired = owner("old"), owner("new"), config_map("c", namespace)
    await harness.apply(desired, by=old)
    harness.living[old.id] = old
    await harness.apply(desired, by=new)
    harness.managed_objects.release([desired.key], owner=old.id)
    await harness.patch(desired.key, {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})

    handing = await prune(entries(desired), owner=old, deleter=harness.deleter)
    await harness.apply(desired, by=new)
    done = await prune(entries(desired), owner=old, deleter=harness.deleter)

    assert "is handed over" in handing.message
    assert done.deleted == (desired.key,)


async def test_a_defect_of_who_is_woken_is_counted_and_costs_nobody_the_transfer():
    errors: list[str] = []

    def broken(*_: object) -> None:
        raise TypeError("a defect of who is told")

    transfers = Transfers(on_change=broken, errors=InternalErrors(errors.append))
    transfers.wait(KEY, NEW)

    assert "is handed over" in transfers.delay_reason(KEY, by=OLD)
    assert transfers.is_offered(KEY, by=OLD.id, to=NEW.id)
    assert errors == ["managed_object_notification"]
