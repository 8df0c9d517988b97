"""Ed25519ph is verified, and nothing else is taken for it: the vector of RFC 8032 section 7.3, and changes of it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.signing import ALICE

from pattern_operator.verify.ed25519ph import verify_ed25519ph
from pattern_operator.verify.key import from_cryptography, load, verify_signature

PUBLIC = bytes.fromhex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf")
SIGNATURE = bytes.fromhex(
    "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
    "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
)
MESSAGE = b"abc"
KEY = from_cryptography(Ed25519PublicKey.from_public_bytes(PUBLIC))
ORDER = (1 << 252) + 27742317777372353535851937790883648493  # RFC 8032 section 5.1: L


def test_the_vector_of_the_rfc_holds():
    assert verify_ed25519ph(KEY, SIGNATURE, MESSAGE)


def test_it_is_no_signature_by_plain_ed25519_nor_the_other_way_round():
    plain = Ed25519PrivateKey.generate()
    key = from_cryptography(plain.public_key())

    assert not verify_signature(KEY, SIGNATURE, MESSAGE)
    assert not verify_ed25519ph(key, plain.sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize("place", range(len(SIGNATURE)))
def test_a_signature_with_a_changed_byte_does_not_hold(place):
    changed = bytes(byte ^ (place == at) for at, byte in enumerate(SIGNATURE))

    assert not verify_ed25519ph(KEY, changed, MESSAGE)


def test_a_signature_that_is_spelled_otherwise_does_not_hold():
    """RFC 8032 section 5.1.7, step 1: S is below L, so that nobody makes a second signature of one."""
    scalar = int.from_bytes(SIGNATURE[32:], "little") + ORDER

    assert not verify_ed25519ph(KEY, SIGNATURE[:32] + scalar.to_bytes(32, "little"), MESSAGE)


def test_it_holds_for_its_message_and_its_key_alone():
    assert not verify_ed25519ph(KEY, SIGNATURE, b"abx")
    assert not verify_ed25519ph(from_cryptography(Ed25519PrivateKey.generate().public_key()), SIGNATURE, MESSAGE)
    assert not verify_ed25519ph(load(ALICE.pem, name="alice"), SIGNATURE, MESSAGE)


@given(st.binary(max_size=80))
def test_any_other_bytes_are_no_signature(found):
    assert not verify_ed25519ph(KEY, found, MESSAGE)
