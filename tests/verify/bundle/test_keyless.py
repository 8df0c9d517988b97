"""Keyless bundles of an instance of our own: both verifiers verify what is right, and each wrong thing is refused."""

import base64
import copy
import json
import socket
import subprocess
import sys
from datetime import timedelta
from unittest.mock import Mock

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from tests.verify import pki
from tests.verify.local_sigstore import ISSUER, WORKFLOW, LocalSigstore, statement, text

from pattern_operator.api.reference import Digest
from pattern_operator.verify.authority import Identity, KeylessAuthority
from pattern_operator.verify.bundle import second_opinion
from pattern_operator.verify.bundle.document import read_bundle
from pattern_operator.verify.bundle.verify import verify_bundle
from pattern_operator.verify.matcher import Exactly, compile_pattern
from pattern_operator.verify.outcome import CertificateSigner, Verified
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.transparency.merkle import root_of
from pattern_operator.verify.trusted_root import load_trusted_root

ARTIFACT = b'{"the": "artifact"}'
SUBJECT = Subject.of(ARTIFACT)
STATEMENT = statement(str(SUBJECT.digest))
LOCAL = LocalSigstore()
NOW = LOCAL.now
LATER = NOW + timedelta(days=30)


def uri(name: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(name)


def other_name(value: str, oid: str = "1.3.6.1.4.1.57264.1.7") -> x509.GeneralName:
    return x509.OtherName(x509.ObjectIdentifier(oid), asn1.encode_der(value))


def judge(document, *, root=None, subject=SUBJECT, identity=WORKFLOW, issuer=ISSUER, **policy):
    trusted = load_trusted_root(json.dumps(root or LOCAL.trusted_root()).encode(), name="test")
    who = Identity(
        Exactly(identity) if isinstance(identity, str) else identity,
        Exactly(issuer) if isinstance(issuer, str) else issuer,
    )
    bundle = read_bundle(document if isinstance(document, bytes) else json.dumps(document).encode())
    if isinstance(bundle, Rejection):
        return bundle
    return verify_bundle(bundle, subject, authority=KeylessAuthority("test", (who,), trusted, **policy), now=LATER)


def changed(document, *path, to=...):
    """The document with another value at ``path``; without it when it is ``...``."""
    found = copy.deepcopy(document)
    parent = found
    for name in path[:-1]:
        parent = parent[name]
    if to is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = to
    return found


ENTRY = ("verificationMaterial", "tlogEntries", 0)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(LOCAL.sign(STATEMENT), id="statement, Rekor v1"),
        pytest.param(LOCAL.sign(STATEMENT, stamped=True), id="statement, Rekor v1 and timestamp"),
        pytest.param(LOCAL.sign(STATEMENT, log="v2", stamped=True), id="statement, Rekor v2 and timestamp"),
        pytest.param(LOCAL.sign_file(ARTIFACT), id="file, Rekor v1"),
        pytest.param(
            changed(LOCAL.sign(STATEMENT, stamped=True), *ENTRY, "inclusionPromise"),
            id="timestamp in place of a promise",
        ),
    ],
)
def test_what_the_instance_certified_is_verified_by_both_verifiers(document, monkeypatch):
    asked = Mock(wraps=second_opinion._ask)
    monkeypatch.setattr(second_opinion, "_ask", asked)

    outcome = judge(document)

    assert isinstance(outcome, Verified), outcome
    assert isinstance(outcome.signer, CertificateSigner)
    assert (outcome.signer.identity, outcome.signer.issuer) == (WORKFLOW, ISSUER)
    assert set(outcome.signed_at) == {NOW + timedelta(minutes=1)}
    assert len(outcome.log_entries) == 1
    assert asked.call_count == 1


def test_without_certificate_transparency_where_the_policy_says_so():
    unknown = LOCAL.certify(sct_key=ec.generate_private_key(ec.SECP256R1()))

    for certified in (unknown, LOCAL.certify(with_sct=False)):
        assert isinstance(judge(LOCAL.sign(STATEMENT, by=certified), sct_required=False), Verified)


def test_without_a_log_a_timestamp_is_enough_where_the_policy_says_so():
    document = LOCAL.sign(STATEMENT, log=None, stamped=True)

    assert isinstance(judge(document, log_required=False), Verified)
    assert "no entry of a transparency log" in judge(document).why


