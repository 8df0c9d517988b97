"""What a released cosign writes is read as cosign means it: data/cosign-3.1.3."""

import json
from pathlib import Path

import pytest
from tests.verify.signing import naming_the_repository, verify

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy
from pattern_operator.errors import Stalled

COSIGN = Path(__file__).parent.parent / "data" / "cosign-3.1.3"
SIGNED = Digest.of((COSIGN / "artifact.manifest.json").read_bytes())
KEYS = ["p256", "p384", "p521", "rsa2048", "ed25519"]  # the order of the layers


def authority(key: str) -> TrustedAuthority:
    return TrustedAuthority.of_key(key, (COSIGN / f"{key}.pub").read_bytes())


def bundle(name: str) -> Signature:
    content = (COSIGN / f"{name}.bundle.json").read_bytes()
    return Signature(
        SignatureFormat.BUNDLE, f"referrer {name}", "application/vnd.dev.sigstore.bundle.v0.3+json", content
    )


def classic() -> list[Signature]:
    layers = json.loads((COSIGN / "classic.manifest.json").read_bytes())["layers"]
    payload = (COSIGN / "classic.payload.json").read_bytes()
    return [
        Signature(SignatureFormat.COSIGN, f"layer {place}", layer["mediaType"], payload, layer["annotations"])
        for place, layer in enumerate(layers, start=1)
    ]


@pytest.mark.parametrize("key", KEYS)
def test_a_bundle_of_cosign_is_verified_by_its_key(key):
    result = verify(SIGNED, [bundle(key)], policy=VerificationPolicy.of(authority(key)))

    (found,) = result.verified_by
    assert (found.authority, found.format, found.where) == (key, "bundle", f"referrer {key}")


@pytest.mark.parametrize("key", KEYS)
def test_a_classic_signature_of_cosign_is_verified_by_its_key(key):
    result = verify(SIGNED, classic(), policy=VerificationPolicy.of(authority(key)))

    (found,) = result.verified_by
    assert (found.authority, found.format, found.where) == (key, "cosign", f"layer {KEYS.index(key) + 1}")


def test_all_keys_of_both_formats_count_together():
    policy = VerificationPolicy.of(*(authority(key) for key in KEYS), threshold=len(KEYS))

    result = verify(SIGNED, [*classic()[:2], bundle("p521"), bundle("rsa2048"), bundle("ed25519")], policy=policy)

    assert [(each.authority, each.format) for each in result.verified_by] == [
        ("p256", "cosign"),
        ("p384", "cosign"),
        ("p521", "bundle"),
        ("rsa2048", "bundle"),
        ("ed25519", "bundle"),
    ]


def test_an_attestation_that_a_scan_failed_is_not_an_approval():
    with pytest.raises(Stalled) as refusal:
        verify(SIGNED, [bundle("scan-failed")], policy=VerificationPolicy.of(authority("p256")))

    assert refusal.value.reason is Reason.SIGNATURE_UNTRUSTED
    assert "which is not an approval" in refusal.value.message


def test_a_signature_over_the_bytes_of_the_artifact_approves_it():
    result = verify(SIGNED, [bundle("blob")], policy=VerificationPolicy.of(authority("p256")))

    assert [each.authority for each in result.verified_by] == ["p256"]


def test_a_signature_over_another_file_is_refused():
    with pytest.raises(Stalled) as refusal:
        verify(Digest.of(b"another"), [bundle("blob")], policy=VerificationPolicy.of(authority("p256")))

    assert refusal.value.reason is Reason.SIGNATURE_UNTRUSTED


@pytest.mark.parametrize("signatures", [[bundle("p256")], classic()[:1]], ids=["bundle", "classic"])
def test_a_signature_of_cosign_beside_another_artifact_is_refused(signatures):
    with pytest.raises(Stalled) as refusal:
        verify(Digest.of(b"another"), signatures, policy=VerificationPolicy.of(authority("p256")))

    assert refusal.value.reason is Reason.SIGNATURE_OF_ANOTHER_ARTIFACT
    assert str(SIGNED) in refusal.value.message


def test_a_classic_signature_of_cosign_names_the_repository_it_was_made_in():
    made_in, moved_to = Repository("127.0.0.1:41365", "patterns/web"), Repository("mirror.example", "patterns/web")
    policy = naming_the_repository(VerificationPolicy.of(authority("p256")))

    result = verify(SIGNED, classic(), policy=policy, repository=made_in)
    with pytest.raises(Stalled) as refusal:
        verify(SIGNED, classic(), policy=policy, repository=moved_to)

    assert len(result.verified_by) == 1
    assert refusal.value.reason is Reason.SIGNATURE_UNTRUSTED
