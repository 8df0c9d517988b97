"""Layers of classic cosign: keys, log entries, identities, certificates of one's own, and attestations."""

import json
import ssl
from datetime import timedelta

import pytest
from cryptography import x509
from tests.verify import pki
from tests.verify.local_sigstore import (
    IN_TOTO,
    ISSUER,
    WORKFLOW,
    LocalSigstore,
    encoded,
    enveloped,
    hashed,
    rekor_bundle,
    sign_with,
    statement,
    text,
)
from tests.verify.signing import ALICE, ANNOTATION, BOB, SIMPLE_SIGNING, simple_signing

from pattern_operator.api.reference import Digest, Repository
from pattern_operator.verify.authority import (
    CertificateAuthority,
    Identity,
    KeyAuthority,
    KeylessAuthority,
    LogPolicy,
    TimestampPolicy,
)
from pattern_operator.verify.cosign.layer import ATTESTATION_TYPE, read_layer
from pattern_operator.verify.cosign.verify import verify_layer
from pattern_operator.verify.key import load
from pattern_operator.verify.matcher import Exactly
from pattern_operator.verify.outcome import CertificateSigner, KeySigner, Verified
from pattern_operator.verify.parsed_signature import MalformedSignature, Rejection
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.trusted_root import load_trusted_root

SUBJECT = Subject(Digest.of(b"the artifact"))
PAYLOAD = json.dumps(simple_signing()).encode()
LOCAL = LocalSigstore()
NOW, SIGNED_AT = LOCAL.now, LOCAL.now + timedelta(minutes=1)
ROOT = load_trusted_root(json.dumps(LOCAL.trusted_root()).encode(), name="test")
BUNDLE, CERTIFICATE, CHAIN, STAMP = (
    f"dev.sigstore.cosign/{name}" for name in ("bundle", "certificate", "chain", "rfc3161timestamp")
)
KEY = load(ALICE.pem, name="test")


def judge(annotations, authority, *, payload=PAYLOAD, subject=SUBJECT, media_type=SIMPLE_SIGNING, now=NOW):
    layer = read_layer(payload, media_type=media_type, annotations=annotations)
    return layer if isinstance(layer, Rejection) else verify_layer(layer, subject, authority=authority, now=now)


def by_key(*signers, **policy):
    return KeyAuthority("test", tuple(load(each.pem, name="test") for each in signers or (ALICE,)), **policy)


def keyless(identity=WORKFLOW, issuer=ISSUER, **policy):
    return KeylessAuthority("test", (Identity(Exactly(identity), Exactly(issuer)),), ROOT, **policy)


def signed(signer=ALICE, payload=PAYLOAD, **more):
    return {ANNOTATION: text(signer.sign(payload)), **more}


def logged(signature, *, payload=PAYLOAD, pem=None, body=None, at=SIGNED_AT):
    """The annotation with an entry of our log."""
    return json.dumps(
        rekor_bundle(LOCAL.rekor.add(body or hashed(signature, payload, pem or ALICE.pem.decode()), at=at))
    )


def test_a_key_signs_with_or_without_a_log():
    signature = ALICE.sign(PAYLOAD)
    plain, with_entry = {ANNOTATION: text(signature)}, {ANNOTATION: text(signature), BUNDLE: logged(signature)}

    found = judge(with_entry, by_key(log=LogPolicy(ROOT.logs)))

    assert judge(plain, by_key()).signer == KeySigner(KEY.spki_hash.hex())
    assert (found.signer, found.signed_at) == (KeySigner(KEY.spki_hash.hex()), (SIGNED_AT,))
    assert [each.log_id for each in found.log_entries] == [LOCAL.rekor.log_id.hex()]
    assert isinstance(judge(plain, by_key(log=LogPolicy(ROOT.logs, required=False))), Verified)


def entry_with(**changes):
    signature = ALICE.sign(PAYLOAD)
    entry = json.loads(logged(signature))
    entry["Payload"] |= changes
    return {ANNOTATION: text(signature), BUNDLE: json.dumps(entry)}


