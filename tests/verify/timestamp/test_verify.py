"""A timestamp counts when a trusted TSA made it for this message, and everything in it is as RFC 3161 has it."""

import hashlib
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.examples import examples
from tests.verify import pki, tsa
from tests.verify.pki import NOW, TIME_STAMPING, YEAR
from tests.verify.tsa import SHA1, SHA256, SHA384, SHA512, Tsa, algorithm, pss, tlv

from pattern_operator.limits import MAX_CERTIFICATES, MAX_TIMESTAMP
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.timestamp import Encoding, StampedDigest, Timestamp, verify_timestamp
from pattern_operator.verify.timestamp import structures as s

MESSAGE = b"a signature"
OURS = Tsa.make()
RSA = Tsa.make(pki.rsa_key(2048))


def verify(token, *, made_by=OURS, stamped=MESSAGE, encoding=Encoding.TOKEN, others=()):
    return verify_timestamp(
        token,
        stamped,
        encoding=encoding,
        roots=[made_by.root.certificate],
        intermediates=[each.certificate for each in others],
    )


def rejection(token, **options) -> str:
    found = verify(token, **options)
    assert isinstance(found, Rejection)
    return found.why


# --- what holds -----------------------------------------------------------------------------------------------------


def test_a_token_tells_when_the_message_was_there_and_how_exactly():
    found = verify(OURS.stamp(accuracy=s.Accuracy(seconds=2, milliseconds=3, microseconds=4)))

    accuracy = timedelta(seconds=2, milliseconds=3, microseconds=4)
    assert found == Timestamp(NOW, accuracy, (OURS.identity.certificate, OURS.root.certificate))
    assert (found.earliest, found.latest) == (NOW - accuracy, NOW + accuracy)


def test_a_token_may_state_no_accuracy_and_fractions_of_a_second():
    time = NOW.replace(microsecond=120_000)
    found = verify(OURS.stamp(accuracy=None, time=time))

    assert (found.earliest, found.latest) == (time, time)


def generalized(text):
    """The DER of a GeneralizedTime, whatever is in it."""
    return bytes([0x18, len(text)]) + text.encode()


@pytest.mark.parametrize("fraction", ["5", "25", "123456", "1234567", "123456789", "000000001", "123456789012"])
def test_a_fraction_of_a_second_may_have_any_number_of_digits(fraction):
    found = verify(OURS.stamp(accuracy=None, time=generalized(f"20260501120000.{fraction}Z")))

    assert found.time == NOW.replace(microsecond=int(fraction.ljust(6, "0")[:6]))


@pytest.mark.parametrize(
    "text",
    [
        *("20260501120000", "20260501120000+0000", "20260501120000.Z", "20260501120000.50Z", "20260501120000,5Z"),
        *(
            "202605011200Z",
            "20260501120060Z",
            "20261301120000Z",
            "20260501240000Z",
            "00000101000000Z",
            "2026050112000 Z",
        ),
        *("", "2026050112000 Z", f"20260501120000.{'1' * 32}Z", "20260501120000Z\n"),
    ],
)
def test_a_time_has_one_text(text):
    assert "has a time that is not" in rejection(OURS.stamp(time=generalized(text)))


def test_a_time_is_a_generalized_time():
    assert "not a GeneralizedTime" in rejection(OURS.stamp(time=asn1.encode_der(asn1.UTCTime(NOW))))


def test_a_response_that_grants_a_token_is_as_good_as_the_token():
    found = verify(OURS.respond(), encoding=Encoding.RESPONSE)

    assert found == verify(OURS.stamp())


def test_the_end_of_the_world_is_no_reason_to_fail():
    edge = Timestamp(datetime.max.replace(tzinfo=UTC), timedelta(seconds=1), ())
    start = Timestamp(datetime.min.replace(tzinfo=UTC), timedelta(seconds=1), ())

    assert edge.latest == edge.time
    assert start.earliest == start.time


