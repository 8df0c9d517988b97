"""Tells an attestation from a signature by what it says of itself, so that those of scans and builds count for none.

Formats: Sigstore bundle v0.3, DSSE and in-toto, as ``verify`` reads them. Nothing is believed here: what says that it
states something else than cosign's signature would not be taken for one by ``verify`` either.
"""

import base64
import binascii

from pattern_operator.api.artifact import SIGNATURE_PREDICATE
from pattern_operator.json_fields import object_field, string_field
from pattern_operator.strict_json import InvalidDocument, read_bounded


def is_other_statement(payload: bytes) -> bool:
    """Whether a bundle holds a statement of another predicate than a signature's.

    Total: what cannot be read may be a signature.
    """
    try:
        encoded = string_field(object_field(read_bounded(payload), "dsseEnvelope"), "payload")
        statement = read_bounded(base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=False))
        predicate = string_field(statement, "predicateType")
    except (InvalidDocument, binascii.Error, ValueError):
        return False
    return predicate not in ("", SIGNATURE_PREDICATE)
