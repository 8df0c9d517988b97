"""A certificate is revoked, or not, when its issuer says so: signed, fresh, and about just this one."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples
from tests.verify import pki
from tests.verify.pki import CA, CODE_SIGNING, NOW, extended, key_usage

from pattern_operator.limits import MAX_CRL, MAX_OCSP_RESPONSE, MAX_REVOCATION_URLS
from pattern_operator.verify.x509.revocation import (
    NotRevoked,
    RevocationAnswer,
    Revoked,
    Unknown,
    judge,
    revocation_checks,
)

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SHA1 = hashes.SHA1()  # noqa: S303 - of names and keys of issuers, on which nothing rests
CRL_URL, OCSP_URL = "http://crl.example/a.crl", "http://ocsp.example"


def uri(text):
    return x509.UniformResourceIdentifier(text)


def crl_at(*urls):
    points = [x509.DistributionPoint([uri(url)], None, None, None) for url in urls]
    return (x509.CRLDistributionPoints(points), False)


def ocsp_at(*urls):
    described = [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, uri(url)) for url in urls]
    issuers = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, uri("http://ca.example"))
    return (x509.AuthorityInformationAccess([issuers, *described]), False)


ROOT = pki.root()
LEAF = ROOT.issue("CN=leaf", extensions=[*CODE_SIGNING, crl_at(CRL_URL), ocsp_at(OCSP_URL)])
SISTER = ROOT.issue("CN=sister", extensions=CODE_SIGNING)
(CHECK,) = revocation_checks([LEAF.certificate, ROOT.certificate])
STRANGER = pki.root()


def answer(content):
    return RevocationAnswer(ocsp=content)


def listed(content, url=CRL_URL):
    return RevocationAnswer(crls={url: content})


def unknown(given) -> str:
    found = judge(CHECK, given, now=NOW)
    assert isinstance(found, Unknown), found
    return found.why


# --- what is asked --------------------------------------------------------------------------------------------------


def test_the_places_to_ask_are_those_of_the_certificate():
    assert (CHECK.certificate, CHECK.issuer) == (LEAF.certificate, ROOT.certificate)
    assert (CHECK.ocsp, CHECK.crls) == ((OCSP_URL,), (CRL_URL,))


def test_an_ocsp_request_is_about_the_certificate():
    request = ocsp.load_der_ocsp_request(CHECK.ocsp_request())

    assert request.serial_number == LEAF.certificate.parsed.serial_number
    assert list(request.extensions) == []


def test_who_has_no_place_to_ask_cannot_be_revoked_nor_can_a_root():
    assert revocation_checks([SISTER.certificate, ROOT.certificate]) == ()
    assert revocation_checks([ROOT.certificate]) == ()


def test_only_so_many_places_are_asked_and_only_by_http():
    urls = [f"http://crl.example/{number}" for number in range(MAX_REVOCATION_URLS + 1)]
    many = ROOT.issue("CN=x", extensions=[crl_at("ldap://a", "https://b", "file:///etc", *urls), ocsp_at("https://c")])
    (check,) = revocation_checks([many.certificate, ROOT.certificate])

    assert (check.ocsp, check.crls) == ((), tuple(urls[:MAX_REVOCATION_URLS]))


def test_nothing_asked_nothing_known():
    assert unknown(RevocationAnswer()) == "has not been asked for"


# --- OCSP -----------------------------------------------------------------------------------------------------------


def respond(
    status=ocsp.OCSPCertStatus.GOOD,
    *,
    about=LEAF,
    issuer=ROOT,
    by=None,
    this=NOW,
    until=NOW + DAY,
    digest=None,
    id_hash=None,
    certificates=(),
    encoding=ocsp.OCSPResponderEncoding.NAME,
    extension=None,
):
    signer = by or issuer
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.certificate.parsed,
        issuer.certificate.parsed,
        id_hash or hashes.SHA256(),
        status,
        this,
        until,
        NOW - DAY if revoked else None,
        x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(encoding, signer.certificate.parsed)
    if certificates:
        builder = builder.certificates([each.certificate.parsed for each in certificates])
    if extension is not None:
        builder = builder.add_extension(*extension)
    algorithm = None if type(signer.key).__name__.startswith("Ed") else digest or hashes.SHA256()
    return builder.sign(signer.key, algorithm).public_bytes(Encoding.DER)


@pytest.mark.parametrize("encoding", ocsp.OCSPResponderEncoding)
@pytest.mark.parametrize("id_hash", [SHA1, hashes.SHA256()], ids=["sha1", "sha256"])
def test_the_issuer_says_whether_it_is_revoked(encoding, id_hash):
    good = respond(encoding=encoding, id_hash=id_hash)
    bad = respond(ocsp.OCSPCertStatus.REVOKED, encoding=encoding, id_hash=id_hash)

    assert judge(CHECK, answer(good), now=NOW) == NotRevoked(NOW + DAY)
    assert judge(CHECK, answer(bad), now=NOW) == Revoked(NOW - DAY, NOW + DAY)


@pytest.mark.parametrize("key", [pki.rsa_key(2048), ed25519.Ed25519PrivateKey.generate()], ids=["RSA", "Ed25519"])
def test_an_issuer_may_have_any_kind_of_key(key):
    root = pki.root(key=key)
    leaf = root.issue("CN=leaf", extensions=[ocsp_at(OCSP_URL)])
    (check,) = revocation_checks([leaf.certificate, root.certificate])

    assert judge(check, answer(respond(about=leaf, issuer=root)), now=NOW) == NotRevoked(NOW + DAY)


STRANGE = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2"), b""), True)


def delegate(**options):
    extensions = [(key_usage("digital_signature"), True), (extended("OCSPSigning"), False)]
    return options.pop("issuer", ROOT).issue("CN=responder", **{"extensions": extensions, **options})


def test_an_issuer_may_have_a_responder():
    responder = delegate()

    assert judge(CHECK, answer(respond(by=responder, certificates=[responder])), now=NOW) == NotRevoked(NOW + DAY)


@pytest.mark.parametrize(
    "responder",
    [
        delegate(issuer=STRANGER),
        delegate(extensions=CODE_SIGNING),
        delegate(extensions=[]),
        delegate(not_after=NOW - DAY),
        delegate(digest=hashes.SHA224()),
        delegate(extensions=[(extended("OCSPSigning"), False), STRANGE]),
        delegate(extensions=[(key_usage("key_encipherment"), True), (extended("OCSPSigning"), False)]),
        LEAF,
    ],
    ids=range(8),
)
def test_nobody_else_may_answer_for_it(responder):
    assert "a signature that is not of its issuer" in unknown(answer(respond(by=responder, certificates=[responder])))


def changed_signature(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is not an OCSP response"),
        (b"\0" * (MAX_OCSP_RESPONSE + 1), f"more than {MAX_OCSP_RESPONSE} bytes"),
        (respond() + b"\0", "is not an OCSP response"),
        (respond(about=SISTER), "for another certificate"),
        (respond(issuer=STRANGER), "for another certificate"),
        (respond(by=STRANGER), "a signature that is not of its issuer"),
        (respond(by=SISTER), "a signature that is not of its issuer"),
        (changed_signature(respond()), "a signature that is not of its issuer"),
        (respond(digest=hashes.SHA224()), "a signature that is not of its issuer"),
        (respond(this=NOW + DAY, until=NOW + 2 * DAY), "out of date"),
        (respond(this=NOW - 2 * DAY, until=NOW - DAY), "out of date"),
        (respond(until=None), "out of date"),
        (respond(this=NOW + MINUTE, until=NOW), "out of date"),
        (respond(ocsp.OCSPCertStatus.UNKNOWN), "is not known to the OCSP responder"),
        (respond(id_hash=hashes.SHA224()), "for another certificate"),
        (respond(extension=(x509.OCSPNonce(b"0" * 16), True)), "critical extension that is not understood"),
        (
            ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
            "by OCSP with TRY_LATER",
        ),
    ],
    ids=range(17),
)
def test_an_ocsp_response_that_cannot_be_believed_says_nothing(content, reason):
    assert reason in unknown(answer(content))


# --- CRL ------------------------------------------------------------------------------------------------------------


def crl(
    *revoked, by=ROOT, key=None, this=NOW, until=NOW + DAY, extensions=(), entry_extension=None, digest=None
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(by.certificate.subject)
    builder = builder.last_update(this).next_update(until)
    for each in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(each.certificate.parsed.serial_number)
        entry = entry.revocation_date(NOW - DAY)
        if entry_extension is not None:
            entry = entry.add_extension(*entry_extension)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key or by.key, digest or hashes.SHA256()).public_bytes(Encoding.DER)


def scope(**stated):
    usual = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return [(x509.IssuingDistributionPoint(**{**usual, **stated}), True)]


def not_critical(extensions):
    return [(extension, False) for extension, _ in extensions]


def test_a_list_says_whether_it_is_revoked():
    assert judge(CHECK, listed(crl(SISTER)), now=NOW) == NotRevoked(NOW + DAY)
    assert judge(CHECK, listed(crl(SISTER, LEAF)), now=NOW) == Revoked(NOW - DAY, NOW + DAY)


@pytest.mark.parametrize(
    "extensions",
    [
        [(x509.CRLNumber(1), False)],
        scope(full_name=[uri("http://other.example"), uri(CRL_URL)]),
        scope(only_contains_user_certs=True),
        [(each, False) for each, _ in scope(only_contains_user_certs=True)],
    ],
    ids=range(4),
)
def test_a_list_may_be_of_a_part_in_which_the_certificate_is(extensions):
    assert judge(CHECK, listed(crl(LEAF, extensions=extensions)), now=NOW) == Revoked(NOW - DAY, NOW + DAY)


NO_LISTS = pki.root(key=ROOT.key, extensions=[CA, (key_usage("key_cert_sign"), True)])


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is not a CRL"),
        (b"\0" * (MAX_CRL + 1), f"more than {MAX_CRL} bytes"),
        (crl() + b"\0", "is not a CRL"),
        (crl(by=STRANGER), "is not of its issuer"),
        (crl(key=STRANGER.key), "is not of its issuer"),
        (changed_signature(crl()), "is not of its issuer"),
        (crl(digest=hashes.SHA224()), "is not of its issuer"),
        (crl(this=NOW + DAY, until=NOW + 2 * DAY), "out of date"),
        (crl(this=NOW - 2 * DAY, until=NOW - DAY), "out of date"),
        (crl(extensions=[(x509.DeltaCRLIndicator(1), True)]), "not for it, or that is not understood"),
        (crl(extensions=[(x509.DeltaCRLIndicator(1), False)]), "not for it, or that is not understood"),
        (crl(extensions=not_critical(scope(only_contains_ca_certs=True))), "not for it"),
        (crl(extensions=not_critical(scope(only_some_reasons=frozenset({x509.ReasonFlags.superseded})))), "not for it"),
        (crl(extensions=not_critical(scope(indirect_crl=True))), "not for it"),
        (crl(extensions=scope(full_name=[uri("http://other.example")])), "not for it"),
        (crl(extensions=scope(only_contains_ca_certs=True)), "not for it"),
        (crl(extensions=scope(only_contains_attribute_certs=True)), "not for it"),
        (crl(extensions=scope(indirect_crl=True)), "not for it"),
        (crl(extensions=scope(only_some_reasons=frozenset({x509.ReasonFlags.superseded}))), "not for it"),
        (
            crl(LEAF, entry_extension=(x509.CertificateIssuer([x509.DirectoryName(pki.name("CN=x"))]), True)),
            "a critical extension that is not understood",
        ),
    ],
    ids=range(20),
)
def test_a_list_that_cannot_be_believed_says_nothing(content, reason):
    assert reason in unknown(listed(content))


def test_an_authority_that_may_not_sign_lists_signs_none():
    (check,) = revocation_checks([LEAF.certificate, NO_LISTS.certificate])

    assert isinstance(judge(check, listed(crl()), now=NOW), Unknown)


def test_a_list_of_users_says_nothing_of_an_authority():
    between = pki.intermediate(ROOT, extensions=[CA, crl_at(CRL_URL)])
    (check,) = revocation_checks([between.certificate, ROOT.certificate])

    assert isinstance(judge(check, listed(crl(extensions=scope(only_contains_user_certs=True))), now=NOW), Unknown)
    assert isinstance(judge(check, listed(crl(extensions=scope(only_contains_ca_certs=True))), now=NOW), NotRevoked)


# --- both -----------------------------------------------------------------------------------------------------------


def test_ocsp_comes_first_and_a_list_where_it_says_nothing():
    good, revoked = respond(), crl(LEAF)

    assert isinstance(judge(CHECK, RevocationAnswer(good, {CRL_URL: revoked}), now=NOW), NotRevoked)
    assert isinstance(judge(CHECK, RevocationAnswer(b"no", {CRL_URL: revoked}), now=NOW), Revoked)
    assert isinstance(judge(CHECK, RevocationAnswer(None, {"http://a": b"no", CRL_URL: revoked}), now=NOW), Revoked)


@settings(max_examples=examples(200))
@given(st.binary(max_size=200))
def test_random_bytes_say_nothing(content):
    assert isinstance(judge(CHECK, RevocationAnswer(content, {CRL_URL: content}), now=NOW), Unknown)


def even(make):
    """One whose last bit is zero, so that it could be called unused."""
    while (made := make())[-1] % 2:
        pass
    return made


def test_a_signature_has_one_encoding():
    response, listed_ = even(respond), even(lambda: crl(SISTER))
    signatures = (ocsp.load_der_ocsp_response(response).signature, x509.load_der_x509_crl(listed_).signature)
    unused = [
        content.replace(b"\0" + signature, b"\1" + signature)
        for content, signature in zip((response, listed_), signatures, strict=True)
    ]

    assert isinstance(judge(CHECK, answer(response), now=NOW), NotRevoked)
    assert isinstance(judge(CHECK, listed(listed_), now=NOW), NotRevoked)
    assert "not an OCSP response" in unknown(answer(unused[0]))
    assert "not a CRL" in unknown(listed(unused[1]))


RESPONSE, LIST = respond(), crl(SISTER)


@settings(max_examples=examples(400))
@given(st.data())
def test_no_byte_of_an_answer_can_be_changed(data):
    which = data.draw(st.sampled_from([RESPONSE, LIST]))
    place, value = data.draw(st.integers(0, len(which) - 1)), data.draw(st.integers(0, 255))
    changed = which[:place] + bytes([value]) + which[place + 1 :]
    given_answer = answer(changed) if which is RESPONSE else listed(changed)

    assert isinstance(judge(CHECK, given_answer, now=NOW), NotRevoked) == (changed == which)