@pytest.mark.parametrize("digest", [SHA256, SHA384, SHA512], ids=tsa.NAMES.get)
def test_each_hash_of_sha_2_may_be_used_for_message_content_and_certificate(digest):
    token = OURS.stamp(imprint_hash=digest, digest=digest, certificate_hash=digest)
    name = tsa.NAMES[digest]

    assert isinstance(verify(token), Timestamp)
    assert isinstance(verify(token, stamped=StampedDigest(name, hashlib.new(name, MESSAGE).digest())), Timestamp)


@pytest.mark.parametrize(
    "made_by, options",
    [
        (Tsa.make(ec.generate_private_key(ec.SECP384R1())), {}),
        (Tsa.make(ec.generate_private_key(ec.SECP521R1())), {"digest": SHA512}),
        (Tsa.make(ed25519.Ed25519PrivateKey.generate()), {"digest": SHA512}),
        (RSA, {}),
        (RSA, {"signature_algorithm": algorithm(tsa.RSA, tsa.NULL)}),
        (RSA, {"signature_algorithm": algorithm(tsa.RSA_WITH[SHA256], tsa.NULL)}),
        (RSA, {"signature_algorithm": algorithm(tsa.RSA_WITH[SHA512], tsa.NULL), "digest": SHA512}),
        (RSA, {"signature_algorithm": pss()}),
        (RSA, {"signature_algorithm": pss(SHA512, salt=64), "digest": SHA512}),
        (RSA, {"signature_algorithm": pss(), "protected": True}),
        (OURS, {"protected": True}),
        (OURS, {"issuer_serial": None}),
        (OURS, {"extensions": [s.Extension(id=x509.ObjectIdentifier("1.2.3"), critical=False, value=b"x")]}),
        (OURS, {"listed_digests": (SHA256, SHA512)}),
        (OURS, {"unsigned": [tlv(s.Attribute(type=x509.ObjectIdentifier("1.2.3"), values=asn1.SetOf([tlv(7)])))]}),
        (OURS, {"revocations": [tlv(7)]}),
        (OURS, {"attributes": {tsa.TIME: [asn1.encode_der(asn1.UTCTime(NOW))]}}),
        (OURS, {"attributes": {tsa.TIME: [asn1.encode_der(asn1.GeneralizedTime(NOW))]}}),
        (OURS, {"attributes": {x509.ObjectIdentifier("1.2.3.4"): [asn1.encode_der(7)]}}),
    ],
    ids=range(19),
)
def test_what_else_a_token_may_be_made_of(made_by, options):
    assert isinstance(verify(made_by.stamp(**options), made_by=made_by), Timestamp)


def test_the_certificate_of_the_tsa_may_come_from_elsewhere():
    token = OURS.stamp(certificates=())

    assert "signed with a certificate that is not known" in rejection(token)
    assert isinstance(verify(token, others=[OURS.identity]), Timestamp)


# --- what does not --------------------------------------------------------------------------------------------------


def attribute(kind, *values):
    return {"attributes": {kind: [asn1.encode_der(each) for each in values] if values else None}}


def signing_certificate(*certificates):
    return attribute(tsa.CERTIFICATE, s.SigningCertificate(certificates=list(certificates), policies=None))


def own_id(**changed):
    der = OURS.identity.certificate.der
    return s.CertificateId(
        **{"algorithm": None, "hash": hashlib.sha256(der).digest(), "issuer_serial": None, **changed}
    )


def id_of(identity, digest=None):
    content = hashlib.new("sha512" if digest else "sha256", identity.certificate.der).digest()
    return own_id(hash=content, algorithm=algorithm(digest) if digest else None)


OTHER = OURS.root.issue("CN=TSA,O=Test", extensions=TIME_STAMPING)
ISSUER = OURS.identity.certificate.issuer
SERIAL = OURS.identity.certificate.parsed.serial_number


