"""What is known of a signature that fits no required key: whether the key is the wrong one, or what was signed.

Nothing here decides: the signature does not count either way. What an unverified signature says of itself is told as
what it says.
"""

import base64
import hashlib
from collections.abc import Sequence

from pattern_operator.verify.key import PublicKey, could_make
from pattern_operator.verify.parsed_signature import ParsedSignature, Rejection


def explain(parsed: ParsedSignature, *, content: Rejection | None, keys: Sequence[PublicKey]) -> Rejection:
    """Why ``parsed`` fits none of ``keys``; ``content`` is what is wrong with what it says, were it believed."""
    if (hint := _digest(parsed.hint)) is not None:
        named = next((key for key in keys if hashlib.sha256(key.spki).digest() == hint), None)
        if named is not None:
            why = f"says that it is made with the key {named.fingerprint}, and does not fit it"
            return Rejection(f"{why}: it, or what it signs, was changed", key_is_right=True)
        return Rejection("says that it is made with another key")
    if not any(could_make(key, parsed.signature) for key in keys):
        return Rejection("is made with another key, of another kind")
    if content is not None and content.about_another is not None:
        return Rejection(f"is made with another key, or was changed, and says that it is for {content.about_another}")
    if content is None:
        return Rejection("says that it is for this artifact, and is made with another key, or was changed")
    return Rejection("was changed, or is made with another key")


def _digest(hint: str) -> bytes | None:
    """The SHA-256 of an SPKI, which cosign 3 writes as base64 into a bundle; None for a hint of any other kind."""
    try:
        digest = base64.b64decode(hint, validate=True)
    except ValueError:
        return None
    return digest if len(digest) == hashlib.sha256().digest_size else None
