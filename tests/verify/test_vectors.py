"""The package judges the signatures of other projects as those projects do."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.verify.signing import verify

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy
from pattern_operator.errors import Stalled

VECTORS = Path(__file__).parent.parent / "data" / "signature-vectors"
CASES: list[dict[str, Any]] = json.loads((VECTORS / "cases.json").read_bytes())
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"

REASONS = {  # what the package says of each case that is to be rejected
    "containers-image/valid-wrong-key": Reason.SIGNATURE_UNTRUSTED,
    "containers-image/unknown-key": Reason.SIGNATURE_UNTRUSTED,
    "containers-image/payload-swapped": Reason.SIGNATURE_UNTRUSTED,
    "containers-image/no-signature": Reason.SIGNATURE_MISSING,
    "connaisseur/alice-as-bob": Reason.SIGNATURE_UNTRUSTED,
    "connaisseur/alice-threshold-2": Reason.SIGNATURE_UNTRUSTED,
    "connaisseur/threshold-3of3": Reason.SIGNATURE_UNTRUSTED,
    "sigstore-js/key-dsse-wrong-key": Reason.SIGNATURE_UNTRUSTED,
}


def read(path: str) -> bytes:
    return (VECTORS / path).read_bytes()


def inputs(case: dict[str, Any]) -> tuple[Digest, list[Signature], VerificationPolicy]:
    if case["format"] == "sigstore-bundle":
        signature = Signature(SignatureFormat.BUNDLE, case["bundle"], BUNDLE, read(case["bundle"]))
        return (
            Digest.parse(case["digest"]),
            [signature],
            VerificationPolicy.of(TrustedAuthority.of_key(case["key"], read(case["key"]))),
        )
    signatures = [
        Signature(
            SignatureFormat.COSIGN, f"layer {place}", layer["mediaType"], read(layer["payload"]), layer["annotations"]
        )
        for place, layer in enumerate(case["layers"], start=1)
    ]
    authorities = tuple(TrustedAuthority.of_key(key, read(key)) for key in case["keys"])
    return (
        Digest.of(read(case["manifest"])),
        signatures,
        VerificationPolicy.of(*authorities, threshold=case["threshold"]),
    )


def accepted() -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in CASES if case["expect"] == "accept"]


def rejected() -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in CASES if case["expect"] == "reject"]


@pytest.mark.parametrize("case", accepted())
def test_what_others_accept_is_verified(case):
    digest, signatures, policy = inputs(case)

    result = verify(digest, signatures, policy=policy)

    assert len(result.verified_by) >= case.get("threshold", 1)


@pytest.mark.parametrize("case", rejected())
def test_what_others_reject_is_refused(case):
    digest, signatures, policy = inputs(case)

    with pytest.raises(Stalled) as refusal:
        verify(digest, signatures, policy=policy)

    assert refusal.value.reason is REASONS[case["id"]]


@pytest.mark.parametrize("case", accepted())
def test_what_others_accept_is_refused_for_another_artifact(case):
    _, signatures, policy = inputs(case)

    with pytest.raises(Stalled) as refusal:
        verify(Digest.of(b"another artifact"), signatures, policy=policy)

    assert refusal.value.reason is Reason.SIGNATURE_OF_ANOTHER_ARTIFACT
