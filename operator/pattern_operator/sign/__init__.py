"""Makes signatures and the keys for them, so that an author needs no second tool: ``verify`` and cosign read both.

Pure: bytes in, bytes out. Random numbers and times are handed in; files, terminals and registries are the command's.

    private_key     private keys as authors have them: cosign's encrypted file, or PEM
    encrypted_key   cosign's encrypted file of a private key
    bundle          a Sigstore bundle v0.3 that says that a digest is signed
"""

from pattern_operator.sign.bundle import Statement, sign_statement
from pattern_operator.sign.encrypted_key import WrongPassword, encrypt_key
from pattern_operator.sign.private_key import InvalidPrivateKey, PrivateKey, is_encrypted, read_private_key

__all__ = [
    "InvalidPrivateKey",
    "PrivateKey",
    "Statement",
    "WrongPassword",
    "encrypt_key",
    "is_encrypted",
    "read_private_key",
    "sign_statement",
]
