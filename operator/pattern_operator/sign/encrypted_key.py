"""Cosign's file of a private key: PKCS#8, encrypted with a password.

Format: secure-systems-lab/go-securesystemslib, encrypted/encrypted.go, as cosign 3.1 uses it (pkg/cosign/keys.go): PEM
around JSON, scrypt (RFC 7914) for the key of NaCl's secretbox (XSalsa20 and Poly1305), which is PyNaCl's here.
"""

import base64
import hashlib
import json
import re
import textwrap
from dataclasses import dataclass
from typing import Final

from pattern_operator.json_fields import object_field, string_field
from pattern_operator.limits import MIB
from pattern_operator.strict_json import InvalidDocument, read_bounded

LABEL: Final = "ENCRYPTED SIGSTORE PRIVATE KEY"
LABELS: Final = frozenset({LABEL, "ENCRYPTED COSIGN PRIVATE KEY"})  # the second is what cosign wrote before 2.0

SALT: Final = 32  # bytes
NONCE: Final = 24  # bytes, of secretbox
_KEY: Final = 32  # bytes, of secretbox
_COST: Final = 65_536  # of scrypt, with _BLOCK and _PARALLEL: cosign 3 writes these, and go-securesystemslib no other
_BLOCK: Final = 8
_PARALLEL: Final = 1
_MAX_MEMORY: Final = 256 * MIB  # of scrypt: cosign's parameters take 64 MiB and some 0.2 s
_COLUMNS: Final = 64  # RFC 7468 section 2
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z ]{1,64})-----\s([A-Za-z0-9+/=\s]+)-----END \1-----\s*")


class WrongPassword(Exception):
    """The password does not open the key, or the file was changed: the format does not tell which."""


@dataclass(frozen=True, slots=True)
class _Box:
    """What the JSON says, read."""

    cost: int
    block: int
    parallel: int
    salt: bytes
    nonce: bytes
    ciphertext: bytes


def encrypt_key(pkcs8: bytes, *, password: bytes, salt: bytes, nonce: bytes) -> bytes:
    """The PEM of a private key that only ``password`` opens; ``salt`` and ``nonce`` are random, never used before.

    Args:
        pkcs8: the key, as unencrypted DER (RFC 5958).
        password: may be empty, as cosign allows it: then everybody who has the file has the key.
        salt: ``SALT`` bytes.
        nonce: ``NONCE`` bytes.
    """
    from nacl.secret import SecretBox  # here, because only who signs needs it

    box = SecretBox(_derived(password, salt=salt, cost=_COST, block=_BLOCK, parallel=_PARALLEL))
    document = {
        "kdf": {
            "name": "scrypt",
            "params": {"N": _COST, "r": _BLOCK, "p": _PARALLEL},
            "salt": _text(salt),
        },
        "cipher": {"name": "nacl/secretbox", "nonce": _text(nonce)},
        "ciphertext": _text(box.encrypt(pkcs8, nonce).ciphertext),
    }
    encoded = _text(json.dumps(document, separators=(",", ":")).encode())
    lines = "\n".join(textwrap.wrap(encoded, _COLUMNS))
    return f"-----BEGIN {LABEL}-----\n{lines}\n-----END {LABEL}-----\n".encode()


def decrypt_key(pem: bytes, *, password: bytes) -> bytes:
    """The DER of the PKCS#8 in the file.

    Raises:
        WrongPassword: it does not open it.
        InvalidDocument: the file is not made as cosign makes them.
    """
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    box = _read(pem)
    key = _derived(password, salt=box.salt, cost=box.cost, block=box.block, parallel=box.parallel)
    try:
        return SecretBox(key).decrypt(box.ciphertext, box.nonce)
    except CryptoError as error:
        raise WrongPassword from error


def _derived(password: bytes, *, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    room = 2 * _MAX_MEMORY  # OpenSSL counts what it needs beside the table
    return hashlib.scrypt(password, salt=salt, n=cost, r=block, p=parallel, maxmem=room, dklen=_KEY)


def _read(pem: bytes) -> _Box:
    found = _PEM.fullmatch(pem.strip() + b"\n")
    if found is None or found[1].decode("ascii") not in LABELS:
        raise InvalidDocument("is not one PEM block")
    document = read_bounded(_bytes(b"".join(found[2].split()).decode("ascii")))
    kdf, cipher = object_field(document, "kdf"), object_field(document, "cipher")
    if (string_field(kdf, "name"), string_field(cipher, "name")) != ("scrypt", "nacl/secretbox"):
        raise InvalidDocument("is not encrypted with scrypt and nacl/secretbox")
    params = object_field(kdf, "params")
    cost, block, parallel = (_number(params, name) for name in ("N", "r", "p"))
    if cost & (cost - 1) or cost < 2 or 128 * cost * block * parallel > _MAX_MEMORY:  # RFC 7914 section 2
        raise InvalidDocument("has parameters of scrypt that are not used")
    nonce = _bytes(string_field(cipher, "nonce"))
    if len(nonce) != NONCE:
        raise InvalidDocument(f"has a nonce that has not {NONCE} bytes")
    salt, ciphertext = _bytes(string_field(kdf, "salt")), _bytes(string_field(document, "ciphertext"))
    return _Box(cost, block, parallel, salt, nonce, ciphertext)


def _number(document: dict[str, object], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidDocument(f"has no number {name!r}")
    return value


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidDocument("is not base64") from error


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
