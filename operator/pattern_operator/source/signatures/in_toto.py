"""Tells what a signature says that it states, so that attestations of scans and builds count for no signature.

Formats: Sigstore bundle, DSSE and in-toto, as ``verify`` reads them. Nothing is believed here: what says that it states
something else than cosign's signature would not be taken for one by ``verify`` either. Only one field is read of a
statement, which may hold a whole SBOM: nothing else of it is built.
"""

import base64
import binascii
from typing import Final

import msgspec

from pattern_operator.source.signatures.formats import BUNDLES, DSSE_ENVELOPE


class _Envelope(msgspec.Struct, gc=False):
    payload: str = ""


class _Bundle(msgspec.Struct, gc=False, rename={"envelope": "dsseEnvelope"}):
    envelope: _Envelope | None = None


class _Statement(msgspec.Struct, gc=False, rename={"predicate_type": "predicateType"}):
    predicate_type: str = ""


_bundles: Final = msgspec.json.Decoder(_Bundle)
_envelopes: Final = msgspec.json.Decoder(_Envelope)
_statements: Final = msgspec.json.Decoder(_Statement)


def predicate_of(payload: bytes, *, media_type: str) -> str:
    """The predicate type that a bundle or envelope declares; empty where it declares none.

    Total: what cannot be read may be a signature.
    """
    if media_type not in BUNDLES | {DSSE_ENVELOPE}:
        return ""
    try:
        envelope = _envelopes.decode(payload) if media_type == DSSE_ENVELOPE else _bundles.decode(payload).envelope
        if envelope is None:
            return ""
        statement = base64.b64decode(envelope.payload.replace("-", "+").replace("_", "/"), validate=False)
        return _statements.decode(statement).predicate_type
    except (msgspec.DecodeError, RecursionError, binascii.Error, ValueError):
        return ""
