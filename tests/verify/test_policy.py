import dataclasses
import hashlib

import pytest
from tests.verify.signing import (
    ALICE,
    ANNOTATION,
    ARTIFACT,
    BOB,
    OTHER,
    SIGNERS,
    base64_text,
    bundle,
    bundle_document,
    cosign,
    naming_the_repository,
    policy_of,
    simple_signing,
    statement,
    verify,
)

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.signing import SignCommands
from pattern_operator.api.verification import (
    TrustedAuthority,
    VerificationPolicy,
    VerificationResult,
    VerifiedSignature,
)
from pattern_operator.errors import Stalled, Untrusted
from pattern_operator.limits import MAX_SIGNATURES, MAX_STATUS_MESSAGE
from pattern_operator.verify.key import could_make, load
from pattern_operator.verify.sigstore import material

MAKERS = [pytest.param(cosign, id="cosign"), pytest.param(bundle, id="bundle")]
NONSENSE = Signature(SignatureFormat.COSIGN, "nonsense", "text/plain", b"")


def refusal_of(signatures, *, policy, digest=ARTIFACT, repository=None) -> Stalled:
    with pytest.raises(Stalled) as refusal:
        verify(digest, signatures, policy=policy, repository=repository)
    return refusal.value


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS.keys())
def test_every_kind_of_key_verifies_in_every_format(make, signer):
    signature = make(signer=signer)

    result = verify(ARTIFACT, [signature], policy=policy_of(signer))

    assert [each.where for each in result.verified_by] == [signature.where]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS.keys())
def test_no_kind_of_key_verifies_what_another_key_signed(make, signer):
    signature = make(signer=BOB)

    refusal = refusal_of([signature], policy=policy_of(signer))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


def test_without_authorities_nobody_asked_and_nothing_is_looked_at():
    result = verify(ARTIFACT, [NONSENSE] * (MAX_SIGNATURES + 1), policy=VerificationPolicy())

    assert result == VerificationResult(required=False)


def test_the_result_names_who_signed_in_which_format_and_where():
    signatures = [cosign(signer=ALICE, where="sha256-0a1b.sig layer 1"), bundle(signer=BOB, where="referrer sha256:2c")]

    result = verify(ARTIFACT, signatures, policy=policy_of(ALICE, BOB))

    by_alice, by_bob = (each.digest for each in signatures)
    assert result == VerificationResult(
        required=True,
        verified_by=(
            VerifiedSignature("alice", "cosign", "sha256-0a1b.sig layer 1", key_id=ALICE.key_id, digest=by_alice),
            VerifiedSignature("bob", "bundle", "referrer sha256:2c", key_id=BOB.key_id, digest=by_bob),
        ),
    )
    assert result.signatures == tuple(sorted((by_alice, by_bob)))


def test_a_verdict_names_the_signatures_that_were_judged():
    signatures = [cosign(signer=BOB), bundle(signer=BOB), NONSENSE]

    refusal = refusal_of(signatures, policy=policy_of(ALICE))

    assert isinstance(refusal, Untrusted)
    assert refusal.judged == {each.digest for each in signatures}
    assert len(refusal.judged) == 3


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param(NONSENSE, id="nonsense"),
        pytest.param(cosign(signer=BOB), id="signature of a stranger"),
        pytest.param(cosign(simple_signing(OTHER)), id="signature of another artifact"),
    ],
)
def test_a_bad_signature_beside_a_good_one_does_no_harm(beside):
    good = cosign(where="good")

    result = verify(ARTIFACT, [beside, good, beside], policy=policy_of(ALICE))

    assert [each.where for each in result.verified_by] == ["good"]


def test_two_good_signatures_of_one_authority_count_once():
    refusal = refusal_of([cosign(), bundle()], policy=policy_of(ALICE, BOB, threshold=2))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
    assert "bob" in refusal.message
    assert "alice" not in refusal.message
    assert "1 of 2" in refusal.message


def test_where_one_signature_is_enough_none_are_counted():
    assert " (0 of " not in refusal_of([cosign(signer=BOB)], policy=policy_of(ALICE)).message


def test_two_authorities_with_the_same_key_count_once():
    same = VerificationPolicy.of(
        ALICE.authority("alice"), ALICE.authority("alice again"), BOB.authority("bob"), threshold=2
    )

    refusal = refusal_of([cosign(), bundle()], policy=same)
    result = verify(ARTIFACT, [cosign(), bundle(signer=BOB)], policy=same)

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
    assert [each.authority for each in result.verified_by] == ["alice", "bob"]


