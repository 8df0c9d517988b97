"""Signatures of the Notary Project are found among the referrers, by either of their two shapes, and told apart."""

import pytest
from tests.source.fake_registry import BUNDLE, FakeRegistry, client

from pattern_operator.api.artifact import Descriptor, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.source import FetchedSignatures, fetch_signatures

NOTATION = "application/vnd.cncf.notary.signature"
JWS, COSE = "application/jose+json", "application/cose"
EMPTY = "application/vnd.oci.empty.v1+json"


@pytest.fixture
def signed(fake_registry: FakeRegistry) -> Digest:
    return fake_registry.manifest([], tag="1.0")


def envelope(fake_registry: FakeRegistry, signed: Digest, *types: str, content: bytes = b"{}", **more) -> Digest:
    """A referrer as notation writes it."""
    manifest = {"artifactType": NOTATION, "subject": signed, **more}
    layers = [fake_registry.blob(content + each.encode(), each) for each in types]
    digest = fake_registry.manifest(layers, **manifest)
    fake_registry.refer(digest, manifest["artifactType"] or "")
    return digest


async def found(fake_registry: FakeRegistry, network, signed: Digest) -> FetchedSignatures:
    return await fetch_signatures(signed, registry=client(fake_registry, network))


@pytest.mark.parametrize("kind", [JWS, COSE])
async def test_an_envelope_is_found_with_what_it_is(fake_registry, network, signed, kind):
    digest = envelope(fake_registry, signed, kind)

    (signature,) = (await found(fake_registry, network, signed)).signatures

    assert (signature.format, signature.media_type) == (SignatureFormat.NOTATION, kind)
    assert (signature.where, signature.payload) == (f"referrer {digest}", b"{}" + kind.encode())
    assert not signature.attestation


async def test_an_envelope_of_older_clients_says_so_in_its_config(fake_registry, network, signed):
    config = fake_registry.blob(b"{}", NOTATION)
    manifest = fake_registry.manifest([fake_registry.blob(b"{}", JWS)], subject=signed, config=config)
    fake_registry.refer(manifest, NOTATION)

    (signature,) = (await found(fake_registry, network, signed)).signatures

    assert signature.format is SignatureFormat.NOTATION


@pytest.mark.parametrize("types", [(), (JWS, JWS), ("application/json",), (JWS, "application/json")])
async def test_anything_but_one_envelope_cannot_be_read(fake_registry, network, signed, types):
    envelope(fake_registry, signed, *types)

    (signature,) = (await found(fake_registry, network, signed)).signatures

    assert signature.payload == b""
    assert signature.unread == "it has not exactly one layer, an envelope"


async def test_the_descriptor_of_the_artifact_is_read_where_something_signs_it(fake_registry, network, signed):
    assert (await found(fake_registry, network, signed)).target is None

    envelope(fake_registry, signed, COSE)
    target = (await found(fake_registry, network, signed)).target

    media_type, body = fake_registry.manifests[str(signed)]
    assert target == Descriptor(media_type, signed, len(body))


async def test_a_descriptor_that_cannot_be_read_is_a_failure_and_not_unsigned(fake_registry, network, signed):
    envelope(fake_registry, signed, COSE)
    fake_registry.answer("GET", f"/manifests/{signed}", status=500)

    result = await found(fake_registry, network, signed)

    assert result.target is None
    assert [each.reason for each in result.failures] == [Reason.REGISTRY_UNAVAILABLE]


async def test_a_bundle_needs_no_descriptor(fake_registry, network, signed):
    manifest = fake_registry.manifest([fake_registry.blob(b"{}", BUNDLE)], artifactType=BUNDLE, subject=signed)
    fake_registry.refer(manifest, BUNDLE)

    assert (await found(fake_registry, network, signed)).target is None


async def test_sboms_and_scans_beside_it_are_not_signatures(fake_registry, network, signed):
    envelope(fake_registry, signed, JWS)
    for kind in ("application/spdx+json", "application/vnd.example.scan"):
        fake_registry.refer(fake_registry.manifest([], artifactType=kind, subject=signed), kind)

    assert len((await found(fake_registry, network, signed)).signatures) == 1
