"""An attestation is the exact predicate type that is asked for, and its condition must be true."""

import json
from dataclasses import replace

import pytest
from tests.verify.signing import ALICE, ARTIFACT, BOB, NOW, bundle, bundle_document, statement

from pattern_operator.api.authority_spec import Attestation, Authority
from pattern_operator.api.material_spec import Key
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import (
    PolicyMode,
    PolicySource,
    Requirement,
    TrustedAuthority,
    VerificationPolicy,
)
from pattern_operator.conditions.answer import Answer, DoesNotHold, Holds, NotNow, Unusable
from pattern_operator.conditions.process import ConditionProcesses
from pattern_operator.errors import PoliciesUnmet, Stalled, Transient, Undecided, Unjudgeable, Untrusted
from pattern_operator.verify import verify
from pattern_operator.verify.attestation import NO_CONDITIONS
from pattern_operator.verify.usable import policy_errors

CONDITIONS = ConditionProcesses()
SCAN, SLSA = "https://example.org/scan/v1", "https://slsa.dev/provenance/v1"


def asking(*attestations, signer=ALICE):
    spec = Authority(key=Key(), attestations=tuple(Attestation(*each) for each in attestations))
    return VerificationPolicy.of(TrustedAuthority("release", spec, (("key", signer.pem),)))


def attested(kind=SCAN, predicate=None, *, signer=ALICE):
    document = bundle_document(statement(predicateType=kind, predicate=predicate or {}), signer=signer)
    return bundle(document, signer=signer)


def judged(signatures, policy, **more):
    return verify(ARTIFACT, signatures, policy=policy, now=NOW, **{"conditions": CONDITIONS, **more})


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
        ("predicate.critical", "it is not a condition: it gives int and not true or false"),
        ("predicate.absent == 0", 'it cannot be evaluated: Key not found in map : "absent"'),
    ],
)
def test_a_condition_that_the_statement_says_nothing_of_fails_and_says_where(condition, why):
    assert why in refusal([attested(predicate={"critical": 0})], asking(("scan", SCAN, condition)))


def test_without_anybody_who_judges_conditions_no_policy_with_one_can_be_used():
    policy = asking(("scan", SCAN, "true"))

    with pytest.raises(Unjudgeable, match="the condition of 'scan' cannot be judged: it is not judged here"):
        judged([attested()], policy, conditions=NO_CONDITIONS)
    with pytest.raises(Unjudgeable):
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


class Conditions:
    """Answers as it is told, and remembers what was asked."""

    def __init__(self, answer: Answer | dict[str, Answer], **errors: str) -> None:
        self.answer, self._errors = answer, errors
        self.asked: list[tuple[str, object]] = []

    def judge(self, expression: str, predicate: bytes) -> Answer:
        self.asked.append((expression, json.loads(predicate)))
        return self.answer.get(expression, Holds()) if isinstance(self.answer, dict) else self.answer

    def errors(self, expressions):
        return {each: self._errors[each] for each in expressions if each in self._errors}


def test_a_condition_is_judged_once_for_a_statement():
    conditions = Conditions(Holds())

    policy = asking(("scan", SCAN, "x"), ("again", SCAN, "x"))
    judged([attested(predicate={"n": 1})] * 3, policy, conditions=conditions)

    assert conditions.asked == [("x", {"n": 1})]


def test_statements_of_strangers_are_not_judged():
    conditions = Conditions(Holds())

    refusal([attested(signer=BOB)], asking(("scan", SCAN, "x")), conditions=conditions)

    assert conditions.asked == []


# --- what cannot be judged is no verdict ---

BUSY, COSTLY = NotNow("no process can be started (Too many open files)"), Unusable("takes longer than 2 s")


def named(policy, name="release", **source):
    """The same required by a TrustPolicy that deletes what loses its trust."""
    (requirement,) = policy.requirements
    return replace(requirement, source=PolicySource(name=name, prune=True, allow_downgrade=False, **source))


def told(signatures, *requirements, conditions):
    with pytest.raises(PoliciesUnmet) as refused:
        judged(signatures, VerificationPolicy(requirements), conditions=conditions)
    return refused.value


def test_a_condition_that_cannot_be_judged_now_is_tried_again_and_says_nothing_of_the_artifact():
    policy = named(asking(("scan", SCAN, "x")))

    error = told([attested()], policy, conditions=Conditions(BUSY))

    assert isinstance(error, Undecided)
    assert isinstance(error, Transient)
    assert (error.reason, error.met, error.unmet) == (Reason.OPERATOR_BUSY, (), ())
    assert error.message.startswith(f"it is not known whether {ARTIFACT} meets TrustPolicy release: ")
    assert "the condition of 'scan' was not judged: no process can be started (Too many open files)" in error.message
    assert error.message.endswith("It is tried again.")


@pytest.mark.parametrize(("source", "reason"), [("release", Reason.POLICY_INVALID), ("", Reason.INVALID_SPEC)])
def test_a_condition_that_can_never_be_judged_is_a_fault_of_the_policy(source: str, reason: Reason):
    policy = named(asking(("scan", SCAN, "x")), source)

    error = told([attested()], policy, conditions=Conditions(COSTLY))

    assert isinstance(error, Unjudgeable)
    assert isinstance(error, Stalled)
    assert not isinstance(error, Untrusted)
    assert (error.reason, error.unmet) == (reason, ("release",) if source else ())
    assert "the condition of 'scan' cannot be judged: it takes longer than 2 s" in error.message
    assert error.message.endswith("Correct the condition, or make it take less.")