def test_one_signature_counts_for_one_authority_only(monkeypatch):
    # A key can be made to fit a signature that somebody else made; here both keys fit everything.
    monkeypatch.setattr(material, "verify_signature", lambda *_: True)

    refusal = refusal_of([cosign()], policy=policy_of(ALICE, BOB, threshold=2))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(policy_of(ALICE, threshold=0), id="nobody"),
        pytest.param(policy_of(ALICE, threshold=-1), id="less than nobody"),
        pytest.param(policy_of(ALICE, threshold=2), id="more than there are"),
        pytest.param(policy_of(ALICE, ALICE, threshold=2), id="more than there are keys"),
    ],
)
def test_a_threshold_that_cannot_be_followed_is_refused_whatever_is_signed(asked):
    refusal = refusal_of([cosign(), bundle()], policy=asked)

    assert refusal.reason is Reason.INVALID_SPEC
    assert "there is one key or identity: set the threshold to 1, or" in refusal.message


def test_an_artifact_without_signature_is_refused_with_the_names_that_are_awaited():
    refusal = refusal_of([], policy=policy_of(ALICE, BOB))

    assert refusal.reason is Reason.SIGNATURE_MISSING
    assert "alice" in refusal.message
    assert "bob" in refusal.message


def test_more_signatures_than_are_tried_are_refused_even_when_one_is_good():
    at_limit, over = [cosign()] * MAX_SIGNATURES, [cosign()] * (MAX_SIGNATURES + 1)

    result = verify(ARTIFACT, at_limit, policy=policy_of(ALICE))
    refusal = refusal_of(over, policy=policy_of(ALICE))

    assert len(result.verified_by) == 1
    assert refusal.reason is Reason.TOO_MANY_SIGNATURES


def test_a_key_that_cannot_be_used_is_refused_even_where_another_would_do():
    asked = VerificationPolicy.of(ALICE.authority("alice"), TrustedAuthority.of_key("typo", b"ssh-ed25519 AAAA"))

    refusal = refusal_of([cosign()], policy=asked)

    assert refusal.reason is Reason.KEY_INVALID
    assert "typo" in refusal.message


@pytest.mark.parametrize(
    "copied",
    [
        pytest.param(cosign(simple_signing(OTHER)), id="cosign"),
        pytest.param(bundle(bundle_document(statement(OTHER))), id="bundle"),
    ],
)
def test_a_signature_copied_from_another_artifact_is_refused_and_told_from_a_stranger_s(copied):
    refusal = refusal_of([cosign(signer=BOB), copied, NONSENSE], policy=policy_of(ALICE))

    assert refusal.reason is Reason.SIGNATURE_OF_ANOTHER_ARTIFACT
    assert str(ARTIFACT) in refusal.message
    assert str(OTHER) in refusal.message
    assert copied.where in refusal.message


def test_a_stranger_s_signature_of_another_artifact_is_only_a_stranger_s():
    refusal = refusal_of([cosign(simple_signing(OTHER), signer=BOB)], policy=policy_of(ALICE))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


def test_where_nothing_is_a_signature_the_reason_says_so():
    refusal = refusal_of([NONSENSE, bundle(b"{}")], policy=policy_of(ALICE))

    assert refusal.reason is Reason.SIGNATURE_INVALID


def test_nonsense_beside_a_stranger_s_signature_is_untrusted():
    refusal = refusal_of([NONSENSE, cosign(signer=BOB)], policy=policy_of(ALICE))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


def test_the_message_names_each_authority_and_why_each_signature_was_refused():
    signatures = [cosign(signer=SIGNERS["Ed25519"], where="layer 1"), bundle(b"{", where="referrer sha256:2c")]

    message = refusal_of(signatures, policy=policy_of(ALICE, BOB)).message

    assert "alice (key " in message
    assert "bob (key " in message
    assert "layer 1 is made with another key, of another kind" in message
    assert "referrer sha256:2c is not valid JSON" in message
    assert message.endswith("correct spec.verify.authorities.")


