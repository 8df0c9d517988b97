"""A Notary Project signer of our own: any envelope, right or wrong in just one way.

CBOR is written by a library that has nothing to do with the reader that is tested.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tests.verify import pki, tsa
from tests.verify.pki import CODE_SIGNING, NOW

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reference import Digest
from pattern_operator.verify.notation import (
    Envelope,
    NotationAuthority,
    RevocationMode,
    StoreType,
    load_authority,
    read_envelope,
    verify_notation,
)
from pattern_operator.verify.outcome import Verified
from pattern_operator.verify.parsed_signature import Rejection

JWS, COSE = "application/jose+json", "application/cose"
PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PREFIX = "io.cncf.notary."
SCHEME, TIME, AUTHENTIC, EXPIRY, STAMP = (
    PREFIX + name for name in ("signingScheme", "signingTime", "authenticSigningTime", "expiry", "timestampSignature")
)
X509, AUTHORITY = "notary.x509", "notary.x509.signingAuthority"
TARGET = Descriptor(MANIFEST, Digest.of(b"the artifact"), 528)
OTHER = Descriptor(MANIFEST, Digest.of(b"another artifact"), 528)
LEAVE_OUT = object()
LABELS = {"alg": 1, "crit": 2, "cty": 3}
NUMBERS = {"PS256": -37, "PS384": -38, "PS512": -39, "ES256": -7, "ES384": -35, "ES512": -36}
SHA = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def descriptor(target: Descriptor = TARGET, **changed: Any) -> dict[str, Any]:
    stated = {"mediaType": target.media_type, "digest": str(target.digest), "size": target.size}
    return {name: value for name, value in {**stated, **changed}.items() if value is not LEAVE_OUT}


@dataclass(frozen=True)
class Signing:
    """What an envelope says; ``protected`` and ``unprotected`` are added to what belongs there, or take it away."""

    payload: bytes = field(default_factory=lambda: json.dumps({"targetArtifact": descriptor()}).encode())
    scheme: str = X509
    signing_time: datetime = NOW - timedelta(hours=1)
    expiry: datetime | None = None
    algorithm: str | None = None
    protected: Mapping[str, Any] = field(default_factory=dict)
    unprotected: Mapping[Any, Any] = field(default_factory=dict)
    chain: Sequence[bytes] | None = None
    stamped_by: tsa.Tsa | None = None
    stamp: Mapping[str, Any] = field(default_factory=dict)
    envelope: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Notary:
    """A leaf and what is above it, up to its root."""

    leaf: pki.Identity
    above: tuple[pki.Identity, ...] = ()

    @classmethod
    def make(cls, key: Any = None, *, subject: str = "C=US,ST=WA,O=Notary,CN=signer", **options: Any) -> "Notary":
        root = pki.root("C=US,ST=WA,O=Notary,CN=root")
        between = pki.intermediate(root, "C=US,ST=WA,O=Notary,CN=between")
        return cls(between.issue(subject, key=key, **{"extensions": CODE_SIGNING, **options}), (between, root))

    @classmethod
    def alone(cls, subject: str = "C=US,ST=WA,O=Notary,CN=alone", **options: Any) -> "Notary":
        return cls(pki.make(subject, **{"extensions": CODE_SIGNING, **options}))

    @property
    def root(self) -> pki.Identity:
        return self.above[-1] if self.above else self.leaf

    @property
    def algorithm(self) -> str:
        match self.leaf.key:
            case ec.EllipticCurvePrivateKey() as key:
                return {256: "ES256", 384: "ES384", 521: "ES512"}.get(key.curve.key_size, "ES256")
            case key:
                return {2048: "PS256", 3072: "PS384", 4096: "PS512"}.get(getattr(key, "key_size", 0), "PS256")

    def sign(self, media_type: str, **options: Any) -> bytes:
        return (self.jws if media_type == JWS else self.cose)(**options)

    def jws(self, **options: Any) -> bytes:
        signing = Signing(**options)
        headers = self._protected(signing, time=lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ"))
        protected = b64url(json.dumps(headers).encode())
        payload = b64url(signing.payload)
        signature = self._signature(f"{protected}.{payload}".encode(), signing)
        header = {
            "x5c": [b64(each) for each in self._chain(signing)],
            **({STAMP: b64(self._stamp(signature, signing))} if signing.stamped_by else {}),
            **signing.unprotected,
        }
        envelope = {
            "payload": payload,
            "protected": protected,
            "header": _without(header),
            "signature": b64url(signature),
            **signing.envelope,
        }
        return json.dumps(_without(envelope)).encode()

    def cose(self, **options: Any) -> bytes:
        signing = Signing(**options)
        headers = self._protected(signing, time=lambda time: cbor2.CBORTag(1, int(time.timestamp())))
        labelled = {LABELS.get(name, name): value for name, value in headers.items()}
        if isinstance(labelled.get(1), str):
            labelled[1] = NUMBERS.get(labelled[1], labelled[1])
        protected = cbor2.dumps(labelled)
        message = cbor2.dumps(["Signature1", protected, b"", signing.payload])
        signature = self._signature(message, signing)
        unprotected = {
            33: list(self._chain(signing)),
            **({STAMP: self._stamp(signature, signing)} if signing.stamped_by else {}),
            **signing.unprotected,
        }
        parts = {"protected": protected, "unprotected": _without(unprotected), "payload": signing.payload}
        parts = {**parts, "signature": signature, **signing.envelope}
        tag: Any = parts.pop("tag", 18)
        return cbor2.dumps(cbor2.CBORTag(tag, list(_without(parts).values())))

    def _protected(self, signing: Signing, *, time: Any) -> dict[str, Any]:
        own = AUTHENTIC if signing.scheme == AUTHORITY else TIME
        critical = [SCHEME, *([AUTHENTIC] if own == AUTHENTIC else []), *([EXPIRY] if signing.expiry else [])]
        headers = {
            "alg": signing.algorithm or self.algorithm,
            "crit": critical,
            "cty": PAYLOAD_TYPE,
            SCHEME: signing.scheme,
            own: time(signing.signing_time),
            **({EXPIRY: time(signing.expiry)} if signing.expiry else {}),
        }
        return _without({**headers, **signing.protected})

    def _chain(self, signing: Signing) -> Sequence[bytes]:
        if signing.chain is not None:
            return signing.chain
        return [each.certificate.der for each in (self.leaf, *self.above)]

    def _signature(self, message: bytes, signing: Signing) -> bytes:
        digest = SHA[(signing.algorithm or self.algorithm)[2:]]
        match self.leaf.key:
            case ec.EllipticCurvePrivateKey() as key:
                size = (key.curve.key_size + 7) // 8
                return b"".join(
                    each.to_bytes(size, "big") for each in decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
                )
            case rsa.RSAPrivateKey() as key:
                return key.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
            case key:
                return bytes(key.sign(message))

    def _stamp(self, signature: bytes, signing: Signing) -> bytes:
        assert signing.stamped_by is not None
        return signing.stamped_by.stamp(**{"message": signature, **signing.stamp})

    def authority(self, *, kind: StoreType = StoreType.CA, tsas: Sequence[tsa.Tsa] = (), **options: Any) -> Any:
        """An authority that trusts the root, and as many TSAs; without revocation unless it is asked for."""
        return trusting((kind, self.root), *((StoreType.TSA, each.root) for each in tsas), **options)


def trusting(*stores: tuple[StoreType, pki.Identity], **options: Any) -> NotationAuthority:
    given = [(kind, f"store {place}", identity.pem) for place, (kind, identity) in enumerate(stores)]
    return load_authority(
        "release", stores=given, **{"identities": ["*"], "revocation": RevocationMode.SKIP, **options}
    )


def read_or_reason(content: bytes, media_type: str) -> Envelope | str:
    found = read_envelope(content, media_type=media_type)
    return found.why if isinstance(found, Rejection) else found


def _without(values: dict[Any, Any]) -> dict[Any, Any]:
    return {name: value for name, value in values.items() if value is not LEAVE_OUT}


def with_revocation(authority: NotationAuthority) -> NotationAuthority:
    return replace(authority, revocation=RevocationMode.CHECK)


ALICE = Notary.make()
MALLORY = Notary.make()


def judge(content, kind, *, authority=None, target=TARGET, now=NOW):
    """The outcome for ``ALICE``'s authority, unless another one is given."""
    envelope = read_or_reason(content, kind)
    if isinstance(envelope, str):
        return Rejection(envelope)
    return verify_notation(envelope, target, authority or ALICE.authority(), now)


def rejection(content, kind, **options) -> str:
    found = judge(content, kind, **options)
    assert isinstance(found, Rejection)
    return found.why


def accepted(content, kind, **options) -> Verified:
    found = judge(content, kind, **options)
    assert isinstance(found, Verified), found
    return found


def jws_with(content: bytes, **changed: Any) -> bytes:
    return json.dumps({**json.loads(content), **changed}).encode()


def cose_with(content: bytes, place: int, value: Any) -> bytes:
    parts = list(cbor2.loads(content).value)
    parts[place] = value
    return cbor2.dumps(cbor2.CBORTag(18, parts))