def test_a_token_may_state_its_whole_chain():
    further = (id_of(OURS.root), id_of(OURS.root, SHA512), id_of(OURS.identity))

    assert isinstance(verify(OURS.stamp(**signing_certificate(own_id(), *further))), Timestamp)


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"message": b"another signature"}, "was made for another message"),
        ({"imprint": b""}, "was made for another message"),
        ({"imprint_hash": SHA1}, "has a message digest algorithm that is not SHA-256"),
        ({"info_version": 2}, "is a timestamp of an unknown version"),
        ({"content": b"\x30\x00"}, "is not a timestamp in DER"),
        ({"extensions": [s.Extension(id=tsa.OID("1.2.3"), critical=True, value=b"x")]}, "has a critical extension"),
        ({"accuracy": s.Accuracy(seconds=86_401, milliseconds=None, microseconds=None)}, "states an accuracy"),
        ({"accuracy": s.Accuracy(seconds=-1, milliseconds=None, microseconds=None)}, "states an accuracy"),
        ({"accuracy": s.Accuracy(seconds=None, milliseconds=0, microseconds=None)}, "states an accuracy"),
        ({"accuracy": s.Accuracy(seconds=None, milliseconds=None, microseconds=1000)}, "states an accuracy"),
        ({"content_type": tsa.OID("1.2.840.113549.1.7.1")}, "is not CMS signed data around a timestamp"),
        ({"data_version": 1}, "is not CMS signed data around a timestamp"),
        ({"signer_version": 3}, "does not have exactly one signer, of version 1"),
        ({"signers": 0}, "does not have exactly one signer, of version 1"),
        ({"signers": 2}, "does not have exactly one signer, of version 1"),
        ({"digest": SHA1}, "has a digest algorithm that is not SHA-256"),
        ({"listed_digests": ()}, "does not list the digest algorithm of its signer"),
        ({"listed_digests": (SHA256, SHA256)}, "does not list the digest algorithm of its signer, once"),
        ({"listed_digests": (SHA384,)}, "does not list the digest algorithm of its signer"),
        ({"signature_algorithm": algorithm(tsa.ECDSA_WITH[SHA512])}, "of another hash than its digest algorithm"),
        ({"signature_algorithm": algorithm(tsa.ECDSA_WITH[SHA1])}, "has a signature algorithm that is not used"),
        ({"signature_algorithm": algorithm(tsa.ECDSA_WITH[SHA256], tsa.NULL)}, "ECDSA signature algorithm with param"),
        ({"signature_algorithm": algorithm(tsa.RSA)}, "has a signature that does not fit its certificate"),
        ({"signature_algorithm": algorithm(tsa.ED25519)}, "Ed25519 signature with parameters, or with another digest"),
        ({"signature_algorithm": asn1.encode_der(7)}, "has a signature algorithm that cannot be read"),
        (attribute(tsa.CONTENT_TYPE), "has no signed attribute content type"),
        (attribute(tsa.CONTENT_TYPE, tsa.SIGNED_DATA), "states another content type than a timestamp"),
        (attribute(tsa.CONTENT_TYPE, 7), "has a signed attribute content type that is not valid"),
        (attribute(tsa.CONTENT_TYPE, tsa.TST_INFO, tsa.SIGNED_DATA), "twice, or without exactly one value"),
        (attribute(tsa.DIGEST), "has no signed attribute message digest"),
        (attribute(tsa.DIGEST, b"x" * 32), "has another content than the one that was signed"),
        (attribute(tsa.CERTIFICATE), "has no signed attribute signing certificate (V2)"),
        (signing_certificate(), "states a signing certificate attribute without a certificate"),
        (signing_certificate(own_id(hash=b"x" * 32)), "is signed with a certificate that is not known"),
        (signing_certificate(own_id(algorithm=algorithm(SHA1))), "has a signing certificate hash that is not SHA-256"),
        (signing_certificate(own_id(algorithm=algorithm(SHA384))), "is signed with a certificate that is not known"),
        (
            signing_certificate(own_id(issuer_serial=s.IssuerSerial(issuer=[ISSUER], serial=SERIAL + 1))),
            "states another issuer and serial number than its certificate has",
        ),
        (
            signing_certificate(own_id(issuer_serial=s.IssuerSerial(issuer=[pki.name("CN=x")], serial=SERIAL))),
            "states another issuer and serial number than its certificate has",
        ),
        (
            signing_certificate(own_id(issuer_serial=s.IssuerSerial(issuer=[ISSUER, ISSUER], serial=SERIAL))),
            "states another issuer and serial number than its certificate has",
        ),
        (signing_certificate(own_id(), own_id(hash=b"x" * 32)), "verified with a certificate that is not in its chain"),
        (signing_certificate(own_id(), id_of(OTHER)), "verified with a certificate that is not in its chain"),
        (
            signing_certificate(own_id(), own_id(algorithm=algorithm(SHA1))),
            "has a signing certificate hash that is not SHA-256",
        ),
        (
            attribute(tsa.CERTIFICATE, s.SigningCertificate(certificates=[own_id()], policies=[tlv(7)])),
            "with policies, which are not judged",
        ),
        ({"named": OTHER}, "names another signer than its signed attributes do"),
        (
            attribute(tsa.TIME, asn1.UTCTime(NOW + 2 * YEAR)),
            "a signing time at which the certificate of the TSA was not",
        ),
        (attribute(tsa.TIME, 7), "has a signed attribute signing time that is not valid"),
        (
            attribute(
                tsa.PROTECTION,
                s.AlgorithmProtection(
                    digest_algorithm=algorithm(SHA384), signature_algorithm=algorithm(tsa.ECDSA_WITH[SHA256])
                ),
            ),
            "states other algorithms than it has",
        ),
        (attribute(tsa.PROTECTION, 7), "has a signed attribute algorithm protection that is not valid"),
        ({"certificates": (b"\x30\x00",)}, "has a certificate that is not a valid X.509 certificate"),
        ({"certificates": (b"\x30\x00",) * (MAX_CERTIFICATES + 1)}, f"more than {MAX_CERTIFICATES} certificates"),
        ({"time": NOW + 2 * YEAR}, "expired at"),
        ({"time": NOW - 2 * YEAR}, "is valid from"),
    ],
    ids=range(52),
)
def test_a_token_that_is_wrong_in_one_way_is_refused(options, reason):
    assert reason in rejection(OURS.stamp(**options))


