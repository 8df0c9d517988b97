"""What a policy says of an authority is what the core verifies by, whole or not at all."""

import json
from typing import Any

import msgspec
import pytest
from tests import vectors
from tests.verify.pki import intermediate, root
from tests.verify.signing import ALICE, BOB, NOW, verify

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.authority_material import NoSource, needed, trusted_authority
from pattern_operator.api.authority_spec import Authority
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.verify.authority import CertificateAuthority, KeyAuthority, KeylessAuthority
from pattern_operator.verify.load_authority import load_authority
from pattern_operator.verify.load_sigstore import public_trusted_root

ROOT = root()
OTHER_ROOT = root("CN=Other,O=Test")
BETWEEN = intermediate(ROOT)
PUBLIC = public_trusted_root().decode()
IDENTITY = {"issuer": "https://oidc.example.com", "subject": "a@example.com"}
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def trusted(**fields: Any) -> TrustedAuthority:
    """An authority of a spec whose content is all in it."""
    spec = msgspec.convert({"name": "release", **fields}, Authority)
    sources = {each.field: each.source for each in needed(spec)}
    return trusted_authority(spec, {field: str(source).encode() for field, source in sources.items()})


def data(text: bytes | str) -> dict[str, str]:
    return {"data": text if isinstance(text, str) else text.decode()}


def loaded(**fields: Any) -> Any:
    return load_authority(trusted(**fields))


def test_a_key_is_read_without_log_and_timestamp_where_none_is_asked_for():
    found = loaded(key=data(ALICE.pem), annotations={"version": "1"})

    assert isinstance(found, KeyAuthority)
    assert [each.spki_hash.hex() for each in found.keys] == [ALICE.key_id]
    assert (found.log, found.timestamp, found.annotations) == (None, None, {"version": "1"})


def test_the_logs_of_a_key_are_those_that_are_named():
    by_key = loaded(key=data(ALICE.pem), transparencyLog={"keys": data(BOB.pem)})
    by_root = loaded(key=data(ALICE.pem), transparencyLog={"required": False, "trustedRoot": data(PUBLIC)})
    public = loaded(key=data(ALICE.pem), transparencyLog={})

    assert [each.log_id.hex() for each in by_key.log.logs] == [BOB.key_id]
    assert by_key.log.required
    assert by_root.log.logs == public.log.logs
    assert len(public.log.logs) >= 1
    assert not by_root.log.required


def test_the_timestamp_authorities_are_chains_to_each_root():
    several = ROOT.pem + BETWEEN.pem + OTHER_ROOT.pem

    found = loaded(key=data(ALICE.pem), timestamp={"required": False, "certificates": data(several)})

    chains = [each.certificates for each in found.timestamp.authorities]
    assert chains == [
        (BETWEEN.certificate, ROOT.certificate),
        (BETWEEN.certificate, OTHER_ROOT.certificate),
    ]
    assert not found.timestamp.required
    assert all(each.valid.contains(NOW) for each in found.timestamp.authorities)


def test_identities_are_compared_with_the_whole_name():
    pattern = {"issuerRegExp": "https://.*[.]example", "subjectRegExp": "[^@]+@example[.]com"}

    found = loaded(keyless={"identities": [IDENTITY, pattern]})

    assert isinstance(found, KeylessAuthority)
    exact, matching = found.identities
    assert exact.subject.matches("a@example.com")
    assert not exact.subject.matches("aa@example.com")
    assert matching.subject.matches("b@example.com")
    assert not matching.subject.matches("b@example.com.evil")
    assert not matching.issuer.matches("http://issuer.example")
    assert (found.log_required, found.timestamp_required, found.sct_required) == (True, False, True)


def test_keyless_needs_what_the_policy_says_of_log_and_timestamp():
    found = loaded(
        keyless={"identities": [IDENTITY]},
        transparencyLog={"required": False},
        timestamp={"certificates": data(ROOT.pem)},
    )

    assert (found.log_required, found.timestamp_required) == (False, True)
    assert found.trusted_root.timestamp_authorities[-1].certificates == (ROOT.certificate,)


