"""Several policies at once: all have to be met, by signers of their own; one that cannot be used is met by nothing."""

import dataclasses
import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.verify.notary import ALICE as NOTARY
from tests.verify.signing import ALICE, ARTIFACT, BOB, NOW, SIGNERS, Signer, bundle, cosign, simple_signing, verify

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.authority_spec import (
    Attestation,
    Authority,
    Identity,
    Keyless,
    Notation,
    TransparencyLog,
    TrustStore,
)
from pattern_operator.api.material_spec import Key, Material
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.requirements_spec import RepositoryMirror, SignedRepository
from pattern_operator.api.verification import (
    OWN_POLICY,
    PolicyMode,
    PolicySource,
    Requirement,
    TrustedAuthority,
    Unsigned,
    UnusablePolicy,
    VerificationPolicy,
    VerificationResult,
)
from pattern_operator.errors import PoliciesUnmet, Stalled, Unjudgeable, Untrusted
from pattern_operator.limits import MAX_SIGNATURES, MAX_STATUS_MESSAGE
from pattern_operator.verify import formats, outcome
from pattern_operator.verify.distinct import assign, persons
from pattern_operator.verify.outcome import (
    CertificateSigner,
    KeySigner,
    LogEntry,
    NotationSigner,
    Statement,
    UnauthenticatedSigner,
    Verified,
)
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.usable import policy_errors

SCAN = "https://example.org/scan"
SBOM = "https://spdx.dev/Document"


def source(name: str, **others: Any) -> PolicySource:
    return PolicySource(name=name, version="uid/1", allow_downgrade=False, **others)


def requires(*authorities: TrustedAuthority, name: str = "", threshold: int = 1, **others: Any) -> Requirement:
    """What a TrustPolicy requires; without a name, the pattern itself."""
    placed = source(name, **others.pop("source", {})) if name else PolicySource()
    return Requirement(source=placed, authorities=authorities, threshold=threshold, **others)


def refused(signatures: list[Signature], *requirements: Requirement | UnusablePolicy, **others: Any) -> Stalled:
    with pytest.raises(Stalled) as refusal:
        verify(ARTIFACT, signatures, policy=VerificationPolicy(requirements), **others)
    assert len(refusal.value.message.encode()) <= MAX_STATUS_MESSAGE
    return refusal.value


def accepted(
    signatures: list[Signature], *requirements: Requirement | UnusablePolicy, **others: Any
) -> VerificationResult:
    return verify(ARTIFACT, signatures, policy=VerificationPolicy(requirements), **others)


RELEASE = requires(ALICE.authority("alice"), name="release")
SECURITY = requires(BOB.authority("bob"), name="security")
OWN = requires(BOB.authority("own"))
BROKEN = UnusablePolicy(source=source("broken"), reason=Reason.SECRET_NOT_FOUND, message="Secret x does not exist.")


# --- all of them ---


def test_every_policy_is_met_by_its_own_signature():
    result = accepted([cosign(), bundle(signer=BOB)], RELEASE, SECURITY)

    assert result.met == ("release", "security")
    assert [(each.authority, each.policies) for each in result.verified_by] == [
        ("alice", ("release",)),
        ("bob", ("security",)),
    ]


def test_one_signature_may_meet_several_policies_and_is_told_once():
    again = requires(ALICE.authority("release-team"), name="again")

    result = accepted([cosign()], RELEASE, again, requires(ALICE.authority("own")))

    (signature,) = result.verified_by
    assert (signature.authority, signature.policies) == ("alice", ("release", "again"))
    assert signature.key_id == ALICE.key_id


@pytest.mark.parametrize("signer", [ALICE, BOB], ids=["the first", "the second"])
def test_a_policy_that_is_not_met_refuses_whatever_the_others_say(signer):
    refusal = refused([cosign(signer=signer)], RELEASE, SECURITY)

    met, unmet = ("release", "security") if signer is ALICE else ("security", "release")
    assert isinstance(refusal, Untrusted)
    assert (refusal.met, refusal.unmet) == ((met,), (unmet,))
    assert refusal.message.startswith(f"TrustPolicy {unmet} is not met: ")
    assert refusal.message.endswith(f"or correct the TrustPolicy {unmet}.")


