"""What a bundle, or a layer of classic cosign, is read into: nothing in it is believed."""

from dataclasses import dataclass, field

from pattern_operator.verify.dsse import Envelope
from pattern_operator.verify.ed25519ph import verify_ed25519ph
from pattern_operator.verify.key import PublicKey, verify_digest, verify_signature
from pattern_operator.verify.transparency.body import SignedEnvelope, SignedFile
from pattern_operator.verify.transparency.log_entry import Evidence, ParsedEntry
from pattern_operator.verify.x509.certificate import Certificate


@dataclass(frozen=True, slots=True)
class Material:
    """A signature, and what its format brings to prove it.

    ``certificates`` begin with the signer's own, and are empty where a key signed. ``evidence`` is what the format asks
    of a log entry. ``hint`` is the key that the signature says it is made with: for messages alone.
    """

    content: SignedFile | SignedEnvelope
    signature: bytes = field(repr=False)
    certificates: tuple[Certificate, ...] = ()
    entries: tuple[ParsedEntry, ...] = ()
    timestamps: tuple[bytes, ...] = field(default=(), repr=False)
    evidence: Evidence = Evidence.PROOF
    hint: str = ""

    def is_signed_with(self, key: PublicKey) -> bool:
        """Whether the signature over the content was made with ``key``."""
        match self.content:
            case SignedEnvelope(encoding=encoding):
                return self._is_over(encoding, key)
            case SignedFile(subject) if subject.content is not None:
                return self._is_over(subject.content, key)
            case SignedFile(subject):
                digest = subject.digest
                return verify_digest(key, self.signature, bytes.fromhex(digest.hex), digest.algorithm)

    def _is_over(self, message: bytes, key: PublicKey) -> bool:
        return verify_signature(key, self.signature, message) or verify_ed25519ph(key, self.signature, message)


def signed_envelope(envelope: Envelope) -> SignedEnvelope:
    """What of a DSSE envelope is signed, and what a log may say of it."""
    return SignedEnvelope(envelope.payload_type, envelope.payload, envelope.encoding)