@pytest.mark.parametrize(
    ("certified", "says"),
    [
        pytest.param({"names": [uri(WORKFLOW + "x")]}, "not one of the identities", id="another identity"),
        pytest.param({"names": [uri(WORKFLOW.upper())]}, "not one of the identities", id="identity in capitals"),
        pytest.param({"names": [x509.DNSName("ci.example")]}, "is by nobody", id="a name of another kind"),
        pytest.param({"names": [other_name(WORKFLOW, "1.2.3.4")]}, "is by nobody", id="an unknown kind of name"),
        pytest.param({"names": []}, "is by nobody", id="no name"),
        pytest.param({"issuer": ISSUER + "/", "issuer_v1": ISSUER + "/"}, "not one of the identities", id="issuer"),
        pytest.param({"issuer": ISSUER + "/"}, "names two OIDC issuers", id="two issuers, the newer another"),
        pytest.param({"issuer_v1": ISSUER + "/"}, "names two OIDC issuers", id="two issuers, the older another"),
        pytest.param({"issuer": None, "issuer_v1": None}, "not one of the identities", id="no issuer"),
        pytest.param({"usages": ["serverAuth"]}, "extended key usage", id="for servers"),
        pytest.param({"usages": ["any"]}, "extended key usage", id="for anything"),
        pytest.param({"with_sct": False}, "without signed certificate timestamp", id="no SCT"),
        pytest.param({"sct_key": ec.generate_private_key(ec.SECP256R1())}, "is not trusted", id="SCT of another log"),
        pytest.param({"sct_time": NOW - timedelta(days=800)}, "its log did not sign", id="SCT before the log"),
        pytest.param({"sct_time": 253_402_300_800_000}, "its log did not sign", id="SCT after the year 9999"),
        pytest.param({"sct_time": 2**64 - 1}, "its log did not sign", id="SCT at the last time there is"),
        pytest.param({"sct_algorithm": 1}, "its log did not sign", id="SCT said to be by RSA"),
        pytest.param({"sct_algorithm": 2}, "its log did not sign", id="SCT said to be by DSA"),
        pytest.param(
            {"signer": pki.intermediate(pki.root("CN=Fulcio root,O=Test"), "CN=Fulcio,O=Test")},
            "chain|lead",
            id="issued by another CA of the same name",
        ),
        pytest.param({"at": NOW - timedelta(hours=1)}, "expired at", id="expired when it signed"),
        pytest.param({"at": NOW + timedelta(hours=1)}, "is valid from", id="not valid yet when it signed"),
        pytest.param(
            {"more": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"x"), True)]},
            "not understood",
            id="unknown critical extension",
        ),
        pytest.param(
            {"more": [(x509.BasicConstraints(ca=True, path_length=None), True)]},
            "may issue certificates",
            id="a CA signs",
        ),
    ],
)
def test_a_certificate_that_is_wrong_in_one_way_is_refused(certified, says):
    outcome = judge(LOCAL.sign(STATEMENT, by=LOCAL.certify(**certified)))

    assert isinstance(outcome, Rejection)
    assert any(each in outcome.why for each in says.split("|")), outcome.why


@pytest.mark.parametrize(
    "certified",
    [
        pytest.param({"names": [uri("https://other.example"), uri(WORKFLOW)]}, id="second of two names"),
        pytest.param({"issuer_v1": None}, id="the newer issuer alone"),
        pytest.param({"issuer": None}, id="the older issuer alone"),
        pytest.param({"at": NOW + timedelta(minutes=1)}, id="valid from that second on"),
        pytest.param({"at": NOW - timedelta(minutes=9)}, id="valid until that second"),
    ],
)
def test_a_certificate_that_is_unusual_and_right_is_verified(certified):
    outcome = judge(LOCAL.sign(STATEMENT, by=LOCAL.certify(**certified)))

    assert isinstance(outcome, Verified), outcome


def test_names_of_each_kind_that_fulcio_writes_are_identities():
    names = {"mail@example.com": x509.RFC822Name("mail@example.com"), "user!domain": other_name("user!domain")}
    for name, stated in names.items():
        outcome = judge(LOCAL.sign(STATEMENT, by=LOCAL.certify(names=[stated])), identity=name)

        assert isinstance(outcome.signer, CertificateSigner)
        assert outcome.signer.identity == name


@pytest.mark.parametrize(
    ("subject", "issuer", "matches"),
    [
        (r"https://ci\.example/.*@refs/tags/v\d+", r"https://oidc\.example", True),
        (r"https://ci\.example/", r"https://oidc\.example", False),
        (r"release\.yml@refs/tags/v1", r"https://oidc\.example", False),
        (r"https://ci\.example/.*", r"https://oidc\.exam", False),
        (r"https://ci\.example/.*", r"oidc\.example", False),
    ],
)
def test_a_pattern_has_to_match_as_a_whole(subject, issuer, matches):
    outcome = judge(
        LOCAL.sign(STATEMENT),
        identity=compile_pattern(subject, name="test"),
        issuer=compile_pattern(issuer, name="test"),
    )

    assert isinstance(outcome, Verified) is matches


