"""Inputs that are left out, misspelt, given twice or of another type are rejected; no vector has such."""

import base64
import copy
import hashlib
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from tests import vectors
from tests.conformance import run_signatures
from tests.conformance.case import MAX_FILE, Case
from tests.conformance.inputs import DESCRIPTIONS, MOST, WrongInputs, check
from tests.conformance.run_signatures import EXPECTATIONS, judge, verdict
from tests.verify import pki
from tests.verify.local_sigstore import LocalSigstore, hashed, rekor_bundle
from tests.verify.signing import SIMPLE_SIGNING, simple_signing

from pattern_operator.api.reference import Digest

ALL = vectors.cases("notation", "rfc3161", "sigstore-bundle", "cosign-classic")
KEYLESS, KEY = "sigstore-conformance/happy-path-v0.3", "sigstore-go/public-key-unbounded"
CLASSIC, CLASSIC_KEYLESS = "containers-image/valid-with-tag", "connaisseur/keyless"
OWN_PKI = "containers-image/pki-hostname"
NOTATION, TOKEN = "notation-go/oci-jws", "tspclient-go/token-root-r6"
DROP = Ellipsis  # names tests alike in every process
NO_FLAGS: tuple[Any, ...] = (None, 0, "", "false", [])


def of(case_id):
    found = next(case for case in ALL if case["id"] == case_id)
    return copy.deepcopy({name: value for name, value in found.items() if name not in EXPECTATIONS})


def changed(case_id, changes):
    """The case with other fields; their names may lead inside, as in ``policy.level``."""
    fields: dict[str, Any] = of(case_id)
    for name, value in changes.items():
        *way, last = name.split(".")
        parent = fields
        for each in way:
            parent = parent[each]
        if value is DROP:
            del parent[last]
        else:
            parent[last] = value
    return fields


@pytest.mark.parametrize("case", ALL, ids=lambda case: case["id"])
def test_the_inputs_of_every_vector_are_complete_and_clear(case):
    check({name: value for name, value in case.items() if name not in EXPECTATIONS})


