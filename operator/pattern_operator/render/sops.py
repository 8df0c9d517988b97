"""Tells a document that SOPS encrypted: the operator has no keys, and an API server would refuse the field ``sops``.

Source: SOPS documentation, "Encrypted file format": what is needed to decrypt, and the MAC of the whole, stand under
``sops`` at the top of the document, whichever part of it is encrypted.
"""

from typing import Any, Final

from pattern_operator.api.fields import mapping, text

_OF_SOPS: Final = frozenset({"mac", "lastmodified"})  # in every file; which keys it was encrypted for differs
_DECRYPTED_IN_THE_CLUSTER: Final = "sops"  # in the kind: SopsSecret of operators that decrypt it have the field

HOW_TO: Final = (
    "is encrypted with SOPS, and the operator decrypts nothing: take it out and have it made in the cluster (by"
    " External Secrets, Sealed Secrets or an operator for SopsSecrets), or publish what `sops decrypt` prints where all"
    " who can pull it may read it"
)


def is_encrypted(value: Any) -> bool:
    """Whether a document is encrypted with SOPS, and is not of a kind that a controller decrypts."""
    top = mapping(value)
    encrypted = not _OF_SOPS.isdisjoint(mapping(top.get("sops")))
    return encrypted and _DECRYPTED_IN_THE_CLUSTER not in text(top.get("kind")).casefold()
