"""A Sigstore instance of our own, for what no public one signs: CA, CT log, Rekor v1 and v2, TSA, and its TrustedRoot.

Everything can be made wrong in one place: what ``sign`` makes is a plain document, and the keys are at hand.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.verify import pki
from tests.verify.pki import NOW, YEAR
from tests.verify.tsa import Tsa

from pattern_operator.verify.x509.certificate import Certificate, read_certificate

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
SIGNED = "https://sigstore.dev/cosign/sign/v1"
ISSUER, WORKFLOW = "https://oidc.example", "https://ci.example/release.yml@refs/tags/v1"
ISSUER_V1, ISSUER_V2 = (x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}") for number in (1, 8))
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
TEN_MINUTES = timedelta(minutes=10)


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def spki(key: Any) -> bytes:
    public: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public


def sign_with(key: Any, message: bytes) -> bytes:
    made: bytes = (
        key.sign(message)
        if isinstance(key, ed25519.Ed25519PrivateKey)
        else key.sign(message, ec.ECDSA(hashes.SHA256()))
    )
    return made


def statement(digest: str, predicate_type: str = SIGNED, predicate: Any = None, **subject: Any) -> bytes:
    """An in-toto statement about a ``sha256:...``."""
    algorithm, _, digits = digest.partition(":")
    return json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {algorithm: digits}, **subject}],
            "predicateType": predicate_type,
            "predicate": {} if predicate is None else predicate,
        }
    ).encode()


def encoded(payload: bytes) -> bytes:
    """The pre-authentication encoding of DSSE."""
    return b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO.encode(), len(payload), payload)


@dataclass(frozen=True, eq=False)
class Certified:
    """A key with a certificate of the instance."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: Certificate

    @property
    def pem(self) -> str:
        return self.certificate.parsed.public_bytes(Encoding.PEM).decode()


@dataclass(eq=False)
class Log:
    """A transparency log that grows: every entry has a proof in the tree as it is then."""

    key: Any = field(repr=False)
    origin: str
    leaves: list[bytes] = field(default_factory=list)

    @property
    def is_v2(self) -> bool:
        return isinstance(self.key, ed25519.Ed25519PrivateKey)

    @property
    def name(self) -> str:
        return self.origin.partition(" - ")[0]

    @property
    def log_id(self) -> bytes:
        if not self.is_v2:
            return hashlib.sha256(spki(self.key)).digest()
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return hashlib.sha256(f"{self.origin}\n".encode() + b"\x01" + raw).digest()

    def checkpoint(self, size: int, root: bytes) -> str:
        note = f"{self.origin}\n{size}\n{text(root)}\n"
        return f"{note}\n\u2014 {self.name} {text(self.log_id[:4] + sign_with(self.key, note.encode()))}\n"

    def add(self, body: Mapping[str, Any], *, at: datetime | None) -> dict[str, Any]:
        """An entry with all its proofs: a promise where it is of Rekor v1 and has a time."""
        content = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        self.leaves.append(content)
        index, size = len(self.leaves) - 1, len(self.leaves)
        root = tree_root(self.leaves)
        entry: dict[str, Any] = {
            "logIndex": str(index),
            "logId": {"keyId": text(self.log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": {
                "logIndex": str(index),
                "treeSize": str(size),
                "rootHash": text(root),
                "hashes": [text(each) for each in tree_path(self.leaves, index)],
                "checkpoint": {"envelope": self.checkpoint(size, root)},
            },
            "canonicalizedBody": text(content),
        }
        if at is not None:
            entry["integratedTime"] = str(int(at.timestamp()))
            entry["inclusionPromise"] = {"signedEntryTimestamp": text(self.promise(entry))}
        return entry

    def promise(self, entry: Mapping[str, Any]) -> bytes:
        payload = {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
            "logIndex": int(entry["logIndex"]),
        }
        return sign_with(self.key, json.dumps(payload, sort_keys=True, separators=(",", ":")).encode())


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def tree_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*tree_path(leaves[:split], index), tree_root(leaves[split:])]
    return [*tree_path(leaves[split:], index - split), tree_root(leaves[:split])]


def hashed(signature: bytes, content: bytes, pem: str) -> dict[str, Any]:
    """The body of an entry hashedrekord 0.0.1."""
    return {
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}},
            "signature": {"content": text(signature), "publicKey": {"content": text(pem.encode())}},
        },
    }


