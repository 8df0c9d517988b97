import asyncio
import gc
import tracemalloc
from dataclasses import replace

import pytest

from pattern_operator.limits import MAX_TOKEN, MAX_TOKENS, MIB
from pattern_operator.source import Credential, TokenCache
from pattern_operator.source.registry import token_cache
from pattern_operator.source.registry.token_cache import Scope

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
    token = tokens.put(PULL, "Bearer t", seconds=60)

    assert tokens.get(PULL) is token


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
    large = "x" * MAX_TOKEN
    scopes = [Scope("r", f"{number}", "pull", None) for number in range(MAX_TOKENS // MAX_TOKEN)]
    for scope in scopes[:-1]:
        tokens.put(scope, large, seconds=60)
        tokens.get(scopes[0])

    tokens.put(scopes[-1], large * 2, seconds=60)

    assert tokens.get(scopes[0]) is not None
    assert tokens.get(scopes[1]) is None
    assert tokens.get(scopes[-1]) is not None


def texts(scope: Scope, authorization: str) -> int:
    """Bytes of what is remembered with a grant."""
    words = scope.registry, scope.repository, scope.token_service or "", authorization
    return token_cache._BESIDE + sum(map(len, words)) + (scope.credential.size if scope.credential else 0)


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param(PULL, id="of nobody"),
        pytest.param(Scope("https://reg.example", "team/web", "pull", ALICE, "https://auth.example"), id="of somebody"),
    ],
)
@pytest.mark.parametrize(("missing", "kept"), [(0, True), (1, False)])
def test_grants_are_kept_as_long_as_there_is_room_for_every_letter_of_them(clock, monkeypatch, scope, missing, kept):
    other = replace(scope, repository="team/other")
    room = texts(scope, "Bearer one") + texts(other, "Bearer other") - missing
    monkeypatch.setattr(token_cache, "MAX_TOKENS", room)
    tokens = TokenCache(clock=clock)

    tokens.put(scope, "Bearer one", seconds=60)
    tokens.put(other, "Bearer other", seconds=60)

    assert (tokens.get(scope) is not None) is kept
    assert tokens.get(other) is not None


def test_a_grant_that_has_ended_leaves_its_room(clock, monkeypatch):
    scopes = [replace(PULL, repository=f"team/{number}") for number in range(3)]
    monkeypatch.setattr(token_cache, "MAX_TOKENS", 2 * texts(scopes[0], "Bearer x"))
    tokens = TokenCache(clock=clock)
    tokens.put(scopes[0], "Bearer x", seconds=1000)
    tokens.put(scopes[1], "Bearer x", seconds=10)
    clock.now += 100

    assert tokens.get(scopes[1]) is None
    tokens.put(scopes[2], "Bearer x", seconds=1000)

    assert tokens.get(scopes[0]) is not None


async def test_one_at_a_time_asks_for_a_scope_and_others_are_not_held_up(tokens):
    inside, order = asyncio.Event(), []

    async def first() -> None:
        async with tokens.lock(PULL):
            inside.set()
            await asyncio.sleep(0.01)
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


async def test_who_asks_slowly_is_not_waited_for_for_long(tokens, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pattern_operator.source.registry.token_cache.LOCK_SECONDS", 0.05)
    async with asyncio.timeout(5), tokens.lock(PULL):
        for _ in range(2):  # and who went beside leaves the line as it was
            async with tokens.lock(PULL):
                pass
        waiting = asyncio.create_task(hold(tokens))

    assert await waiting == "held"


async def hold(tokens: TokenCache) -> str:
    async with tokens.lock(PULL):
        return "held"


async def test_locks_that_nobody_holds_take_no_room(tokens):
    async with tokens.lock(PULL):
        pass
    gc.collect()

    assert len(tokens._locks) == 0


def test_secrets_are_not_shown_by_accident(tokens):
    token = tokens.put(Scope("r", "n", "pull", ALICE), "Bearer t0ken", seconds=60)

    assert "t0ken" not in repr(token)
    assert "s3cret" not in repr(Scope("r", "n", "pull", ALICE))


def test_all_grants_together_take_some_megabytes_whatever_they_are(tokens):
    tracemalloc.start()
    for number in range(5_000):
        somebody = Credential("u", f"{number}".ljust(MAX_TOKEN // 2))
        tokens.put(
            Scope("https://reg.example", f"n{number}", "pull", somebody), f"{number}".ljust(MAX_TOKEN), seconds=60
        )
    found, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found < MAX_TOKENS + 2 * MIB


def test_a_grant_that_is_put_again_counts_once(tokens):
    tokens.put(Scope("r", "first", "pull", None), "x", seconds=60)
    for _ in range(2 * MAX_TOKENS // MAX_TOKEN):
        tokens.put(PULL, "x" * MAX_TOKEN, seconds=60)

    assert tokens.get(Scope("r", "first", "pull", None)) is not None
