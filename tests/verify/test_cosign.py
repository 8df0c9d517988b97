import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.signing import (
    ALICE,
    ANNOTATION,
    ARTIFACT,
    OTHER,
    RSA_2048,
    SIMPLE_SIGNING,
    Signer,
    base64_text,
    cosign,
    naming_the_repository,
    policy_of,
    simple_signing,
    verify,
)

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_REGISTRY_VALUES

GOOD = cosign()
PAYLOAD = GOOD.payload
RAW_SIGNATURE = ALICE.sign(PAYLOAD)


def layer(annotations: dict[str, str], *, payload: bytes = PAYLOAD) -> Signature:
    return Signature(SignatureFormat.COSIGN, "layer 1", SIMPLE_SIGNING, payload, annotations)


def annotated(text: str) -> Signature:
    return dataclasses.replace(GOOD, annotations={ANNOTATION: text})


def refusal_of(signature: Signature, *, repository: Repository | None = None) -> Stalled:
    policy = policy_of(ALICE) if repository is None else naming_the_repository(policy_of(ALICE))
    with pytest.raises(Stalled) as refusal:
        verify(ARTIFACT, [signature], policy=policy, repository=repository)
    return refusal.value


def test_a_signature_that_names_the_digest_is_good():
    result = verify(ARTIFACT, [annotated(base64_text(RAW_SIGNATURE))], policy=policy_of(ALICE))

    assert len(result.verified_by) == 1


def test_line_breaks_in_the_base64_are_allowed():
    signer = Signer(RSA_2048)
    text = base64_text(signer.sign(PAYLOAD))
    broken = "\r\n".join(text[start : start + 76] for start in range(0, len(text), 76)) + "\n"

    result = verify(ARTIFACT, [annotated(broken)], policy=policy_of(signer))

    assert len(result.verified_by) == 1