def test_what_a_namespace_asks_for_does_not_replace_what_the_cluster_requires():
    refusal = refused([cosign(signer=BOB)], OWN, RELEASE)

    assert isinstance(refusal, Untrusted)
    assert refusal.unmet == ("release",)


def test_of_two_authorities_with_one_key_it_is_said_that_it_counts_once():
    """Else who is not signed by would be one whose key has signed."""
    three = requires(ALICE.authority("alice"), ALICE.authority("also"), BOB.authority("bob"), threshold=2)

    refusal = refused([cosign()], three)

    assert "(what also trusts counts once, for alice) (1 of 2 required signatures)" in refusal.message
    assert (
        "counts once"
        not in refused([cosign()], requires(*(each.authority() for each in (ALICE, BOB)), threshold=2)).message
    )


def test_what_the_cluster_requires_does_not_replace_what_a_namespace_asks_for():
    refusal = refused([cosign()], OWN, RELEASE)

    assert isinstance(refusal, Untrusted)
    assert (refusal.met, refusal.unmet) == (("release",), ())
    assert refusal.message.endswith("or correct spec.verify.authorities.")


def test_all_policies_that_are_not_met_are_named():
    many = [requires(ALICE.authority("a"), name=f"policy-{number}") for number in range(6)]

    message = refused([], *many).message

    assert "is required by TrustPolicy policy-0" in message
    assert message.endswith("Not met either: TrustPolicy policy-1, TrustPolicy policy-2, TrustPolicy policy-3, 2 more.")


def test_the_order_in_which_a_registry_lists_signatures_changes_no_message():
    some = [dataclasses.replace(cosign(signer=BOB), where=f"referrer {number}") for number in range(4)]

    messages = {refused(list(order), RELEASE).message for order in itertools.permutations(some)}

    assert len(messages) == 1
    positions = [next(iter(messages)).index(each.where) for each in some]
    assert positions == sorted(positions)


# --- what cannot be used ---


def test_a_policy_that_cannot_be_used_is_met_by_nothing():
    refusal = refused([cosign()], RELEASE, BROKEN)

    assert isinstance(refusal, Unjudgeable)
    assert refusal.reason is Reason.POLICY_INVALID
    assert (refusal.met, refusal.unmet) == (("release",), ("broken",))
    assert "TrustPolicy broken cannot be used, so that nothing meets it: Secret x does not exist." in refusal.message


@pytest.mark.parametrize(
    "requirement",
    [
        requires(TrustedAuthority.of_key("typo", b"no key"), name="broken"),
        requires(ALICE.authority("a"), name="broken", threshold=2),
        requires(ALICE.authority("a"), ALICE.authority("again"), name="broken", threshold=2),
        requires(name="broken"),
        requires(TrustedAuthority("nobody", Authority(), ()), name="broken"),
        requires(TrustedAuthority("no content", Authority(key=Key()), ()), name="broken"),
    ],
    ids=["no key", "more than there are", "one key twice", "no authority", "no kind", "no content"],
)
def test_a_policy_whose_keys_or_threshold_are_wrong_cannot_be_used(requirement: Requirement):
    refusal = refused([cosign()], requirement)

    ((broken, error),) = policy_errors(VerificationPolicy((requirement, RELEASE)))
    assert isinstance(refusal, Unjudgeable)
    assert (refusal.reason, refusal.unmet) == (Reason.POLICY_INVALID, ("broken",))
    assert broken.name == "broken"
    assert error.message in refusal.message


def test_what_a_pattern_asks_for_itself_and_cannot_be_used_takes_nothing_from_the_policies():
    own = UnusablePolicy(source=OWN_POLICY, reason=Reason.SECRET_NOT_FOUND, message="Secret k does not exist: make it.")
    prunes: Any = {"source": {"prune": True}}
    release = requires(ALICE.authority("a"), name="release", **prunes)

    verdict = refused([cosign(signer=BOB)], own, release)
    alone = refused([cosign()], own, release)

    assert isinstance(verdict, Untrusted)
    assert (verdict.unmet, verdict.prune) == (("release",), True)
    assert isinstance(alone, Unjudgeable)
    assert (alone.reason, alone.met) == (Reason.SECRET_NOT_FOUND, ("release",))
    assert alone.message.startswith("Secret k does not exist: make it.")