@pytest.mark.parametrize(
    ("case_id", "changes"),
    [
        (KEYLESS, {"identity": DROP}),
        (KEYLESS, {"issuer": DROP}),
        (KEYLESS, {"identity": DROP, "Identity": "x"}),
        (KEYLESS, {"identity": ""}),
        (KEYLESS, {"identity": ["x"]}),
        (KEYLESS, {"identity": False}),
        (KEYLESS, {"key": "containers-image/cosign.pub"}),
        (KEYLESS, {"digest": f"sha256:{'0' * 64}"}),
        (KEYLESS, {"artifact": DROP}),
        (KEYLESS, {"artifact": DROP, "digest": f"md5:{'0' * 32}"}),
        (KEYLESS, {"trustedRoot": DROP}),
        (KEYLESS, {"keyValidUntil": "2030-01-01T00:00:00Z"}),
        (KEYLESS, {"keys": ["containers-image/cosign.pub"]}),
        (KEYLESS, {"threshold": 1}),
        (KEYLESS, {"maxAge": "1d"}),
        (KEYLESS, {"time": "2024-01-01T00:00:00"}),
        (KEYLESS, {"time": None}),
        (KEYLESS, {"format": "sigstore"}),
        *((KEYLESS, {name: value}) for name in ("requireTlog", "requireSct") for value in NO_FLAGS),
        (KEYLESS, {"requireTimestamp": "true"}),
        (KEYLESS, {"predicateType": None}),
        (KEY, {"identity": "x", "issuer": "y"}),
        (KEY, {"requireSct": True}),
        (KEY, {"keyValidUntil": "2030-01-01T00:00:00"}),
        (CLASSIC, {"keys": []}),
        (CLASSIC, {"keys": ["containers-image/cosign.pub"] * (MOST + 1)}),
        (CLASSIC, {"keys": DROP}),
        (CLASSIC, {"byoPki": {}}),
        (CLASSIC, {"threshold": True}),
        (CLASSIC, {"threshold": 0}),
        (CLASSIC, {"threshold": "1"}),
        (CLASSIC, {"rekorKeys": None}),
        (CLASSIC, {"rekorKeys": []}),
        (CLASSIC, {"reference": None}),
        (CLASSIC, {"layers": {}}),
        (CLASSIC, {"layers": [{"mediaType": "x", "payload": "y", "annotations": {"a": 1}}]}),
        (CLASSIC, {"layers": [{"mediaType": "x", "payload": "y", "digest": "z"}]}),
        (CLASSIC_KEYLESS, {"keyless.identity": DROP}),
        (CLASSIC_KEYLESS, {"keyless.issuer": DROP}),
        (CLASSIC_KEYLESS, {"keyless.identity": None}),
        (CLASSIC_KEYLESS, {"keyless.fulcioRoots": ["containers-image/pki_root.pem"]}),
        (CLASSIC_KEYLESS, {"keyless.trustedRoot": DROP}),
        (CLASSIC_KEYLESS, {"keyless.requireSct": 0}),
        (CLASSIC_KEYLESS, {"keyless.requireSCT": True}),
        (OWN_PKI, {"byoPki.subject": {}}),
        (OWN_PKI, {"byoPki.subject.uri": "x"}),
        (OWN_PKI, {"byoPki.subject.email": None}),
        (OWN_PKI, {"byoPki.subject.dns": ["myhost.example.com"]}),
        (OWN_PKI, {"byoPki.roots": []}),
        (OWN_PKI, {"byoPki.requireSct": True}),
        (NOTATION, {"policy.trustedIdentities": "*"}),
        (NOTATION, {"policy.trustedIdentities": []}),
        (NOTATION, {"policy.level": "Strict"}),
        (NOTATION, {"policy.revocation": DROP}),
        (NOTATION, {"policy.revocation": "check"}),
        (NOTATION, {"policy.trustStores": []}),
        (NOTATION, {"policy.skip": True}),
        (NOTATION, {"target.size": "1"}),
        (NOTATION, {"target.size": True}),
        (NOTATION, {"target.size": 528.0}),
        (NOTATION, {"target.size": DROP}),
        (NOTATION, {"target.annotations": {}}),
        (NOTATION, {"target": []}),
        (NOTATION, {"userMetadata": None}),
        (NOTATION, {"userMetadata": {"a": None}}),
        (NOTATION, {"userMetadata": []}),
        (TOKEN, {"messageDigest": f"sha256:{'0' * 64}"}),
        (TOKEN, {"message": DROP}),
        (TOKEN, {"message": DROP, "messageDigest": f"sha256:{'A' * 64}"}),
        (TOKEN, {"message": DROP, "messageDigest": f"sha256: {'0' * 64}\n"}),
        (TOKEN, {"message": DROP, "messageDigest": f"sha256:{'0' * 62}"}),
        (TOKEN, {"message": DROP, "messageDigest": f"sha1:{'0' * 40}"}),
        (TOKEN, {"encoding": "der"}),
        (TOKEN, {"encoding": DROP}),
        (TOKEN, {"roots": []}),
    ],
    ids=str,
)
def test_what_is_not_complete_or_not_clear_is_rejected(case_id, changes):
    fields = changed(case_id, changes)

    with pytest.raises(WrongInputs):
        judge(Case(fields, vectors.folder()))
    assert verdict(fields, vectors.folder())["verdict"] == "reject"


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_what_only_describes_a_case_is_not_looked_at(name):
    assert judge(Case(changed(TOKEN, {name: {"any": None}}), vectors.folder())) is None


@pytest.mark.parametrize("line", ["[1]", "[null]", "[[]]", '[{"id": "a", "format": {}}]', '[{"id": ["a"]}]'])
def test_what_is_no_case_gets_its_line_all_the_same(line, tmp_path):
    (tmp_path / "cases.json").write_text(line)

    (found,) = run_signatures.verdicts(tmp_path)

    assert found["verdict"] == "reject"


@pytest.mark.parametrize(("twice", "again"), [("identity", None), ("bundle", "x"), ("requireTlog", True)])
def test_a_field_that_is_given_twice_is_rejected(tmp_path, twice, again):
    fields = {"requireTlog": True, **of(KEYLESS)}
    text = json.dumps(fields).replace(f'"{twice}":', f'"{twice}": {json.dumps(again)}, "{twice}":', 1)
    assert text.count(f'"{twice}":') == 2
    (tmp_path / "cases.json").write_text(f"[{text}]")

    (found,) = run_signatures.verdicts(tmp_path)

    assert (found["verdict"], "''" in found["reason"]) == ("reject", True)


# --- files -----------------------------------------------------------------------------------------------------------

WITH_KEYS = [
    (case["id"], name)
    for case in ALL
    for name in ("key", "keys", "rekorKeys")
    if case["expect"] == "accept" and name in case
]


@pytest.mark.parametrize(("case_id", "name"), WITH_KEYS)
def test_keys_are_pem_or_der_whatever_their_names(case_id, name):
    fields = of(case_id)
    paths = fields[name] if isinstance(fields[name], list) else [fields[name]]
    der = {}
    for path in paths:
        key = load_pem_public_key((vectors.folder() / path).read_bytes())
        der[path] = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert judge(Case(fields, vectors.folder(), der)) is None
    cut = Case(fields, vectors.folder(), {path: content[:-1] for path, content in der.items()})
    with pytest.raises(ValueError, match="deserialize"):
        judge(cut)