@pytest.mark.parametrize(
    "parameters",
    [
        pss(SHA384, salt=48),
        pss(mask=SHA512),
        pss(salt=20),
        pss(function="1.2.3"),
        pss(SHA1, salt=20),
    ],
    ids=range(5),
)
def test_pss_has_one_hash_for_everything(parameters):
    assert "PSS" in (why := rejection(RSA.stamp(signature_algorithm=parameters), made_by=RSA)) or "another hash" in why


def test_the_parameters_of_pss_belong_to_pss():
    other = s.PssAlgorithm(algorithm=tsa.RSA, parameters=pss().parameters)

    assert "cannot be read" in rejection(RSA.stamp(signature_algorithm=other), made_by=RSA)


def test_a_token_of_another_tsa_is_refused():
    another = Tsa.make()

    assert "does not lead to a trusted root" in rejection(another.stamp())


def test_a_certificate_with_the_same_hash_and_name_as_no_other_key_cannot_take_over_a_token():
    token = OURS.stamp(certificates=(OTHER.certificate.der,))

    assert "signed with a certificate that is not known" in rejection(token)


@pytest.mark.parametrize(
    "extensions, reason",
    [
        (pki.CODE_SIGNING, "has an extended key usage without timeStamping"),
        ([TIME_STAMPING[0], (pki.extended("timeStamping"), False)], "not alone and critical"),
    ],
    ids=range(2),
)
def test_a_certificate_that_is_not_for_timestamps_alone_is_refused(extensions, reason):
    made_by = Tsa.make(extensions=extensions)

    assert reason in rejection(made_by.stamp(), made_by=made_by)


def test_a_tsa_with_a_weak_key_is_refused():
    made_by = Tsa.make(pki.rsa_key(1024))

    assert "is signed with a key that has 1024 bits" in rejection(made_by.stamp(), made_by=made_by)


def test_a_digest_by_another_hash_than_the_stamped_one_tells_nothing():
    stamped = StampedDigest("sha512", hashlib.sha512(MESSAGE).digest())

    assert "stamps a sha256 digest, and the sha512 one is known" in rejection(OURS.stamp(), stamped=stamped)


