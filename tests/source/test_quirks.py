"""The real registry and real signatures of cosign, through a proxy that misbehaves in one way after the other."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.archive.archives import files
from tests.source.fake_registry import client
from tests.source.quirks import Quirks, quirks
from tests.testbed import registry as registries
from tests.testbed.cosign import Cosign, KeyPair
from tests.testbed.registry import Options, Registry
from tests.verify.signing import verify

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy, VerificationResult
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.source import LayerSelector, fetch_signatures, pull, push, resolve

SIGNED = ("classic", "bundle")
# Whatever answers to the referrers API, and whether it may pass by itself.
NO_ANSWER = {
    **{f"referrers{status}": False for status in (400, 401, 403, 405, 406, 410, 418)},
    **{f"referrers{status}": True for status in (408, 425, 429, 500, 501, 502, 503)},
    **{f"referrers{how}": False for how in ("html", "truncated", "manifest", "null", "empty")},
    **{f"referrers{how}": True for how in ("elsewhere", "login", "reset")},
}


@pytest.fixture(scope="module")
def real(testbed_state) -> Iterator[Registry]:
    real = registries.start(testbed_state, name="quirks", options=Options())
    yield real
    real.stop()


@pytest.fixture(scope="module")
def tagging(testbed_state) -> Iterator[Registry]:
    """A registry without the referrers API: cosign writes the fallback tag there."""
    real = registries.start(testbed_state, name="quirks-tags", options=Options(referrers="fallback-tag"))
    yield real
    real.stop()


@pytest.fixture
async def proxy(real) -> AsyncIterator[Quirks]:
    async with quirks(real.address) as proxy:
        yield proxy


async def pushed(real: Registry, network, name: str, content: bytes = b"x") -> Digest:
    registry = client(Repository(real.address, name), network)
    return (await push(files({"a.yml": content}), registry=registry, tag="1.0")).digest


async def sign(cosign: Cosign, key: KeyPair, artifact: str, how: str) -> None:
    signing = cosign.sign_classic if how == "classic" else cosign.sign_bundle
    await asyncio.to_thread(signing, artifact, key=key)


async def verdict(
    address: str, name: str, network, digest: Digest, *keys: KeyPair
) -> VerificationResult | PatternError:
    """What the operator says of the artifact behind ``address``."""
    policy = VerificationPolicy.of(
        *(TrustedAuthority.of_key(f"key {number}", key.pem.encode()) for number, key in enumerate(keys))
    )
    found = await fetch_signatures(digest, registry=client(Repository(address, name), network))
    try:
        return verify(digest, found.signatures, policy=policy)
    except Stalled as refusal:
        return found.explain(refusal)


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def artifacts() -> dict[str, Digest]:
    """Pushed and signed once: each takes the real cosign a second."""
    return {}


async def signed(real: Registry, network, cosign, key, how: str, artifacts: dict[str, Digest]) -> tuple[str, Digest]:
    name = f"team/{how}"
    if name not in artifacts:
        artifacts[name] = await pushed(real, network, name, how.encode())
        if how != "unsigned":
            await sign(cosign, key, f"{real.address}/{name}@{artifacts[name]}", how)
    return name, artifacts[name]


@pytest.mark.parametrize("mode", ["", *NO_ANSWER, "referrers404"])
async def test_a_signature_by_tag_counts_whatever_the_referrers_api_answers(
    real, proxy, network, cosign, key_pair, artifacts, mode
):
    name, digest = await signed(real, network, cosign, key_pair, "classic", artifacts)
    proxy.mode = mode

    found = await verdict(proxy.address, name, network, digest, key_pair)

    assert isinstance(found, VerificationResult), found
    assert [each.format for each in found.verified_by] == ["cosign"]


@pytest.mark.parametrize("mode", NO_ANSWER)
async def test_a_bundle_by_the_fallback_tag_counts_whatever_the_referrers_api_answers(
    tagging, network, cosign, key_pair, artifacts_by_tag, mode
):
    name, digest = await signed(tagging, network, cosign, key_pair, "bundle", artifacts_by_tag)
    async with quirks(tagging.address) as proxy:
        proxy.mode = mode
        found = await verdict(proxy.address, name, network, digest, key_pair)

    assert isinstance(found, VerificationResult), found
    assert [each.format for each in found.verified_by] == ["bundle"]


@pytest.fixture(scope="module")
def artifacts_by_tag() -> dict[str, Digest]:
    return {}


@pytest.mark.parametrize(("mode", "passes"), NO_ANSWER.items())
async def test_where_nothing_proves_a_signature_a_failure_to_ask_is_never_unsigned(
    real, proxy, network, cosign, key_pair, artifacts, mode, passes
):
    name, digest = await signed(real, network, cosign, key_pair, "unsigned", artifacts)
    proxy.mode = mode

    found = await verdict(proxy.address, name, network, digest, key_pair)

    assert isinstance(found, Transient if passes else Stalled)
    assert found.reason is not Reason.SIGNATURE_MISSING
    assert f"referrers of {digest}" in found.message
    assert "So far none of its signatures was seen" in found.message


async def test_a_failure_to_ask_is_told_beside_a_signature_that_is_not_enough(
    real, proxy, network, cosign, key_pair, artifacts
):
    name, digest = await signed(real, network, cosign, key_pair, "classic", artifacts)
    stranger = await asyncio.to_thread(cosign.key_pair, "stranger-of-quirks")
    proxy.mode = "referrers503"

    found = await verdict(proxy.address, name, network, digest, stranger)

    assert isinstance(found, Transient)
    assert found.reason is Reason.REGISTRY_UNAVAILABLE
    assert ".sig layer 1" in found.message


@pytest.mark.parametrize("mode", ["", "referrers404", "dashdigest"])
async def test_where_all_that_is_asked_answers_an_artifact_without_signature_is_unsigned(
    real, proxy, network, cosign, key_pair, artifacts, mode
):
    name, digest = await signed(real, network, cosign, key_pair, "unsigned", artifacts)
    proxy.mode = mode

    found = await verdict(proxy.address, name, network, digest, key_pair)

    assert isinstance(found, Stalled)
    assert found.reason is Reason.SIGNATURE_MISSING


@pytest.mark.parametrize("mode", ["emptytype", "configtype", "blanktype", "notype", "bareentries", "jsonlist"])
async def test_a_bundle_that_is_listed_without_its_type_is_judged_by_its_manifest(
    real, proxy, network, cosign, key_pair, artifacts, mode
):
    name, digest = await signed(real, network, cosign, key_pair, "bundle", artifacts)
    proxy.mode = mode

    found = await verdict(proxy.address, name, network, digest, key_pair)

    assert isinstance(found, VerificationResult), found


@pytest.mark.parametrize("mode", ["emptytype", "notype", "octet", "json", "awschunked", "head404"])
@pytest.mark.parametrize("how", SIGNED)
async def test_a_stranger_s_signature_counts_nowhere(real, proxy, network, cosign, key_pair, artifacts, mode, how):
    name, digest = await signed(real, network, cosign, key_pair, how, artifacts)
    stranger = await asyncio.to_thread(cosign.key_pair, f"stranger-{mode}-{how}")
    proxy.mode = mode

    found = await verdict(proxy.address, name, network, digest, stranger)

    assert isinstance(found, Stalled)
    assert found.reason is Reason.SIGNATURE_UNTRUSTED


# --- pulling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["head404", "awschunked", "octet", "json"])
@pytest.mark.parametrize("by", ["tag", "digest"])
async def test_an_artifact_is_pulled_and_its_signature_verified(
    real, proxy, network, cosign, key_pair, artifacts, cache, mode, by
):
    name, digest = await signed(real, network, cosign, key_pair, "bundle", artifacts)
    proxy.mode = mode
    repository = Repository(proxy.address, name)
    reference = Reference(repository, tag="1.0") if by == "tag" else Reference(repository, digest=digest)
    registry = client(repository, network)

    revision = await resolve(reference, registry=registry)
    artifact = await pull(reference, revision, registry=registry, cache=cache, layer=LayerSelector())

    assert revision.digest == digest
    assert [file.path for file in artifact.files] == ["a.yml"]
    assert isinstance(await verdict(proxy.address, name, network, digest, key_pair), VerificationResult)
