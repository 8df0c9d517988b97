import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests import vectors
from tests.verify.local_sigstore import LocalSigstore, text

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_TRUSTED_ROOT
from pattern_operator.verify.trusted_root import Validity, load_trusted_root

LOCAL = LocalSigstore()
LOG, CA = ("tlogs", 0), ("certificateAuthorities", 0)
KEY = (*LOG, "publicKey")
P256 = "PKIX_ECDSA_P256_SHA_256"


def load(document):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return load_trusted_root(content, name="release")


def changed(*path, to=...):
    found = copy.deepcopy(LOCAL.trusted_root())
    parent = found
    for name in path[:-1]:
        parent = parent[name]
    if to is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = to
    return found


def test_all_instances_are_read():
    root = load(LOCAL.trusted_root())

    assert [each.log_id for each in root.logs] == [LOCAL.rekor.log_id, LOCAL.rekor_v2.log_id]
    assert [each.origin for each in root.logs] == ["", LOCAL.rekor_v2.origin]
    assert [each.der for each in root.certificate_authorities[0].certificates] == [
        LOCAL.issuer.certificate.der,
        LOCAL.root.certificate.der,
    ]
    assert (len(root.ct_logs), len(root.timestamp_authorities)) == (1, 1)


@pytest.mark.parametrize("path", sorted((vectors.folder() / "roots").glob("*.json")), ids=lambda path: path.stem)
def test_those_of_real_instances_are_read_but_for_the_one_that_is_wrong(path):
    if "missing-validity-start" in path.stem:
        with pytest.raises(Stalled):
            load(path.read_bytes())
    else:
        assert load(path.read_bytes()).timestamp_authorities or load(path.read_bytes()).logs


def test_a_log_with_a_key_of_a_kind_that_is_not_used_is_left_out():
    root = load(changed(*KEY, "keyDetails", to="PKIX_ED25519_PH"))

    assert [each.log_id for each in root.logs] == [LOCAL.rekor_v2.log_id]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param(b"no JSON", "is not valid JSON", id="no JSON"),
        pytest.param({}, "says that it is ''|says that it is nothing", id="empty"),
        pytest.param(changed("mediaType", to="application/json"), "says that it is", id="of another type"),
        pytest.param(changed("more", to=1), "has a field (what is not shown here)", id="unknown field"),
        pytest.param(changed(*KEY, "validFor"), "has no object 'validFor'", id="no validity"),
        pytest.param(changed(*KEY, "validFor", to={}), "without start", id="no start"),
        pytest.param(
            changed(*KEY, "validFor", "end", to="2000-01-01T00:00:00Z"), "ends before it starts", id="end first"
        ),
        pytest.param(
            changed(*KEY, "validFor", "until", to="2030-01-01T00:00:00Z"),
            "has a field (what is not shown here)",
            id="misspelled end",
        ),
        pytest.param(changed(*KEY, "keyDetails", to="PKIX_ED25519"), "is not PKIX_ED25519", id="key of another kind"),
        pytest.param(changed(*KEY, "keyDetails", to="PKIX_ECDSA_P384_SHA_384"), "is not PKIX", id="of another size"),
        pytest.param(changed(*KEY, "rawBytes", to=text(b"x")), "cannot be read", id="no key"),
        *(
            pytest.param(
                changed("ctlogs", 0, "publicKey", "keyDetails", to=details), "are no kind of key", id=repr(details)
            )
            for details in (
                "pkix_ecdsa_p256_sha_256",
                "PKIX_ECDSA_P256_SHA_256\0",
                "",
                None,
                "PUBLIC_KEY_DETAILS_UNSPECIFIED",
            )
        ),
        *(
            pytest.param(changed(*LOG, "baseUrl", to=url), "baseUrl is not a URL", id=repr(url))
            for url in (
                " https://rekor.test",
                "https://rekor.test\n",
                "https://rekor.test\0",
                "https://rek\u00f6r.test",
            )
        ),
        pytest.param(changed(*LOG, "logId", "keyId", to=text(b"x" * 32)), "not that of its key", id="another log id"),
        pytest.param(changed("tlogs", 1, "baseUrl", to="https://other.test"), "not that of its key", id="another name"),
        pytest.param(changed(*LOG, "baseUrl", to=["x"]), "not a string", id="URL is a list"),
        pytest.param(changed(*LOG, "hashAlgorithm", to="SHA2_512"), "not SHA2_256", id="another hash"),
        pytest.param(
            changed(*LOG, "checkpointKeyId", to={"keyId": text(b"0000")}), "checkpointKeyId", id="another hint"
        ),
        pytest.param(changed("tlogs", to=[LOCAL.trusted_root()["tlogs"][0]] * 2), "a log twice", id="log twice"),
        pytest.param(changed(*CA, "certChain", "certificates", to=[]), "without certificates", id="no certificates"),
        pytest.param(
            changed(*CA, "certChain", "certificates", 0, "rawBytes", to=text(b"x")),
            "is not a valid",
            id="no certificate",
        ),
        pytest.param(
            changed(
                *CA,
                "certChain",
                "certificates",
                to=LOCAL.trusted_root()["certificateAuthorities"][0]["certChain"]["certificates"][::-1],
            ),
            "not a chain",
            id="certificates in another order",
        ),
        pytest.param(
            changed(*CA, "certChain", "certificates", 1, "rawBytes", to=text(LocalSigstore().root.certificate.der)),
            "not a chain",
            id="another root of the same name",
        ),
        pytest.param(b" " * (MAX_TRUSTED_ROOT + 1), "more than", id="too long"),
    ],
)
def test_what_is_wrong_with_one_is_said_with_the_name_of_the_authority(document, says):
    with pytest.raises(Stalled) as refusal:
        load(document)

    assert refusal.value.reason is Reason.KEY_INVALID
    assert "authority 'release'" in refusal.value.message
    assert any(each in refusal.value.message for each in says.split("|")), refusal.value.message


def test_both_ends_of_a_validity_belong_to_it():
    start, second = datetime(2026, 1, 1, tzinfo=UTC), timedelta(seconds=1)
    closed, open_end = Validity(start, start + second), Validity(start)

    assert [closed.contains(start + second * place) for place in (-1, 0, 1, 2)] == [False, True, True, False]
    assert [open_end.contains(start + second * place) for place in (-1, 0, 10**9)] == [False, True, True]


def places(document, path=()):
    """Every place of a document."""
    for name, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield (*path, name)
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))


@pytest.mark.parametrize("value", ["SECRET", ["SECRET"], {"SECRET": "SECRET"}, {"rawBytes": "SECRET"}, "SEC'\"RET"])
def test_no_text_of_a_document_is_in_what_is_said_of_it(value):
    """Any Secret can be named as a trusted root, by somebody who may not read it."""
    refused = 0
    for path in places(LOCAL.trusted_root()):
        try:
            load(changed(*path, to=value))
        except Stalled as refusal:
            refused += 1
            assert "SEC" not in refusal.message
    assert refused > 30


@pytest.mark.parametrize("content", [b"SECRET", b'"SECRET"', b'{"SECRET": 1}', b'{"mediaType": "SECRET"}', b'{"SECRET'])
def test_nor_is_what_is_no_such_document(content):
    with pytest.raises(Stalled) as refusal:
        load(content)

    assert "SECRET" not in refusal.value.message


def test_names_of_the_format_are_told():
    with pytest.raises(Stalled, match="has a 'validFor' without start"):
        load(changed(*CA, "validFor", to={}))
