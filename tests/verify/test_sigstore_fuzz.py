"""Whatever the bytes are: a bundle, a layer, an envelope or a trusted root is read or refused, in bounded time."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.foreign_bodies import JUNK
from tests.verify.local_sigstore import LocalSigstore, statement, text

from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_REGISTRY_VALUES, MAX_SIGNATURE_BLOB
from pattern_operator.verify.authority import Identity, KeylessAuthority
from pattern_operator.verify.bundle.document import Bundle, read_bundle
from pattern_operator.verify.bundle.verify import verify_bundle
from pattern_operator.verify.cosign.layer import ATTESTATION_TYPE, MEDIA_TYPE, Layer, read_layer
from pattern_operator.verify.matcher import Anything
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.trusted_root import load_trusted_root

LOCAL = LocalSigstore()
SUBJECT = Subject.of(b"the artifact")
STATEMENT = statement(str(SUBJECT.digest))
BUNDLE = LOCAL.sign(STATEMENT, stamped=True)
ROOT = LOCAL.trusted_root()
ANYONE = KeylessAuthority(
    "test", (Identity(Anything(), Anything()),), load_trusted_root(json.dumps(ROOT).encode(), name="test")
)
ANNOTATIONS = LOCAL.annotations(b"{}")


def places(value, path=()):
    yield path
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*path, name))


def replaced(document, path, junk):
    if not path:
        return junk
    found = json.loads(json.dumps(document))
    parent = found
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = junk
    return found


def written(document):
    try:
        return json.dumps(document).encode()
    except (ValueError, RecursionError):
        return b""


def judged(content):
    read = read_bundle(content)
    assert isinstance(read, Bundle | Rejection)
    return (
        read if isinstance(read, Rejection) else verify_bundle(read, SUBJECT, authority=ANYONE, now=datetime.now(UTC))
    )


@given(path=st.sampled_from(list(places(BUNDLE))), junk=st.sampled_from(JUNK))
def test_a_bundle_with_anything_anywhere_is_judged(path, junk):
    judged(written(replaced(BUNDLE, path, junk)))


@given(path=st.sampled_from(list(places(ROOT))), junk=st.sampled_from(JUNK))
def test_a_trusted_root_with_anything_anywhere_is_read_or_refused(path, junk):
    try:
        load_trusted_root(written(replaced(ROOT, path, junk)), name="test")
    except Stalled as error:
        assert "authority 'test'" in error.message


@given(content=st.binary(max_size=300))
def test_bytes_are_no_bundle_no_layer_and_no_root(content):
    assert isinstance(read_bundle(content), Rejection)
    assert isinstance(read_layer(content, media_type=ATTESTATION_TYPE, annotations={}), Rejection)
    with pytest.raises(Stalled):
        load_trusted_root(content, name="test")


@given(name=st.sampled_from(sorted(ANNOTATIONS)), value=st.text(max_size=200))
def test_an_annotation_with_any_text_is_read_or_refused(name, value):
    read = read_layer(b"{}", media_type=MEDIA_TYPE, annotations={**ANNOTATIONS, name: value})

    assert isinstance(read, Layer | Rejection)


def with_payload(payload):
    return written({**BUNDLE, "dsseEnvelope": {**BUNDLE["dsseEnvelope"], "payload": text(payload)}})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * MAX_SIGNATURE_BLOB, id="deep"),
        pytest.param(b'{"mediaType":' * (MAX_SIGNATURE_BLOB // 13), id="deep objects"),
        pytest.param(b'{"a":"' + b"\\" * MAX_SIGNATURE_BLOB, id="backslashes"),
        pytest.param(written([1] * MAX_REGISTRY_VALUES), id="many values"),
        pytest.param(
            written(replaced(BUNDLE, ("verificationMaterial", "tlogEntries"), [{}] * 9_000)), id="many entries"
        ),
        pytest.param(
            written(
                replaced(
                    BUNDLE,
                    ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "checkpoint", "envelope"),
                    "\n" * (MAX_SIGNATURE_BLOB // 4),
                )
            ),
            id="a long checkpoint",
        ),
        pytest.param(with_payload(b"[" * (MAX_SIGNATURE_BLOB // 2)), id="a deep statement"),
        pytest.param(
            written(
                replaced(
                    BUNDLE,
                    ("verificationMaterial", "timestampVerificationData", "rfc3161Timestamps"),
                    [{"signedTimestamp": text(b"%08d" % number * 2_000)} for number in range(32)],
                )
            ),
            id="many timestamps",
        ),
    ],
)
def test_what_is_made_to_take_long_does_not(content):
    assert cpu_time(lambda: judged(content), enough=0.1) < 0.1
