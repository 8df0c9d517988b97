"""What is asked in the name of a pattern, of a registry in memory: with its Secret, and by what its spec says."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.x509.ocsp import OCSPCertStatus
from tests.archive.archives import tgz
from tests.executors import EXECUTORS
from tests.reconcile.pattern import pattern
from tests.reconcile.test_repositories import NoPolicies
from tests.source.fake_registry import ALICE, FakeRegistry, challenged, serving
from tests.verify import notary, pki
from tests.verify.test_notation_policy import authority
from tests.verify.x509.test_revocation import OCSP_URL, ocsp_at, respond

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.api.status import Status
from pattern_operator.api.verification import (
    OWN_POLICY,
    PolicySource,
    Requirement,
    Unsigned,
    UnusablePolicy,
    VerificationPolicy,
)
from pattern_operator.errors import Stalled, Transient, Undecided, Untrusted
from pattern_operator.kube import ApiError, Resource
from pattern_operator.kube.wellknown import SECRET
from pattern_operator.reconcile import PatternKey
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.policies import Policies
from pattern_operator.reconcile.registry_login import Login, SecretVersion
from pattern_operator.reconcile.repositories import Registries, Repositories
from pattern_operator.reconcile.revocation import OFFLINE
from pattern_operator.reconcile.verdicts import Verdicts
from pattern_operator.source import (
    Cache,
    ConnectionWaits,
    DnsResolver,
    FetchedSignatures,
    Network,
    PullRecords,
    PullSecretReader,
    TokenCache,
)
from pattern_operator.verify.x509.revocation import RevocationAnswer

pytestmark = pytest.mark.real_time
KEY = PatternKey("team", "web")
WEB = Repository("registry.example", "web")
NOTATION = "application/vnd.cncf.notary.signature"
FLUX = "application/vnd.cncf.flux.content.v1.tar+gzip"
PEM = "-----BEGIN PUBLIC KEY-----"


@dataclass
class Sources:
    """Secrets and ConfigMaps: what they hold, who read them, and whom was forgotten."""

    held: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    readers: list[tuple[str, str, PatternKey]] = field(default_factory=list)
    forgotten: list[PatternKey] = field(default_factory=list)

    async def read(self, resource: Resource, *, namespace: str, name: str, reader: PatternKey) -> dict[str, bytes]:
        self.readers.append((resource.kind, f"{namespace}/{name}", reader))
        return self.held[resource.kind, name]

    def known_version(self, resource: Resource, *, namespace: str, name: str) -> int:
        assert (resource, namespace, name) == (SECRET, "team", "login")
        return 7

    def forget(self, reader: PatternKey) -> None:
        self.forgotten.append(reader)


class Sandbox:
    """Says for whom it renders what."""

    def rendered(self, plan: Any, layers: Any, *, tenant: str, installation: str, cluster: Any) -> Any:
        self.cluster = cluster
        return ("rendered", plan, layers, tenant)


@pytest.fixture
async def registry() -> AsyncIterator[FakeRegistry]:
    async with serving() as registry:
        yield registry


@pytest.fixture
def sources() -> Sources:
    return Sources()


@pytest.fixture
async def repositories(sources: Sources, tmp_path: Path) -> AsyncIterator[Repositories]:
    async with Network.open(resolver=DnsResolver()) as network:
        registries = Registries(
            network=network,
            configs=PullSecretReader(cpu=EXECUTORS.cpu),
            tokens=TokenCache(),
            pull_records=PullRecords(),
            cache=Cache(tmp_path, max_size=2**24, disk=EXECUTORS.disk),
            executors=EXECUTORS,
        )
        held: Any = sources
        policies = Policies(held, NoPolicies(), namespace="system", unsigned=Unsigned.ALLOW)
        verdicts = Verdicts(on_change=lambda: None)
        stand_ins: Any = {"config_sources": sources, "policies": policies, "verdicts": verdicts, "sandbox": Sandbox()}
        yield Repositories(registries=registries, executors=EXECUTORS, **stand_ins)


def of(registry: FakeRegistry, *, status: Status | None = None, **source: Any) -> DesignPattern:
    url = f"oci://{registry.repository.host}/{registry.repository.name}"
    spec = {"source": {"url": url, "insecure": True, "ref": {"tag": "1.0"}, **source}}
    return pattern(spec=spec, status=status)


def docker_config(registry: FakeRegistry) -> dict[str, bytes]:
    login = base64.b64encode(f"{ALICE.username}:{ALICE.password}".encode()).decode()
    return {".dockerconfigjson": json.dumps({"auths": {registry.repository.host: {"auth": login}}}).encode()}


def artifact(registry: FakeRegistry) -> Digest:
    return registry.manifest([registry.blob(tgz(), FLUX)], tag="1.0")


def wanted(asking: DesignPattern, digest: Digest, *, tag: str = "1.0") -> DesiredState:
    return desired_state(asking, Revision(tag, digest), VerificationPolicy())


# --- the registry -----------------------------------------------------------------------------------------------------


async def test_a_tag_is_looked_up_where_the_pattern_says(repositories: Repositories, registry: FakeRegistry):
    digest, asking = artifact(registry), of(registry)

    found = await repositories.look_up(
        asking, Reference(registry.repository, tag="1.0"), running=None, waits=ConnectionWaits()
    )

    assert found.answer == replace(found.answer, revision=Revision("1.0", digest))  # type: ignore[type-var] # a resolution
    assert found.listed == 0


async def test_how_many_tags_were_listed_is_told_whether_one_was_found_or_not(
    repositories: Repositories, registry: FakeRegistry
):
    registry.answer("GET", "/tags/list$", body=json.dumps({"tags": ["1.0", "1.1", "x"]}).encode())
    artifact(registry)
    registry.manifests["1.1"] = registry.manifests["1.0"]

    async def look(semver: str) -> Any:
        reference = Reference(registry.repository, semver=semver)
        return await repositories.look_up(of(registry), reference, running=None, waits=ConnectionWaits())

    assert (await look(">=5")).listed == 3
    assert isinstance((await look(">=5")).answer, Stalled)


async def test_layers_are_open_in_the_block_and_the_second_time_nothing_is_asked(
    repositories: Repositories, registry: FakeRegistry
):
    asking = of(registry)
    desired = wanted(asking, artifact(registry))
    asked = []
    for _ in range(2):
        found = await repositories.manifest(asking, desired, waits=ConnectionWaits())
        async with repositories.layers(asking, desired, found, waits=ConnectionWaits()) as layers:
            assert layers
        asked.append(len(registry.asked))

    assert asked[0] == asked[1] > 0


@pytest.mark.parametrize(
    ("status", "goes_on"),
    [
        pytest.param({"digest": "{digest}"}, True, id="it runs"),
        pytest.param({"applying_revision": "1.0@{digest}"}, True, id="it is there in part"),
        pytest.param({"digest": "sha256:" + "0" * 64}, False, id="another one runs"),
        pytest.param({}, False, id="nothing runs"),
    ],
)
async def test_what_is_there_already_is_read_from_the_cache_though_the_registry_has_it_no_more(
    repositories: Repositories, registry: FakeRegistry, status: dict[str, str], goes_on: bool
):
    digest = artifact(registry)
    asking = of(registry)
    await repositories.manifest(asking, wanted(asking, digest), waits=ConnectionWaits())
    registry.manifests.clear()
    other = of(
        registry,
        status=msgspec.structs.replace(Status(), **{name: text.format(digest=digest) for name, text in status.items()}),
    )
    afresh = replace(repositories, registries=replace(repositories.registries, pull_records=PullRecords()))

    reading = afresh.manifest(other, wanted(other, digest), waits=ConnectionWaits())

    if goes_on:
        assert str(digest) in (await reading).context
    else:
        with pytest.raises(Stalled) as refusal:
            await reading
        assert refusal.value.reason is Reason.ARTIFACT_NOT_FOUND


async def test_signatures_are_looked_for_in_the_repository_of_the_pattern(
    repositories: Repositories, registry: FakeRegistry
):
    asking = of(registry)
    digest = artifact(registry)

    found = await repositories.signatures(asking, wanted(asking, digest), waits=ConnectionWaits())

    assert found.signatures == ()
    assert any("/referrers/" in path for path in registry.paths("GET"))


async def signed_with_a_revocable_certificate(
    repositories: Repositories, registry: FakeRegistry, asking: DesignPattern, digest: Digest
) -> tuple[FetchedSignatures, DesiredState, pki.Identity]:
    media_type, body = registry.manifests[str(digest)]
    payload = {"targetArtifact": notary.descriptor(Descriptor(media_type, digest, len(body)))}
    leaf = notary.ALICE.above[0].issue("C=US,ST=WA,O=Notary,CN=a", extensions=[*pki.CODE_SIGNING, ocsp_at(OCSP_URL)])
    signer = notary.Notary(leaf, notary.ALICE.above)
    envelope = registry.blob(signer.cose(payload=json.dumps(payload).encode()), notary.COSE)
    registry.refer(registry.manifest([envelope], artifactType=NOTATION, subject=digest), NOTATION)
    policy = VerificationPolicy.of(authority(signer, revocation="Check"))
    desired = replace(wanted(asking, digest), policy=policy)
    return await repositories.signatures(asking, desired, waits=ConnectionWaits()), desired, leaf


@pytest.mark.parametrize(("policy", "asks"), [("", "own_revocation"), ("release", "revocation")])
async def test_issuers_are_asked_in_the_name_of_the_namespace_before_a_signature_is_believed(
    repositories: Repositories, registry: FakeRegistry, policy: str, asks: str
):
    """Those of a pattern's own policy by who asks public addresses alone: its author chooses the root."""
    digest, asking = artifact(registry), of(registry)
    found, desired, leaf = await signed_with_a_revocable_certificate(repositories, registry, asking, digest)
    (required,) = desired.policy.requirements
    of_policy = VerificationPolicy((replace(required, source=PolicySource(name=policy)),))
    desired = replace(desired, policy=of_policy)
    asked: list[tuple[str, list[str]]] = []

    class Issuers:
        async def answers(self, checks, *, tenant):
            asked.append((tenant, [url for check in checks for url in check.ocsp]))
            good = respond(about=leaf, issuer=notary.ALICE.above[0])
            return {check: RevocationAnswer(good) for check in checks}

    def asking_by(source: Any) -> Repositories:
        chosen: Any = {asks: source}
        return replace(repositories, **chosen, now=lambda: pki.NOW)

    trusting = asking_by(Issuers())
    result = await trusting.check(asking, desired, found)

    assert [each.format for each in result.verified_by] == ["notation"]
    assert asked == [("team", [OCSP_URL])]
    with pytest.raises(Transient, match="which may have been revoked") as unknown:
        await asking_by(OFFLINE).check(asking, desired, found)
    assert unknown.value.reason is Reason.REVOCATION_UNKNOWN
    assert isinstance(unknown.value, Undecided)
    assert (unknown.value.met, unknown.value.unmet) == ((), ())


