"""Cosign's encrypted file: what is written is read, with the password alone; anything else in it is refused."""

import base64
import json
from pathlib import Path

import pytest

from pattern_operator.sign import InvalidPrivateKey, PrivateKey, WrongPassword, is_encrypted, read_private_key
from pattern_operator.sign.encrypted_key import NONCE, SALT, encrypt_key

DATA = Path(__file__).parents[1] / "data" / "cosign-3.1.3"
OF_COSIGN = (DATA / "password.key").read_bytes()  # its password is: secret
ITS_PUBLIC_KEY = (DATA / "password.pub").read_bytes()
KEY = PrivateKey.generate()


def encrypted(password=b"secret"):
    return encrypt_key(KEY.pkcs8, password=password, salt=b"s" * SALT, nonce=b"n" * NONCE)


def changed(change):
    """The file, with its JSON changed by ``change``."""
    lines = encrypted().splitlines()
    document = json.loads(base64.b64decode(b"".join(lines[1:-1])))
    change(document)
    return b"\n".join([lines[0], base64.b64encode(json.dumps(document).encode()), lines[-1], b""])


def test_a_key_of_cosign_is_opened_by_its_password_and_no_other():
    assert is_encrypted(OF_COSIGN)
    assert read_private_key(OF_COSIGN, password=b"secret").public_pem == ITS_PUBLIC_KEY
    with pytest.raises(WrongPassword):
        read_private_key(OF_COSIGN, password=b"")


def test_a_key_of_cosign_before_2_is_opened():
    old = OF_COSIGN.replace(b"SIGSTORE", b"COSIGN")

    assert is_encrypted(old)
    assert read_private_key(old, password=b"secret").public_pem == ITS_PUBLIC_KEY


@pytest.mark.parametrize("password", [b"", b"secret", "Größe".encode()])
def test_what_is_written_is_read_again(password):
    assert is_encrypted(encrypted(password))
    assert read_private_key(encrypted(password), password=password).spki == KEY.spki


def test_it_is_written_as_cosign_writes_it():
    ours, theirs = (
        json.loads(base64.b64decode(b"".join(each.splitlines()[1:-1]))) for each in (encrypted(), OF_COSIGN)
    )

    assert ours["kdf"]["params"] == theirs["kdf"]["params"]
    assert {len(base64.b64decode(each["kdf"]["salt"])) for each in (ours, theirs)} == {SALT}
    assert [len(line) for line in encrypted().splitlines()[1:-2]] == [64] * 8
    assert encrypted().splitlines()[0] == OF_COSIGN.splitlines()[0]


def test_a_changed_file_is_not_opened():
    def flip(document):
        content = bytearray(base64.b64decode(document["ciphertext"]))
        content[20] ^= 1
        document["ciphertext"] = base64.b64encode(content).decode()

    with pytest.raises(WrongPassword):
        read_private_key(changed(flip), password=b"secret")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda it: it["kdf"].update(name="argon2"), "is not encrypted with scrypt and nacl/secretbox"),
        (lambda it: it["cipher"].update(name="aes"), "is not encrypted with scrypt and nacl/secretbox"),
        (lambda it: it["kdf"]["params"].update(N=2**30), "has parameters of scrypt that are not used"),
        (lambda it: it["kdf"]["params"].update(N=65537), "has parameters of scrypt that are not used"),
        (lambda it: it["kdf"]["params"].update(N=1), "has parameters of scrypt that are not used"),
        (lambda it: it["kdf"]["params"].update(p=2**20), "has parameters of scrypt that are not used"),
        (lambda it: it["kdf"]["params"].update(r="8"), "has no number 'r'"),
        (lambda it: it["kdf"]["params"].update(p=True), "has no number 'p'"),
        (lambda it: it["kdf"].pop("params"), "has no object params"),
        (lambda it: it["cipher"].update(nonce="AAAA"), "has a nonce that has not 24 bytes"),
        (lambda it: it.update(ciphertext="~"), "is not base64"),
    ],
)
def test_a_file_that_is_made_otherwise_is_refused_before_anything_is_computed(change, says):
    with pytest.raises(InvalidPrivateKey, match=says):
        read_private_key(changed(change), password=b"secret")


def test_two_blocks_or_words_around_the_block_are_refused():
    with pytest.raises(InvalidPrivateKey):
        read_private_key(encrypted() * 2, password=b"secret")
    with pytest.raises(InvalidPrivateKey, match="is not one PEM block"):
        read_private_key(b"words\n" + encrypted(), password=b"secret")
