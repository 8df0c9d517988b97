"""Ed25519ph (RFC 8032 section 5.1): what cosign 3 makes of an Ed25519 key. cryptography has none; libsodium has.

A managed Ed25519 key does not say which of the two its holder makes (sigstore protobuf-specs 0.5, ``PublicKeyDetails``:
cosign 3 and sigstore-go take either), so formats of Sigstore take both: each needs the private key.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pattern_operator.verify.key import ED25519_SIGNATURE, PublicKey


def verify_ed25519ph(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` is the Ed25519ph signature over ``message`` by ``key``; false for anything else."""
    if not isinstance(key.arithmetic, Ed25519PublicKey) or len(signature) != ED25519_SIGNATURE:
        return False
    from nacl import bindings, exceptions  # here, because few keys are of this kind

    state = bindings.crypto_sign_ed25519ph_state()
    bindings.crypto_sign_ed25519ph_update(state, message)
    try:
        return bindings.crypto_sign_ed25519ph_final_verify(state, signature, key.arithmetic.public_bytes_raw())
    except exceptions.BadSignatureError:
        return False
