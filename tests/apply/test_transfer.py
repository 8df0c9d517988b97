import asyncio
from dataclasses import dataclass, field

import pytest
from tests.apply.room import Room, config_map, entries, owner

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply import ChildEvent, ChildEventKind, Owner, Transfers, prune, transfer
from pattern_operator.apply.removal import Ending

KEY = config_map("c", "team").key
CLAIM = ObjectKey("", "PersistentVolumeClaim", "team", "data")
OLD, NEW, THIRD = (Owner(name, "team", name) for name in ("old", "new", "third"))
FAR = Owner("far", "elsewhere", "far")


@dataclass
class Told:
    """Who was woken."""

    owners: list[str] = field(default_factory=list)
    somebody: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, owner: str, event: ChildEvent) -> None:
        assert event.kind is ChildEventKind.GONE
        self.owners.append(owner)
        self.somebody.set()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of the module, a hundredth of them."""
    for name in ("WINDOW", "DATA_WINDOW", "GRACE", "DATA_GRACE", "LOOK_AGAIN"):
        monkeypatch.setattr(transfer, name, getattr(transfer, name) / 100)


async def test_what_nobody_waits_for_is_deleted_at_once():
    assert Transfers().why_not(KEY, by=OLD) == ""


async def test_who_waits_is_woken_and_named_once_and_the_object_stays_until_it_is_theirs():
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.wait(KEY, NEW)
    offered = [transfers.is_offered(KEY, by=OLD.id, to=NEW.id)]

    whys = [transfers.why_not(KEY, by=OLD) for _ in range(3)]
    offered.append(transfers.is_offered(KEY, by=OLD.id, to=NEW.id))
    transfers.cease(KEY, NEW.id)

    assert offered == [False, True]
    assert set(whys) == {"is handed over to DesignPattern team/new, which has it in its version, too"}
    assert told.owners == ["new", "old"]
    assert transfers.why_not(KEY, by=OLD) == ""


@pytest.mark.parametrize("end", ["bar", "forget", "wants_nothing", "wait_only"])
async def test_who_may_not_or_wants_it_no_longer_holds_up_nobody(end: str):
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.wait(KEY, NEW)
    transfers.why_not(KEY, by=OLD)
    match end:
        case "bar":
            transfers.bar(KEY, NEW.id)
            transfers.wait(KEY, NEW)  # as its next try would
        case "wait_only":
            transfers.wait_only(NEW.id, [CLAIM])
        case _:
            getattr(transfers, end)(NEW.id)

    assert not transfers.is_offered(KEY, by=OLD.id, to=NEW.id)
    assert transfers.why_not(KEY, by=OLD) == ""
    assert told.owners == ["new", "old"]


async def test_the_one_that_waits_longest_is_first_and_the_next_gets_what_it_may_not_have():
    transfers = Transfers()
    transfers.wait(KEY, NEW)
    transfers.wait(KEY, THIRD)
    transfers.wait(KEY, NEW)

    first = transfers.why_not(KEY, by=OLD)
    transfers.bar(KEY, NEW.id)
    second = transfers.why_not(KEY, by=OLD)

    assert "team/new" in first
    assert "team/third" in second
    assert transfers.is_offered(KEY, by=OLD.id, to=THIRD.id)


async def test_a_pattern_does_not_wait_for_itself():
    transfers = Transfers()
    transfers.wait(KEY, OLD)

    assert transfers.why_not(KEY, by=OLD) == ""


async def test_who_was_changed_a_moment_ago_is_waited_for_until_it_has_run():
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.asked(NEW, generation=2)

    before = transfers.why_not(KEY, by=OLD)
    transfers.ran(NEW.id, generation=1)  # a run that began before the change
    still = transfers.why_not(KEY, by=OLD)
    transfers.ran(NEW.id, generation=2)
    transfers.forget(NEW.id)

    assert before == still
    assert before.startswith("stays until DesignPattern team/new has run")
    assert transfers.why_not(KEY, by=OLD) == ""


@pytest.mark.parametrize("key", [KEY, CLAIM])
async def test_nobody_is_waited_for_for_long_and_the_pattern_is_woken_for_it(short: None, key: ObjectKey):
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.asked(NEW, generation=1)
    transfers.why_not(key, by=OLD)

    for number in range(1, 1_000):  # somebody who is changed all the time
        transfers.asked(NEW, generation=number)
        await asyncio.sleep(0.001)
        if not transfers.why_not(key, by=OLD):
            break

    assert number < 900
    assert "old" in told.owners


@pytest.mark.parametrize(("who", "key", "waits"), [(FAR, KEY, False), (FAR, CLAIM, True), (OLD, KEY, False)])
async def test_only_patterns_that_may_well_have_it_are_waited_for(who: Owner, key: ObjectKey, waits: bool):
    transfers = Transfers()
    transfers.asked(who, generation=1)

    assert ("has run" in transfers.why_not(key, by=OLD)) is waits


@pytest.mark.parametrize("key", [KEY, CLAIM])
async def test_it_waits_a_moment_for_a_change_of_another_pattern_that_is_still_to_come(short: None, key: ObjectKey):
    told = Told()
    transfers = Transfers(on_change=told)
    transfers.asked(THIRD, generation=1)
    transfers.ran(THIRD.id, generation=1)

    first = transfers.why_not(key, by=OLD)
    async with asyncio.timeout(5):
        await told.somebody.wait()
    transfers.why_not(key, by=OLD)
    await asyncio.sleep(transfer.DATA_GRACE)

    assert "unless another pattern has it by then" in first
    assert told.owners[0] == "old"
    assert transfers.why_not(key, by=OLD) == ""


async def test_a_pattern_in_a_pattern_is_not_waited_for_before_it_is_deleted():
    transfers, inner = Transfers(), ObjectKey("pattern-operator.io", "DesignPattern", "team", "new")
    transfers.asked(NEW, generation=1)

    assert transfers.why_not(inner, by=OLD) == ""


async def test_nothing_is_kept_of_patterns_that_are_gone():
    transfers = Transfers()
    for each in (OLD, NEW):
        transfers.asked(each, generation=1)
        transfers.wait(KEY, each)
        transfers.wait(CLAIM, each)
        transfers.bar(CLAIM, each.id)
        transfers.why_not(CLAIM, by=each)
    for each in (OLD, NEW):
        transfers.forget(each.id)

    assert not any(
        vars(transfers)[name] for name in ("_waiting", "_waits", "_barred", "_offered", "_asked", "_since", "_living")
    )
    assert not len(transfers._timers)


async def test_what_is_offered_is_taken_by_an_apply_and_what_is_not_is_refused(room: Room, namespace: str):
    old, new, wanted = owner("old"), owner("new"), config_map("c", namespace)
    await room.apply(wanted, by=old)
    room.living[old.id] = old
    before = await room.get(wanted.key)

    (refused,) = (await room.apply(wanted, by=new)).failures
    room.children.release([wanted.key], owner=old.id)
    handing = await prune(entries(wanted), owner=old, remover=room.remover)
    taken = await room.apply(config_map("c", namespace, a="2"), by=new)
    after = await room.get(wanted.key)
    ended = await prune(entries(wanted), owner=old, remover=room.remover)

    assert refused.reason is Reason.OWNED_BY_ANOTHER_PATTERN
    assert [each.ending for each in handing.going] == [Ending.GOING]
    assert "is handed over to DesignPattern team/new" in handing.message
    assert taken.applied == (wanted.key,)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["data"] == {"a": "2"}
    assert ended.kept == ((wanted.key, "is left: it belongs to another pattern now"),)
    assert room.children.drifted(new.id) == room.children.drifted(old.id) == ()