async def test_a_signature_of_a_revoked_certificate_is_refused_for_good(
    repositories: Repositories, registry: FakeRegistry
):
    digest, asking = artifact(registry), of(registry)
    found, desired, leaf = await signed_with_a_revocable_certificate(repositories, registry, asking, digest)

    class Issuers:
        async def answers(self, checks, *, tenant):
            bad = respond(OCSPCertStatus.REVOKED, about=leaf, issuer=notary.ALICE.above[0])
            return {check: RevocationAnswer(bad) for check in checks}

    with pytest.raises(Untrusted, match="which was revoked at"):
        await replace(repositories, own_revocation=Issuers(), now=lambda: pki.NOW).check(asking, desired, found)


async def test_a_rendering_counts_for_the_namespace_of_the_pattern(repositories: Repositories, registry: FakeRegistry):
    made: Any = repositories.built(of(registry), "plan", "layers")  # type: ignore[arg-type] # handed on as they are

    assert made == ("rendered", "plan", "layers", "team")


# --- the login --------------------------------------------------------------------------------------------------------


async def test_the_registry_is_shown_the_login_of_the_secret(
    repositories: Repositories, registry: FakeRegistry, sources: Sources
):
    digest = artifact(registry)
    challenged(registry, "Basic", accepted=ALICE.basic)
    sources.held["Secret", "login"] = docker_config(registry)
    without, asking = of(registry), of(registry, secretRef={"name": "login"})

    with pytest.raises(Stalled) as refusal:
        await repositories.manifest(without, wanted(without, digest), waits=ConnectionWaits())
    found = await repositories.manifest(asking, wanted(asking, digest), waits=ConnectionWaits())

    assert refusal.value.reason is Reason.AUTHENTICATION_REQUIRED
    assert str(digest) in found.context
    assert sources.readers == [("Secret", "team/login", KEY)]