def test_certificates_name_whom_the_policy_says():
    found = loaded(
        certificates={
            "roots": data(ROOT.pem),
            "intermediates": data(BETWEEN.pem),
            "subject": {"emails": ["a@example.com"], "uris": ["https://example.com/a"]},
        }
    )

    assert isinstance(found, CertificateAuthority)
    assert (found.roots, found.intermediates) == ((ROOT.certificate,), (BETWEEN.certificate,))
    assert (found.emails, found.dns_names, found.uris) == (("a@example.com",), (), ("https://example.com/a",))


NOT_PEM = {"data": "nothing"}
BROKEN: dict[str, tuple[dict[str, Any], Reason, str]] = {
    "no kind": ({}, Reason.INVALID_SPEC, "needs exactly one of key, keyless, certificates or notation"),
    "two kinds": (
        {"key": data(ALICE.pem), "keyless": {"identities": [IDENTITY]}},
        Reason.INVALID_SPEC,
        "needs exactly one of key",
    ),
    "no key": ({"key": NOT_PEM}, Reason.KEY_INVALID, "is not PEM"),
    "no trusted root": (
        {"keyless": {"identities": [IDENTITY], "trustedRoot": NOT_PEM}},
        Reason.KEY_INVALID,
        "the trusted root of authority 'release'",
    ),
    "no expression": (
        {"keyless": {"identities": [{"issuer": "a", "subjectRegExp": "("}]}},
        Reason.KEY_INVALID,
        "regular expression",
    ),
    "no issuer": ({"keyless": {"identities": [{"subject": "a"}]}}, Reason.INVALID_SPEC, "exactly one of issuer"),
    "two subjects": (
        {"keyless": {"identities": [{**IDENTITY, "subjectRegExp": "a"}]}},
        Reason.INVALID_SPEC,
        "exactly one of subject",
    ),
    "no roots": (
        {"certificates": {"roots": NOT_PEM, "subject": {"emails": ["a"]}}},
        Reason.KEY_INVALID,
        "has certificates.roots that cannot be used",
    ),
    "no intermediates": (
        {"certificates": {"roots": data(ROOT.pem), "intermediates": NOT_PEM, "subject": {"emails": ["a"]}}},
        Reason.KEY_INVALID,
        "has certificates.intermediates that cannot be used",
    ),
    "nobody named": (
        {"certificates": {"roots": data(ROOT.pem), "subject": {}}},
        Reason.KEY_INVALID,
        "names nobody",
    ),
    "no log key": (
        {"key": data(ALICE.pem), "transparencyLog": {"keys": NOT_PEM}},
        Reason.KEY_INVALID,
        "must have 1 to 16 PEM blocks PUBLIC KEY",
    ),
    "something else than a log key": (
        {"key": data(ALICE.pem), "transparencyLog": {"keys": data(ALICE.pem + ROOT.pem)}},
        Reason.KEY_INVALID,
        "something else than public keys",
    ),
    "no timestamp root": (
        {"key": data(ALICE.pem), "timestamp": {"certificates": data(BETWEEN.pem)}},
        Reason.KEY_INVALID,
        "no root certificate in timestamp.certificates",
    ),
    "no timestamp certificate": (
        {"key": data(ALICE.pem), "timestamp": {"certificates": NOT_PEM}},
        Reason.KEY_INVALID,
        "has timestamp.certificates that cannot be used",
    ),
}


