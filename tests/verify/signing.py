"""A signer of our own, for what nobody else's vectors have: each kind of key, each format, each way to be wrong."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reference import Digest
from pattern_operator.api.requirements_spec import RepositoryMirror, SignedRepository
from pattern_operator.api.verification import Requirement, TrustedAuthority, VerificationPolicy, VerificationResult
from pattern_operator.verify import verify as verify_at

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
ANNOTATION = "dev.cosignproject.cosign/signature"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
SIGNED = "https://sigstore.dev/cosign/sign/v1"

ARTIFACT = Digest.of(b"the artifact")
OTHER = Digest.of(b"another artifact")

type_of_private_key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, eq=False)
class Signer:
    """A private key, and the hash it signs with (Ed25519 has its own)."""

    key: type_of_private_key = field(repr=False)
    algorithm: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)

    @property
    def pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def key_id(self) -> str:
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(der).hexdigest()

    def sign(self, message: bytes) -> bytes:
        match self.key:
            case ec.EllipticCurvePrivateKey():
                return self.key.sign(message, ec.ECDSA(self.algorithm))
            case rsa.RSAPrivateKey():
                return self.key.sign(message, padding.PKCS1v15(), self.algorithm)
            case _:
                return self.key.sign(message)

    def authority(self, name: str = "release") -> TrustedAuthority:
        return TrustedAuthority.of_key(name=name, pem=self.pem)


ALICE = Signer(ec.generate_private_key(ec.SECP256R1()))
BOB = Signer(ec.generate_private_key(ec.SECP256R1()))
P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
RSA_2048 = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SIGNERS = {
    "P-256": ALICE,
    "P-384 with SHA-384, as cosign 3": Signer(P384, hashes.SHA384()),
    "P-384 with SHA-256, as cosign 2": Signer(P384),
    "P-521 with SHA-512, as cosign 3": Signer(P521, hashes.SHA512()),
    "P-521 with SHA-256, as cosign 2": Signer(P521),
    "RSA 2048": Signer(RSA_2048),
    "RSA 3072": Signer(rsa.generate_private_key(public_exponent=65537, key_size=3072)),
    "Ed25519": Signer(ed25519.Ed25519PrivateKey.generate()),
}


NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def verify(
    digest: Digest, signatures: Sequence[Signature], *, policy: VerificationPolicy, now: datetime = NOW, **others: Any
) -> VerificationResult:
    """Verify at a moment that is always the same."""
    return verify_at(digest, signatures, policy=policy, now=now, **others)


def policy_of(*signers: Signer, threshold: int = 1) -> VerificationPolicy:
    names = {ALICE: "alice", BOB: "bob"}
    return VerificationPolicy.of(
        *(signer.authority(names.get(signer, "release")) for signer in signers), threshold=threshold
    )


def naming_the_repository(policy: VerificationPolicy, *mirrors: RepositoryMirror) -> VerificationPolicy:
    """``policy``, by which signatures must name the repository."""
    rule = SignedRepository(required=True, mirrors=mirrors)
    return VerificationPolicy(
        tuple(replace(each, repository=rule) for each in policy.requirements if isinstance(each, Requirement))
    )


def base64_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def simple_signing(digest: object = ARTIFACT, **critical: Any) -> dict[str, Any]:
    """What cosign signs; ``critical`` replaces fields of it."""
    return {
        "critical": {
            "identity": {"docker-reference": "registry.example/patterns/web"},
            "image": {"docker-manifest-digest": str(digest)},
            "type": "cosign container image signature",
            **critical,
        },
        "optional": None,
    }


def cosign(document: object = None, *, signer: Signer = ALICE, where: str = "sha256-0a1b.sig layer 1") -> Signature:
    """A classic signature over ``document``: a value that becomes JSON, or raw bytes."""
    payload = document if isinstance(document, bytes) else json.dumps(document or simple_signing()).encode()
    annotations = {ANNOTATION: base64_text(signer.sign(payload))}
    return Signature(SignatureFormat.COSIGN, where, SIMPLE_SIGNING, payload, annotations)


def statement(digest: Digest = ARTIFACT, **fields: Any) -> dict[str, Any]:
    """What cosign 3 signs; ``fields`` replace its own."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {digest.algorithm: digest.hex}}],
        "predicateType": SIGNED,
        "predicate": {},
        **fields,
    }


def bundle_document(signed: object = None, *, signer: Signer = ALICE, payload_type: str = IN_TOTO) -> dict[str, Any]:
    """A bundle v0.3 around ``signed``: a value that becomes JSON, or raw bytes."""
    payload = signed if isinstance(signed, bytes) else json.dumps(signed or statement()).encode()
    message = f"DSSEv1 {len(payload_type)} {payload_type} {len(payload)} ".encode() + payload
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": "anything"}},
        "dsseEnvelope": {
            "payload": base64_text(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": base64_text(signer.sign(message))}],
        },
    }


def bundle(document: object = None, *, signer: Signer = ALICE, where: str = "referrer sha256:0a1b") -> Signature:
    """A bundle as it lies in a registry: ``document`` is a value that becomes JSON, or raw bytes."""
    content = (
        document if isinstance(document, bytes) else json.dumps(document or bundle_document(signer=signer)).encode()
    )
    return Signature(SignatureFormat.BUNDLE, where, BUNDLE, content)
