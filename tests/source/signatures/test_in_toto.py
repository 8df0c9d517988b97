import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.source.signatures.formats import BUNDLE, DSSE_ENVELOPE, SIMPLE_SIGNING
from pattern_operator.source.signatures.in_toto import predicate_of

SIGNED = "https://sigstore.dev/cosign/sign/v1"


def bundle(statement: object, **envelope: object) -> bytes:
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps({"dsseEnvelope": {"payload": payload, **envelope}}).encode()


def envelope(statement: object) -> bytes:
    return json.dumps({"payload": base64.b64encode(json.dumps(statement).encode()).decode()}).encode()


@pytest.mark.parametrize(
    "predicate", ["https://slsa.dev/provenance/v1", "https://spdx.dev/Document", f"{SIGNED}/", SIGNED, "x"]
)
def test_the_predicate_of_a_bundle_and_of_an_envelope_is_told(predicate):
    assert predicate_of(bundle({"predicateType": predicate}), media_type=BUNDLE) == predicate
    assert predicate_of(envelope({"predicateType": predicate}), media_type=DSSE_ENVELOPE) == predicate


def test_a_large_predicate_is_passed_over_without_being_built():
    sbom = {"predicate": {"packages": [{"name": str(number)} for number in range(50_000)]}, "predicateType": "x"}

    assert predicate_of(bundle(sbom), media_type=BUNDLE) == "x"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(bundle({}), id="no predicate"),
        pytest.param(bundle({"predicateType": ""}), id="an empty one"),
        pytest.param(bundle({"predicateType": 1}), id="a number"),
        pytest.param(bundle([]), id="a list"),
        pytest.param(bundle({"predicateType": "x"}, payload="!"), id="no base64"),
        pytest.param(bundle({"predicateType": "x"}, payload="a"), id="half of base64"),
        pytest.param(b'{"messageSignature": {}}', id="a signature of a file"),
        pytest.param(b'{"dsseEnvelope": null}', id="null"),
        pytest.param(b'{"dsseEnvelope": {}}', id="an empty envelope"),
        pytest.param(b'{"a": ' * 100_000, id="a deep document"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_all_else_may_be_a_signature(payload):
    assert predicate_of(payload, media_type=BUNDLE) == ""


def test_a_classic_signature_is_not_read():
    assert predicate_of(bundle({"predicateType": "x"}), media_type=SIMPLE_SIGNING) == ""


@pytest.mark.parametrize("media_type", [BUNDLE, DSSE_ENVELOPE, SIMPLE_SIGNING])
@given(payload=st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(bundle))
def test_no_payload_raises(media_type, payload):
    assert predicate_of(payload, media_type=media_type) == ""