@pytest.mark.parametrize(
    "options",
    [{"status": 1}, {"status": 2}, {"failure": asn1.BitString(b"\x80", 7)}],
    ids=range(3),
)
def test_a_response_that_does_not_grant_a_token_as_asked_is_refused(options):
    assert "does not grant" in rejection(OURS.respond(**options), encoding=Encoding.RESPONSE)


def test_a_token_is_not_a_response_and_a_response_not_a_token():
    assert "is not a timestamp response" in rejection(OURS.stamp(), encoding=Encoding.RESPONSE)
    assert "is not CMS signed data" in rejection(OURS.respond())


def test_another_cms_content_is_not_signed_data():
    signed = OURS.stamp()
    enveloped = signed.replace(bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010703"), 1)

    assert rejection(enveloped) == "is not CMS signed data"


def test_what_stands_after_the_end_is_refused_and_so_is_what_is_too_long():
    assert "in DER" in rejection(OURS.stamp() + b"\0")
    assert f"more than {MAX_TIMESTAMP} bytes" in rejection(OURS.stamp() + b"\0" * MAX_TIMESTAMP)


def test_lengths_that_are_not_the_shortest_are_refused():
    token = OURS.stamp()
    assert token[1] == 0x82
    longer = b"\x30\x83\x00" + token[2:]
    indefinite = b"\x30\x80" + token[4:] + b"\0\0"

    assert "in DER" in rejection(longer)
    assert "in DER" in rejection(indefinite)


def many(tag: bytes, *, length: int) -> bytes:
    """As many empty elements as there is room for."""
    content = tag * ((length - 4) // len(tag))
    return b"\x30\x82" + len(content).to_bytes(2, "big") + content


@pytest.mark.parametrize(
    "content",
    [
        many(b"\x05\x00", length=MAX_TIMESTAMP - 8),
        b"\x30\x80" * (MAX_TIMESTAMP // 2),
        OURS.stamp(certificates=(b"\x05\x00",) * 28_000),
        OURS.stamp(unsigned=[tlv(7)] * 20_000),
        OURS.stamp(extensions=[s.Extension(id=tsa.OID("1.2"), critical=False, value=b"")] * 5_000),
    ],
    ids=range(5),
)
def test_what_is_as_large_as_it_may_be_takes_little_time_and_memory(content):
    assert len(content) <= MAX_TIMESTAMP
    verify(content)
    tracemalloc.start()
    verify(content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 16 * 2**20
    assert cpu_time(lambda: verify(content), enough=0.05) < 0.05


def test_a_name_with_a_value_of_a_type_that_it_cannot_have_is_refused():
    token = OURS.stamp()
    name = OURS.identity.certificate.issuer.public_bytes()
    attribute = b"\x0c\x08TSA root"  # a UTF8String, which becomes a BIT STRING

    assert attribute in name
    changed = token.replace(name, name.replace(attribute, b"\x03" + attribute[1:2] + b"\0" + attribute[3:]))

    assert changed != token
    assert "cannot be read" in rejection(changed) or "not a valid X.509" in rejection(changed)
    alone = OURS.stamp(certificates=())
    changed = alone.replace(name, name.replace(attribute, b"\x03" + attribute[1:2] + b"\0" + attribute[3:]))
    assert "cannot be read" in rejection(changed, others=[OURS.identity])


TOKEN = OURS.stamp()


@settings(max_examples=examples(500))
@given(place=st.integers(0, len(TOKEN) - 1), value=st.integers(0, 255))
def test_no_byte_of_a_token_can_be_changed(place, value):
    changed = TOKEN[:place] + bytes([value]) + TOKEN[place + 1 :]

    assert isinstance(verify(changed), Timestamp) == (changed == TOKEN)


@settings(max_examples=examples(300))
@given(st.binary(max_size=300), st.sampled_from(Encoding))
def test_random_bytes_are_refused(content, encoding):
    assert isinstance(verify(content, encoding=encoding), Rejection)
