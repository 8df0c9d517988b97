"""Reads what an authority of a policy trusts into values of the core: keys, roots and whom they may name, once."""

from pattern_operator.api.authority_material import KEY
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import TrustedAuthority
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted
from pattern_operator.verify import key
from pattern_operator.verify.authority import AttestationPolicy, Authority, KeyAuthority


def load_authority(trusted: TrustedAuthority) -> Authority:
    """Read the keys or roots of an authority.

    Raises:
        Stalled: KEY_INVALID: what it has cannot be used; the message names the authority.
    """
    spec = trusted.spec
    attestations = tuple(
        AttestationPolicy(each.name, each.predicate_type, each.condition) for each in spec.attestations
    )
    pem = trusted.content(KEY)
    if spec.key is None or pem is None or spec.transparency_log is not None or spec.timestamp is not None:
        raise Stalled(
            reason=Reason.KEY_INVALID,
            message=f"authority {quoted(trusted.name)} is of a kind that this operator does not verify: name a public"
            " key, without log or timestamp.",
        )
    return KeyAuthority(
        trusted.name,
        (key.load(pem, name=trusted.name),),
        annotations=dict(spec.annotations),
        attestations=attestations,
    )