SIGNED, OTHER = LOCAL.sign(STATEMENT, stamped=True), LOCAL.sign(STATEMENT, stamped=True)
V2 = LOCAL.sign(STATEMENT, log="v2", stamped=True)
FILE = LOCAL.sign_file(ARTIFACT)
WITNESS = f"\u2014 witness.test {text(b'0000' + b'x' * 64)}\n"


def of(document, *path):
    for name in path:
        document = document[name]
    return document


def without(entry, name, **others):
    return {field: value for field, value in {**entry, **others}.items() if field != name}


def note_of(document):
    return of(document, *ENTRY, "inclusionProof", "checkpoint", "envelope")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param(
            changed(SIGNED, *ENTRY, to=of(OTHER, *ENTRY)), "for another signature", id="entry of another signature"
        ),
        pytest.param(
            changed(SIGNED, *ENTRY, "inclusionPromise", to=of(OTHER, *ENTRY, "inclusionPromise")),
            "that the log did not sign",
            id="promise of another entry",
        ),
        pytest.param(
            changed(SIGNED, *ENTRY, "inclusionProof", to=of(OTHER, *ENTRY, "inclusionProof")),
            "does not fit its entry",
            id="proof of another entry",
        ),
        pytest.param(
            changed(
                SIGNED, *ENTRY, "inclusionProof", "checkpoint", to=of(OTHER, *ENTRY, "inclusionProof", "checkpoint")
            ),
            "of another tree",
            id="later checkpoint of the same log",
        ),
        pytest.param(
            changed(SIGNED, *ENTRY, "inclusionProof", "checkpoint", to=of(V2, *ENTRY, "inclusionProof", "checkpoint")),
            "did not sign",
            id="checkpoint of another log",
        ),
        pytest.param(
            changed(SIGNED, *ENTRY, "inclusionProof", "checkpoint"),
            "a tree that the log did not sign",
            id="no checkpoint",
        ),
        pytest.param(
            changed(SIGNED, *ENTRY, "inclusionProof", "checkpoint", "envelope", to=note_of(SIGNED) + WITNESS),
            "a signature of somebody else",
            id="Rekor v1: a witness",
        ),
        pytest.param(
            changed(FILE, "messageSignature", "messageDigest"), "has no object 'messageDigest'", id="file: no digest"
        ),
        pytest.param(
            changed(FILE, "messageSignature", "messageDigest", "digest", to=text(b"x" * 32)),
            "signs other content",
            id="file: another digest",
        ),
        pytest.param(changed(SIGNED, *ENTRY, "inclusionProof"), "no inclusion proof with a checkpoint", id="no proof"),
        pytest.param(
            changed(SIGNED, *ENTRY, "logId", "keyId", to=text(LOCAL.rekor_v2.log_id)),
            "did not sign",
            id="said to be of another log",
        ),
        pytest.param(
            changed(SIGNED, *ENTRY, "logId", "keyId", to=text(b"0" * 32)), "not trusted", id="of an unknown log"
        ),
        pytest.param(
            changed(SIGNED, *ENTRY, "integratedTime", to=str(int(NOW.timestamp()))), "did not sign", id="another time"
        ),
        pytest.param(changed(SIGNED, *ENTRY, "integratedTime"), "did not sign", id="promise without time"),
        pytest.param(
            changed(SIGNED, *ENTRY, "kindVersion", "version", to="0.0.2"),
            "no log gives one for|another kind",
            id="said to be of another version",
        ),
        pytest.param(changed(V2, *ENTRY, "logIndex", to="5"), "another index", id="Rekor v2: another index"),
        pytest.param(
            changed(V2, "verificationMaterial", "timestampVerificationData"),
            "no time that is proven",
            id="Rekor v2: no timestamp",
        ),
        pytest.param(
            changed(SIGNED, "verificationMaterial", "tlogEntries", to=[of(SIGNED, *ENTRY)] * 2),
            "same log entry twice",
            id="entry twice",
        ),
        pytest.param(
            changed(
                SIGNED,
                "verificationMaterial",
                "tlogEntries",
                to=[of(SIGNED, *ENTRY), without(of(SIGNED, *ENTRY), "inclusionPromise", logIndex="9")],
            ),
            "same log entry twice",
            id="entry twice, once without its promise and with the index of another shard",
        ),
        pytest.param(
            changed(SIGNED, "verificationMaterial", "tlogEntries", to=[of(SIGNED, *ENTRY), of(OTHER, *ENTRY)]),
            "for another signature",
            id="a foreign entry more",
        ),
        pytest.param(
            changed(SIGNED, "verificationMaterial", "tlogEntries", to=[]),
            "no entry of a transparency log",
            id="no entry",
        ),
        pytest.param(
            changed(SIGNED, "verificationMaterial", "certificate", to=of(OTHER, "verificationMaterial", "certificate")),
            "does not fit the key",
            id="another certificate",
        ),
        pytest.param(
            changed(SIGNED, "dsseEnvelope", "signatures", to=of(OTHER, "dsseEnvelope", "signatures")),
            "does not fit the key",
            id="another signature",
        ),
    ],
)
def test_a_bundle_with_a_part_of_another_one_is_refused(document, says):
    outcome = judge(document)

    assert isinstance(outcome, Rejection)
    assert any(each in outcome.why for each in says.split("|")), outcome.why


