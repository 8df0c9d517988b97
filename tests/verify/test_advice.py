"""What is advised where a policy is not met is what its authorities can do, and nothing that cannot help."""

from typing import Any

import pytest

from pattern_operator.api.requirements_spec import SignedRepository
from pattern_operator.api.signing import SignCommands
from pattern_operator.verify.advice import to_pass
from pattern_operator.verify.authority import (
    AttestationPolicy,
    Authority,
    CertificateAuthority,
    KeyAuthority,
    KeylessAuthority,
    LogPolicy,
    TimestampPolicy,
)
from pattern_operator.verify.notation import NotationAuthority
from pattern_operator.verify.notation.authority import Level, RevocationMode, TimestampMode
from pattern_operator.verify.trusted_root import TrustedRoot

REFERENCE = "registry.example/web@sha256:0a"
COMMANDS = SignCommands(REFERENCE)
ANY, NAMED = SignedRepository(), SignedRepository(required=True)
NO_LOG = "--use-signing-config=false --tlog-upload=false"
SLSA = AttestationPolicy("build", "https://slsa.dev/provenance/v1")
SCAN = AttestationPolicy("scan", "https://example.org/scan/v1", "predicate.critical == 0")
ROOT = TrustedRoot((), (), (), ())


def key(name: str = "release", **more: Any) -> KeyAuthority:
    return KeyAuthority(name, (), **more)


def keyless(**more: Any) -> KeylessAuthority:
    return KeylessAuthority("ci", (), ROOT, **more)


def notation(**metadata: str) -> NotationAuthority:
    return NotationAuthority(
        name="notary",
        stores=(),
        identities=None,
        level=Level.STRICT,
        verify_timestamp=TimestampMode.ALWAYS,
        revocation=RevocationMode.CHECK,
        user_metadata=metadata,
    )


@pytest.mark.parametrize(
    ("authority", "rule", "advice"),
    [
        pytest.param(
            key(),
            ANY,
            f"sign it with the private key of release: `patternctl sign --key cosign.key oci://{REFERENCE}`",
            id="a key",
        ),
        pytest.param(
            key(annotations={"version": "1.0", "note": "two words"}),
            ANY,
            "sign it with the private key of release: `patternctl sign --key cosign.key -a version=1.0"
            f" -a 'note=two words' oci://{REFERENCE}`",
            id="annotations",
        ),
        pytest.param(
            key(annotations={"version": "1.0"}),
            NAMED,
            f"sign it with the private key of release: `cosign sign --key cosign.key {NO_LOG} --new-bundle-format=false"
            f" -a version=1.0 {REFERENCE}`",
            id="the repository is to be named",
        ),
        pytest.param(
            key(log=LogPolicy(())),
            ANY,
            f"sign it with the private key of release: `cosign sign --key cosign.key {REFERENCE}`,"
            " with a transparency log that the policy trusts",
            id="a log",
        ),
        pytest.param(
            key(log=LogPolicy((), required=False)),
            ANY,
            f"sign it with the private key of release: `patternctl sign --key cosign.key oci://{REFERENCE}`",
            id="a log that is not required",
        ),
        pytest.param(
            key(timestamp=TimestampPolicy(())),
            ANY,
            f"sign it with the private key of release: `cosign sign --key cosign.key {REFERENCE}`,"
            " with a timestamp authority that the policy trusts",
            id="a timestamp",
        ),
        pytest.param(
            key(attestations=(SLSA, SCAN)),
            ANY,
            f"attest it with the private key of release: `cosign attest --key cosign.key {NO_LOG} --type"
            f" https://slsa.dev/provenance/v1 --predicate predicate.json {REFERENCE}` and `cosign attest --key"
            f" cosign.key {NO_LOG} --type https://example.org/scan/v1 --predicate predicate.json {REFERENCE}`,"
            " where the condition of 'scan' is true of the predicate",
            id="attestations",
        ),
        pytest.param(keyless(), ANY, f"sign it as an identity of ci: `cosign sign {REFERENCE}`", id="keyless"),
        pytest.param(
            keyless(attestations=(SLSA,)),
            ANY,
            "attest it as an identity of ci: `cosign attest --type https://slsa.dev/provenance/v1 --predicate"
            f" predicate.json {REFERENCE}`",
            id="keyless attestations",
        ),
        pytest.param(
            CertificateAuthority("ca", (), uris=("x",)),
            ANY,
            "sign it with a certificate of ca: `cosign sign --key cosign.key --certificate certificate.pem"
            f" --certificate-chain chain.pem {NO_LOG} --new-bundle-format=false {REFERENCE}`",
            id="certificates",
        ),
        pytest.param(
            notation(build="7"),
            ANY,
            "sign it with a key that has a certificate of the trust stores of notary: `notation sign --user-metadata"
            f" build=7 {REFERENCE}`",
            id="notation",
        ),
    ],
)
def test_the_command_is_one_whose_result_counts(authority: Authority, rule: SignedRepository, advice: str):
    assert to_pass([authority], rule, commands=COMMANDS) == advice


@pytest.mark.parametrize("authority", [notation(), key(attestations=(SLSA,))], ids=["notation", "an attestation"])
def test_what_can_never_name_its_repository_is_not_advised(authority: Authority):
    alone, beside = (to_pass(each, NAMED, commands=COMMANDS) for each in ([authority], [authority, key("other")]))

    assert "set repository.required to false" in alone
    assert "`" not in alone
    assert beside.startswith("sign it with the private key of other: `cosign sign")


def test_who_does_the_same_is_advised_together():
    advice = to_pass([key("a"), keyless(), key("b")], ANY, commands=COMMANDS)

    assert advice == (
        f"sign it with the private key of a, b: `patternctl sign --key cosign.key oci://{REFERENCE}`;"
        f" sign it as an identity of ci: `cosign sign {REFERENCE}`"
    )


def test_long_annotations_and_many_authorities_leave_room():
    commands = SignCommands(REFERENCE, insecure=True)
    many = [key(f"{name}" * 300, annotations={f"{name}": "x" * 250}) for name in range(16)]
    kinds = [key(attestations=(AttestationPolicy(f"{name}", "https://x.example/" + "y" * 90),)) for name in range(16)]

    advice = to_pass(many, ANY, commands=commands)

    assert advice.endswith(
        f" and others: `patternctl sign --key cosign.key --insecure -a NAME=VALUE oci://{REFERENCE}`"
    )
    assert len(advice) < 600
    assert len(to_pass([keyless(), *kinds, notation()], ANY, commands=commands)) < 800


@pytest.mark.parametrize(
    ("authority", "flag"),
    [(key(), "--insecure"), (keyless(), "--allow-http-registry"), (notation(), "--insecure-registry")],
)
def test_a_registry_that_speaks_http_needs_a_flag_of_each_tool(authority: Authority, flag: str):
    said = [to_pass([authority], ANY, commands=SignCommands(REFERENCE, insecure=each)) for each in (True, False)]

    assert [f" {flag} " in each for each in said] == [True, False]
