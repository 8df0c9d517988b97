"""What a log entry says must be the signature at hand, in each kind of entry; nothing else in it is skipped."""

import base64
import copy
import hashlib
import json

import pytest
from tests.verify.local_sigstore import (
    IN_TOTO,
    LocalSigstore,
    encoded,
    enveloped,
    hashed,
    hashed_v2,
    sign_with,
    text,
)
from tests.verify.signing import ALICE, BOB

from pattern_operator.verify.key import load
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.transparency.body import (
    LoggedSignature,
    SignedEnvelope,
    SignedFile,
    Verifier,
    VerifierKind,
    check_body,
)

PAYLOAD = b'{"a": 1}'
SIGNER = LocalSigstore().certify()
KEY = Verifier(VerifierKind.KEY, load(ALICE.pem, name="x").spki)
CERTIFICATE = Verifier(VerifierKind.CERTIFICATE, SIGNER.certificate.der)
FILE, ENVELOPE = SignedFile(Subject.of(PAYLOAD)), SignedEnvelope(IN_TOTO, PAYLOAD, encoded(PAYLOAD))
OF_FILE, OF_ENVELOPE = sign_with(SIGNER.key, PAYLOAD), sign_with(SIGNER.key, encoded(PAYLOAD))


def intoto(signature=OF_ENVELOPE, payload=PAYLOAD, pem=SIGNER.pem, **envelope):
    def twice(content):
        return text(text(content).encode())

    return {
        "apiVersion": "0.0.2",
        "kind": "intoto",
        "spec": {
            "content": {
                "envelope": {
                    "payloadType": IN_TOTO,
                    "signatures": [{"publicKey": text(pem.encode()), "sig": twice(signature)}],
                    "payload": twice(payload),
                    **envelope,
                },
                "hash": {"algorithm": "sha256", "value": hashlib.sha256(b"?").hexdigest()},
                "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            }
        },
    }


def dsse_v2(signature=OF_ENVELOPE, payload=PAYLOAD, certificate=SIGNER.certificate):
    record = hashed_v2(signature, payload, certificate)["spec"]["hashedRekordV002"]
    spec = {"dsseV002": {"payloadHash": record["data"], "signatures": [record["signature"]]}}
    return {"apiVersion": "0.0.2", "kind": "dsse", "spec": spec}


KINDS = {
    "hashedrekord 0.0.1": (hashed(OF_FILE, PAYLOAD, SIGNER.pem), FILE, OF_FILE),
    "hashedrekord 0.0.2": (hashed_v2(OF_FILE, PAYLOAD, SIGNER.certificate), FILE, OF_FILE),
    "hashedrekord 0.0.2 of an envelope": (
        hashed_v2(OF_ENVELOPE, encoded(PAYLOAD), SIGNER.certificate),
        ENVELOPE,
        OF_ENVELOPE,
    ),
    "dsse 0.0.1": (enveloped(OF_ENVELOPE, PAYLOAD, SIGNER.pem), ENVELOPE, OF_ENVELOPE),
    "dsse 0.0.2": (dsse_v2(), ENVELOPE, OF_ENVELOPE),
    "intoto 0.0.2": (intoto(), ENVELOPE, OF_ENVELOPE),
}
BY_KIND = pytest.mark.parametrize(("body", "content", "signature"), KINDS.values(), ids=KINDS.keys())


def check(body, content, signature, *, verifier=CERTIFICATE, kind=None, version=None):
    logged = LoggedSignature(content, signature, (verifier,))
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    stated = body if isinstance(body, dict) else {"kind": kind, "apiVersion": version}
    return check_body(written, kind=kind or stated["kind"], version=version or stated["apiVersion"], logged=logged)


@BY_KIND
def test_an_entry_about_the_signature_is_taken(body, content, signature):
    assert check(body, content, signature) is None


@BY_KIND
def test_an_entry_about_another_one_is_not(body, content, signature):
    other = sign_with(SIGNER.key, b"another")
    other_file = SignedFile(Subject.of(b"another"))
    other_envelope = SignedEnvelope(IN_TOTO, b"another", encoded(b"another"))

    assert "another signature" in check(body, content, other)
    assert "key or certificate" in check(body, content, signature, verifier=KEY)
    certificate = Verifier(VerifierKind.CERTIFICATE, LocalSigstore().certify().certificate.der)
    assert "key or certificate" in check(body, content, signature, verifier=certificate)
    assert check(body, other_file if content is FILE else other_envelope, signature) is not None
    assert check(body, FILE if content is ENVELOPE else ENVELOPE, signature) is not None


@BY_KIND
def test_an_entry_of_another_kind_than_stated_is_not(body, content, signature):
    for kind, version in (("hashedrekord", "0.0.1"), ("dsse", "0.0.1"), ("intoto", "0.0.2"), ("rekord", "0.0.1")):
        if (kind, version) != (body["kind"], body["apiVersion"]):
            assert check(body, content, signature, kind=kind, version=version) is not None


def places(value, path=()):
    yield path
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*path, name))


