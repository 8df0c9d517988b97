"""Signed entry timestamps (SET) of Rekor v1: the log's signature on an entry and the time when it took it in.

Format: rekor, openapi.yaml, ``signedEntryTimestamp``; sigstore protobuf-specs 0.5, ``sigstore_rekor.proto``,
``InclusionPromise``: over the RFC 8785 form of ``{body, integratedTime, logID, logIndex}``.
"""

import base64
import json
from typing import Final

from pattern_operator.verify.key import PublicKey, verify_signature

_MAX_EXACT: Final = 2**53 - 1  # RFC 8785 section 3.2.2.3: larger integers are not written exactly


def verify_promise(promise: bytes, *, key: PublicKey, log_id: bytes, index: int, time: int, body: bytes) -> bool:
    """Whether ``promise`` is the log's signature on an entry with this index, time (Unix seconds) and body."""
    if not (0 <= index <= _MAX_EXACT and 0 < time <= _MAX_EXACT):
        return False
    entry = {
        "body": base64.b64encode(body).decode("ascii"),
        "integratedTime": time,
        "logID": log_id.hex(),
        "logIndex": index,
    }
    # Names in the order of RFC 8785, ASCII in the values and integers that are exact: no more of it is needed.
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode("ascii")
    return verify_signature(key, promise, canonical)
