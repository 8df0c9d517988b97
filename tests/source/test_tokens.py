import asyncio
import gc

import pytest

from pattern_operator.source import Credential, TokenCache
from pattern_operator.source.tokens import _MAX_GRANTS, Scope

PULL = Scope("https://reg.example", "team/web", "pull", None)
ALICE = Credential("alice", "s3cret")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock) -> TokenCache:
    return TokenCache(clock=clock)


def test_a_grant_is_remembered(tokens):
    grant = tokens.put(PULL, "Bearer t", seconds=60)

    assert tokens.get(PULL) is grant


@pytest.mark.parametrize(
    ("seconds", "still", "no_more"),
    [
        pytest.param(300, 289, 290, id="ten seconds before its end"),
        pytest.param(20, 9, 10, id="half of a short life, when that is later"),
        pytest.param(4, 1.9, 2, id="half of a very short life"),
    ],
)
def test_a_grant_is_forgotten_before_it_ends(tokens, clock, seconds, still, no_more):
    tokens.put(PULL, "Bearer t", seconds=seconds)

    clock.now = 1000 + still
    before = tokens.get(PULL)
    clock.now = 1000 + no_more

    assert before is not None
    assert tokens.get(PULL) is None


def test_a_grant_without_a_life_is_not_used_again(tokens):
    tokens.put(PULL, "Bearer t", seconds=0)

    assert tokens.get(PULL) is None


def test_a_grant_that_never_ends_stays(tokens, clock):
    tokens.put(PULL, "Basic x", seconds=float("inf"))
    clock.now = 1e12

    assert tokens.get(PULL).authorization == "Basic x"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Scope("http://reg.example", "team/web", "pull", None), id="another scheme"),
        pytest.param(Scope("https://reg.example:8443", "team/web", "pull", None), id="another port"),
        pytest.param(Scope("https://reg.example", "team/other", "pull", None), id="another repository"),
        pytest.param(Scope("https://reg.example", "team/web", "pull,push", None), id="another action"),
        pytest.param(Scope("https://reg.example", "team/web", "pull", ALICE), id="somebody"),
    ],
)
def test_a_grant_is_good_for_nothing_else(tokens, other):
    tokens.put(PULL, "Bearer t", seconds=60)

    assert tokens.get(other) is None


def test_credentials_that_differ_in_anything_are_not_one(tokens):
    tokens.put(Scope("r", "n", "pull", ALICE), "Bearer t", seconds=60)

    assert tokens.get(Scope("r", "n", "pull", Credential("alice", "other"))) is None
    assert tokens.get(Scope("r", "n", "pull", Credential("alice", "s3cret", "token"))) is None
    assert tokens.get(Scope("r", "n", "pull", Credential("alice", "s3cret"))) is not None


def test_a_grant_that_was_refused_is_forgotten_and_a_newer_one_stays(tokens):
    old = tokens.put(PULL, "Bearer old", seconds=60)
    new = tokens.put(PULL, "Bearer new", seconds=60)

    tokens.forget(PULL, old)
    kept = tokens.get(PULL)
    tokens.forget(PULL, new)

    assert kept is new
    assert tokens.get(PULL) is None


def test_the_least_recently_used_grants_go_first(tokens):
    scopes = [Scope("r", f"{number}", "pull", None) for number in range(_MAX_GRANTS + 1)]
    for scope in scopes[:-1]:
        tokens.put(scope, "Bearer t", seconds=60)
    tokens.get(scopes[0])

    tokens.put(scopes[-1], "Bearer t", seconds=60)

    assert tokens.get(scopes[0]) is not None
    assert tokens.get(scopes[1]) is None
    assert tokens.get(scopes[-1]) is not None


async def test_one_at_a_time_asks_for_a_scope_and_others_are_not_held_up(tokens):
    inside, order = asyncio.Event(), []

    async def first() -> None:
        async with tokens.lock(PULL):
            inside.set()
            await asyncio.sleep(0)
            order.append("first")

    async def second() -> None:
        await inside.wait()
        async with tokens.lock(PULL):
            order.append("second")

    async def other() -> None:
        await inside.wait()
        async with tokens.lock(Scope("r", "other", "pull", None)):
            order.append("other")

    await asyncio.gather(first(), second(), other())

    assert order.index("first") < order.index("second")
    assert "other" in order


async def test_locks_that_nobody_holds_take_no_room(tokens):
    async with tokens.lock(PULL):
        pass
    gc.collect()

    assert len(tokens._locks) == 0


def test_secrets_are_not_shown_by_accident(tokens):
    grant = tokens.put(Scope("r", "n", "pull", ALICE), "Bearer t0ken", seconds=60)

    assert "t0ken" not in repr(grant)
    assert "s3cret" not in repr(Scope("r", "n", "pull", ALICE))