async def test_a_secret_without_a_docker_config_is_said_with_the_command_that_makes_one(
    repositories: Repositories, registry: FakeRegistry, sources: Sources
):
    sources.held["Secret", "login"] = {"password": b"x"}
    asking = of(registry, secretRef={"name": "login"})

    with pytest.raises(Stalled) as refusal:
        await repositories.look_up(
            asking, Reference(registry.repository, tag="1.0"), running=None, waits=ConnectionWaits()
        )

    assert refusal.value.reason is Reason.SECRET_INVALID
    assert "Secret team/login has no entry .dockerconfigjson" in refusal.value.message
    assert registry.asked == []


async def test_what_a_registry_is_asked_with_is_known_by_secret_version_and_digest(
    repositories: Repositories, registry: FakeRegistry, sources: Sources
):
    config = docker_config(registry)
    sources.held["Secret", "login"] = config
    asking = of(registry, secretRef={"name": "login"})
    secret = SecretVersion("login", 7)

    assert repositories.secret_version(asking) == secret
    assert repositories.secret_version(of(registry)) == SecretVersion()
    assert await repositories.login(asking) == Login(secret, hashlib.sha256(config[".dockerconfigjson"]).hexdigest())
    assert await repositories.login(of(registry)) == Login()


async def test_of_a_pattern_that_is_gone_the_sources_are_forgotten(repositories: Repositories, sources: Sources):
    repositories.forget(KEY)

    assert sources.forgotten == [KEY]


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "read"),
    [
        ({"data": PEM}, f"key {hashlib.sha256(PEM.encode()).hexdigest()[:12]}", []),
        ({"secretRef": {"name": "s"}}, "s", [("Secret", "team/s", KEY)]),
        ({"configMapRef": {"name": "c"}}, "c", [("ConfigMap", "team/c", KEY)]),
    ],
)
@pytest.mark.parametrize("called", ["", "release-team"])
async def test_a_key_comes_from_where_the_spec_says_and_has_its_name(
    repositories: Repositories, sources: Sources, key: dict[str, Any], name: str, read: list[Any], called: str
):
    sources.held = {("Secret", "s"): {"cosign.pub": PEM.encode()}, ("ConfigMap", "c"): {"cosign.pub": PEM.encode()}}
    authority = {"key": key, **({"name": called} if called else {})}

    policy = await repositories.policy(pattern(spec={"verify": {"authorities": [authority]}}), WEB)

    (own,) = policy.requirements
    assert isinstance(own, Requirement)
    assert [(each.name, each.content("key")) for each in own.authorities] == [(called or name, PEM.encode())]
    assert sources.readers == read


