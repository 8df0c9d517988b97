"""Makes the bundle that ``cosign sign`` makes with a key: the statement that a digest is signed, in a DSSE envelope.

Formats: sigstore protobuf-specs 0.5 (``sigstore_bundle.proto``, v0.3), DSSE 1.0.2, in-toto attestation v1; predicate
and hint as cosign 3.1 writes them. Without log entry and timestamp: nothing is sent but to the registry.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.artifact import SIGNATURE_PREDICATE
from pattern_operator.api.reference import Digest
from pattern_operator.sign.private_key import PrivateKey
from pattern_operator.verify.dsse import pre_authentication_encoding
from pattern_operator.verify.statement import PAYLOAD_TYPE, TYPES

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed: that ``digest`` is, with ``annotations`` for policies. Equal ones have equal bytes."""

    digest: Digest
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        """The in-toto statement; cosign puts the annotations into the subject."""
        subject: dict[str, object] = {"digest": {self.digest.algorithm: self.digest.hex}}
        if self.annotations:
            subject["annotations"] = dict(sorted(self.annotations.items()))
        return _json({"_type": TYPES[0], "subject": [subject], "predicateType": SIGNATURE_PREDICATE, "predicate": {}})

    @property
    def message(self) -> bytes:
        """The bytes that the signature is over."""
        return pre_authentication_encoding(self.payload)


def sign_statement(statement: Statement, *, key: PrivateKey) -> bytes:
    """The JSON of a bundle v0.3 with the signature of ``key``."""
    return _json(
        {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {"publicKey": {"hint": _text(hashlib.sha256(key.spki).digest())}},
            "dsseEnvelope": {
                "payload": _text(statement.payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": _text(key.sign(statement.message))}],
            },
        }
    )


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