def signed_at(seconds):
    """A good signature with an entry that the log really promised for this time."""
    signature = ALICE.sign(PAYLOAD)
    entry = LOCAL.rekor.add(hashed(signature, PAYLOAD, ALICE.pem.decode()), at=SIGNED_AT)
    entry["integratedTime"] = str(seconds)
    entry["inclusionPromise"] = {"signedEntryTimestamp": text(LOCAL.rekor.promise(entry))}
    return {ANNOTATION: text(signature), BUNDLE: json.dumps(rekor_bundle(entry))}


def with_entry_about(payload=PAYLOAD, signer=ALICE, pem=None):
    """A good signature with a genuine entry about something else."""
    return signed(**{BUNDLE: logged(signer.sign(payload), payload=payload, pem=pem)})


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        pytest.param(signed(), "no entry of a transparency log", id="none"),
        pytest.param(with_entry_about(b"another"), "for other content", id="of another payload"),
        pytest.param(with_entry_about(), "for another signature", id="of another signature of it by the same key"),
        pytest.param(with_entry_about(signer=BOB), "for another signature", id="of another signature by another key"),
        pytest.param(entry_with(integratedTime=int(NOW.timestamp())), "did not sign", id="another time"),
        pytest.param(entry_with(integratedTime=0), "did not sign", id="no time"),
        pytest.param(entry_with(integratedTime=2**53), "a time that is none", id="a time that JSON does not hold"),
        pytest.param(signed_at(253_402_300_800), "a time that is none", id="a time after the year 9999"),
        pytest.param(signed_at(2**53 - 1), "a time that is none", id="the last time that JSON holds"),
        pytest.param(entry_with(logIndex=7), "did not sign", id="another index"),
        pytest.param(entry_with(logID="00" * 32), "not trusted", id="an unknown log"),
        pytest.param(entry_with(logID="x"), "not hexadecimal", id="no log"),
        pytest.param(entry_with(logIndex=-1), "negative index", id="negative index"),
        pytest.param(entry_with(more=1), "a field 'more'", id="unknown field"),
        pytest.param(entry_with(body=text(b"[]")), "is not a JSON object", id="a body that is a list"),
        pytest.param(signed(**{BUNDLE: "{}"}), "has no object 'Payload'", id="empty"),
        pytest.param(signed(**{BUNDLE: "no JSON"}), "is not valid JSON", id="no JSON"),
    ],
)
def test_an_entry_that_does_not_prove_this_signature_is_refused(annotations, says):
    for required in (True, False) if BUNDLE in annotations else (True,):
        outcome = judge(annotations, by_key(log=LogPolicy(ROOT.logs, required=required)))

        assert isinstance(outcome, Rejection)
        assert says in outcome.why


@pytest.mark.parametrize(
    ("path", "spelled", "says"),
    [
        ((), {"SignedEntryTimestamp": "without padding"}, "is not base64"),
        ((), {"SignedEntryTimestamp": "other alphabet"}, "is not base64"),
        (("Payload",), {"body": "without padding"}, "is not base64"),
        (("Payload",), {"integratedTime": "as text"}, "is not a number"),
        (("Payload",), {"logIndex": "as text"}, "is not a number"),
    ],
    ids=str,
)
def test_an_entry_is_the_json_of_go_and_no_protobuf_message(path, spelled, says):
    ((name, how),) = spelled.items()

    def made():
        """An entry, and whether it is spelled in another way than before."""
        annotations = entry_with()
        entry = json.loads(annotations[BUNDLE])
        parent = entry["Payload"] if path else entry
        value = str(parent[name])
        ways = {
            "without padding": value.rstrip("="),
            "other alphabet": value.replace("+", "-").replace("/", "_"),
            "as text": value,
        }
        parent[name] = ways[how]
        return {**annotations, BUNDLE: json.dumps(entry)}, how == "as text" or ways[how] != value

    # Until there are bytes with padding, and with letters that are others in the other alphabet.
    annotations = next(found for found, is_other in (made() for _ in range(200)) if is_other)

    assert says in judge(annotations, by_key(log=LogPolicy(ROOT.logs))).why


