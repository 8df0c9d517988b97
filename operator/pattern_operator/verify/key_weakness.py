"""Says which public keys are weak: with these, whoever sees the key can sign.

RSA: NIST SP 800-89, section 5.3.3, "Partial public-key validation": the modulus is odd, has no factor below 752, and is
neither a prime nor a power of one. Ed25519: RFC 8032 section 5.1.3 for the encoding, and its section 8.4 for points of
small order. The points of P-256, P-384 and P-521 have no small order, and cryptography takes those on the curve alone.
"""

from functools import lru_cache
from math import gcd, isqrt, prod
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pattern_operator.limits import MAX_RSA_BITS, MIN_RSA_BITS

Arithmetic = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | Ed25519PublicKey

_CURVES: Final = (ec.SECP256R1.name, ec.SECP384R1.name, ec.SECP521R1.name)
_MIN_RSA_EXPONENT: Final = 65_537  # FIPS 186-5, appendix A.1.1: 2^16 < e; with e = 1 anyone can sign
_SMALL_PRIMES: Final = prod(n for n in range(2, 752) if all(n % factor for factor in range(2, isqrt(n) + 1)))
_COMPUTABLE: Final = "has a modulus whose factors anyone can find"
_MODULI_KEPT: Final = 64

_FIELD: Final = 2**255 - 19  # RFC 8032 section 5.1
_SIGN: Final = 2**255  # the highest bit of an encoded point says which x is meant
_OF_ORDER_8: Final = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
# The y of the eight points whose order divides the cofactor: of order 1, of order 2, of order 4, and of order 8.
_SMALL_ORDER: Final = frozenset({1, _FIELD - 1, 0, _OF_ORDER_8, _FIELD - _OF_ORDER_8})


def weakness_of(key: Arithmetic) -> str | None:
    """Why ``key`` may not be used, as a clause; None where nothing is known against it. Takes microseconds."""
    match key:
        case ec.EllipticCurvePublicKey():
            return None if key.curve.name in _CURVES else "is on a curve that is not used: P-256, P-384 and P-521 are"
        case rsa.RSAPublicKey():
            return _weakness_of_rsa(key.key_size, key.public_numbers())
        case Ed25519PublicKey():
            return _weakness_of_point(int.from_bytes(key.public_bytes(Encoding.Raw, PublicFormat.Raw), "little"))


def weakness_of_trusted(key: Arithmetic) -> str | None:
    """As ``weakness_of``, with what takes longer: for keys that people give, which nobody has vouched for.

    A modulus is tried once: 20 ms for 2048 bits, 130 ms for 4096, during which other threads go on.
    """
    if not (weak := weakness_of(key)) and isinstance(key, rsa.RSAPublicKey):
        return _COMPUTABLE if _is_prime_or_power(key.public_numbers().n) else None
    return weak


def _weakness_of_rsa(bits: int, numbers: rsa.RSAPublicNumbers) -> str | None:
    if not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        return f"has {bits} bits; RSA must have {MIN_RSA_BITS} to {MAX_RSA_BITS}"
    if numbers.e < _MIN_RSA_EXPONENT:
        return f"has a public exponent below {_MIN_RSA_EXPONENT}, with which signatures can be forged"
    if gcd(numbers.n, _SMALL_PRIMES) != 1 or isqrt(numbers.n) ** 2 == numbers.n:
        return _COMPUTABLE
    return None


def _weakness_of_point(encoded: int) -> str | None:
    y = encoded % _SIGN
    if y >= _FIELD:
        return "is not written as RFC 8032 has it, so that one key would have several texts"
    return "is a point of small order, with which anyone can sign" if y in _SMALL_ORDER else None


@lru_cache(maxsize=_MODULI_KEPT)  # asked at each verification; a pattern has a few keys
def _is_prime_or_power(modulus: int) -> bool:
    """Whether ``modulus`` is a prime p or a power of one: then 2^modulus - 2 is divisible by p (Fermat).

    Of two different large primes neither divides it, but by a chance that is negligible. Not by ``pow``, which would
    hold the interpreter for all of it.
    """
    power = 1
    for bit in f"{modulus:b}":
        power = (power * power << int(bit)) % modulus
    return gcd(power - 2, modulus) != 1