def test_a_policy_that_cannot_be_used_deletes_nothing_and_a_verdict_does():
    prunes: Any = {"source": {"prune": True}}
    verdict = refused([cosign(signer=BOB)], requires(ALICE.authority("a"), name="release", **prunes))
    unsigned = refused([], requires(ALICE.authority("a"), name="release", **prunes))
    unusable = refused([cosign()], dataclasses.replace(BROKEN, source=source("broken", prune=True)))
    beside = refused([cosign(signer=BOB)], dataclasses.replace(BROKEN, source=source("broken", prune=True)), RELEASE)

    prune = [isinstance(each, Untrusted) and each.prune for each in (verdict, unsigned, unusable, beside)]
    assert prune == [True, True, False, False]


def notary(*stores: str) -> TrustedAuthority:
    """A notation authority with trust stores of these types."""
    spec = Notation(
        trust_stores=tuple(TrustStore(kind, kind) for kind in stores),  # type: ignore[arg-type] # one of the types
        trusted_identities=("*",),
        revocation="Skip",
    )
    pems = [(f"notation.trustStores[{number}]", NOTARY.root.pem) for number in range(len(stores))]
    return TrustedAuthority("notary", Authority(notation=spec), tuple(pems))


def stating(signer: Signer = ALICE) -> TrustedAuthority:
    """Who must have attested something."""
    made = signer.authority("scanner")
    return dataclasses.replace(made, spec=structs.replace(made.spec, attestations=(Attestation("scan", SCAN),)))


UNTIMED = "spec.maxAge needs an authority whose signatures prove a time: keyless, one with transparencyLog or timestamp"
NAMELESS = "spec.repository.required needs as many authorities as threshold says without notation and attestations"
NAMED = SignedRepository(required=True)


def mirrored(prefix: str, of: str) -> SignedRepository:
    return SignedRepository(required=True, mirrors=(RepositoryMirror(prefix=prefix, of=of),))


@pytest.mark.parametrize(
    ("requirement", "says"),
    [
        (requires(ALICE.authority("a"), name="p", max_age=timedelta(days=1)), UNTIMED),
        (requires(notary("ca"), name="p", max_age=timedelta(days=1)), UNTIMED),
        (requires(notary("ca"), name="p", repository=NAMED), NAMELESS),
        (requires(stating(), name="p", repository=NAMED), NAMELESS),
        (requires(ALICE.authority("a"), stating(BOB), name="p", repository=NAMED, threshold=2), NAMELESS),
        (
            requires(ALICE.authority("a"), name="p", repository=mirrored("oci://mirror.example/**", "oci://a.example")),
            "spec.repository.mirrors[0].prefix: 'oci://mirror.example/**' is not oci://host[:port]",
        ),
        (
            requires(ALICE.authority("a"), name="p", repository=mirrored("oci://mirror.example", "oci://a.example/*")),
            "spec.repository.mirrors[0].of: 'oci://a.example/*' is not oci://host[:port]",
        ),
    ],
    ids=["a key", "notation without times", "notation", "attestations", "one of two", "a glob", "a glob of"],
)
def test_a_policy_that_no_signature_can_meet_cannot_be_used(requirement: Requirement, says: str):
    refusal = refused([cosign()], requirement, repository=Repository("mirror.example", "web"))

    ((_, error),) = policy_errors(VerificationPolicy((requirement,)))
    assert isinstance(refusal, Unjudgeable)
    assert error.reason is Reason.POLICY_INVALID
    assert error.message.startswith(says)
    assert error.message in refusal.message


@pytest.mark.parametrize("pattern", ["(.|x)*", "[^@]*", "(?s).+"])
@pytest.mark.parametrize("field", ["subject", "issuer"])
def test_an_expression_that_matches_everybody_makes_the_policy_unusable(pattern: str, field: str):
    def policy(**texts: str) -> VerificationPolicy:
        spec = Authority(keyless=Keyless((Identity(**{"issuer": "i", "subject": "s", **texts, field: None}),)))
        return VerificationPolicy((requires(TrustedAuthority("ci", spec, ()), name="p"),))

    ((_, error),) = policy_errors(policy(**{f"{field}_reg_exp": pattern}))
    assert error.reason is Reason.POLICY_INVALID
    assert f"the expression {pattern!r} of authority 'ci' must not match everything" in error.message
    assert policy_errors(policy(**{f"{field}_reg_exp": "[^@]*@example[.]com"})) == []