def test_a_timestamp_is_the_json_of_go_as_well():
    signature = ALICE.sign(PAYLOAD)
    # A signature of ECDSA has a length by luck, and base64 of every third length has no padding to leave out.
    stamps = (LOCAL.tsa.respond(message=signature, time=SIGNED_AT) for _ in range(200))
    padded = next(stamp for stamp in stamps if len(stamp) % 3)
    annotations = {ANNOTATION: text(signature), STAMP: json.dumps({"SignedRFC3161Timestamp": text(padded).rstrip("=")})}

    assert "cannot be read" in judge(annotations, by_key(timestamp=TimestampPolicy(ROOT.timestamp_authorities))).why


def test_a_certificate_that_nothing_rests_on_must_have_a_key_that_can_be_read():
    der = bytearray(pki.root("CN=odd,O=Test").certificate.der)
    point = bytes(der).index(b"\x03\x42\x00\x04")
    der[point + 10] ^= 1
    odd = ssl.DER_cert_to_PEM_cert(bytes(der))
    annotations = LOCAL.annotations(PAYLOAD)

    assert isinstance(judge(annotations, keyless()), Verified)
    assert "whose key cannot be read" in judge({**annotations, CHAIN: annotations[CHAIN] + odd}, keyless()).why


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\x85", "\x1c"])
@pytest.mark.parametrize("name", [CERTIFICATE, CHAIN])
def test_blanks_in_pem_are_those_of_ascii(name, blank):
    annotations = LOCAL.annotations(PAYLOAD)
    pem = annotations[name]

    for changed in (pem.replace("\n", f"\n{blank}", 3), pem + blank, blank + pem):
        assert "is not PEM, and nothing else" in judge({**annotations, name: changed}, keyless()).why


def test_an_entry_must_name_the_key_that_signed():
    signature = ALICE.sign(PAYLOAD)
    annotations = {ANNOTATION: text(signature), BUNDLE: logged(signature, pem=BOB.pem.decode())}

    assert "another key or certificate" in judge(annotations, by_key(log=LogPolicy(ROOT.logs))).why


def test_a_key_is_valid_up_to_and_with_its_last_second():
    signature = ALICE.sign(PAYLOAD)
    annotations = {ANNOTATION: text(signature), BUNDLE: logged(signature)}
    log = LogPolicy(ROOT.logs)

    assert isinstance(judge(annotations, by_key(log=log, valid_until=SIGNED_AT)), Verified)
    late = judge(annotations, by_key(log=log, valid_until=SIGNED_AT - timedelta(seconds=1)))
    assert "until which the key was valid" in late.why
    assert isinstance(judge(signed(), by_key(valid_until=NOW), now=NOW), Verified)
    assert isinstance(judge(signed(), by_key(valid_until=NOW), now=NOW + timedelta(seconds=1)), Rejection)


def test_a_certificate_beside_a_key_must_be_of_that_key():
    own, other = LOCAL.certify(key=ALICE.key), LOCAL.certify()

    assert isinstance(judge(signed(**{CERTIFICATE: own.pem}), by_key()), Verified)
    assert "certificate of another key" in judge(signed(**{CERTIFICATE: other.pem}), by_key()).why


def test_a_timestamp_proves_the_time_of_a_signature():
    signature = ALICE.sign(PAYLOAD)
    stamp = json.dumps({"SignedRFC3161Timestamp": text(LOCAL.tsa.respond(message=signature, time=SIGNED_AT))})
    policy = by_key(timestamp=TimestampPolicy(ROOT.timestamp_authorities))

    assert judge({ANNOTATION: text(signature), STAMP: stamp}, policy).signed_at == (SIGNED_AT,)
    assert "no timestamp" in judge({ANNOTATION: text(ALICE.sign(PAYLOAD)), STAMP: stamp}, policy).why
    assert isinstance(judge(signed(**{STAMP: "x"}), policy), MalformedSignature)


