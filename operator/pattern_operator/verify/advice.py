"""What makes an artifact pass that a policy refuses: who has to sign it, with which tool, and what.

A command is advised only where its result can count for the authority: by the kind of its trust, and by what the policy
wants to be signed. What ``patternctl sign`` writes has neither the name of the repository nor a proof of its time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.requirements_spec import SignedRepository
from pattern_operator.api.signing import NO_LOG, SignCommands
from pattern_operator.verify.authority import (
    AttestationPolicy,
    Authority,
    CertificateAuthority,
    KeyAuthority,
    KeylessAuthority,
)
from pattern_operator.verify.encoding import quoted, shortened
from pattern_operator.verify.notation import NotationAuthority

_NAMED: Final = 3  # authorities of one command
_ROOM: Final = 600  # characters of the commands, of which there is one at least
_KEY: Final = "--key cosign.key"
_CERTIFICATE: Final = "--key cosign.key --certificate certificate.pem --certificate-chain chain.pem"
_CLASSIC: Final = "--new-bundle-format=false"  # names the repository; a bundle does not


@dataclass(frozen=True, slots=True)
class _Step:
    """What an authority does: ``how`` ends in whose key or identity it is, and ``then`` follows the command."""

    verb: str
    how: str
    commands: tuple[str, ...]
    then: str = ""


def to_pass(authorities: Sequence[Authority], rule: SignedRepository, *, commands: SignCommands) -> str:
    """What each of the authorities does, as a clause; those that do the same together."""
    able = [each for each in authorities if not rule.required or _names_repositories(each)]
    if not able:
        return (
            "nothing that they sign names its repository, which the policy requires: set repository.required to false"
        )
    by_step: dict[_Step, list[str]] = {}
    for each in able:
        by_step.setdefault(_step(each, rule, commands), []).append(shortened(each.name))
    shown: list[str] = []
    room = _ROOM
    for step, names in by_step.items():
        clause = _clause(step, names)
        if not shown or len(clause) <= room:
            shown.append(clause)
            room -= len(clause)
    return "; ".join(shown)


def _names_repositories(authority: Authority) -> bool:
    """Whether there is a signature of its kind that names the repository: the classic one of cosign alone."""
    return not isinstance(authority, NotationAuthority) and not authority.attestations


def _clause(step: _Step, names: Sequence[str]) -> str:
    several = ", ".join(names[:_NAMED]) + (" and others" if len(names) > _NAMED else "")
    commands = " and ".join(f"`{each}`" for each in step.commands)
    return f"{step.verb} it {step.how} {several}: {commands}{step.then}"


def _step(authority: Authority, rule: SignedRepository, commands: SignCommands) -> _Step:
    how, flags = _by(authority)
    if attestations := authority.attestations:
        lines = tuple(commands.attest(flags, predicate_type=each.predicate_type) for each in attestations)
        then = f"{_trusting(authority)}{_conditions(attestations)}"
        return _Step("attest", how, tuple(dict.fromkeys(lines)), then)
    match authority:
        case KeyAuthority() if not rule.required and not _proof(authority):
            return _Step("sign", how, (commands.patternctl(authority.annotations),))
        case KeyAuthority() | KeylessAuthority() | CertificateAuthority():
            classic = (_CLASSIC,) if rule.required or isinstance(authority, CertificateAuthority) else ()
            line = commands.cosign(flags, *classic, annotations=authority.annotations)
            return _Step("sign", how, (line,), _trusting(authority))
    return _Step("sign", how, (commands.notation(authority.user_metadata),))


def _by(authority: Authority) -> tuple[str, str]:
    """With what an authority signs, and the flags of cosign for it."""
    match authority:
        case KeyAuthority():
            return "with the private key of", _logged(_KEY, authority)
        case CertificateAuthority():
            return "with a certificate of", _logged(_CERTIFICATE, authority)
        case KeylessAuthority():
            return "as an identity of", ""
    return "with a key that has a certificate of the trust stores of", ""


def _logged(flags: str, authority: KeyAuthority | CertificateAuthority) -> str:
    return flags if _proof(authority) else f"{flags} {NO_LOG}"


def _trusting(authority: Authority) -> str:
    proof = _proof(authority)
    return f", with {' and '.join(proof)} that the policy trusts" if proof else ""


def _proof(authority: Authority) -> Sequence[str]:
    """What has to prove a signature with a key or certificate of one's own."""
    if not isinstance(authority, KeyAuthority | CertificateAuthority):
        return []
    log = authority.log is not None and authority.log.required
    timestamp = authority.timestamp is not None and authority.timestamp.required
    return [*(["a transparency log"] if log else []), *(["a timestamp authority"] if timestamp else [])]


def _conditions(attestations: Iterable[AttestationPolicy]) -> str:
    names = [quoted(each.name) for each in attestations if each.condition is not None]
    return f", where the condition of {', '.join(names)} is true of the predicate" if names else ""
