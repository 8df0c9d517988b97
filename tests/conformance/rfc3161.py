"""Hands a case of format ``rfc3161`` to the verifier of timestamps."""

from tests.conformance.case import MAX_ARTIFACT, Case

from pattern_operator.limits import MAX_SIGNATURE_BLOB
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.timestamp import Encoding, StampedDigest, verify_timestamp

ENCODINGS = {"token": Encoding.TOKEN, "response": Encoding.RESPONSE}


def judge(case: Case) -> str | None:
    """Why the timestamp is rejected; None where it is accepted."""
    if "message" in case.fields:
        stamped: bytes | StampedDigest = case.read(case["message"], most=MAX_ARTIFACT)
    else:
        algorithm, _, digits = case["messageDigest"].partition(":")
        stamped = StampedDigest(algorithm, bytes.fromhex(digits))
    found = verify_timestamp(
        case.read(case["token"], most=MAX_SIGNATURE_BLOB),
        stamped,
        encoding=ENCODINGS[case["encoding"]],
        roots=case.certificates(case["roots"]),
        intermediates=case.certificates(case.get("certs", [])),
    )
    return found.why if isinstance(found, Rejection) else None