@pytest.mark.parametrize(
    "requirement",
    [
        requires(ALICE.authority("a"), stating(BOB), name="p", repository=NAMED),
        requires(ALICE.authority("a"), notary("ca"), name="p", repository=NAMED),
        requires(
            ALICE.authority("a"), name="p", repository=mirrored("oci://mirror.example:5000/a/", "oci://a.example")
        ),
        requires(notary("ca", "tsa"), name="p", max_age=timedelta(days=1)),
        requires(notary("signingAuthority"), name="p", max_age=timedelta(days=1)),
    ],
    ids=["beside attestations", "beside notation", "a mirror", "notation with a tsa", "a signing authority"],
)
def test_a_policy_that_some_signature_can_meet_can_be_used(requirement: Requirement):
    assert policy_errors(VerificationPolicy((requirement,))) == []


# --- what only warns ---


def test_a_policy_that_only_warns_refuses_nothing_and_says_what_is_missing():
    trial = requires(BOB.authority("bob"), name="trial", source={"mode": PolicyMode.WARN})

    result = accepted([cosign()], RELEASE, trial)

    assert (result.met, result.unmet) == (("release",), ("trial",))
    (warning,) = result.warnings
    assert warning.startswith("TrustPolicy trial is not met: ")


def test_where_all_policies_only_warn_nobody_is_said_to_have_signed():
    trial = requires(BOB.authority("bob"), name="trial", source={"mode": PolicyMode.WARN})
    broken = dataclasses.replace(BROKEN, source=source("broken", mode=PolicyMode.WARN))

    result = accepted([cosign()], trial, broken)

    assert (result.required, result.verified_by, result.unmet) == (True, (), ("trial", "broken"))


def test_too_many_signatures_are_no_verdict_and_hold_up_nothing_that_only_warns():
    trial = requires(ALICE.authority("a"), name="trial", source={"mode": PolicyMode.WARN, "prune": True})
    strict = requires(ALICE.authority("a"), name="release", source={"prune": True})
    many = [cosign()] * (MAX_SIGNATURES + 1)

    result = accepted(many, trial)
    refusal = refused(many, strict, OWN)

    assert (result.unmet, result.verified_by) == (("trial",), ())
    assert "TrustPolicy trial is not met: " in result.warnings[0]
    assert isinstance(refusal, Unjudgeable)
    assert (refusal.reason, refusal.unmet) == (Reason.TOO_MANY_SIGNATURES, ("release",))


# --- what nothing covers ---


def test_what_nothing_covers_is_admitted_or_not_as_the_operator_says():
    here = Repository("registry.example", "web")

    assert not verify(ARTIFACT, [], policy=VerificationPolicy((), Unsigned.ALLOW)).required
    with pytest.raises(Stalled) as refusal:
        verify(ARTIFACT, [cosign()], policy=VerificationPolicy((), Unsigned.DENY), repository=here)
    assert refusal.value.reason is Reason.NO_TRUST_POLICY
    assert not isinstance(refusal.value, Untrusted)
    assert "oci://registry.example/web" in refusal.value.message
    assert verify(ARTIFACT, [cosign()], policy=VerificationPolicy((RELEASE,), Unsigned.DENY)).met == ("release",)