def test_an_identity_signs_without_a_key():
    annotations = LOCAL.annotations(PAYLOAD)

    found = judge(annotations, keyless())

    assert isinstance(found.signer, CertificateSigner)
    assert (found.signer.identity, found.signer.issuer, found.signed_at) == (WORKFLOW, ISSUER, (SIGNED_AT,))
    assert isinstance(judge(annotations, keyless(identity=WORKFLOW + "0")), Rejection)
    assert isinstance(judge(annotations, keyless(issuer=ISSUER + "/")), Rejection)


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        pytest.param(LOCAL.annotations(PAYLOAD, logged=False), "no entry of a transparency log", id="no entry"),
        pytest.param(LOCAL.annotations(PAYLOAD, at=NOW + timedelta(minutes=11)), "expired at", id="signed too late"),
        pytest.param(
            LOCAL.annotations(PAYLOAD, by=LOCAL.certify(with_sct=False)), "certificate timestamp", id="no SCT"
        ),
        pytest.param(signed(), "has no certificate", id="signed with a key"),
        pytest.param(
            {**LOCAL.annotations(PAYLOAD), CERTIFICATE: LOCAL.certify().pem},
            "does not fit the key",
            id="another certificate",
        ),
        pytest.param({**LOCAL.annotations(PAYLOAD), CERTIFICATE: "x"}, "is not PEM", id="no certificate"),
        pytest.param(
            {**LOCAL.annotations(PAYLOAD), CERTIFICATE: LOCAL.certify().pem * 2}, "with 2 certificates", id="two"
        ),
        pytest.param({**LOCAL.annotations(PAYLOAD), CHAIN: "x"}, "is not PEM", id="no chain"),
        pytest.param(
            {**LOCAL.annotations(PAYLOAD), CHAIN: LOCAL.root.pem.decode() * 8}, "more than 7", id="long chain"
        ),
        pytest.param(LocalSigstore().annotations(PAYLOAD), "not trusted", id="of another instance, with its own root"),
    ],
)
def test_a_keyless_layer_that_is_wrong_in_one_way_is_refused(annotations, says):
    outcome = judge(annotations, keyless())

    assert isinstance(outcome, Rejection)
    assert says in outcome.why


OWN = pki.root("CN=Our root,O=Test")
BETWEEN = pki.intermediate(OWN, "CN=Ours,O=Test")
NAMES = x509.SubjectAlternativeName(
    [
        x509.RFC822Name("release@example.com"),
        x509.DNSName("ci.example"),
        x509.UniformResourceIdentifier("spiffe://ci/x"),
    ]
)


def own_certificate(**options):
    return BETWEEN.issue("CN=Release,O=Test", **{"extensions": [*pki.CODE_SIGNING, (NAMES, False)], **options})


def with_certificate(made, chain=BETWEEN):
    found = {ANNOTATION: text(sign_with(made.key, PAYLOAD)), CERTIFICATE: made.pem.decode()}
    return {**found, CHAIN: chain.pem.decode()} if chain is not None else found


def of_ours(**subject):
    return CertificateAuthority("test", (OWN.certificate,), **{"emails": ("release@example.com",), **subject})


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"emails": ("other@example.com", "release@example.com")},
        {"emails": (), "dns_names": ("ci.example",)},
        {"emails": (), "uris": ("spiffe://ci/x",)},
        {"dns_names": ("ci.example",), "uris": ("spiffe://ci/x",)},
    ],
)
def test_a_certificate_of_ones_own_ca_that_has_each_wanted_kind_of_name_signs(wanted):
    outcome = judge(with_certificate(own_certificate()), of_ours(**wanted))

    assert isinstance(outcome, Verified)
    assert isinstance(outcome.signer, CertificateSigner)
    assert outcome.signer.issuer == "O=Test,CN=Our root"


@pytest.mark.parametrize(
    "wanted",
    [
        {"emails": ("release@example.co",)},
        {"emails": ("Release@example.com",)},
        {"emails": ("ci.example",)},
        {"dns_names": ("example",)},
        {"dns_names": ("*.example",)},
        {"uris": ("spiffe://ci/",)},
        {"emails": ()},
    ],
)
def test_one_that_does_not_have_each_wanted_name_does_not(wanted):
    assert isinstance(judge(with_certificate(own_certificate()), of_ours(**wanted)), Rejection)


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        pytest.param(
            with_certificate(own_certificate(), chain=None), "does not lead to a trusted root", id="no intermediate"
        ),
        pytest.param(with_certificate(own_certificate(not_after=NOW - timedelta(days=1))), "expired", id="expired"),
        pytest.param(
            with_certificate(own_certificate(extensions=[*pki.TIME_STAMPING, (NAMES, False)])),
            "extended key usage",
            id="for timestamps",
        ),
        pytest.param(
            with_certificate(
                pki.root("CN=Our root,O=Test").issue("CN=x", extensions=[*pki.CODE_SIGNING, (NAMES, False)]), chain=None
            ),
            "does not lead",
            id="another root of the same name",
        ),
        pytest.param(signed(), "has no certificate", id="signed with a key"),
    ],
)
def test_a_certificate_of_ones_own_ca_that_is_wrong_in_one_way_is_refused(annotations, says):
    outcome = judge(annotations, of_ours())

    assert isinstance(outcome, Rejection)
    assert says in outcome.why


