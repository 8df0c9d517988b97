"""Whether a policy can be used at all: one that nothing can meet, whatever is signed, is told to who wrote it.

It is no verdict on an artifact, so that what runs is never deleted by it.
"""

from collections.abc import Sequence
from typing import Final

from pattern_operator.api import authority_spec as spec
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import InvalidReference, Repository
from pattern_operator.api.verification import PolicySource, Requirement, UnusablePolicy, VerificationPolicy
from pattern_operator.conditions.answer import Conditions
from pattern_operator.errors import Stalled
from pattern_operator.verify.attestation import NO_CONDITIONS
from pattern_operator.verify.authority import Authority, KeylessAuthority
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.judgement import load
from pattern_operator.verify.matcher import Pattern

_NOBODY: Final = ("~ 0", "9 }{ |")  # neither is an e-mail address, a URI or the like


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
    if why := _why_never_met(requirement):
        raise Stalled(reason=_reason(requirement.source), message=f"{_field(requirement.source)}.{why}.")
    _refuse_everybody(requirement.source, authorities)
    _compile(requirement, conditions)
    return authorities


def _different(count: int) -> str:
    return "is one key or identity" if count == 1 else f"are {count} different keys or identities"


def _up_to(count: int) -> str:
    return "1" if count == 1 else f"a number from 1 to {count}"


def _refuse_everybody(source: PolicySource, authorities: Sequence[Authority]) -> None:
    """Raise Stalled where an expression names nobody: it fits what no subject or issuer is."""
    for authority in authorities:
        identities = authority.identities if isinstance(authority, KeylessAuthority) else ()
        for matcher in (each for identity in identities for each in (identity.subject, identity.issuer)):
            if isinstance(matcher, Pattern) and all(map(matcher.matches, _NOBODY)):
                raise Stalled(
                    reason=_reason(source),
                    message=f"the expression {quoted(matcher.pattern)} of authority {quoted(authority.name)} must not"
                    " match everything: name whom you trust.",
                )


def _why_never_met(requirement: Requirement) -> str:
    """Why no signature can ever be enough, as ``api.requirements_spec`` has it for the API server; empty if one can."""
    specs = [each.spec for each in requirement.authorities]
    if requirement.max_age is not None and not any(map(_proves_time, specs)):
        return (
            "maxAge needs an authority whose signatures prove a time: keyless, one with transparencyLog or timestamp,"
            " or notation with a trust store of type tsa or signingAuthority"
        )
    rule = requirement.repository
    if rule.required and sum(map(_names_repository, specs)) < requirement.threshold:
        return (
            "repository.required needs as many authorities as threshold says without notation and attestations: only"
            " plain signatures of classic cosign name a repository"
        )
    for number, mirror in enumerate(rule.mirrors):
        for field, prefix in (("prefix", mirror.prefix), ("of", mirror.of)):
            if not _is_prefix(prefix):
                where = f"repository.mirrors[{number}].{field}"
                return (
                    f"{where}: {quoted(prefix)} is not oci://host[:port], or that and a path without globs: correct it"
                )
    return ""


def _proves_time(authority: spec.Authority) -> bool:
    stores = authority.notation.trust_stores if authority.notation is not None else ()
    by_sigstore = (authority.keyless, authority.transparency_log, authority.timestamp)
    return any(each is not None for each in by_sigstore) or any(each.type != "ca" for each in stores)


def _names_repository(authority: spec.Authority) -> bool:
    """Whether a signature can name the repository that it was made for: neither statements nor notation's do."""
    return authority.notation is None and not authority.attestations


def _is_prefix(text: str) -> bool:
    try:
        Repository.parse(f"{text.rstrip('/')}/any")
    except InvalidReference:
        return False
    return True


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
        raise Stalled(reason=_reason(requirement.source), message=f"{asked[condition]} {why}: correct the condition.")


def _reason(source: PolicySource) -> Reason:
    return Reason.POLICY_INVALID if source.name else Reason.INVALID_SPEC


def _field(source: PolicySource) -> str:
    return "spec" if source.name else "spec.verify"