@pytest.mark.parametrize(
    ("case_id", "name"),
    [
        (KEYLESS, "bundle"),
        (KEYLESS, "trustedRoot"),
        (KEY, "key"),
        (CLASSIC, "manifest"),
        (NOTATION, "envelope"),
        (TOKEN, "token"),
    ],
)
def test_a_file_of_any_size_is_not_read_to_its_end(case_id, name, tmp_path):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_FILE * 1_000)

    with pytest.raises(ValueError, match="has more than"):
        judge(Case(changed(case_id, {name: str(large)}), vectors.folder()))


# --- classic ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [":x", ":latest", f"@sha256:{'0' * 64}", f":x@sha256:{'1' * 64}", "/", "x", " "])
@pytest.mark.parametrize("case_id", [CLASSIC, "containers-image/valid-reference"])
def test_a_reference_is_a_repository_and_nothing_else(case_id, more):
    wanted = of(case_id)["reference"]

    assert verdict(changed(case_id, {"reference": f"{wanted}{more}"}), vectors.folder())["verdict"] == "reject"
    assert verdict(changed(case_id, {"reference": f"oci://{wanted}"}), vectors.folder())["verdict"] == "reject"


def two_keys_of_one_signature(message):
    """A signature, and the two keys that it is by: the nonce is k for one of them, and -k for the other."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    nonce, s = 0x1234567, 0x7654321
    hashed = int.from_bytes(hashlib.sha256(message).digest(), "big")
    r = ec.derive_private_key(nonce, ec.SECP256R1()).public_key().public_numbers().x % order
    keys = [
        ec.derive_private_key((each * s - hashed) * pow(r, -1, order) % order, ec.SECP256R1()).public_key()
        for each in (nonce, order - nonce)
    ]
    pems = [key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in keys]
    return encode_dss_signature(r, s), pems


def test_one_layer_counts_for_one_key_though_another_was_made_to_fit():
    fields = of(CLASSIC)
    (layer,) = fields["layers"]
    signature, (one, other) = two_keys_of_one_signature((vectors.folder() / layer["payload"]).read_bytes())
    layer["annotations"] = {"dev.cosignproject.cosign/signature": base64.b64encode(signature).decode()}
    files = {"one": one, "other": other}

    def judged(keys, threshold):
        return judge(Case({**fields, "keys": keys, "threshold": threshold}, vectors.folder(), files))

    assert judged(["one"], 1) is None
    assert judged(["other"], 1) is None
    assert str(judged(["one", "other"], 2)).startswith("1 of 2 signers")
    fields["layers"] = [layer, layer]
    assert str(judged(["one", "other"], 2)).startswith("1 of 2 signers")


@pytest.mark.parametrize(
    ("time", "says"),
    [("2026-05-01T12:00:00Z", None), ("2027-05-01T12:00:01Z", "expired"), ("2025-05-01T11:59:59Z", "is valid from")],
)
def test_a_certificate_of_one_s_own_ca_must_be_valid_now_also_where_a_log_proves_the_time(time, says):
    local, root, manifest = LocalSigstore(), pki.root(), b"{}"
    leaf = root.issue("CN=leaf", extensions=[(x509.SubjectAlternativeName([x509.DNSName("host.example")]), False)])
    payload = json.dumps(simple_signing(Digest.of(manifest))).encode()
    signature = leaf.key.sign(payload, ec.ECDSA(SHA256()))
    entry = local.rekor.add(hashed(signature, payload, leaf.pem.decode()), at=local.now)
    annotations = {
        "dev.cosignproject.cosign/signature": base64.b64encode(signature).decode(),
        "dev.sigstore.cosign/certificate": leaf.pem.decode(),
        "dev.sigstore.cosign/bundle": json.dumps(rekor_bundle(entry)),
    }
    fields = {
        "format": "cosign-classic",
        "time": time,
        "manifest": "manifest",
        "layers": [{"mediaType": SIMPLE_SIGNING, "payload": "payload", "annotations": annotations}],
        "byoPki": {"roots": ["root"], "subject": {"dns": "host.example"}},
        "rekorKeys": ["log"],
    }
    log = local.rekor.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    files = {"manifest": manifest, "payload": payload, "root": root.certificate.der, "log": log}

    found = judge(Case(fields, vectors.folder(), files))

    assert (found is None) is (says is None)
    assert (says or "") in (found or "")
