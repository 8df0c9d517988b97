"""How long the CRDs of a pattern are waited for, as a watch tells of them."""

import asyncio
from typing import Any

import pytest
from tests.faketime import FakeTimeLoop, run
from tests.kube.fake_reflector import FakeReflector, replace_reflectors

from pattern_operator.apply import crd
from pattern_operator.apply.crd import PATIENCE, until_established
from pattern_operator.kube import ApiError
from pattern_operator.kube.wellknown import CRD

NAMES = ["widgets.example.com", "gadgets.example.com"]
SOON, LATER = 1.0, 2.0


def condition(kind: str, status: str = "True") -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status}]}


ESTABLISHED, CONFLICT = condition("Established"), condition("NamesAccepted", "False")


def waited(monkeypatch: pytest.MonkeyPatch, *events: Any) -> float:
    """How many seconds are waited for ``NAMES``, where these are told a second after each other."""
    started: list[FakeReflector] = replace_reflectors(monkeypatch, crd)
    session: Any = object()

    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, FakeTimeLoop)
        begun = loop.time()
        waiting = asyncio.create_task(until_established(NAMES, session=session, owner="owner-id"))
        for each in events:
            await asyncio.sleep(SOON)
            if isinstance(each, ApiError):
                started[0].fail(each)
            else:
                started[0].show(each[0], status=each[1])
            await asyncio.sleep(0)
        await waiting
        return loop.time() - begun

    found = run(scenario())
    assert [(each.resource, each.label_selector) for each in started] == [(CRD, "pattern-operator.io/owner=owner-id")]
    return found


@pytest.mark.parametrize("ready", [ESTABLISHED, CONFLICT], ids=["is served", "never will be"])
def test_it_waits_until_each_definition_is_served_or_never_will_be(monkeypatch: pytest.MonkeyPatch, ready: Any) -> None:
    assert waited(monkeypatch, (NAMES[0], ESTABLISHED), (NAMES[1], ready)) == pytest.approx(LATER)


@pytest.mark.parametrize(
    "told",
    [(NAMES[1], condition("Established", "False")), (NAMES[0], ESTABLISHED), ("others.example.com", ESTABLISHED)],
    ids=["is not established", "is the other one", "is of nobody"],
)
def test_what_does_not_come_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch, told: Any) -> None:
    assert waited(monkeypatch, (NAMES[0], ESTABLISHED), told) == pytest.approx(PATIENCE)


def test_where_definitions_cannot_be_watched_it_gives_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, ApiError(code=403, reason="Forbidden", message="no")) == pytest.approx(SOON)