@pytest.mark.parametrize(
    "signatures",
    [
        pytest.param([], id="none"),
        pytest.param([NONSENSE], id="nothing that is one"),
        pytest.param([cosign(signer=BOB)], id="a stranger's"),
        pytest.param([cosign({"critical": {}})], id="the right key and the wrong content"),
    ],
)
def test_the_message_has_the_command_that_signs_this_very_artifact(signatures: list[Signature]):
    commands = SignCommands.of(Repository("registry.example", "patterns/web"), ARTIFACT, insecure=False)

    with pytest.raises(Stalled) as refusal:
        verify(ARTIFACT, signatures, policy=policy_of(ALICE), commands=commands)

    assert f"`patternctl sign --key cosign.key oci://registry.example/patterns/web@{ARTIFACT}`" in refusal.value.message


def test_the_message_stays_short_and_counts_what_it_leaves_out():
    many = VerificationPolicy.of(*(signer.authority(f"{name} {'x' * 300}") for name, signer in SIGNERS.items()))
    signatures = [cosign({"critical": "y" * 5_000}, where=f"{place} {'z' * 300}", signer=BOB) for place in range(64)]

    commands = SignCommands.of(Repository("r" * 255, "n" * 255), ARTIFACT, insecure=True)
    with pytest.raises(Stalled) as refusal:
        verify(ARTIFACT, signatures, policy=many, commands=commands)
    message = refusal.value.message

    assert len(message.encode()) <= MAX_STATUS_MESSAGE
    assert f"`{commands.patternctl()}`" in message
    assert "more" in message
    assert "yyy" not in message


KEYS = [ALICE, BOB, SIGNERS["RSA 2048"], SIGNERS["RSA 3072"], SIGNERS["Ed25519"]]


def one_of(*names):
    """A policy of as many authorities, each with a key of its own."""
    return VerificationPolicy.of(*(signer.authority(name) for name, signer in zip(names, KEYS, strict=False)))


# 400 characters in all: each name has 19 for its key, and a comma and a space.
@pytest.mark.parametrize(
    ("lengths", "left_out"),
    [
        pytest.param([100, 100, 100, 18], 0, id="fits exactly"),
        pytest.param([100, 100, 100, 19], 1, id="one too many"),
        pytest.param([100, 100, 100, 50, 50], 2, id="two too many"),
        pytest.param([100, 100, 100, 50, 5], 1, id="a short one after a long one"),
    ],
)
def test_as_many_authorities_are_named_as_there_is_room_for_and_the_others_are_counted(lengths, left_out):
    names = [letter * length for letter, length in zip("abcde", lengths, strict=False)]

    message = refusal_of([], policy=one_of(*names)).message

    assert [name in message for name in names].count(False) == left_out
    assert (f"and {left_out} more is required" in message) == bool(left_out)


def test_a_name_is_cut_only_where_it_is_too_long():
    message = refusal_of([], policy=one_of("a" * 100, "b" * 101)).message

    assert f"{'a' * 100} (key " in message
    assert f" {'b' * 97}... (key " in message


def test_a_repository_is_compared_only_when_it_is_asked_for():
    here, elsewhere = Repository("registry.example", "patterns/web"), Repository("mirror.example", "patterns/web")

    asked = naming_the_repository(policy_of(ALICE))

    signature = cosign()
    unasked = verify(ARTIFACT, [signature], policy=policy_of(ALICE), repository=elsewhere)
    matching = verify(ARTIFACT, [signature], policy=asked, repository=here)
    refusal = refusal_of([cosign()], policy=asked, repository=elsewhere)

    assert unasked == matching
    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
    assert "mirror.example/patterns/web" in refusal.message


def test_a_repository_that_is_asked_for_is_never_met_by_a_bundle_which_names_none():
    here = Repository("registry.example", "patterns/web")

    refusal = refusal_of([bundle()], policy=naming_the_repository(policy_of(ALICE)), repository=here)

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


@pytest.mark.parametrize("make", MAKERS)
def test_a_signature_is_read_in_its_own_format_only(make):
    good = make()
    other = next(form for form in SignatureFormat if form is not good.format)

    refusal = refusal_of([dataclasses.replace(good, format=other)], policy=policy_of(ALICE))

    assert refusal.reason is Reason.SIGNATURE_INVALID


@pytest.mark.parametrize("form", SignatureFormat)
def test_every_format_that_source_looks_for_is_judged(form):
    refusal = refusal_of([Signature(form, "empty", "", b"")], policy=policy_of(ALICE))

    assert refusal.reason is Reason.SIGNATURE_INVALID


