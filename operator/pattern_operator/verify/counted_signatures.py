"""The signatures by which policies are met, as the result of a verification and status have them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pattern_operator.api.verification import VerifiedSignature
from pattern_operator.verify.judgement import Counted, Judgement
from pattern_operator.verify.outcome import CertificateSigner, KeySigner, NotationSigner


def verified_by(met: Iterable[Judgement]) -> tuple[VerifiedSignature, ...]:
    """Each signature that counts, once, with the policies for which it does."""
    found: dict[tuple[str, ...], VerifiedSignature] = {}
    for judgement in met:
        source = judgement.requirement.source.name
        for each in judgement.counted:
            signature = _verified_signature(each)
            key = (signature.where, signature.key_id, signature.identity, signature.issuer)
            known = found.get(key, signature)
            found[key] = replace(known, policies=(*known.policies, source) if source else known.policies)
    return tuple(found.values())


def _verified_signature(counted: Counted) -> VerifiedSignature:
    key_id = identity = issuer = ""
    match counted.verified.signer:
        case KeySigner(fingerprint):
            key_id = fingerprint
        case CertificateSigner(name, issued_by, _, _):
            identity, issuer = name, issued_by
        case NotationSigner(subject, _, _):
            identity = subject
    entries = counted.verified.log_entries
    return VerifiedSignature(
        authority=counted.authority.name,
        format=str(counted.signature.format),
        where=counted.signature.where,
        key_id=key_id,
        identity=identity,
        issuer=issuer,
        log_index=entries[0].index if entries else None,
        signed_at=counted.signed_at,
        digest=counted.signature.digest,
    )


def warnings_of(met: Iterable[Judgement]) -> Iterator[str]:
    """What a level that does not enforce everything found."""
    for judgement in met:
        for each in judgement.counted:
            yield from (f"{each.signature.where} {warning}" for warning in each.verified.warnings)
