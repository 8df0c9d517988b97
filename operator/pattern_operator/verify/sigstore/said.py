"""What a signature that holds says of the artifact, whichever format it is of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pattern_operator.verify.outcome import Statement, Verified
from pattern_operator.verify.sigstore.signer import Signed


@dataclass(frozen=True, slots=True)
class Said:
    """Annotations, the repository that is named, and the statement, as far as there are any."""

    annotations: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None
    statement: Statement | None = None


def verified(signed: Signed, said: Said) -> Verified:
    """The outcome of a signature that holds and is about the artifact."""
    return Verified(
        signed.signer,
        signed.proof.times,
        signed.proof.entries,
        annotations=said.annotations,
        reference=said.reference,
        statement=said.statement,
    )
