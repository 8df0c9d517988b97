"""The same on every registry: push, pull, tags, ranges, signatures of both formats, and the right word for a wrong
password. What differs is what each registry is known for: its way to sign in, and whether it lists referrers."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.cli.program import Patternctl
from tests.e2e.scenario import Scenario, condition, config_map, login, push
from tests.executors import EXECUTORS
from tests.planted import Shape, value
from tests.render.designs import DATA
from tests.testbed import distribution
from tests.testbed import registry as registries
from tests.testbed.cosign import Cosign, KeyPair
from tests.testbed.http import request
from tests.testbed.registry import Options
from tests.testbed.repository import Account, RegistryRefused, Repository
from tests.testbed.tokenservice import Signer, TokenService
from tests.verify.signing import verify

from pattern_operator.api.artifact import SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference
from pattern_operator.api.reference import Repository as Address
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.source import (
    Credential,
    Credentials,
    DnsResolver,
    Network,
    RepositoryClient,
    TokenCache,
    fetch_signatures,
    resolve,
)

WHOLE = DATA / "nginx-deployment"
ALICE = Account("alice", value(Shape.DOCKER_AUTH))
THIEF = Account("alice", f"a-guess-{value(Shape.DOCKER_AUTH)}")
PAGE = 7  # tags a page: real pages without a thousand tags


class Kind(NamedTuple):
    """What a registry is known for."""

    lists_referrers: bool  # has the referrers API of OCI 1.1
    pages_tags: bool


KINDS = {
    "go-containerregistry, Basic": Kind(lists_referrers=True, pages_tags=True),
    "go-containerregistry, token": Kind(lists_referrers=True, pages_tags=True),
    "distribution 3, htpasswd": Kind(lists_referrers=False, pages_tags=True),
    "distribution 3, token": Kind(lists_referrers=False, pages_tags=True),
    "docker-registry 2.8, htpasswd": Kind(lists_referrers=False, pages_tags=False),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One registry of the matrix, that ALICE alone may use."""

    kind: Kind
    address: str
    new_repository: Callable[[str], Repository]


@pytest.fixture(scope="session")
def token_service(testbed_state: Path) -> Iterator[TokenService]:
    """What "distribution 3, token" asks ALICE to be proven by."""
    service = TokenService(Signer.create(testbed_state / "tokens"), ALICE)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def places(testbed_state: Path, token_service: TokenService) -> Iterator[dict[str, Place]]:
    """All registries, for the tests of this file."""
    root = testbed_state / "matrix"

    def ours(name: str, options: Options) -> registries.Registry:
        return registries.start(root, name=name, options=options)

    started: list[registries.Registry | distribution.Distribution] = [
        ours("basic", Options(auth="basic", account=ALICE)),
        ours("bearer", Options(auth="bearer", account=ALICE)),
        distribution.start(root / "v3", program="distribution", account=ALICE),
        distribution.start(root / "v3-token", program="distribution", account=ALICE, tokens=token_service),
        distribution.start(root / "v2", program="docker-registry", account=ALICE),
    ]
    yield {
        name: Place(kind, each.address, each.repository)
        for (name, kind), each in zip(KINDS.items(), started, strict=True)
    }
    for each in started:
        each.stop()


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, places: dict[str, Place]) -> Place:
    return places[request.param]


@pytest.fixture
def repository(place: Place) -> Repository:
    return place.new_repository("patterns/web")


@pytest.fixture
def patternctl(tmp_path: Path, place: Place) -> Patternctl:
    """The program, for ALICE."""
    return user(tmp_path / "alice", place.address, ALICE)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What patternctl makes of the files that are pushed."""
    return Patternctl(tmp_path_factory.mktemp("home"))("render", WHOLE).yaml


def user(home: Path, address: str, account: Account) -> Patternctl:
    home.mkdir()
    program = Patternctl(home)
    program.log_in(address, name=account.name, password=account.password)
    return program


@asynccontextmanager
async def opened(repository: Repository, credential: Credential | None = None) -> AsyncIterator[RepositoryClient]:
    """The operator's own client, for ALICE unless it is told otherwise."""
    credential = credential or Credential(ALICE.name, ALICE.password)
    async with Network.open(resolver=DnsResolver()) as network:
        yield RepositoryClient(
            Address.parse(repository.oci),
            network=network,
            credentials=Credentials.only(repository.registry, credential),
            scheme="http",
            tokens=TokenCache(),
            user_agent="matrix",
            executors=EXECUTORS,
        )


def has_referrers_api(repository: Repository, digest: str) -> bool:
    try:
        repository.referrers(digest)
    except RegistryRefused as refusal:
        assert ": 404" in str(refusal)
        return False
    return True