def test_witnesses_may_sign_the_checkpoint_of_rekor_v2():
    document = changed(V2, *ENTRY, "inclusionProof", "checkpoint", "envelope", to=note_of(V2) + WITNESS)

    assert isinstance(judge(document), Verified)


def as_v01(document):
    """The same bundle as one of v0.1, of which the promise is enough."""
    found = changed(document, "mediaType", to="application/vnd.dev.sigstore.bundle+json;version=0.1")
    leaf = found["verificationMaterial"].pop("certificate")
    found["verificationMaterial"]["x509CertificateChain"] = {"certificates": [leaf]}
    return found


def forged(body, *, size):
    """A proof that fits an entry, in a tree that nobody has signed."""
    leaf = base64.b64decode(body)
    path = [bytes([number]) * 32 for number in range((size - 1).bit_length())]
    root = root_of(leaf, index=0, size=size, path=path)
    return {
        "logIndex": "0",
        "treeSize": str(size),
        "rootHash": text(root or b""),
        "hashes": [text(each) for each in path],
    }


V01 = as_v01(LOCAL.sign(STATEMENT))
PROOF = (*ENTRY, "inclusionProof")


def test_a_bundle_of_the_first_version_needs_a_promise_or_a_proof():
    for absent in ("inclusionProof", "inclusionPromise"):
        stamped = as_v01(LOCAL.sign(STATEMENT, stamped=True))
        assert isinstance(judge(changed(stamped, *ENTRY, absent)), Verified)
    neither = changed(changed(V01, *PROOF), *ENTRY, "inclusionPromise")
    assert "neither a signed entry timestamp nor an inclusion proof" in judge(neither).why


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("checkpoint", [{}, {"checkpoint": {}}, {"checkpoint": {"envelope": ""}}, {"checkpoint": None}])
@pytest.mark.parametrize("document", [V01, SIGNED], ids=["v0.1", "v0.3"])
def test_a_proof_in_a_tree_that_the_log_did_not_sign_is_refused_beside_a_promise(document, checkpoint, size):
    proof = forged(of(document, *ENTRY, "canonicalizedBody"), size=size)

    assert "a tree that the log did not sign" in judge(changed(document, *PROOF, to={**proof, **checkpoint})).why


@pytest.mark.parametrize("kind", ["certificateAuthorities", "timestampAuthorities", "tlogs", "ctlogs"])
@pytest.mark.parametrize(
    "end", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999999Z"]
)
@pytest.mark.parametrize("document", [SIGNED, V2], ids=["v1", "v2"])
def test_an_instance_may_be_valid_until_the_end_of_the_calendar(document, kind, end):
    root = LOCAL.trusted_root()
    for each in root[kind]:
        each.get("publicKey", each)["validFor"] = {"start": "0001-01-01T00:00:00Z", "end": end}

    assert isinstance(judge(document, root=root), Verified)


def test_a_timestamp_of_another_signature_counts_for_nothing_and_does_no_harm():
    foreign = of(OTHER, "verificationMaterial", "timestampVerificationData")
    document = changed(SIGNED, "verificationMaterial", "timestampVerificationData", to=foreign)

    assert isinstance(judge(document), Verified)
    assert "no timestamp" in judge(document, timestamp_required=True).why


