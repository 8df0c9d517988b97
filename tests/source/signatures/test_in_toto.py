import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.source.signatures.in_toto import is_other_statement

SIGNED = "https://sigstore.dev/cosign/sign/v1"


def bundle(statement: object, **envelope: object) -> bytes:
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps({"dsseEnvelope": {"payload": payload, **envelope}}).encode()


@pytest.mark.parametrize(
    "predicate", ["https://slsa.dev/provenance/v1", "https://spdx.dev/Document", f"{SIGNED}/", "x"]
)
def test_a_statement_of_another_predicate_is_an_attestation(predicate):
    assert is_other_statement(bundle({"predicateType": predicate}))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(bundle({"predicateType": SIGNED}), id="cosign's own"),
        pytest.param(bundle({}), id="no predicate"),
        pytest.param(bundle({"predicateType": ""}), id="an empty one"),
        pytest.param(bundle({"predicateType": 1}), id="a number"),
        pytest.param(bundle([]), id="a list"),
        pytest.param(bundle({"predicateType": "x"}, payload="!"), id="no base64"),
        pytest.param(b'{"messageSignature": {}}', id="a signature of a file"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_all_else_may_be_a_signature(payload):
    assert not is_other_statement(payload)


@given(st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(bundle))
def test_no_payload_raises(payload):
    assert is_other_statement(payload) is False