def hashed_v2(signature: bytes, content: bytes, certificate: Certificate) -> dict[str, Any]:
    """The body of an entry hashedrekord 0.0.2, of Rekor v2."""
    verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": text(certificate.der)}}
    return {
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {
            "hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": text(hashlib.sha256(content).digest())},
                "signature": {"content": text(signature), "verifier": verifier},
            }
        },
    }


def enveloped(signature: bytes, payload: bytes, pem: str) -> dict[str, Any]:
    """The body of an entry dsse 0.0.1."""
    return {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(b"the envelope").hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": text(signature), "verifier": text(pem.encode())}],
        },
    }


@dataclass(eq=False)
class LocalSigstore:
    """The instance. What it signs, it signs at ``now``."""

    now: datetime = NOW
    root: pki.Identity = field(default_factory=lambda: pki.root("CN=Fulcio root,O=Test"))
    ct_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    rekor: Log = field(
        default_factory=lambda: Log(ec.generate_private_key(ec.SECP256R1()), "rekor.test - 1193050959916656506")
    )
    rekor_v2: Log = field(default_factory=lambda: Log(ed25519.Ed25519PrivateKey.generate(), "log2026.rekor.test"))
    tsa: Tsa = field(default_factory=Tsa.make)
    issuer: pki.Identity = field(init=False)

    def __post_init__(self) -> None:
        extensions = [pki.CA, (pki.key_usage("key_cert_sign", "crl_sign"), True), (pki.extended("codeSigning"), False)]
        self.issuer = pki.intermediate(self.root, "CN=Fulcio,O=Test", extensions=extensions)

    # --- certificates ---

    def certify(
        self,
        *,
        names: Sequence[x509.GeneralName] = (x509.UniformResourceIdentifier(WORKFLOW),),
        issuer: str | None = ISSUER,
        issuer_v1: str | None = ISSUER,
        at: datetime | None = None,
        usages: Sequence[str] = ("codeSigning",),
        sct_key: Any = None,
        sct_time: datetime | int | None = None,
        sct_algorithm: int = 3,
        with_sct: bool = True,
        key: Any = None,
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
        signer: pki.Identity | None = None,
    ) -> Certified:
        """A certificate as Fulcio issues it; each argument makes it another one."""
        own, start, by = key or ec.generate_private_key(ec.SECP256R1()), at or self.now, signer or self.issuer
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(by.certificate.subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + TEN_MINUTES)
            .add_extension(pki.key_usage("digital_signature"), critical=True)
            .add_extension(pki.extended(*usages), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=True)
        if issuer_v1 is not None:
            builder = builder.add_extension(x509.UnrecognizedExtension(ISSUER_V1, issuer_v1.encode()), critical=False)
        if issuer is not None:
            value = asn1.encode_der(issuer)
            builder = builder.add_extension(x509.UnrecognizedExtension(ISSUER_V2, value), critical=False)
        for extension, critical in more:
            builder = builder.add_extension(extension, critical=critical)
        if with_sct:
            precertificate = builder.sign(by.key, hashes.SHA256()).tbs_certificate_bytes
            scts = self._scts(precertificate, by, key=sct_key or self.ct_key, at=sct_time or start, kind=sct_algorithm)
            builder = builder.add_extension(x509.UnrecognizedExtension(SCT_LIST, scts), critical=False)
        made = builder.sign(by.key, hashes.SHA256())
        return Certified(own, read_certificate(made.public_bytes(Encoding.DER)))

    def _scts(self, precertificate: bytes, issuer: pki.Identity, *, key: Any, at: datetime | int, kind: int) -> bytes:
        """The value of the extension (RFC 6962 section 3.3); ``at`` may be milliseconds, ``kind`` is of the key."""
        time = at if isinstance(at, int) else int(at.timestamp() * 1000)
        signed = b"".join(
            (
                struct.pack("!BBQH", 0, 0, time, 1),
                hashlib.sha256(spki(issuer.key)).digest(),
                len(precertificate).to_bytes(3, "big"),
                precertificate,
                b"\x00\x00",
            )
        )
        signature = sign_with(key, signed)
        log_id = hashlib.sha256(spki(key)).digest()
        sct = struct.pack("!B32sQH", 0, log_id, time, 0) + struct.pack("!BBH", 4, kind, len(signature)) + signature
        listed = struct.pack("!H", len(sct)) + sct
        return asn1.encode_der(struct.pack("!H", len(listed)) + listed)

    # --- what is signed ---

    def sign(
        self,
        payload: bytes,
        *,
        by: Certified | None = None,
        log: str | None = "v1",
        stamped: bool = False,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """A keyless bundle v0.3 around a statement; ``log`` is ``v1``, ``v2`` or None."""
        signer, time = by or self.certify(), at or self.now + timedelta(minutes=1)
        signature = sign_with(signer.key, encoded(payload))
        entries = []
        if log == "v1":
            entries = [self.rekor.add(enveloped(signature, payload, signer.pem), at=time)]
        elif log == "v2":
            entries = [self.rekor_v2.add(hashed_v2(signature, encoded(payload), signer.certificate), at=None)]
        envelope = {"payload": text(payload), "payloadType": IN_TOTO, "signatures": [{"sig": text(signature)}]}
        return self._bundle({"dsseEnvelope": envelope}, signer, entries, signature if stamped else None, time)

    def sign_file(
        self, content: bytes, *, by: Certified | None = None, stamped: bool = False, at: datetime | None = None
    ) -> dict[str, Any]:
        """A keyless bundle v0.3 over the bytes of a file, in Rekor v1."""
        signer, time = by or self.certify(), at or self.now + timedelta(minutes=1)
        signature = sign_with(signer.key, content)
        entries = [self.rekor.add(hashed(signature, content, signer.pem), at=time)]
        digest = {"algorithm": "SHA2_256", "digest": text(hashlib.sha256(content).digest())}
        message = {"messageSignature": {"messageDigest": digest, "signature": text(signature)}}
        return self._bundle(message, signer, entries, signature if stamped else None, time)

    def annotations(
        self, payload: bytes, *, by: Certified | None = None, logged: bool = True, at: datetime | None = None
    ) -> dict[str, str]:
        """The annotations of a layer of classic cosign with this payload, signed without a key."""
        signer, time = by or self.certify(), at or self.now + timedelta(minutes=1)
        signature = sign_with(signer.key, payload)
        found = {
            "dev.cosignproject.cosign/signature": text(signature),
            "dev.sigstore.cosign/certificate": signer.pem,
            "dev.sigstore.cosign/chain": (self.issuer.pem + self.root.pem).decode(),
        }
        if logged:
            entry = self.rekor.add(hashed(signature, payload, signer.pem), at=time)
            found["dev.sigstore.cosign/bundle"] = json.dumps(rekor_bundle(entry))
        return found

    def _bundle(
        self, content: Mapping[str, Any], signer: Certified, entries: Any, signature: bytes | None, time: datetime
    ) -> dict[str, Any]:
        material: dict[str, Any] = {"certificate": {"rawBytes": text(signer.certificate.der)}, "tlogEntries": entries}
        if signature is not None:
            stamp = self.tsa.respond(message=signature, time=time)
            material["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": text(stamp)}]}
        return {"mediaType": BUNDLE, "verificationMaterial": material, **content}

    # --- whom to trust ---

    def trusted_root(self) -> dict[str, Any]:
        """The TrustedRoot, as a document."""
        valid = {"start": _time(self.now - YEAR)}

        def log(key: Any, log_id: bytes, url: str) -> dict[str, Any]:
            details = "PKIX_ED25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "PKIX_ECDSA_P256_SHA_256"
            public = {"rawBytes": text(spki(key)), "keyDetails": details, "validFor": dict(valid)}
            return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": {"keyId": text(log_id)}}

        def authority(*chain: pki.Identity) -> dict[str, Any]:
            certificates = [{"rawBytes": text(each.certificate.der)} for each in chain]
            return {
                "subject": {"organization": "Test", "commonName": "Test"},
                "certChain": {"certificates": certificates},
                "validFor": dict(valid),
            }

        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(each.key, each.log_id, f"https://{each.name}") for each in (self.rekor, self.rekor_v2)],
            "certificateAuthorities": [authority(self.issuer, self.root)],
            "ctlogs": [log(self.ct_key, hashlib.sha256(spki(self.ct_key)).digest(), "https://ct.test")],
            "timestampAuthorities": [authority(self.tsa.identity, self.tsa.root)],
        }


def rekor_bundle(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as the annotation of classic cosign has it."""
    return {
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logIndex": int(entry["logIndex"]),
            "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
        },
    }


def _time(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