@pytest.mark.parametrize(("fields", "reason", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_used_is_refused_and_never_skipped(fields: dict[str, Any], reason: Reason, says: str):
    with pytest.raises(Stalled) as refusal:
        loaded(**fields)

    assert refusal.value.reason is reason
    assert says in refusal.value.message
    assert "release" in refusal.value.message


@pytest.mark.parametrize("key", [{}, {"data": "a", "secretRef": {"name": "a"}}], ids=["no source", "two sources"])
def test_what_comes_from_no_one_place_is_refused(key: dict[str, Any]):
    with pytest.raises(NoSource, match="key needs exactly one of data, secretRef or configMapRef"):
        list(needed(msgspec.convert({"key": key}, Authority)))


def test_where_a_key_comes_from_makes_no_difference():
    by_text = msgspec.convert({"name": "a", "key": {"data": ALICE.pem.decode()}}, Authority)
    by_secret = msgspec.convert({"name": "a", "key": {"secretRef": {"name": "s"}}}, Authority)

    assert trusted_authority(by_text, {"key": ALICE.pem}) == trusted_authority(by_secret, {"key": ALICE.pem})
    assert trusted_authority(by_text, {"key": ALICE.pem}) != trusted_authority(by_text, {"key": BOB.pem})


# --- a policy of each kind, from its YAML to a verdict ---


def case_of(name: str) -> dict[str, Any]:
    return next(each for each in vectors.cases("sigstore-bundle") if each["id"] == name)


def bundle_of(case: dict[str, Any]) -> Signature:
    content = (vectors.folder() / case["bundle"]).read_bytes()
    return Signature(SignatureFormat.BUNDLE, "referrer", json.loads(content)["mediaType"], content)


def read(name: str) -> dict[str, str]:
    return data((vectors.folder() / name).read_bytes())


def test_keyless_by_a_trusted_root_of_ones_own():
    case = case_of("sigstore-js/keyless-dsse")
    digest, identity = Digest.parse(case["digest"]), {"issuer": case["issuer"], "subject": case["identity"]}
    keyless = {"identities": [identity], "trustedRoot": read(case["trustedRoot"])}
    others = {**keyless, "identities": [{**identity, "subject": "https://ci.example.com/others"}]}
    public = {"identities": [identity]}

    (signature,) = verify(
        digest, [bundle_of(case)], policy=VerificationPolicy.of(trusted(keyless=keyless)), now=NOW
    ).verified_by

    assert (signature.authority, signature.identity, signature.issuer) == ("release", case["identity"], case["issuer"])
    assert signature.key_id == ""
    assert signature.signed_at is not None
    for wrong in (others, public):
        with pytest.raises(Stalled):
            verify(digest, [bundle_of(case)], policy=VerificationPolicy.of(trusted(keyless=wrong)))


def test_a_key_with_the_log_of_a_trusted_root():
    case = case_of("sigstore-js/key-dsse")
    digest, key = Digest.parse(case["digest"]), read(case["key"])
    logged = trusted(key=key, transparencyLog={"trustedRoot": read(case["trustedRoot"])})
    elsewhere = trusted(key=key, transparencyLog={})

    (signature,) = verify(digest, [bundle_of(case)], policy=VerificationPolicy.of(logged)).verified_by

    assert signature.log_index is not None
    assert signature.signed_at is not None
    with pytest.raises(Stalled, match="log"):
        verify(digest, [bundle_of(case)], policy=VerificationPolicy.of(elsewhere))


def test_an_attestation_of_the_public_instance_by_its_exact_type():
    case = case_of("sigstore-go/npm-provenance")
    digest, identity = Digest.parse(case["digest"]), {"issuer": case["issuer"], "subject": case["identity"]}

    def attested(predicate: str) -> VerificationPolicy:
        attestation = {"name": "provenance", "predicateType": predicate}
        return VerificationPolicy.of(trusted(keyless={"identities": [identity]}, attestations=[attestation]))

    (signature,) = verify(digest, [bundle_of(case)], policy=attested("https://slsa.dev/provenance/v1")).verified_by

    assert signature.identity == case["identity"]
    with pytest.raises(Stalled, match="states"):
        verify(digest, [bundle_of(case)], policy=attested("https://slsa.dev/provenance/v1.0"))
    with pytest.raises(Stalled, match="not an approval"):
        verify(digest, [bundle_of(case)], policy=VerificationPolicy.of(trusted(keyless={"identities": [identity]})))
