import asyncio
from uuid import uuid4

from tests.apply.harness import Harness, definition, owner

from pattern_operator.api.object import Object
from pattern_operator.apply import crd
from pattern_operator.apply.crd import until_established


def group() -> str:
    return f"g{uuid4().hex[:8]}.example.com"


async def test_it_waits_until_every_kind_is_served(harness: Harness):
    team, one, other = owner(), definition("One", group()), definition("Other", group())
    await harness.apply(one, other, by=team)

    async with asyncio.timeout(crd.PATIENCE / 2):  # not until patience ends
        await until_established([one.key.name, other.key.name], session=harness.session, owner=team.id)

    for each_crd in (one, other):
        conditions = {
            each["type"]: each["status"] for each in (await harness.get(each_crd.key))["status"]["conditions"]
        }
        assert conditions["Established"] == "True"


async def test_a_definition_whose_kind_another_one_has_is_not_waited_for(harness: Harness):
    team, first = owner(), definition("Widget", group())
    names = {"kind": "Widget", "plural": "others", "singular": "other", "listKind": "OtherList"}
    spec = {**first.body["spec"], "names": names}
    metadata = {"name": f"others.{spec['group']}"}
    second = Object.of({**first.body, "metadata": metadata, "spec": spec})
    await harness.apply(first, by=team)
    await harness.apply(second, by=team)

    async with asyncio.timeout(crd.PATIENCE / 2):
        await until_established([second.key.name], session=harness.session, owner=team.id)

    conditions = (await harness.get(second.key))["status"]["conditions"]
    assert ("NamesAccepted", "False") in [(each["type"], each["status"]) for each in conditions]


async def test_a_definition_that_never_comes_is_not_waited_for_for_ever(harness: Harness, monkeypatch):
    monkeypatch.setattr(crd, "PATIENCE", 0.3)

    async with asyncio.timeout(5):
        await until_established(["nothings.example.com"], session=harness.session, owner=owner().id)


async def test_where_definitions_cannot_be_watched_it_gives_up_at_once(harness: Harness):
    await harness.session.http.close()

    async with asyncio.timeout(crd.PATIENCE / 2):
        await until_established(["widgets.example.com"], session=harness.session, owner=owner().id)


async def test_it_leaves_no_watch_behind(harness: Harness):
    team, crd = owner(), definition("One", group())
    await harness.apply(crd, by=team)
    before = asyncio.all_tasks()

    await until_established([crd.key.name], session=harness.session, owner=team.id)

    assert asyncio.all_tasks() <= before
