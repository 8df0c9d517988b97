"""Whether a policy can be used at all: one that nothing can meet, whatever is signed, is told to who wrote it.

It is no verdict on an artifact, so that what runs is never deleted by it.
"""

from collections.abc import Sequence

from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import PolicySource, Requirement, UnusablePolicy, VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.verify.attestation import NO_CONDITIONS, Conditions
from pattern_operator.verify.authority import Authority
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.judgement import load


def policy_errors(
    policy: VerificationPolicy, *, conditions: Conditions = NO_CONDITIONS
) -> Sequence[tuple[PolicySource, Stalled]]:
    """Why requirements cannot be used, whatever is signed: keys, roots, a threshold that nobody meets, a condition.

    Raises:
        Transient: OPERATOR_BUSY: it is not known whether the conditions compile.
    """
    found: list[tuple[PolicySource, Stalled]] = []
    for requirement in policy.requirements:
        try:
            usable(requirement, conditions=conditions)
        except Stalled as error:
            found.append((requirement.source, error))
    return found


def usable(requirement: Requirement | UnusablePolicy, *, conditions: Conditions) -> list[Authority]:
    """The authorities of a requirement.

    Raises:
        Stalled: it cannot be used: KEY_INVALID, INVALID_SPEC, POLICY_INVALID, or as an UnusablePolicy says.
        Transient: OPERATOR_BUSY: it is not known whether its conditions compile.
    """
    if isinstance(requirement, UnusablePolicy):
        raise Stalled(reason=requirement.reason, message=requirement.message)
    authorities, threshold = load(requirement.authorities), requirement.threshold
    distinct = {each.trusted for each in authorities}
    if not 1 <= threshold <= len(distinct):
        raise Stalled(
            reason=Reason.INVALID_SPEC,
            message=f"{threshold} authorities are required to sign, and there {_different(len(distinct))}: "
            f"set the threshold to {_up_to(len(distinct))}, or add authorities with keys or identities of their own.",
        )
    _compile(requirement, conditions)
    return authorities


def _different(count: int) -> str:
    return "is one key or identity" if count == 1 else f"are {count} different keys or identities"


def _up_to(count: int) -> str:
    return "1" if count == 1 else f"a number from 1 to {count}"


def _compile(requirement: Requirement, conditions: Conditions) -> None:
    """Raise Stalled where a condition can be true of nothing, whatever is attested."""
    asked = {
        each.condition: f"{_field(requirement.source)}.authorities[{number}].attestations[{of_it}].condition"
        f" ({quoted(each.name)} of {quoted(authority.name)})"
        for number, authority in enumerate(requirement.authorities)
        for of_it, each in enumerate(authority.spec.attestations)
        if each.condition is not None
    }
    for condition, why in (conditions.errors(asked) if asked else {}).items():
        reason = Reason.POLICY_INVALID if requirement.source.name else Reason.INVALID_SPEC
        raise Stalled(reason=reason, message=f"{asked[condition]} {why}: correct the condition.")


def _field(source: PolicySource) -> str:
    return "spec" if source.name else "spec.verify"