@pytest.mark.parametrize(
    ("signature", "says"),
    [
        pytest.param(
            dataclasses.replace(GOOD, media_type="application/json"), "media type 'application/json'", id="media type"
        ),
        pytest.param(
            dataclasses.replace(GOOD, media_type=SIMPLE_SIGNING + ";x=1"), "has media type", id="media type parameter"
        ),
        pytest.param(dataclasses.replace(GOOD, media_type=""), "has media type", id="no media type"),
        pytest.param(layer({}), "has no annotation", id="no annotation"),
        pytest.param(annotated(""), "has no annotation", id="empty annotation"),
        pytest.param(annotated("\r\n"), "has no annotation", id="annotation of line breaks"),
        pytest.param(
            layer({ANNOTATION.upper(): base64_text(RAW_SIGNATURE)}), "has no annotation", id="annotation in capitals"
        ),
        pytest.param(annotated("!" + base64_text(RAW_SIGNATURE)), "is not base64", id="foreign character"),
        pytest.param(annotated(" " + base64_text(RAW_SIGNATURE)), "is not base64", id="space"),
        pytest.param(annotated("__-_"), "is not base64", id="url-safe alphabet"),
        pytest.param(annotated("QQ"), "is not base64", id="no padding"),
        pytest.param(annotated("QR=="), "not canonical base64", id="unused bits set"),
        pytest.param(annotated("Ünsigned"), "is not base64", id="not ASCII"),
    ],
)
def test_what_is_not_a_signature_is_refused_as_unreadable(signature, says):
    refusal = refusal_of(signature)

    assert refusal.reason is Reason.SIGNATURE_INVALID
    assert says in refusal.message


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param(
            simple_signing(type="atomic container signature"), "'atomic container signature'", id="other type"
        ),
        pytest.param(simple_signing(type=None), "is of type nothing", id="no type"),
        pytest.param(
            simple_signing(type=["cosign container image signature"]), "is of type a JSON list", id="type list"
        ),
        pytest.param(simple_signing(image={}), "signs nothing", id="no digest"),
        pytest.param(simple_signing(image="x"), "'image' that is not an object", id="image is text"),
        pytest.param(simple_signing(identity=None), "has no object 'identity'", id="no identity"),
        pytest.param(simple_signing("sha1:" + "0" * 40), "not a digest that is known", id="SHA-1"),
        pytest.param(simple_signing(ARTIFACT.hex), "not a digest that is known", id="digest without algorithm"),
        pytest.param(
            simple_signing(f"sha256:{ARTIFACT.hex.upper()}"), "not a digest that is known", id="digest in capitals"
        ),
        pytest.param({"optional": simple_signing()["critical"]}, "has no object 'critical'", id="no critical"),
        pytest.param([simple_signing()], "is not a JSON object", id="list"),
        pytest.param(b"", "is not valid JSON", id="empty"),
        pytest.param(PAYLOAD + b"{}", "is not valid JSON", id="two documents"),
        pytest.param(PAYLOAD.decode().encode("utf-16"), "is not UTF-8", id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf" + PAYLOAD, "is not valid JSON", id="byte order mark"),
        pytest.param(
            PAYLOAD[:-1] + b', "critical": {}}', "has the same name twice", id="critical twice, the second is empty"
        ),
        pytest.param(
            json.dumps(simple_signing(OTHER)).encode()[:-1] + b", " + PAYLOAD[1:],
            "same name twice",
            id="critical twice",
        ),
        pytest.param(PAYLOAD[:-1] + b', "x": ' + b"[" * 80 + b"]" * 80 + b"}", "nested deeper", id="deep"),
        pytest.param(PAYLOAD[:-1] + b', "x": ' + b"[" * 19_000, "nested deeper", id="as deep as a stack"),
        pytest.param(
            PAYLOAD[:-1] + b', "x": [' + b"0," * MAX_REGISTRY_VALUES + b"0]}", "more than 20000", id="many values"
        ),
        pytest.param(PAYLOAD[:-1] + b', "x": NaN}', "holds NaN, which is not JSON", id="NaN"),
    ],
)
def test_a_payload_that_does_not_say_what_it_must_is_refused_though_the_signature_is_good(document, says):
    refusal = refusal_of(cosign(document))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
    assert says in refusal.message


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param("registry.example/patterns/web", id="bare"),
        pytest.param("registry.example/patterns/web:1.0.0", id="tag"),
        pytest.param(f"registry.example/patterns/web@{OTHER}", id="digest, which is not looked at"),
    ],
)
def test_a_repository_that_is_asked_for_is_found_whatever_tag_was_signed(reference):
    signature = cosign(simple_signing(identity={"docker-reference": reference}))

    policy = naming_the_repository(policy_of(ALICE))
    result = verify(ARTIFACT, [signature], policy=policy, repository=Repository("registry.example", "patterns/web"))

    assert len(result.verified_by) == 1


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param({}, id="none"),
        pytest.param({"docker-reference": None}, id="null"),
        pytest.param({"docker-reference": ""}, id="empty"),
        pytest.param({"docker-reference": "registry.example/patterns/web2"}, id="longer name"),
        pytest.param({"docker-reference": "registry.example/patterns"}, id="parent"),
        pytest.param({"docker-reference": "other.example/patterns/web"}, id="other host"),
        pytest.param({"docker-reference": "registry.example:5000/patterns/web"}, id="other port"),
        pytest.param({"docker-reference": "registry.example/Patterns/web"}, id="no reference"),
    ],
)
def test_a_repository_that_is_asked_for_is_not_found_in_another(identity):
    signature = cosign(simple_signing(identity=identity))

    refusal = refusal_of(signature, repository=Repository("registry.example", "patterns/web"))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
    assert "was made for the repository" in refusal.message


@given(place=st.integers(0, len(PAYLOAD) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_of_the_payload_is_refused(place, flip):
    changed = bytearray(PAYLOAD)
    changed[place] ^= flip

    refusal = refusal_of(dataclasses.replace(GOOD, payload=bytes(changed)))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


@given(place=st.integers(0, len(RAW_SIGNATURE) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_of_the_signature_is_refused(place, flip):
    changed = bytearray(RAW_SIGNATURE)
    changed[place] ^= flip

    refusal = refusal_of(annotated(base64_text(bytes(changed))))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


@given(payload=st.binary(), text=st.text() | st.binary().map(base64_text))
def test_no_bytes_verify_or_raise_anything_but_a_refusal(payload, text):
    refusal = refusal_of(layer({ANNOTATION: text}, payload=payload))

    assert refusal.reason in {Reason.SIGNATURE_UNTRUSTED, Reason.SIGNATURE_INVALID}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["critical", "type", "image", "identity", "x"]), inner)
    ),
)


@given(document=JSON)
def test_no_document_that_a_trusted_key_signed_raises_anything_but_a_refusal(document):
    refusal = refusal_of(cosign(json.dumps(document).encode()))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
