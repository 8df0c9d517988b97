"""Reads what an authority of a policy trusts into values of the core: keys, roots and whom they may name, once."""

from pattern_operator.api.authority_material import KEY
from pattern_operator.api.authority_spec import Notation
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import TrustedAuthority
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted
from pattern_operator.verify import key, notation
from pattern_operator.verify.authority import AttestationPolicy, Authority, KeyAuthority
from pattern_operator.verify.load_sigstore import load_certificates, load_keyless, load_log, load_timestamp
from pattern_operator.verify.notation import NotationAuthority


def load_authority(trusted: TrustedAuthority) -> Authority:
    """Read the keys or roots of an authority.

    Raises:
        Stalled: KEY_INVALID or INVALID_SPEC: what it has cannot be used; the message names the authority.
    """
    spec = trusted.spec
    attestations = tuple(
        AttestationPolicy(each.name, each.predicate_type, each.condition) for each in spec.attestations
    )
    kinds = [each for each in (spec.key, spec.keyless, spec.certificates, spec.notation) if each is not None]
    if len(kinds) != 1:
        raise Stalled(
            reason=Reason.INVALID_SPEC,
            message=f"authority {quoted(trusted.name)} needs exactly one of key, keyless, certificates or notation:"
            " correct the policy.",
        )
    if spec.keyless is not None:
        return load_keyless(trusted, spec.keyless, attestations)
    if spec.certificates is not None:
        return load_certificates(trusted, spec.certificates, attestations)
    if spec.notation is not None:
        return _notation(trusted, spec.notation)
    return KeyAuthority(
        trusted.name,
        (key.load(trusted.content(KEY) or b"", name=trusted.name),),
        log=load_log(trusted),
        timestamp=load_timestamp(trusted),
        annotations=dict(spec.annotations),
        attestations=attestations,
    )


def _notation(trusted: TrustedAuthority, spec: Notation) -> NotationAuthority:
    stores = []
    for number, store in enumerate(spec.trust_stores):
        content = trusted.content(f"notation.trustStores[{number}]")
        stores.append((notation.StoreType(store.type), store.name, content or b""))
    return notation.load_authority(
        trusted.name,
        stores=stores,
        identities=spec.trusted_identities,
        level=notation.Level(spec.level),
        verify_timestamp=notation.TimestampMode(spec.verify_timestamp),
        revocation=notation.RevocationMode(spec.revocation),
        user_metadata=spec.user_metadata,
    )
