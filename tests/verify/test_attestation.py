"""An attestation is the exact predicate type that is asked for, and its condition must be true."""

import json

import pytest
from tests.verify.signing import ALICE, ARTIFACT, BOB, NOW, bundle, bundle_document, statement

from pattern_operator.api.authority_spec import Attestation, Authority
from pattern_operator.api.material_spec import Key
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy
from pattern_operator.conditions.process import evaluate
from pattern_operator.errors import Stalled
from pattern_operator.verify import verify
from pattern_operator.verify.attestation import no_conditions

SCAN, SLSA = "https://example.org/scan/v1", "https://slsa.dev/provenance/v1"


def asking(*attestations, signer=ALICE):
    spec = Authority(key=Key(), attestations=tuple(Attestation(*each) for each in attestations))
    return VerificationPolicy.of(TrustedAuthority("release", spec, (("key", signer.pem),)))


def attested(kind=SCAN, predicate=None, *, signer=ALICE):
    document = bundle_document(statement(predicateType=kind, predicate=predicate or {}), signer=signer)
    return bundle(document, signer=signer)


def judged(signatures, policy, **more):
    return verify(ARTIFACT, signatures, policy=policy, now=NOW, **{"evaluate": evaluate, **more})


def refusal(signatures, policy, **more):
    with pytest.raises(Stalled) as refused:
        judged(signatures, policy, **more)
    assert refused.value.reason is Reason.SIGNATURE_UNTRUSTED
    return refused.value.message


def test_the_exact_type_is_enough_where_there_is_no_condition():
    assert [each.authority for each in judged([attested()], asking(("scan", SCAN))).verified_by] == ["release"]


@pytest.mark.parametrize("kind", [f"{SCAN}/", SCAN[:-1], SCAN.upper(), SLSA])
def test_another_type_is_not_the_one_that_is_asked_for(kind):
    assert f"states {kind!r} and not {SCAN}" in refusal([attested(kind)], asking(("scan", SCAN)))


def test_a_signature_is_not_an_attestation_and_an_attestation_not_a_signature():
    refusal([bundle()], asking(("scan", SCAN)))
    refusal([attested()], VerificationPolicy.of(ALICE.authority()))


def test_a_condition_decides_by_what_is_stated():
    policy = asking(("scan", SCAN, "predicate.critical == 0"))

    assert judged([attested(predicate={"critical": 0})], policy).required
    message = refusal([attested(predicate={"critical": 3})], policy)
    assert "states what the condition of 'scan' is not true of: it does not hold" in message


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("predicat.critical == 0", "it does not compile: 1:9: undeclared reference to 'predicat.critical'"),
        ("predicate.critical", "it is no condition: it gives int and not true or false"),
        ("predicate.absent == 0", 'it cannot be evaluated: Key not found in map : "absent"'),
    ],
)
def test_a_condition_that_says_nothing_fails_and_says_where(condition, why):
    assert why in refusal([attested(predicate={"critical": 0})], asking(("scan", SCAN, condition)))


def test_without_an_evaluator_no_condition_holds():
    policy = asking(("scan", SCAN, "true"))

    assert "conditions are not evaluated here" in refusal([attested()], policy, evaluate=no_conditions)
    with pytest.raises(Stalled):
        verify(ARTIFACT, [attested()], policy=policy, now=NOW)


def test_every_attestation_is_needed_and_by_the_same_signer():
    policy = asking(("scan", SCAN), ("build", SLSA))

    assert judged([attested(), attested(SLSA)], policy).required
    missing = "of which the attestation 'build' is required too"
    assert missing in refusal([attested()], policy)
    assert missing in refusal([attested(), attested(SLSA, signer=BOB)], policy)


def test_of_several_statements_one_that_meets_the_condition_is_enough():
    statements = [attested(predicate={"critical": number}) for number in (3, 0, 2)]

    assert judged(statements, asking(("scan", SCAN, "predicate.critical == 0"))).required


def test_a_condition_is_evaluated_once_for_a_statement():
    asked = []

    def counting(expression, predicate):
        asked.append((expression, json.loads(predicate)))

    judged([attested(predicate={"n": 1})] * 3, asking(("scan", SCAN, "x"), ("again", SCAN, "x")), evaluate=counting)

    assert asked == [("x", {"n": 1})]


def test_statements_of_strangers_are_not_evaluated():
    asked = []

    refusal([attested(signer=BOB)], asking(("scan", SCAN, "x")), evaluate=lambda *given: asked.append(given))

    assert asked == []


def test_the_predicates_that_a_policy_asks_for_are_those_of_all_its_authorities():
    policy = VerificationPolicy((*asking(("scan", SCAN)).requirements, *asking(("b", SLSA)).requirements))

    assert policy.predicates == {SCAN, SLSA}
    assert VerificationPolicy.of(ALICE.authority()).predicates == frozenset()