def test_where_nothing_unsigned_is_admitted_a_policy_that_only_warns_opens_nothing():
    trial = requires(ALICE.authority("a"), name="trial", source={"mode": PolicyMode.WARN})
    many = [dataclasses.replace(trial, source=source(f"p{each}", mode=PolicyMode.WARN)) for each in range(5)]

    def told(signatures: list[Signature], *requirements: Requirement | UnusablePolicy) -> Unjudgeable:
        with pytest.raises(Unjudgeable) as refusal:
            verify(ARTIFACT, signatures, policy=VerificationPolicy(requirements, Unsigned.DENY))
        return refusal.value

    unsigned, signed = told([], trial), told([cosign()], trial)
    assert (unsigned.reason, unsigned.met, unsigned.unmet) == (Reason.NO_TRUST_POLICY, (), ("trial",))
    assert (signed.reason, signed.met, signed.unmet) == (Reason.NO_TRUST_POLICY, ("trial",), ())
    assert unsigned.message.startswith("the policies that cover it only warn (TrustPolicy trial), spec.verify names no")
    assert "(TrustPolicy p0, TrustPolicy p1, TrustPolicy p2, 2 more)" in told([], *many).message
    for beside in (RELEASE, requires(ALICE.authority("own"))):
        assert verify(ARTIFACT, [cosign()], policy=VerificationPolicy((trial, beside), Unsigned.DENY)).required
    assert verify(ARTIFACT, [], policy=VerificationPolicy((trial,), Unsigned.ALLOW)).unmet == ("trial",)


# --- repositories ---


@pytest.mark.parametrize(
    ("named", "counts"),
    [
        ("mirror.example/patterns/web", True),
        ("registry.example/patterns/web", True),
        ("registry.example/patterns/web2", False),
        ("registry.example/web", False),
        ("other.example/patterns/web", False),
    ],
)
def test_a_signature_names_the_repository_or_the_one_that_it_mirrors(named: str, counts: bool):
    mirror = RepositoryMirror(prefix="oci://mirror.example/patterns/", of="oci://registry.example/patterns")
    rule = SignedRepository(required=True, mirrors=(mirror,))
    policy = requires(ALICE.authority("a"), name="release", repository=rule)
    signature = cosign(simple_signing(identity={"docker-reference": f"{named}:1.0"}))
    here = Repository("mirror.example", "patterns/web")

    if counts:
        assert accepted([signature], policy, repository=here).met == ("release",)
    else:
        assert refused([signature], policy, repository=here).reason is Reason.SIGNATURE_UNTRUSTED


@pytest.mark.parametrize(
    ("mirror", "here"),
    [
        (RepositoryMirror(prefix="oci://mirror.example/pat", of="oci://registry.example/pat"), "mirror.example"),
        (RepositoryMirror(prefix="oci://mirror.example", of="nonsense"), "mirror.example"),
        (RepositoryMirror(prefix="oci://other.example", of="oci://registry.example"), "mirror.example"),
    ],
    ids=["a part of a word", "no repository", "another mirror"],
)
def test_a_mirror_counts_for_what_is_below_it_alone(mirror: RepositoryMirror, here: str):
    rule = SignedRepository(required=True, mirrors=(mirror,))
    policy = requires(ALICE.authority("a"), name="release", repository=rule)

    assert isinstance(refused([cosign()], policy, repository=Repository(here, "patterns/web")), PoliciesUnmet)


def test_where_it_is_not_known_where_the_artifact_is_no_repository_is_named():
    policy = requires(ALICE.authority("a"), name="release", repository=SignedRepository(required=True))

    assert "oci:// reference" in refused([cosign()], policy).message


# --- a format that says whatever a test wants it to ---


