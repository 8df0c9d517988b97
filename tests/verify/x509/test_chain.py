"""A path to a root is found wherever there is one, and nothing in it may be wrong."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from tests.verify import pki
from tests.verify.pki import CA, CODE_SIGNING, NOW, TIME_STAMPING, YEAR, extended, key_usage

from pattern_operator.limits import MAX_CERTIFICATES, MAX_CHAIN, MAX_ISSUER_CHECKS
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.x509.certificate import Certificate
from pattern_operator.verify.x509.chain import find_chain
from pattern_operator.verify.x509.purpose import Purpose

ROOT = pki.root()
BETWEEN = pki.intermediate(ROOT)
LEAF = BETWEEN.issue("CN=leaf,O=Test", extensions=CODE_SIGNING)
STRANGE = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"x"), True)
SIGNS_CERTIFICATES = (key_usage("key_cert_sign"), True)


def find(leaf, *, roots=(ROOT,), others=(BETWEEN,), at=NOW, purpose=Purpose.CODE_SIGNING):
    return find_chain(
        leaf.certificate,
        roots=[each.certificate for each in roots],
        intermediates=[each.certificate for each in others],
        at=at,
        purpose=purpose,
    )


def rejection(leaf, **options) -> str:
    found = find(leaf, **options)
    assert isinstance(found, Rejection)
    return found.why


def path(*identities: pki.Identity) -> tuple[Certificate, ...]:
    return tuple(each.certificate for each in identities)


# --- finding --------------------------------------------------------------------------------------------------------


def test_a_path_leads_over_intermediates_to_the_root():
    assert find(LEAF) == path(LEAF, BETWEEN, ROOT)


def test_the_order_of_what_is_given_does_not_matter():
    second = pki.intermediate(BETWEEN, "CN=Second")
    leaf = second.issue("CN=leaf", extensions=CODE_SIGNING)
    others = [pki.root("CN=another"), BETWEEN, LEAF, second]

    assert find(leaf, others=others, roots=[pki.root("CN=another"), ROOT]) == path(leaf, second, BETWEEN, ROOT)


def test_a_trusted_intermediate_ends_the_path():
    assert find(LEAF, roots=[BETWEEN], others=[]) == path(LEAF, BETWEEN)


def test_an_expired_cross_signed_root_does_not_hide_the_path_that_is_valid():
    old = pki.root("CN=Old")
    cross = pki.Identity(
        old.issue("CN=Root,O=Test", key=ROOT.key, extensions=[CA, SIGNS_CERTIFICATES]).certificate, ROOT.key
    )
    expired = pki.root("CN=Old", key=old.key, not_after=NOW - timedelta(days=1))

    assert find(LEAF, roots=[expired, ROOT], others=[cross, BETWEEN]) == path(LEAF, BETWEEN, ROOT)


def test_without_a_path_the_issuer_is_named():
    named = "has the certificate 'O=Test,CN=leaf', issued by 'O=Test,CN=Intermediate'"

    assert rejection(LEAF, others=[]) == f"{named}, which does not lead to a trusted root"


def test_a_root_of_the_same_name_is_not_the_root():
    assert "does not lead to a trusted root" in rejection(LEAF, roots=[pki.root()])


def test_no_roots_no_trust():
    assert "does not lead to a trusted root" in rejection(LEAF, roots=[], others=[BETWEEN, ROOT])


def test_a_leaf_is_not_its_own_root():
    alone = pki.make("CN=alone", extensions=CODE_SIGNING)

    assert "does not lead to a trusted root" in rejection(alone, roots=[alone], others=[alone])


def test_a_path_may_be_as_long_as_the_limit_and_no_longer():
    chain = [ROOT]
    while len(chain) < MAX_CHAIN - 1:
        chain.append(pki.intermediate(chain[-1], f"CN=step {len(chain)}"))
    longest = chain[-1].issue("CN=leaf", extensions=CODE_SIGNING)
    further = pki.intermediate(chain[-1], "CN=one more")
    too_long = further.issue("CN=leaf", extensions=CODE_SIGNING)

    assert len(find(longest, others=chain[1:])) == MAX_CHAIN
    assert "does not lead to a trusted root" in rejection(too_long, others=[*chain[1:], further])


def test_certificates_of_one_name_do_not_cost_more_than_the_limit(monkeypatch):
    checked: list[Certificate] = []
    genuine = Certificate.is_issued_by

    def counted(self, issuer):
        checked.append(issuer)
        return genuine(self, issuer)

    monkeypatch.setattr(Certificate, "is_issued_by", counted)
    key = ec.generate_private_key(ec.SECP256R1())
    maze = [pki.root("CN=maze", key=key) for _ in range(MAX_CERTIFICATES)]
    leaf = maze[0].issue("CN=leaf", extensions=CODE_SIGNING)

    assert "so many certificates of the same names" in rejection(leaf, others=maze)
    assert len(checked) == MAX_ISSUER_CHECKS


def test_more_certificates_than_the_limit_are_refused():
    assert f"more than {MAX_CERTIFICATES} certificates" in rejection(LEAF, others=[BETWEEN] * (MAX_CERTIFICATES + 1))


# --- time -----------------------------------------------------------------------------------------------------------


def test_everything_is_valid_at_both_ends_and_not_beyond():
    first, last = NOW - YEAR, NOW + YEAR

    assert find(LEAF, at=first) == find(LEAF, at=last) == path(LEAF, BETWEEN, ROOT)
    assert "is valid from" in rejection(LEAF, at=first - timedelta(microseconds=1))
    assert "expired at" in rejection(LEAF, at=last + timedelta(microseconds=1))


@pytest.mark.parametrize("expired", ["leaf", "intermediate", "root"])
def test_nothing_in_the_path_may_have_expired(expired):
    def end(which):
        return {"not_after": NOW - timedelta(days=1)} if which == expired else {}

    root = pki.root(**end("root"))
    between = pki.intermediate(root, **end("intermediate"))
    leaf = between.issue("CN=leaf", extensions=CODE_SIGNING, **end("leaf"))

    assert "expired at 2026-04-30T12:00:00Z, before 2026-05-01T12:00:00Z" in rejection(
        leaf, roots=[root], others=[between]
    )


# --- authorities ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extensions, reason",
    [
        ([SIGNS_CERTIFICATES], "may not issue certificates"),
        ([(x509.BasicConstraints(ca=False, path_length=None), True), SIGNS_CERTIFICATES], "may not issue certificates"),
        ([CA, (key_usage("crl_sign"), True)], "has a key usage without keyCertSign"),
        ([CA, SIGNS_CERTIFICATES, STRANGE], "has a critical extension 1.2.3.4 that is not understood"),
        ([CA, (extended("serverAuth"), False)], "may not issue certificates for codeSigning"),
        ([CA, SIGNS_CERTIFICATES, (x509.PolicyConstraints(0, None), True)], "has a critical extension 2.5.29.36"),
    ],
    ids=range(6),
)
@pytest.mark.parametrize("place", ["intermediate", "root"])
def test_an_authority_that_may_not_issue_it_is_refused(extensions, reason, place):
    root = pki.root(extensions=extensions) if place == "root" else ROOT
    between = pki.intermediate(root, **({"extensions": extensions} if place == "intermediate" else {}))
    leaf = between.issue("CN=leaf", extensions=CODE_SIGNING)

    assert reason in rejection(leaf, roots=[root], others=[between])


@pytest.mark.parametrize(
    "extensions",
    [
        [CA],
        [CA, SIGNS_CERTIFICATES, (extended("any"), False)],
        [CA, SIGNS_CERTIFICATES, (extended("serverAuth", "codeSigning"), False)],
        [(CA[0], False), (key_usage("key_cert_sign", "digital_signature"), False)],
        [CA, (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2"), None)]), True)],
    ],
    ids=range(5),
)
def test_an_authority_that_is_not_limited_may_issue_it(extensions):
    between = pki.intermediate(ROOT, extensions=extensions)
    leaf = between.issue("CN=leaf", extensions=CODE_SIGNING)

    assert find(leaf, others=[between]) == path(leaf, between, ROOT)


def test_a_path_length_counts_the_authorities_below():
    root = pki.root(extensions=[(x509.BasicConstraints(ca=True, path_length=1), True)])
    one = pki.intermediate(root, "CN=one")
    two = pki.intermediate(one, "CN=two")
    short, long = one.issue("CN=a", extensions=CODE_SIGNING), two.issue("CN=b", extensions=CODE_SIGNING)

    assert find(short, roots=[root], others=[one]) == path(short, one, root)
    assert "may have at most 1 authorities below it, and has 2" in rejection(long, roots=[root], others=[one, two])


def test_an_authority_that_renewed_itself_does_not_count_for_the_path_length():
    root = pki.root(extensions=[(x509.BasicConstraints(ca=True, path_length=0), True)])
    renewed = root.issue("CN=Root,O=Test", extensions=[CA, SIGNS_CERTIFICATES])
    leaf = renewed.issue("CN=leaf", extensions=CODE_SIGNING)

    assert find(leaf, roots=[root], others=[renewed]) == path(leaf, renewed, root)


@pytest.mark.parametrize("place", ["leaf", "intermediate"])
def test_a_weak_hash_is_refused_wherever_it_signs(place):
    weak: dict[str, Any] = {"digest": hashes.SHA224()}
    between = pki.intermediate(ROOT, **(weak if place == "intermediate" else {}))
    leaf = between.issue("CN=leaf", extensions=CODE_SIGNING, **(weak if place == "leaf" else {}))

    assert "is signed with sha224, which is too weak" in rejection(leaf, others=[between])


def test_the_hash_by_which_a_root_signed_itself_does_not_matter():
    root = pki.root(digest=hashes.SHA224())
    leaf = root.issue("CN=leaf", extensions=CODE_SIGNING)

    assert find(leaf, roots=[root]) == path(leaf, root)


@pytest.mark.parametrize("place", ["leaf", "intermediate", "root"])
def test_a_weak_key_is_refused_wherever_it_is(place):
    weak: dict[str, Any] = {"key": pki.rsa_key(1024)}
    root = pki.root(**(weak if place == "root" else {}))
    between = pki.intermediate(root, **(weak if place == "intermediate" else {}))
    leaf = between.issue("CN=leaf", extensions=CODE_SIGNING, **(weak if place == "leaf" else {}))

    assert "has a key that has 1024 bits" in rejection(leaf, roots=[root], others=[between])


# --- purposes -------------------------------------------------------------------------------------------------------

SIGNS = (key_usage("digital_signature"), True)
ANY_CODE = Purpose.CODE_SIGNING_UNLESS_OTHERWISE_STATED


@pytest.mark.parametrize(
    "purpose, extensions, reason",
    [
        (Purpose.CODE_SIGNING, CODE_SIGNING, None),
        (Purpose.CODE_SIGNING, [SIGNS, (extended("serverAuth", "codeSigning"), True)], None),
        (Purpose.CODE_SIGNING, [SIGNS], "has no extended key usage codeSigning"),
        (Purpose.CODE_SIGNING, [SIGNS, (extended("any"), False)], "has an extended key usage without codeSigning"),
        (Purpose.CODE_SIGNING, TIME_STAMPING, "has an extended key usage without codeSigning"),
        (Purpose.CODE_SIGNING, CODE_SIGNING[1:], "has no key usage"),
        (Purpose.CODE_SIGNING, [(key_usage("key_agreement"), True), CODE_SIGNING[1]], "without digitalSignature"),
        (Purpose.CODE_SIGNING, [*CODE_SIGNING, CA], "may issue certificates, so it may not sign anything else"),
        (Purpose.CODE_SIGNING, [*CODE_SIGNING, STRANGE], "has a critical extension 1.2.3.4"),
        (ANY_CODE, [], None),
        (ANY_CODE, [SIGNS], None),
        (ANY_CODE, CODE_SIGNING, None),
        (ANY_CODE, [SIGNS, (extended("clientAuth"), False)], "has an extended key usage without codeSigning"),
        (ANY_CODE, [(key_usage("key_encipherment"), True)], "without digitalSignature"),
        (ANY_CODE, [CA], "may issue certificates"),
        (Purpose.TIME_STAMPING, TIME_STAMPING, None),
        (Purpose.TIME_STAMPING, TIME_STAMPING[1:], None),
        (Purpose.TIME_STAMPING, [(key_usage("content_commitment"), True), TIME_STAMPING[1]], None),
        (Purpose.TIME_STAMPING, [SIGNS], "has no extended key usage timeStamping"),
        (Purpose.TIME_STAMPING, [SIGNS, (extended("timeStamping"), False)], "that is not alone and critical"),
        (Purpose.TIME_STAMPING, [SIGNS, (extended("timeStamping", "codeSigning"), True)], "not alone and critical"),
        (Purpose.TIME_STAMPING, CODE_SIGNING, "has an extended key usage without timeStamping"),
        (Purpose.TIME_STAMPING, [(key_usage("key_encipherment"), True), TIME_STAMPING[1]], "without digitalSignature"),
    ],
    ids=range(23),
)
def test_a_leaf_must_be_for_the_purpose(purpose, extensions, reason):
    leaf = ROOT.issue("CN=leaf", extensions=extensions)

    found = find(leaf, others=[], purpose=purpose)

    if reason is None:
        assert found == path(leaf, ROOT)
    else:
        assert isinstance(found, Rejection)
        assert reason in found.why
