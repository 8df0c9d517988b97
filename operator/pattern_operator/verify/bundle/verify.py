"""Verifies a bundle: who signed, what proves it, and that what was signed is about the artifact."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from pattern_operator.verify.authority import Authority, KeyAuthority, KeylessAuthority
from pattern_operator.verify.bundle.document import Bundle, FileSignature, Version
from pattern_operator.verify.bundle.second_opinion import objection_of
from pattern_operator.verify.dsse import Envelope
from pattern_operator.verify.outcome import Outcome
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.sigstore.material import Material, signed_envelope
from pattern_operator.verify.sigstore.said import Said, verified
from pattern_operator.verify.sigstore.signer import verify_signer
from pattern_operator.verify.statement import read_statement
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.transparency.body import SignedFile
from pattern_operator.verify.transparency.log_entry import Evidence

_EVIDENCE: Final = {
    Version.V0_1: Evidence.PROMISE_OR_PROOF,
    Version.V0_2: Evidence.PROOF,
    Version.V0_3: Evidence.PROOF,
}


def verify_bundle(bundle: Bundle, subject: Subject, *, authority: Authority, now: datetime) -> Outcome:
    """Decide whether ``authority`` signed ``subject`` with this bundle.

    Of a statement any predicate is taken: whether it approves is ``statement.not_an_approval``'s to say. A signature
    over the bytes of the artifact has no statement.
    """
    if bundle.certificates and isinstance(authority, KeyAuthority):
        return Rejection("is signed with a certificate and not with a key")
    signed = verify_signer(material_of(bundle, subject), authority=authority, now=now)
    if isinstance(signed, Rejection):
        return signed
    said = said_by_bundle(bundle, subject)
    if isinstance(said, Rejection):
        return replace(said, key_is_right=True)
    if isinstance(authority, KeylessAuthority) and (objection := objection_of(bundle, subject, signed, authority)):
        return objection
    return verified(signed, said)


def said_by_bundle(bundle: Bundle, subject: Subject) -> Said | Rejection:
    """What the bundle says, were it believed; or why it is not about ``subject``. A bundle names no repository."""
    said = _said(bundle.content, subject)
    if subject.repositories and isinstance(said, Said):
        return Rejection(f"names no repository, and {subject.repositories[0]} is required")
    return said


def material_of(bundle: Bundle, subject: Subject) -> Material:
    """What of a bundle proves who signed."""
    content = bundle.content
    return Material(
        content=signed_envelope(content) if isinstance(content, Envelope) else SignedFile(subject),
        signature=content.signature,
        certificates=bundle.certificates,
        entries=bundle.entries,
        timestamps=bundle.timestamps,
        evidence=_EVIDENCE[bundle.version],
        hint=bundle.hint,
    )


def _said(content: FileSignature | Envelope, subject: Subject) -> Said | Rejection:
    match content:
        case FileSignature(digest=(algorithm, value)) if subject.hash(algorithm) != value:
            return Rejection("says that it signs other content than this artifact")
        case FileSignature():
            return Said()
        case Envelope(payload=payload):
            stated = read_statement(payload, subject)
            return stated if isinstance(stated, Rejection) else Said(stated.annotations, statement=stated.statement)