def test_the_validity_of_logs_and_authorities_is_a_closed_interval():
    signed_at = NOW + timedelta(minutes=1)

    def ended(when, *places):
        root = LOCAL.trusted_root()
        for place in places:
            of(root, *place)["validFor"]["end"] = when.isoformat()
        return root

    log, v2, ca, tsa = (
        ("tlogs", 0, "publicKey"),
        ("tlogs", 1, "publicKey"),
        ("certificateAuthorities", 0),
        ("timestampAuthorities", 0),
    )
    for places, document in (((log,), LOCAL.sign(STATEMENT)), ((ca,), LOCAL.sign(STATEMENT)), ((v2, tsa), V2)):
        assert isinstance(judge(document, root=ended(signed_at, *places)), Verified)
        for place in places:
            root = ended(signed_at - timedelta(seconds=1), place)
            assert isinstance(judge(document, root=root), Rejection), place


def test_a_certificate_authority_that_begins_later_is_not_believed():
    root = LOCAL.trusted_root()
    root["certificateAuthorities"][0]["validFor"]["start"] = (NOW + timedelta(minutes=2)).isoformat()

    assert "no certificate authority was to be believed" in judge(LOCAL.sign(STATEMENT), root=root).why


def test_a_root_in_a_bundle_is_never_trusted():
    other = LocalSigstore()
    document = other.sign(STATEMENT)
    chain = [text(each.der) for each in (other.issuer.certificate, other.root.certificate)]
    material = document["verificationMaterial"]
    leaf = material.pop("certificate")
    material["x509CertificateChain"] = {"certificates": [leaf, *({"rawBytes": each} for each in chain)]}
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2"

    assert "brings a root certificate" in judge(document).why
    del material["x509CertificateChain"]["certificates"][-1]
    assert isinstance(judge(document), Rejection)


def test_an_intermediate_in_a_bundle_leads_to_a_root_that_is_trusted():
    root = LOCAL.trusted_root()
    del root["certificateAuthorities"][0]["certChain"]["certificates"][0]
    document = LOCAL.sign(STATEMENT)
    material = document["verificationMaterial"]
    certificates = [material.pop("certificate"), {"rawBytes": text(LOCAL.issuer.certificate.der)}]
    older = {**document, "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2"}
    material["x509CertificateChain"] = {"certificates": certificates}

    assert isinstance(judge(older, root=root), Verified)
    material["x509CertificateChain"] = {"certificates": certificates[:1]}
    assert "does not lead to a trusted root" in judge(older, root=root).why


def test_a_statement_about_another_artifact_is_refused_with_its_digest():
    another = Digest.of(b"another")

    outcome = judge(LOCAL.sign(statement(str(another))))

    assert outcome.about_another == another


def test_a_timestamp_authority_of_which_only_the_ca_is_known_is_judged_by_us_alone():
    root = LOCAL.trusted_root()
    chain = root["timestampAuthorities"][0]["certChain"]
    chain["certificates"] = chain["certificates"][1:]

    for document in (SIGNED, V2):
        assert isinstance(judge(document, root=root, timestamp_required=True), Verified)


def test_both_verifiers_judge_without_a_network(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", Mock(side_effect=OSError("no network")))

    for document in (SIGNED, V2, LOCAL.sign_file(ARTIFACT)):
        assert isinstance(judge(document), Verified)
    assert socket.socket.connect.call_count == 0  # type: ignore[attr-defined]


def test_sigstore_python_is_loaded_by_who_asks_for_keyless_alone():
    program = "import sys, pattern_operator.verify.policy; print('sigstore' in sys.modules, 'tuf' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, check=True)

    assert ran.stdout.split() == [b"False", b"False"]


def test_what_sigstore_python_does_not_confirm_is_refused(monkeypatch):
    monkeypatch.setattr(second_opinion, "_ask", lambda *_, **__: Rejection("is not confirmed"))

    assert judge(LOCAL.sign(STATEMENT)).why == "is not confirmed"


def test_sigstore_python_itself_refuses_what_is_changed_behind_our_back(monkeypatch):
    # Our checks pass the original; the second verifier is given another signature.
    entry = second_opinion._entry
    monkeypatch.setattr(second_opinion, "_entry", lambda parsed: {**entry(parsed), "canonicalizedBody": text(b"{}")})

    assert "is not confirmed by sigstore-python" in judge(LOCAL.sign(STATEMENT)).why


def test_the_signature_may_not_be_spelled_in_two_ways():
    raw = base64.b64decode(of(SIGNED, "dsseEnvelope", "signatures", 0, "sig"))
    document = changed(SIGNED, "dsseEnvelope", "signatures", 0, "sig", to=text(raw + b"\x00"))

    assert isinstance(judge(document), Rejection)