async def test_a_key_that_is_not_under_its_name_is_said(repositories: Repositories, sources: Sources):
    sources.held = {("ConfigMap", "c"): {"other": b"x"}}
    asking = pattern(spec={"verify": {"authorities": [{"key": {"configMapRef": {"name": "c", "key": "k.pub"}}}]}})

    (own,) = (await repositories.policy(asking, WEB)).requirements

    assert isinstance(own, UnusablePolicy)
    assert (own.source, own.reason) == (OWN_POLICY, Reason.SECRET_INVALID)
    assert "ConfigMap team/c has no entry k.pub" in own.message


async def test_an_authority_without_a_key_is_one_that_nothing_meets(repositories: Repositories):
    asking = pattern(spec={"verify": {"authorities": [{"name": "x", "key": {}}]}})

    (own,) = (await repositories.policy(asking, WEB)).requirements

    assert isinstance(own, UnusablePolicy)
    assert own.reason is Reason.INVALID_SPEC


async def test_a_cluster_that_does_not_say_what_it_has_is_asked_again_and_nothing_is_guessed(
    registry: FakeRegistry, repositories: Repositories
) -> None:
    class Silent:
        async def read(self) -> Any:
            raise ApiError(code=503, reason="ServiceUnavailable", message="no answer")

    silent: Any = Silent()
    asking: Any = replace(repositories, capabilities=silent)
    asking.built(of(registry), "plan", "layers")

    with pytest.raises(Transient) as unavailable:
        await asking.sandbox.cluster()

    assert unavailable.value.reason is Reason.API_SERVER_UNAVAILABLE


async def test_without_a_cluster_charts_are_rendered_for_none(
    registry: FakeRegistry, repositories: Repositories
) -> None:
    asking: Any = repositories
    asking.built(of(registry), "plan", "layers")

    assert asking.sandbox.cluster is None