# --- push, pull, tags -----------------------------------------------------------------------------------------------


def test_what_is_pushed_is_pulled_and_the_same_files_are_the_same_artifact(
    patternctl: Patternctl, repository: Repository, rendered: list[Any]
) -> None:
    first = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0", "-o", "json")
    second = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.1", "-o", "json")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert first.json["digest"] == second.json["digest"] == str(Digest.of(repository.manifest("1.0.0").body))
    pulled = patternctl("render", "--insecure", f"{repository.oci}:1.0.0")
    assert pulled.code == 0, pulled.err
    assert pulled.yaml == rendered != []


async def test_a_range_finds_the_highest_version_on_whichever_page_it_is(
    place: Place, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[resolve.__module__], "_PAGE", PAGE)
    digest = push(repository, "1.0.0", config_map("settings"))
    for tag in [f"1.{minor}.0" for minor in range(1, 2 * PAGE)] + ["2.0.0-rc.1", "v1.20.0", "latest", "zz"]:
        repository.tag(digest, tag)
    found = {}

    async with opened(repository) as client:
        pages = [page async for page in client.pages(f"tags/list?n={PAGE}", context="the tags", most=100)]
        for text in ("1.x", ">=1.0.0-0", "~1.2", "!=1.20.0"):
            found[text] = (await resolve(Reference(client.repository, semver=text), registry=client)).tag
        with pytest.raises(Stalled) as refusal:
            await resolve(Reference(client.repository, semver="3.x"), registry=client)

    assert len(pages) >= 3 if place.kind.pages_tags else len(pages) == 1
    assert found == {"1.x": "v1.20.0", ">=1.0.0-0": "2.0.0-rc.1", "~1.2": "1.2.0", "!=1.20.0": "1.13.0"}
    assert refusal.value.reason is Reason.NO_MATCHING_VERSION


async def test_what_is_not_there_is_not_found(repository: Repository) -> None:
    push(repository, "1.0.0", config_map("settings"))

    async with opened(repository) as client:
        for tag in ("9.9.9", "sha256-00"):
            with pytest.raises(Stalled) as refusal:
                await resolve(Reference(client.repository, tag=tag), registry=client)
            assert refusal.value.reason is Reason.ARTIFACT_NOT_FOUND


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [SignatureFormat.COSIGN, SignatureFormat.BUNDLE])
async def test_a_signature_of_either_format_is_found_and_one_of_a_stranger_is_not_taken(
    place: Place,
    patternctl: Patternctl,
    repository: Repository,
    cosign: Cosign,
    key_pair: KeyPair,
    form: SignatureFormat,
) -> None:
    signed = push(repository, "1.0.0", config_map("settings"))
    unsigned = push(repository, "2.0.0", config_map("others"))
    sign = cosign.sign_bundle if form is SignatureFormat.BUNDLE else cosign.sign_classic
    sign(repository.at(signed), key=key_pair, account=ALICE)
    stranger = cosign.key_pair("stranger")

    async with opened(repository) as client:
        found = await fetch_signatures(Digest.parse(signed), registry=client)
        nothing = await fetch_signatures(Digest.parse(unsigned), registry=client)
    verdict = verify(Digest.parse(signed), found.signatures, policy=policy(key_pair))
    with pytest.raises(Stalled) as missing:
        verify(Digest.parse(unsigned), nothing.signatures, policy=policy(key_pair))
    with pytest.raises(Stalled) as untrusted:
        verify(Digest.parse(signed), found.signatures, policy=policy(stranger))

    assert [each.format for each in verdict.verified_by] == [form]
    assert missing.value.reason is Reason.SIGNATURE_MISSING
    assert untrusted.value.reason is Reason.SIGNATURE_UNTRUSTED
    assert has_referrers_api(repository, signed) is place.kind.lists_referrers
    if form is SignatureFormat.COSIGN:
        assert f"{signed.replace(':', '-')}.sig" in repository.tags()
    else:
        assert (signed.replace(":", "-") in repository.tags()) is not place.kind.lists_referrers

    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.public, "-o", "json")
    assert (done.code, done.json["verified"]) == (0, True), done.err


def policy(key: KeyPair) -> VerificationPolicy:
    return VerificationPolicy.of(TrustedAuthority.of_key("release-team", key.public.read_bytes()))


# --- who may ----------------------------------------------------------------------------------------------------------


