"""Hands a case of format ``sigstore-bundle`` to the verifier of bundles."""

from datetime import datetime

from tests.conformance.case import MAX_ARTIFACT, Case

from pattern_operator.api.reference import Digest
from pattern_operator.limits import MAX_SIGNATURE_BLOB
from pattern_operator.verify.authority import Identity, KeyAuthority, KeylessAuthority, LogPolicy, TimestampPolicy
from pattern_operator.verify.bundle.document import read_bundle
from pattern_operator.verify.bundle.verify import verify_bundle
from pattern_operator.verify.matcher import Anything, Exactly, Matcher
from pattern_operator.verify.outcome import Outcome
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.trusted_root import TrustedRoot, load_trusted_root


def judge(case: Case) -> str | None:
    """Why the bundle is rejected; None where it is accepted."""
    found = outcome(case)
    return found.why if isinstance(found, Rejection) else None


def outcome(case: Case) -> Outcome:
    """Verify the bundle; raises ``Stalled`` where the key or the trusted root of the case cannot be used."""
    bundle = read_bundle(case.read(case["bundle"], most=MAX_SIGNATURE_BLOB))
    if isinstance(bundle, Rejection):
        return bundle
    root = load_trusted_root(case.read(case["trustedRoot"]), name="case")
    found = verify_bundle(bundle, _subject(case), authority=_authority(case, root), now=case.now)
    wanted = case.get("predicateType")
    if isinstance(found, Rejection) or wanted is None:
        return found
    if found.statement is None or found.statement.predicate_type != wanted:
        return Rejection("does not state what was asked for")
    return found


def matcher(text: str | None) -> Matcher:
    """What a case compares with: exactly, or not at all."""
    return Anything() if text is None else Exactly(text)


def _subject(case: Case) -> Subject:
    if "artifact" in case.fields:
        return Subject.of(case.read(case["artifact"], most=MAX_ARTIFACT))
    return Subject(Digest.parse(case["digest"]))


def _authority(case: Case, root: TrustedRoot) -> KeyAuthority | KeylessAuthority:
    log_required, timestamp_required = case.get("requireTlog", True), case.get("requireTimestamp", False)
    if "key" in case.fields:
        until = case.get("keyValidUntil")
        return KeyAuthority(
            "case",
            (case.key(case["key"]),),
            log=LogPolicy(root.logs, log_required),
            timestamp=TimestampPolicy(root.timestamp_authorities, timestamp_required),
            valid_until=datetime.fromisoformat(until) if until is not None else None,
        )
    return KeylessAuthority(
        "case",
        (Identity(matcher(case.get("identity")), matcher(case.get("issuer"))),),
        root,
        log_required=log_required,
        timestamp_required=timestamp_required,
        sct_required=case.get("requireSct", True),
    )