@BY_KIND
def test_no_field_may_be_missing_or_added_anywhere(body, content, signature):
    # intoto: the payload is in the entry or not, and the hash of an envelope that is not kept is not compared.
    free = {("spec", "content", "envelope", "payload")}
    for path in places(body):
        for change in ("drop", "add", "double"):
            changed = copy.deepcopy(body)
            parent = changed
            for name in path[:-1]:
                parent = parent[name]
            target = parent[path[-1]] if path else changed
            if change == "drop" and path and path not in free:
                del parent[path[-1]]
            elif change == "add" and isinstance(target, dict):
                target["more"] = 1
            elif change == "double" and isinstance(target, list):
                target.append(copy.deepcopy(target[0]))
            else:
                continue
            stated = {"kind": body["kind"], "version": body["apiVersion"]}
            assert check(changed, content, signature, **stated) is not None, (path, change)


@pytest.mark.parametrize(
    "pem",
    [
        SIGNER.pem + SIGNER.pem,
        SIGNER.pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
        SIGNER.pem.replace("-----END CERTIFICATE-----", ""),
        "text " + SIGNER.pem,
        BOB.pem.decode(),
        "",
    ],
)
def test_the_pem_of_an_entry_is_that_of_one_certificate(pem):
    assert check(hashed(OF_FILE, PAYLOAD, pem), FILE, OF_FILE) is not None


def test_a_key_may_be_named_in_place_of_a_certificate():
    signature = ALICE.sign(PAYLOAD)
    body = hashed(signature, PAYLOAD, ALICE.pem.decode())

    assert check(body, FILE, signature, verifier=KEY) is None
    assert check(body, FILE, signature, verifier=Verifier(VerifierKind.CERTIFICATE, KEY.der)) is not None


def test_hashes_of_sha_1_and_unknown_ones_are_not_read():
    for algorithm, value in (("sha1", "0" * 40), ("md5", "0" * 32), ("sha256", "0" * 63), ("sha256", "G" * 64)):
        body = hashed(OF_FILE, PAYLOAD, SIGNER.pem)
        body["spec"]["data"]["hash"] = {"algorithm": algorithm, "value": value}

        assert "not a hash" in check(body, FILE, OF_FILE)


def test_longer_hashes_of_the_content_are_compared_where_the_content_is_known():
    body = hashed(OF_FILE, PAYLOAD, SIGNER.pem)
    body["spec"]["data"]["hash"] = {"algorithm": "sha512", "value": hashlib.sha512(PAYLOAD).hexdigest()}

    assert check(body, FILE, OF_FILE) is None
    assert check(body, SignedFile(Subject(FILE.subject.digest)), OF_FILE) is not None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"kind": "dsse", "kind": "dsse"}', b"[" * 2000])
def test_what_is_not_an_entry_is_refused(content):
    assert check(content, FILE, OF_FILE, kind="hashedrekord", version="0.0.1") is not None


def test_a_body_in_which_a_name_stands_twice_is_refused():
    written = json.dumps(hashed(OF_FILE, PAYLOAD, SIGNER.pem)).replace('"kind"', '"kind": "hashedrekord", "kind"')

    assert "same name twice" in check(written.encode(), FILE, OF_FILE, kind="hashedrekord", version="0.0.1")
    assert base64.b64decode(text(OF_FILE)) == OF_FILE
