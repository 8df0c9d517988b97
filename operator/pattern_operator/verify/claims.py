"""Whom a signature says that it is by, before anything of it is verified: for who asks whom there is to trust."""

from dataclasses import dataclass

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.bundle.document import read_bundle
from pattern_operator.verify.cosign.layer import read_layer
from pattern_operator.verify.fulcio import identities_of, issuer_of
from pattern_operator.verify.notation import read_envelope
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.x509.certificate import Certificate


@dataclass(frozen=True, slots=True)
class Claim:
    """Whom a signature names; nothing of it is proven.

    ``identity`` and ``issuer`` are those of a keyless certificate; of another certificate ``identity`` is its subject,
    and ``issuer`` is empty. Where a key signed both are, and ``hint`` is what the signature calls the key, if anything.
    """

    identity: str = ""
    issuer: str = ""
    hint: str = ""

    @property
    def is_keyless(self) -> bool:
        """Whether a certificate names somebody, and who has identified them."""
        return bool(self.identity and self.issuer)


def claim_of(signature: Signature) -> Claim | Rejection:
    """Whom ``signature`` names; a Rejection where it cannot be read. Total."""
    if signature.unread:
        return Rejection(f"was not read: {signature.unread}")
    match signature.format:
        case SignatureFormat.NOTATION:
            envelope = read_envelope(signature.payload, media_type=signature.media_type)
            if isinstance(envelope, Rejection):
                return envelope
            return Claim(identity=envelope.chain[0].subject.rfc4514_string() if envelope.chain else "")
        case SignatureFormat.BUNDLE:
            bundle = read_bundle(signature.payload, media_type=signature.media_type)
            return bundle if isinstance(bundle, Rejection) else _named(bundle.certificates, bundle.hint)
        case SignatureFormat.COSIGN:
            layer = read_layer(signature.payload, media_type=signature.media_type, annotations=signature.annotations)
            return layer if isinstance(layer, Rejection) else _named(layer.certificates, "")


def _named(certificates: tuple[Certificate, ...], hint: str) -> Claim | Rejection:
    if not certificates:
        return Claim(hint=hint)
    try:
        identities, issuer = identities_of(certificates[0]), issuer_of(certificates[0])
    except InvalidDocument as error:
        return Rejection(str(error))
    subject = certificates[0].subject.rfc4514_string()
    return Claim(identity=identities[0] if identities else subject, issuer=issuer if identities else "")