def test_attestations_and_what_cannot_be_read_take_no_place_of_a_signature():
    report = dataclasses.replace(bundle(bundle_document(statement(predicateType="x"))), predicate_type="x")
    gone = Signature(SignatureFormat.BUNDLE, "referrer sha256:2c (ArtifactNotFound)", "", b"")

    result = verify(ARTIFACT, [report, gone] * MAX_SIGNATURES + [cosign()], policy=policy_of(ALICE))

    assert [each.authority for each in result.verified_by] == ["alice"]


def test_a_signature_that_is_called_an_attestation_is_judged_by_what_it_is():
    result = verify(ARTIFACT, [dataclasses.replace(bundle(), predicate_type="x")], policy=policy_of(ALICE))

    assert len(result.verified_by) == 1


# --- whether the key or the content is wrong ------------------------------------------------------------------------

AGAIN = "The signer is right and what was signed is not: sign it with the private key of alice: `patternctl sign"
LET = "Next: sign it with the private key of alice: `patternctl sign"


def hinted(signer, **fields):
    """A bundle that says which key made it, as cosign 3 does; ``fields`` replace those of the envelope."""
    made = bundle_document()
    spki = load(signer.pem, name="x").spki
    made["verificationMaterial"]["publicKey"]["hint"] = base64_text(hashlib.sha256(spki).digest())
    made["dsseEnvelope"].update(fields)
    return made


def by(signer, document):
    return dataclasses.replace(cosign(document), annotations={ANNOTATION: base64_text(signer.sign(b"something else"))})


@pytest.mark.parametrize(
    ("signature", "says", "next_step"),
    [
        pytest.param(
            bundle(hinted(ALICE, signatures=[{"sig": base64_text(ALICE.sign(b"x"))}])),
            "and does not fit it: it, or what it signs, was changed",
            AGAIN,
            id="the key that it names, and something else was signed",
        ),
        pytest.param(
            bundle(hinted(BOB, signatures=[{"sig": base64_text(BOB.sign(b"x"))}])),
            "says that it is made with another key",
            LET,
            id="it names another key",
        ),
        pytest.param(
            bundle({**bundle_document(signer=BOB), "verificationMaterial": {"publicKey": {}}}),
            "says that it is for this artifact, and is made with another key, or was changed",
            LET,
            id="it names no key",
        ),
        pytest.param(
            cosign(signer=BOB), "says that it is for this artifact, and is made with another key", LET, id="cosign"
        ),
        pytest.param(
            cosign(simple_signing(OTHER), signer=BOB),
            f"and says that it is for {OTHER}",
            LET,
            id="another key and artifact",
        ),
        pytest.param(by(ALICE, {"a": 1}), "was changed, or is made with another key", LET, id="it says nothing"),
        pytest.param(
            cosign(signer=SIGNERS["RSA 2048"]), "another key, of another kind", LET, id="a key of another kind"
        ),
        pytest.param(
            bundle(bundle_document(statement(predicateType="https://example.org/scan"))),
            "is by alice (key ",
            AGAIN,
            id="a good signature of something else",
        ),
    ],
)
def test_the_message_says_whether_the_key_or_the_content_is_wrong(signature, says, next_step):
    refusal = refusal_of([signature], policy=policy_of(ALICE))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
    assert says in refusal.message
    assert next_step in refusal.message


@pytest.mark.parametrize("hint", ["", "anything", "=", "AAAA", "\ud800", 1, None])
def test_no_hint_makes_a_stranger_s_signature_count(hint):
    made = bundle_document(signer=BOB)
    made["verificationMaterial"]["publicKey"]["hint"] = hint

    assert refusal_of([bundle(made)], policy=policy_of(ALICE)).reason in (
        Reason.SIGNATURE_UNTRUSTED,
        Reason.SIGNATURE_INVALID,
    )


def test_a_hint_that_is_not_base64_names_no_key():
    made = hinted(BOB)
    made["verificationMaterial"]["publicKey"]["hint"] = f"*{made['verificationMaterial']['publicKey']['hint']}"
    made["dsseEnvelope"]["signatures"] = [{"sig": base64_text(BOB.sign(b"x"))}]

    message = refusal_of([bundle(made)], policy=policy_of(ALICE)).message

    assert "says that it is for this artifact" in message


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS.keys())
def test_a_signature_has_the_form_of_its_own_key(signer):
    assert could_make(load(signer.pem, name="x"), signer.sign(b"x"))
    assert not could_make(load(signer.pem, name="x"), b"x")
