"""The signature formats that are understood: how each is read, and what it is read into.

How the signatures of a format are found in a registry is in ``source.signatures.formats``: a new one is added in both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.verify import mismatch
from pattern_operator.verify.authority import Authority, KeyAuthority
from pattern_operator.verify.bundle.document import Bundle, FileSignature, read_bundle
from pattern_operator.verify.bundle.verify import said_by_bundle, verify_bundle
from pattern_operator.verify.cosign.layer import Layer, read_layer
from pattern_operator.verify.cosign.verify import said_by_layer, verify_layer
from pattern_operator.verify.notation import Envelope, NotationAuthority, read_envelope, verify_notation
from pattern_operator.verify.outcome import Outcome
from pattern_operator.verify.parsed_signature import MalformedSignature, ParsedSignature, Rejection
from pattern_operator.verify.sigstore.said import Said
from pattern_operator.verify.statement import not_an_approval
from pattern_operator.verify.subject import Subject


class ReadSignature(Protocol):
    """A signature that could be read; nothing in it is believed."""

    def verify(self, subject: Subject, authority: Authority, *, now: datetime) -> Outcome:
        """Whether it is by the authority and about the subject. Total: whatever is wrong is a Rejection."""


Reader = Callable[[Signature], ReadSignature | Rejection]


@dataclass(frozen=True, slots=True)
class _ReadBundle:
    bundle: Bundle
    said: dict[Subject, Rejection | None] = field(default_factory=dict)  # what it says of each, looked at once

    def verify(self, subject: Subject, authority: Authority, *, now: datetime) -> Outcome:
        outcome = verify_bundle(self.bundle, subject, authority=authority, now=now)
        content = self.bundle.content
        if not isinstance(outcome, Rejection) or isinstance(content, FileSignature):
            return outcome
        parsed = ParsedSignature(content.encoding, content.signature, content.payload, self.bundle.hint)
        return _explained(outcome, parsed, authority, content=lambda: self._said(subject))

    def _said(self, subject: Subject) -> Rejection | None:
        if subject not in self.said:
            said = said_by_bundle(self.bundle, subject)
            self.said[subject] = said if isinstance(said, Rejection) else _no_approval(said)
        return self.said[subject]


@dataclass(frozen=True, slots=True)
class _ReadLayer:
    layer: Layer
    said: dict[Subject, Rejection | None] = field(default_factory=dict)

    def verify(self, subject: Subject, authority: Authority, *, now: datetime) -> Outcome:
        outcome = verify_layer(self.layer, subject, authority=authority, now=now)
        if not isinstance(outcome, Rejection):
            return outcome
        content = self.layer.content
        message, payload = (content, content) if isinstance(content, bytes) else (content.encoding, content.payload)
        parsed = ParsedSignature(message, self.layer.signature, payload)
        return _explained(outcome, parsed, authority, content=lambda: self._said(subject))

    def _said(self, subject: Subject) -> Rejection | None:
        if subject not in self.said:
            said = said_by_layer(self.layer, subject)
            self.said[subject] = said if isinstance(said, Rejection) else _no_approval(said)
        return self.said[subject]


def _no_approval(said: Said) -> Rejection | None:
    return None if said.statement is None else not_an_approval(said.statement)


def _explained(
    rejection: Rejection, parsed: ParsedSignature, authority: Authority, *, content: Callable[[], Rejection | None]
) -> Rejection:
    """Say whose it is, where the signer is right; and of one that fits no key, what it says of itself."""
    if rejection.key_is_right:
        return replace(rejection, why=f"is by {authority} and {rejection.why}")
    if isinstance(authority, KeyAuthority) and rejection.fits_no_key:
        return mismatch.explain(parsed, content=content(), keys=authority.keys)
    return rejection


def _read_bundle(signature: Signature) -> ReadSignature | Rejection:
    bundle = read_bundle(signature.payload, media_type=signature.media_type)
    return bundle if isinstance(bundle, Rejection) else _ReadBundle(bundle)


def _read_layer(signature: Signature) -> ReadSignature | Rejection:
    layer = read_layer(signature.payload, media_type=signature.media_type, annotations=signature.annotations)
    return layer if isinstance(layer, Rejection) else _ReadLayer(layer)


@dataclass(frozen=True, slots=True)
class _ReadEnvelope:
    envelope: Envelope

    def verify(self, subject: Subject, authority: Authority, *, now: datetime) -> Outcome:
        if not isinstance(authority, NotationAuthority):
            return Rejection("is a signature of the Notary Project, which is not asked for")
        if subject.repositories:
            return Rejection(f"names no repository, and {subject.repositories[0]} is required")
        if subject.descriptor is None:
            return Rejection("signs media type and size of the artifact, which are not known here")
        outcome = verify_notation(self.envelope, subject.descriptor, authority, now)
        if isinstance(outcome, Rejection) and outcome.key_is_right:
            return replace(outcome, why=f"is by {authority} and {outcome.why}")
        return outcome


def _read_notation(signature: Signature) -> ReadSignature | Rejection:
    envelope = read_envelope(signature.payload, media_type=signature.media_type)
    return envelope if isinstance(envelope, Rejection) else _ReadEnvelope(envelope)


def read_signature(signature: Signature) -> ReadSignature | Rejection:
    """Read a signature in its format; one that could not be had is rejected for the reason why."""
    if signature.unread:
        return MalformedSignature(f"was not read: {signature.unread}")
    return FORMATS[signature.format](signature)


FORMATS: Final[Mapping[SignatureFormat, Reader]] = {
    SignatureFormat.COSIGN: _read_layer,
    SignatureFormat.BUNDLE: _read_bundle,
    SignatureFormat.NOTATION: _read_notation,
}
