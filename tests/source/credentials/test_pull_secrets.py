import asyncio
import json

import pytest
from tests.executors import EXECUTORS
from tests.looplag import MOST, longest_hold
from tests.source.fake_registry import challenged, client

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled
from pattern_operator.source import Credential, PullSecretReader
from pattern_operator.source.credentials import pull_secrets

REPOSITORY = Repository("reg.example", "team/web")
MANY = json.dumps(
    {"auths": {f"h{number}": {"auth": "YTpi"} for number in range(33_000)} | {"reg.example": {"auth": "YTpi"}}},
    separators=(",", ":"),
).encode()


def config(password: str = "b", **more: object) -> bytes:
    return json.dumps({"auths": {"reg.example": {"username": "a", "password": password}, **more}}).encode()


@pytest.fixture
def configs() -> PullSecretReader:
    return PullSecretReader(cpu=EXECUTORS.cpu)


@pytest.fixture
def readings(monkeypatch) -> list[bytes]:
    """The contents that were parsed."""
    found = []
    look_up = pull_secrets._look_up

    def noted(data, **more):
        found.append(data)
        return look_up(data, **more)

    monkeypatch.setattr(pull_secrets, "_look_up", noted)
    return found


async def credential(configs: PullSecretReader, data: bytes, repository: Repository = REPOSITORY) -> Credential | None:
    credentials = await configs.read(data, where="Secret team/pull", repository=repository)
    return credentials.for_host(repository.host, repository.name)


@pytest.mark.parametrize("host", ["reg.example", "REG.example", "docker.io", "index.docker.io", "registry-1.docker.io"])
async def test_the_entry_of_the_repository_is_found(configs, host):
    data = json.dumps(
        {"auths": {"reg.example": {"auth": "YTpi"}, "https://index.docker.io/v1/": {"auth": "YTpi"}}}
    ).encode()

    assert await credential(configs, data, Repository(host, "team/web")) == Credential("a", "b")


async def test_a_config_without_an_entry_for_it_gives_none(configs):
    assert await credential(configs, config(), Repository("other.example", "x")) is None


@pytest.mark.parametrize("challenge", ['Basic realm="x"', "Bearer"])
async def test_a_registry_that_wants_credentials_is_told_of_what_the_secret_lacks(
    fake_registry, network, configs, challenge
):
    realm = f'{challenge} realm="http://{fake_registry.address}/token"' if challenge == "Bearer" else challenge
    challenged(fake_registry, realm, accepted="x")
    fake_registry.answer("GET", "^/token$", status=401)
    repository = fake_registry.repository
    credentials = await configs.read(config(), where="Secret team/pull", repository=repository, scheme="http")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credentials=credentials).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_REQUIRED
    assert f"Secret team/pull has one entry, and none is for {fake_registry.address}: add one" in refusal.value.message
    assert "reg.example" not in refusal.value.message


async def test_a_content_is_read_once_for_a_repository_however_many_ask(configs, readings):
    await asyncio.gather(*(credential(configs, MANY) for _ in range(32)))
    await credential(configs, MANY)

    assert len(readings) == 1


async def test_another_content_is_read_anew(configs, readings):
    assert await credential(configs, config("old")) == Credential("a", "old")
    assert await credential(configs, config("new")) == Credential("a", "new")
    assert len(readings) == 2


async def test_another_repository_gets_its_own_entry(configs):
    data = json.dumps({"auths": {"reg.example/a": {"auth": "YTpi"}, "reg.example/c": {"auth": "Yzpk"}}}).encode()

    assert await credential(configs, data, Repository("reg.example", "a/x")) == Credential("a", "b")
    assert await credential(configs, data, Repository("reg.example", "c/x")) == Credential("c", "d")
    assert await credential(configs, data, Repository("reg.example", "e/x")) is None


async def test_a_config_that_is_none_is_refused_each_time_and_read_once(configs, readings):
    for _ in range(2):
        with pytest.raises(Stalled) as refusal:
            await credential(configs, b"s3cret")
        assert refusal.value.reason is Reason.SECRET_INVALID
        assert "Secret team/pull" in refusal.value.message
        assert "s3cret" not in refusal.value.diagnostics()

    assert len(readings) == 1


async def test_no_more_is_kept_than_is_bounded(configs, monkeypatch):
    monkeypatch.setattr(pull_secrets, "_MAX_KEPT", 3)
    for number in range(10):
        await credential(configs, config(str(number)))
    await credential(configs, config("x" * 100_000))

    assert len(configs._kept) == 3


async def test_what_nobody_asked_for_longest_is_forgotten_first(configs, readings, monkeypatch):
    monkeypatch.setattr(pull_secrets, "_MAX_KEPT", 2)
    for password in ("1", "2", "1", "3"):
        await credential(configs, config(password))
    before = len(readings)

    await credential(configs, config("1"))
    kept = len(readings)
    await credential(configs, config("2"))

    assert (before, kept, len(readings)) == (3, 3, 4)


@pytest.mark.parametrize(("size", "kept"), [(16 * 1024, 1), (16 * 1024 + 1, 0)])
async def test_a_credential_that_is_larger_than_tokens_are_is_not_kept(configs, size: int, kept: int):
    await credential(configs, config("x" * (size - 1)))  # and a user of one character

    assert len(configs._kept) == kept


async def test_of_a_large_config_only_one_entry_is_kept(configs):
    await credential(configs, MANY)

    assert [found.credential for found in configs._kept.values()] == [Credential("a", "b")]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(MANY, id="33,000 hosts"),
        pytest.param(
            json.dumps({"auths": {f"reg.example/{number}": {"auth": "YTpi"} for number in range(30_000)}}).encode(),
            id="30,000 paths of one host",
        ),
        pytest.param(
            json.dumps({"auths": {f"*{number}.*": {"auth": "YTpi"} for number in range(256)}}).encode(), id="globs"
        ),
        pytest.param(json.dumps({f"k{number}": number for number in range(39_000)}).encode(), id="39,000 other names"),
        pytest.param(b'{"auths": {' + b'"a":{},' * 140_000 + b'"b":{}}}', id="a Secret full of empty entries"),
    ],
)
async def test_no_config_holds_the_event_loop(configs, data):
    async def work() -> None:
        for host in ("reg.example", "a.b"):
            try:
                await credential(PullSecretReader(cpu=EXECUTORS.cpu), data, Repository(host, "1/x"))
            except Stalled as refusal:
                assert refusal.reason is Reason.SECRET_INVALID

    assert await longest_hold(work) < MOST


async def test_a_config_of_more_globs_than_a_person_writes_is_refused(configs):
    data = json.dumps({"auths": {f"*{number}.example": {"auth": "YTpi"} for number in range(257)}}).encode()

    with pytest.raises(Stalled, match="more than 256 entries whose host is a glob"):
        await credential(configs, data)