def test_a_certificate_without_extended_key_usage_signs_and_intermediates_may_be_in_the_policy():
    made = own_certificate(extensions=[pki.CODE_SIGNING[0], (NAMES, False)])
    policy = of_ours(intermediates=(BETWEEN.certificate,))

    assert isinstance(judge(with_certificate(made, chain=None), policy), Verified)


def test_annotations_and_the_repository_are_what_was_signed():
    payload = json.dumps({**simple_signing(), "optional": {"version": "1.4", "count": 2}}).encode()

    found = judge(signed(payload=payload), by_key(), payload=payload)

    assert found.annotations == {"version": "1.4"}
    assert found.reference == "registry.example/patterns/web"


@pytest.mark.parametrize(
    ("repository", "is_named"),
    [
        (Repository("registry.example", "patterns/web"), True),
        (Repository("registry.example", "patterns/we"), False),
        (Repository("registry.example:443", "patterns/web"), False),
        (Repository("mirror.example", "patterns/web"), False),
    ],
)
def test_where_a_repository_must_be_named_another_one_does_not_count(repository, is_named):
    subject = Subject(SUBJECT.digest, repositories=(repository,))

    assert isinstance(judge(signed(), by_key(), subject=subject), Verified) is is_named


def attestation(payload, signer=ALICE, **envelope):
    signatures = [{"keyid": "", "sig": text(signer.sign(encoded(payload)))}]
    return json.dumps({"payloadType": IN_TOTO, "payload": text(payload), "signatures": signatures, **envelope}).encode()


STATEMENT = statement(str(SUBJECT.digest), "https://slsa.dev/provenance/v1", {"builder": "ci"})


def attested(content, annotations=None, policy=None):
    return judge(annotations or {}, policy or by_key(), payload=content, media_type=ATTESTATION_TYPE)


def test_an_attestation_is_verified_with_its_predicate():
    found = attested(attestation(STATEMENT))

    assert found.statement.predicate_type == "https://slsa.dev/provenance/v1"
    assert json.loads(found.statement.predicate) == {"builder": "ci"}


def test_an_attestation_by_an_identity_has_its_entry_in_an_annotation():
    signer = LOCAL.certify()
    signature = sign_with(signer.key, encoded(STATEMENT))
    entry = LOCAL.rekor.add(enveloped(signature, STATEMENT, signer.pem), at=SIGNED_AT)
    annotations = {CERTIFICATE: signer.pem, BUNDLE: json.dumps(rekor_bundle(entry))}
    content = attestation(STATEMENT, signatures=[{"sig": text(signature)}])

    assert isinstance(attested(content, annotations, keyless()), Verified)
    foreign = {**annotations, BUNDLE: LOCAL.annotations(STATEMENT, by=signer)[BUNDLE]}
    assert isinstance(attested(content, foreign, keyless()), Rejection)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(attestation(STATEMENT, BOB), id="by another key"),
        pytest.param(attestation(statement(str(Digest.of(b"another")))), id="about another artifact"),
        pytest.param(attestation(STATEMENT, payloadType="text/plain"), id="payload of another type"),
        pytest.param(attestation(STATEMENT, signatures=[]), id="not signed"),
        pytest.param(attestation(STATEMENT, more=1), id="unknown field"),
        pytest.param(PAYLOAD, id="a payload of cosign"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_not_an_attestation_of_the_artifact_is_refused(content):
    assert isinstance(attested(content), Rejection)