async def test_a_wrong_password_is_told_from_none(repository: Repository) -> None:
    push(repository, "1.0.0", config_map("settings"))

    wrong = await refusal_of(repository, Credentials.only(repository.registry, Credential(THIEF.name, THIEF.password)))
    none = await refusal_of(repository, None)

    assert wrong.reason is Reason.AUTHENTICATION_FAILED
    assert none.reason is Reason.AUTHENTICATION_REQUIRED


async def refusal_of(repository: Repository, credentials: Credentials | None) -> PatternError:
    async with Network.open(resolver=DnsResolver()) as network:
        client = RepositoryClient(
            Address.parse(repository.oci),
            network=network,
            credentials=credentials,
            scheme="http",
            tokens=TokenCache(),
            user_agent="matrix",
            executors=EXECUTORS,
        )
        with pytest.raises(PatternError) as refusal:
            await resolve(Reference(client.repository, tag="1.0.0"), registry=client)
    return refusal.value


def test_patternctl_neither_pulls_nor_pushes_with_a_wrong_password(
    tmp_path: Path, place: Place, repository: Repository
) -> None:
    push(repository, "1.0.0", config_map("settings"))
    thief = user(tmp_path / "thief", place.address, THIEF)

    pulled = thief("render", "--insecure", f"{repository.oci}:1.0.0")
    pushed = thief("push", "--insecure", WHOLE, f"{repository.oci}:2.0.0")

    assert (pulled.code, pulled.out, pushed.code, pushed.out) == (1, "", 1, "")
    for done in (pulled, pushed):
        assert place.address in done.err
        assert "refuse" in done.err
    assert repository.tags() == ["1.0.0"]


@pytest.mark.parametrize("kind", ["distribution 3, token"])
async def test_an_identity_token_signs_in_where_there_is_no_password(
    kind: str, places: dict[str, Place], token_service: TokenService
) -> None:
    repository = places[kind].new_repository("patterns/web")
    digest = push(repository, "1.0.0", config_map("settings"))
    token_service.asked.clear()

    async with opened(repository, Credential("", identity_token=token_service.refresh_token)) as client:
        revision = await resolve(Reference(client.repository, tag="1.0.0"), registry=client)
    wrong = await refusal_of(repository, Credentials.only(repository.registry, Credential("", identity_token="other")))

    assert str(revision.digest) == digest
    assert token_service.asked == ["refresh_token", ""]
    assert wrong.reason is Reason.AUTHENTICATION_FAILED


def test_an_identity_token_in_a_docker_config_lets_patternctl_pull(
    tmp_path: Path, places: dict[str, Place], token_service: TokenService
) -> None:
    place = places["distribution 3, token"]
    repository = place.new_repository("patterns/web")
    push(repository, "1.0.0", config_map("settings"))
    program = Patternctl(tmp_path)
    (tmp_path / ".docker").mkdir()
    entry = {"auth": "PHRva2VuPjo=", "identitytoken": token_service.refresh_token}  # <token>: without a password
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {place.address: entry}}))

    done = program("render", "--insecure", f"{repository.oci}:1.0.0")

    assert (done.code, [each["metadata"]["name"] for each in done.yaml[0]["items"]]) == (0, ["settings"]), done.err


# --- the whole way ----------------------------------------------------------------------------------------------------


def test_the_operator_runs_what_is_signed_and_says_that_the_password_is_wrong(
    scenario: Scenario, place: Place, repository: Repository, cosign: Cosign, key_pair: KeyPair
) -> None:
    digest = push(repository, "1.0.0", config_map("settings"))
    cosign.sign_bundle(repository.at(digest), key=key_pair, account=ALICE)
    scenario.make(login("alice", place.address, ALICE))
    scenario.make(login("thief", place.address, THIEF))
    verify = {"authorities": [{"name": "release-team", "key": {"data": key_pair.pem}}]}

    scenario.want(ref={"semver": "1.x"}, source={"secretRef": {"name": "alice"}}, verify=verify)
    status = scenario.until_runs(digest)
    other = scenario.another("other")
    other.want(source={"secretRef": {"name": "thief"}})
    refused = other.until(lambda status: condition(status, "Ready").get("reason") == "AuthenticationFailed")

    assert [each["authority"] for each in status["verifiedBy"]] == ["release-team"]
    assert place.address in condition(refused, "Ready")["message"]


def test_a_registry_says_which_it_is(places: dict[str, Place]) -> None:
    """The rows of the matrix are six servers, and those that ask for tokens say so."""
    challenges = {
        kind: request("GET", f"http://{place.address}/v2/").headers["WWW-Authenticate"].split()[0]
        for kind, place in places.items()
    }

    assert challenges == {kind: "Bearer" if kind.endswith("token") else "Basic" for kind in KINDS}
    assert len({place.address for place in places.values()}) == len(KINDS)
