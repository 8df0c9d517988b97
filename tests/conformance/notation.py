"""Hands a case of format ``notation`` to the verifier of Notary Project signatures."""

from tests.conformance.case import Case

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reference import Digest
from pattern_operator.limits import MAX_SIGNATURE_BLOB
from pattern_operator.verify.notation import (
    Level,
    NotationAuthority,
    RevocationMode,
    StoreType,
    TimestampMode,
    load_authority,
    read_envelope,
    verify_notation,
)
from pattern_operator.verify.parsed_signature import Rejection

REVOCATION = {"skip": RevocationMode.SKIP}  # the vectors ask nobody


def judge(case: Case) -> str | None:
    """Why the signature is rejected; None where it is accepted."""
    envelope = read_envelope(case.read(case["envelope"], most=MAX_SIGNATURE_BLOB), media_type=case["mediaType"])
    if isinstance(envelope, Rejection):
        return envelope.why
    stated = case["target"]
    target = Descriptor(stated["mediaType"], Digest.parse(stated["digest"]), stated["size"])
    outcome = verify_notation(envelope, target, authority(case), case.now)
    return outcome.why if isinstance(outcome, Rejection) else None


def authority(case: Case) -> NotationAuthority:
    """The policy of a case."""
    policy = case["policy"]
    return load_authority(
        "policy",
        stores=[
            (StoreType(store["type"]), store["name"], case.read(path))
            for store in policy["trustStores"]
            for path in store["certs"]
        ],
        identities=policy["trustedIdentities"],
        level=Level(policy["level"]),
        verify_timestamp=TimestampMode(policy["verifyTimestamp"]),
        revocation=REVOCATION[policy["revocation"]],
        user_metadata=case.get("userMetadata"),
    )