@dataclass(frozen=True)
class Fake:
    """Holds for the authorities that it names."""

    outcomes: dict[str, Any]

    def verify(self, _: Any, authority: Any, *, now: datetime) -> Any:
        assert now == NOW
        return self.outcomes.get(authority.name, Rejection("is of a stranger"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a signature that holds for some authorities, each with what is given."""
    made: dict[bytes, Fake] = {}
    monkeypatch.setitem(formats.FORMATS, SignatureFormat.COSIGN, lambda signature: made[signature.payload])

    def make(**outcomes: Any) -> Signature:
        payload = json.dumps(len(made)).encode()
        made[payload] = Fake(outcomes)
        return Signature(SignatureFormat.COSIGN, f"place {len(made)}", "", payload)

    return make


def by(name: str, *, key: str = "", **others: Any) -> Verified:
    return Verified(CertificateSigner(name, "https://issuer.example", "00", key or f"key of {name}"), **others)


def keys(*names: str, **spec: Any) -> list[TrustedAuthority]:
    """Authorities with a key each, so that they load; the fake format does not look at it."""
    pems = [signer.pem for signer in SIGNERS.values()]
    found = [TrustedAuthority.of_key(name, pem) for name, pem in zip(names, pems, strict=False)]
    return [dataclasses.replace(each, spec=structs.replace(each.spec, **spec)) for each in found]


def timed(*names: str, **spec: Any) -> list[TrustedAuthority]:
    """The same, whose signatures a log has: else no time of them is proven."""
    log = TransparencyLog(keys=Material())
    return [
        dataclasses.replace(each, material=(*each.material, ("transparencyLog.keys", ALICE.pem)))
        for each in keys(*names, transparency_log=log, **spec)
    ]


def test_two_authorities_that_one_identity_stands_for_are_not_two(fake):
    policy = requires(*keys("a", "b"), name="release", threshold=2)
    twice = [fake(a=by("bob"), b=by("bob")), fake(a=by("bob"), b=by("bob"))]

    assert "(1 of 2 required signatures)" in refused(twice, policy).message
    assert accepted([*twice, fake(b=by("carol"))], policy).met == ("release",)


def test_who_could_count_for_two_authorities_counts_for_the_one_that_needs_it(fake):
    policy = requires(*keys("a", "b"), name="release", threshold=2)

    # Bob is first among those of a, and the only one of b.
    result = accepted([fake(a=by("bob"), b=by("bob")), fake(a=by("alice"))], policy)

    assert {(each.authority, each.identity) for each in result.verified_by} == {("a", "alice"), ("b", "bob")}


def test_a_signature_is_by_one_signer_alone(fake):
    policy = requires(*keys("a", "b"), name="release", threshold=2)

    assert isinstance(refused([fake(a=by("bob"), b=by("carol"))], policy), Untrusted)


def test_a_certificate_is_told_by_whom_it_names_and_not_by_its_bytes():
    assert are_one(CertificateSigner("a", "i", "00", "k"), CertificateSigner("a", "i", "01", "l"))
    assert are_one(NotationSigner("CN=a", "00", "k"), NotationSigner("CN=a", "01", "l"))
    assert not are_one(CertificateSigner("a", "i", "00", "k"), CertificateSigner("a", "j", "00", "l"))
    assert not are_one(NotationSigner("CN=a", "00", "k"), NotationSigner("CN=b", "00", "l"))
    assert not are_one(KeySigner("00"), KeySigner("01"))
    assert not are_one(KeySigner("a"), UnauthenticatedSigner("a"))


def are_one(one: outcome.Signer, other: outcome.Signer) -> bool:
    return len(set(persons((one, other)).values())) == 1


def test_who_has_one_key_is_one_signer_in_every_format():
    assert are_one(CertificateSigner("a", "i", "00", "k"), CertificateSigner("b", "i", "00", "k"))
    assert are_one(CertificateSigner("a", "i", "00", "k"), NotationSigner("CN=b", "00", "k"))
    assert are_one(KeySigner("k"), CertificateSigner("a", "i", "00", "k"))


def test_who_is_one_by_another_signer_between_is_one():
    first: outcome.Signer = KeySigner("k")
    between, last = CertificateSigner("a", "i", "00", "k"), CertificateSigner("a", "i", "01", "l")

    for order in permutations((first, between, last)):
        assert len(set(persons(order).values())) == 1
    assert not are_one(first, last)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_one_certificate_with_two_names_is_not_two_of_a_threshold(fake, order: tuple[str, str]):
    policy = requires(*keys(*order), name="release", threshold=2)
    bob = {"a": by("bob@a", key="k"), "b": by("bob@b", key="k")}

    assert "(1 of 2 required signatures)" in refused([fake(**bob), fake(**bob)], policy).message
    assert accepted([fake(**bob), fake(b=by("carol"))], policy).met == ("release",)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_one_key_bare_and_in_a_certificate_is_not_two_of_a_threshold(fake, order: tuple[str, str]):
    policy = requires(*keys(*order), name="release", threshold=2)
    bare = Verified(KeySigner("k"))

    refusal = refused([fake(a=bare), fake(b=by("bob", key="k"))], policy)

    assert "(1 of 2 required signatures)" in refusal.message


@given(st.lists(st.lists(st.integers(0, 4), max_size=5, unique=True), max_size=5))
def test_as_many_authorities_as_can_have_a_signer_of_their_own_have_one(signers: list[list[int]]):
    assigned = assign(signers)

    def most(index: int, taken: frozenset[int]) -> int:
        if index == len(signers):
            return 0
        rest = most(index + 1, taken)
        return max([rest, *(1 + most(index + 1, taken | {each}) for each in signers[index] if each not in taken)])

    assert len(set(assigned.values())) == len(assigned) == most(0, frozenset())
    assert all(signer in signers[authority] for authority, signer in assigned.items())


def test_who_is_only_logged_never_counts(fake):
    logged = fake(a=Verified(UnauthenticatedSigner("CN=mallory"), warnings=("has no trusted root",)))

    refusal = refused([logged], requires(*keys("a"), name="release"))

    assert "is by 'CN=mallory', which is only logged" in refusal.message


def test_what_is_only_logged_of_a_signature_that_counts_is_a_warning(fake):
    result = accepted([fake(a=by("a", warnings=("has expired",)))], requires(*keys("a"), name="release"))

    assert result.warnings == ("place 1 has expired",)


@pytest.mark.parametrize(
    ("signed", "counts"),
    [({"version": "1.4", "name": "web"}, True), ({"version": "1.3"}, False), ({}, False), ({"Version": "1.4"}, False)],
)
def test_annotations_have_to_be_signed_with_their_values(fake, signed: dict[str, str], counts: bool):
    policy = requires(*keys("a", annotations={"version": "1.4"}), name="release")
    signature = fake(a=by("a", annotations=signed))

    if counts:
        assert accepted([signature], policy).met == ("release",)
    else:
        assert "does not have the annotation 'version' with the value '1.4'" in refused([signature], policy).message


# --- age ---

DAY = timedelta(days=1)


def aged(fake: Any, *times: datetime) -> Signature:
    made: Signature = fake(a=by("a", signed_at=times, log_entries=(LogEntry("00", 7, NOW),)))
    return made


def test_the_newest_signature_must_be_young_enough(fake):
    policy = requires(*timed("a"), name="release", max_age=DAY)

    result = accepted([aged(fake, NOW - DAY / 2)], policy)
    old = refused([aged(fake, NOW - DAY)], policy)

    assert result.until == NOW + DAY / 2
    assert result.verified_by[0].log_index == 7
    assert (old.reason, isinstance(old, Untrusted)) == (Reason.SIGNATURE_TOO_OLD, True)


@pytest.mark.parametrize(
    ("age", "written"),
    [
        (timedelta(hours=1), "1h"),
        (timedelta(days=30), "720h"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(seconds=7260), "2h1m"),
        (timedelta(seconds=45), "45s"),
        (timedelta(hours=10, seconds=5), "10h5s"),
    ],
)
def test_the_age_is_told_as_a_policy_has_it(fake, age: timedelta, written: str):
    old = refused([aged(fake, NOW - 2 * age)], requires(*timed("a"), max_age=age))

    assert f"and maxAge is {written}: " in old.message


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_renewed_signature_counts_wherever_it_is_listed(fake, order: tuple[int, ...]):
    policy = requires(*timed("a"), name="release", max_age=DAY)
    signatures = [aged(fake, NOW - 3 * DAY), aged(fake, NOW - DAY / 2), aged(fake)]

    result = accepted([signatures[index] for index in order], policy)

    assert (result.until, result.signed_at) == (NOW + DAY / 2, NOW - DAY / 2)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_signer_who_signed_last_counts_for_an_authority_of_several(fake, order: tuple[int, int]):
    policy = requires(*timed("a"), name="release", max_age=DAY)
    old = fake(a=by("x", signed_at=(NOW - 3 * DAY,)))
    new = fake(a=by("y", signed_at=(NOW,)))

    result = accepted([(old, new)[index] for index in order], policy)

    assert result.until == NOW + DAY


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_newest_of_repeated_attestations_counts(fake, order: tuple[int, int]):
    scan = "https://example.org/scan"
    attestation = Attestation(name="scan", predicate_type=scan)
    policy = requires(*timed("a", attestations=(attestation,)), name="release", max_age=DAY)
    scans = [fake(a=by("a", statement=states(scan), signed_at=(NOW - age * DAY,))) for age in (3, 0)]

    assert accepted([scans[index] for index in order], policy).until == NOW + DAY


def test_of_several_times_of_a_signature_the_earliest_counts(fake):
    policy = requires(*timed("a"), name="release", max_age=DAY)

    refusal = refused([aged(fake, NOW, NOW - 2 * DAY)], policy)

    assert "was signed on 2026-11-25" in refusal.message


def test_without_a_time_that_is_proven_nothing_is_young(fake):
    refusal = refused([aged(fake)], requires(*timed("a"), name="release", max_age=DAY))

    assert refusal.reason is Reason.SIGNATURE_TOO_OLD
    assert "has no signature whose time is proven" in refusal.message


@pytest.mark.parametrize("time", [NOW + timedelta(minutes=6), NOW + 300 * DAY, datetime.max.replace(tzinfo=UTC)])
def test_a_time_that_has_not_come_yet_proves_nothing(fake, time):
    policy = requires(*timed("a"), name="release", max_age=DAY)

    assert "has no signature whose time is proven" in refused([aged(fake, time)], policy).message
    assert accepted([aged(fake, time)], requires(*keys("a"), name="p")).verified_by[0].signed_at is None
    assert accepted([aged(fake, time, NOW)], policy).verified_by[0].signed_at == NOW


def test_a_clock_may_be_ahead_by_some_minutes(fake):
    policy = requires(*timed("a"), name="release", max_age=DAY)

    assert accepted([aged(fake, NOW + timedelta(minutes=5))], policy).until == NOW + DAY + timedelta(minutes=5)


def test_an_age_beyond_the_calendar_never_ends(fake):
    policy = requires(*timed("a"), name="release", max_age=3_000_000 * DAY)

    assert accepted([aged(fake, NOW)], policy).until == datetime.max.replace(tzinfo=UTC)


def test_a_result_holds_until_the_first_policy_wants_it_newer(fake):
    policies = [requires(*timed("a"), name=f"p{days}", max_age=days * DAY) for days in (3, 2)]

    assert accepted([aged(fake, NOW - DAY)], *policies).until == NOW + DAY
    assert accepted([aged(fake, NOW - DAY)], requires(*keys("a"), name="p")).until is None


# --- attestations ---


def states(kind: str, predicate: object = None) -> Statement:
    return Statement(kind, json.dumps(predicate).encode())


def attesting(*kinds: str) -> Requirement:
    attestations = tuple(Attestation(name=kind.rpartition("/")[2], predicate_type=kind) for kind in kinds)
    return requires(*timed("a", attestations=attestations), name="release")


def test_every_attestation_has_to_be_there_by_one_signer(fake):
    policy = attesting(SCAN, SBOM)
    scan, sbom = fake(a=by("bob", statement=states(SCAN))), fake(a=by("bob", statement=states(SBOM)))
    of_another = fake(a=by("carol", statement=states(SBOM)))

    result = accepted([scan, sbom], policy)

    assert [each.where for each in result.verified_by] == [scan.where, sbom.where]
    for some in ([scan], [sbom], [scan, of_another]):
        assert isinstance(refused(some, policy), Untrusted)


def test_a_plain_signature_is_no_attestation_and_an_attestation_no_signature(fake):
    plain, scan = fake(a=by("bob")), fake(a=by("bob", statement=states(SCAN)))

    assert "is a signature, not an attestation" in refused([plain], attesting(SCAN)).message
    assert "which is not an approval" in refused([scan], requires(*keys("a"), name="release")).message


@pytest.mark.parametrize("kind", [f"{SCAN}/v1", SCAN.upper(), "", f" {SCAN}"])
def test_the_type_of_an_attestation_is_compared_exactly(fake, kind: str):
    assert isinstance(refused([fake(a=by("bob", statement=states(kind)))], attesting(SCAN)), Untrusted)


def test_a_signature_that_was_not_read_says_why(fake):
    unread = Signature(
        SignatureFormat.BUNDLE, "referrer 1", media_type="", payload=b"", unread="it has 9 bytes too many"
    )

    refusal = refused([unread], requires(*keys("a"), name="release"))

    assert refusal.reason is Reason.SIGNATURE_INVALID
    assert "referrer 1 was not read: it has 9 bytes too many" in refusal.message
