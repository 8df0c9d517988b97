"""Verifies a layer of classic cosign: who signed, what proves it, and that what was signed is about the artifact."""

from dataclasses import replace
from datetime import datetime

from pattern_operator.verify.authority import Authority
from pattern_operator.verify.cosign.layer import Layer
from pattern_operator.verify.cosign.payload import read_payload
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


def verify_layer(layer: Layer, subject: Subject, *, authority: Authority, now: datetime) -> Outcome:
    """Decide whether ``authority`` signed ``subject`` with this layer.

    Of an attestation any predicate is taken: what it means is for the caller to judge.
    """
    signed = verify_signer(material_of(layer), authority=authority, now=now)
    if isinstance(signed, Rejection):
        return signed
    said = said_by_layer(layer, subject)
    return replace(said, key_is_right=True) if isinstance(said, Rejection) else verified(signed, said)


def said_by_layer(layer: Layer, subject: Subject) -> Said | Rejection:
    """What the layer says, were it believed; or why it is not about ``subject``. An attestation names no repository."""
    if isinstance(layer.content, bytes):
        payload = read_payload(layer.content, subject)
        return payload if isinstance(payload, Rejection) else Said(payload.annotations, payload.reference)
    stated = read_statement(layer.content.payload, subject)
    if isinstance(stated, Rejection):
        return stated
    if subject.repositories:
        return Rejection(f"names no repository, and {subject.repositories[0]} is required")
    return Said(stated.annotations, statement=stated.statement)


def material_of(layer: Layer) -> Material:
    """What of a layer proves who signed."""
    content = layer.content
    return Material(
        content=signed_envelope(content) if isinstance(content, Envelope) else SignedFile(Subject.of(content)),
        signature=layer.signature,
        certificates=layer.certificates,
        entries=(layer.entry,) if layer.entry is not None else (),
        timestamps=(layer.timestamp,) if layer.timestamp is not None else (),
        evidence=Evidence.PROMISE,
    )