@pytest.mark.parametrize("answer", [BUSY, COSTLY])
def test_one_of_several_attestations_that_is_not_judged_is_no_verdict(answer: Answer):
    both = named(asking(("scan", SCAN, "x"), ("build", SLSA)))
    of_one_type = named(asking(("scan", SCAN), ("strict", SCAN, "x")))

    for policy, signatures in ((both, [attested(), attested(SLSA)]), (of_one_type, [attested()])):
        assert not isinstance(told(signatures, policy, conditions=Conditions(answer)), Untrusted)


@pytest.mark.parametrize("answer", [BUSY, COSTLY])
def test_where_enough_have_signed_it_does_not_matter_what_is_not_judged(answer: Answer):
    condition, plain = asking(("scan", SCAN, "x")), VerificationPolicy.of(ALICE.authority("plain"))
    (asks,), (signs,) = condition.requirements, plain.requirements
    assert isinstance(asks, Requirement)
    assert isinstance(signs, Requirement)
    policy = VerificationPolicy((replace(signs, authorities=(*asks.authorities, *signs.authorities)),))

    assert judged([attested(), bundle()], policy, conditions=Conditions(answer)).required
    assert judged([attested(predicate={"n": 1}), attested()], condition, conditions=OneOf(answer)).required


class OneOf(Conditions):
    """Judges statements of nothing, and is not able to judge others."""

    def judge(self, expression: str, predicate: bytes) -> Answer:
        return Holds() if predicate == b"{}" else super().judge(expression, predicate)


def test_a_verdict_stands_whatever_else_is_not_known_and_what_is_not_known_never_deletes():
    conditions = Conditions({"busy": BUSY, "costly": COSTLY, "false": DoesNotHold("does not hold")})
    busy, costly = (named(asking(("scan", SCAN, each)), each) for each in ("busy", "costly"))
    verdict = named(asking(("scan", SCAN, "false")), "false")
    mild = replace(verdict, source=replace(verdict.source, prune=False))
    met = named(asking(("scan", SCAN)), "met")

    def found(*requirements):
        error = told([attested()], *requirements, conditions=conditions)
        return type(error), error.met, error.unmet, getattr(error, "prune", None)

    assert found(busy, met) == (Undecided, ("met",), (), None)
    assert found(busy, costly) == (Unjudgeable, (), ("costly",), None)
    assert found(busy, costly, verdict) == (Untrusted, (), ("costly", "false"), True)
    assert found(busy, costly, mild) == (Untrusted, (), ("costly", "false"), False)


def test_of_a_policy_that_only_warns_it_is_told_that_it_is_not_known():
    policy = named(asking(("scan", SCAN, "x")), mode=PolicyMode.WARN)

    result = judged([attested()], VerificationPolicy((policy,)), conditions=Conditions(BUSY))

    assert (result.met, result.unmet, result.undecided, result.all_met) == ((), (), ("release",), False)
    assert result.warnings[0].startswith("it is not known whether")


# --- what cannot compile ---


def test_a_policy_whose_condition_does_not_compile_cannot_be_used_whatever_is_signed():
    policy = named(asking(("scan", SCAN), ("build", SLSA, "predicate.x ==")))
    where = "spec.authorities[0].attestations[1].condition ('build' of 'release') does not compile: 1:15: Syntax error"

    for signatures in ([], [attested()], [bundle(signer=BOB)]):
        error = told(signatures, policy, conditions=CONDITIONS)
        assert (type(error), error.reason, error.unmet) == (Unjudgeable, Reason.POLICY_INVALID, ("release",))
        assert f"TrustPolicy release cannot be used, so that nothing meets it: {where}" in error.message
        assert error.message.endswith(": correct the condition.")
    ((source, unusable),) = policy_errors(VerificationPolicy((policy,)), conditions=CONDITIONS)
    assert (source.name, unusable.reason) == ("release", Reason.POLICY_INVALID)
    assert unusable.message.startswith(where)


def test_a_condition_of_the_pattern_itself_that_does_not_compile_is_an_error_of_its_spec():
    with pytest.raises(Stalled) as error:
        judged([], asking(("scan", SCAN, "1 + 1")))

    assert error.value.reason is Reason.INVALID_SPEC
    assert error.value.message.startswith(
        "spec.verify.authorities[0].attestations[0].condition ('scan' of 'release') is not a condition: it gives int"
    )


def test_a_policy_without_conditions_asks_for_no_process():
    class Nobody(Conditions):
        def errors(self, expressions):
            raise AssertionError(expressions)

    assert judged([bundle()], VerificationPolicy.of(ALICE.authority()), conditions=Nobody(Holds())).required


def test_the_predicates_that_a_policy_asks_for_are_those_of_all_its_authorities():
    policy = VerificationPolicy((*asking(("scan", SCAN)).requirements, *asking(("b", SLSA)).requirements))

    assert policy.predicates == {SCAN, SLSA}
    assert VerificationPolicy.of(ALICE.authority()).predicates == frozenset()
