"""What an authority may not certify is refused, by the rules of RFC 5280 for each form of name."""

from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509
from tests.verify import pki
from tests.verify.pki import CA, CODE_SIGNING

from pattern_operator.limits import MAX_NAMES_COMPARED
from pattern_operator.verify.x509.name_constraints import violation

DNS, MAIL, URI = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier


HOSTS = ("evil.example.", "a.evil.example.", "a b", "10.0.0.1", "*.example")


def ip(text):
    return x509.IPAddress(ip_network(text) if "/" in text else ip_address(text))


def any_mail(text):
    """A mail address that cryptography reads, and does not write."""
    return x509.RFC822Name._init_without_validation(text)


def directory(text):
    return x509.DirectoryName(pki.name(text))


def found(names, *, permitted=None, excluded=None, subject="CN=leaf", below=()):
    limits = x509.NameConstraints(permitted, excluded)
    root = pki.root(extensions=[CA, (limits, True)])
    issuer = root
    for each in below:
        issuer = pki.intermediate(issuer, each)
    alternative = [(x509.SubjectAlternativeName(names), False)] if names else []
    leaf = issuer.issue(subject, extensions=[*CODE_SIGNING, *alternative])
    return violation([leaf.certificate, root.certificate])


@pytest.mark.parametrize(
    "constraint, inside, outside",
    [
        (DNS("example.com"), [DNS("example.com"), DNS("a.b.example.com"), DNS("A.EXAMPLE.COM")], DNS("badexample.com")),
        (DNS(".example.com"), [DNS("a.example.com")], DNS("example.com")),
        (MAIL("a@example.com"), [MAIL("a@example.com")], MAIL("b@example.com")),
        (MAIL("example.com"), [MAIL("a@example.com"), MAIL("b@Example.com")], MAIL("a@b.example.com")),
        (MAIL(".example.com"), [MAIL("a@b.example.com")], MAIL("a@example.com")),
        (URI("example.com"), [URI("https://example.com/a?b"), URI("spiffe://example.com:1/a")], URI("https://a.com")),
        (URI(".example.com"), [URI("https://a.example.com")], URI("https://example.com")),
        (ip("10.0.0.0/8"), [ip("10.1.2.3")], ip("11.0.0.1")),
        (ip("10.0.0.0/8"), [ip("10.1.2.3")], ip("::1")),
        (ip("fd00::/8"), [ip("fd00::1")], ip("fe80::1")),
    ],
    ids=range(10),
)
def test_names_inside_are_permitted_and_excluded_and_names_outside_are_not(constraint, inside, outside):
    kind = type(constraint).__name__

    assert found(inside, permitted=[constraint]) is None
    assert f"a {kind} that is not permitted" in found([*inside, outside], permitted=[constraint])
    assert found([outside], excluded=[constraint]) is None
    for each in inside:
        assert f"an excluded {kind}" in found([outside, each], excluded=[constraint])


def test_the_subject_is_a_directory_name():
    limit = directory("C=DE,O=Test")

    assert found([], permitted=[limit], subject="C=DE,O=Test,CN=leaf") is None
    assert "a DirectoryName that is not permitted" in found([], permitted=[limit], subject="O=Test,C=DE,CN=leaf")
    assert "an excluded DirectoryName" in found([], excluded=[limit], subject="C=DE,O=Test,CN=leaf")


def test_a_mail_address_in_the_subject_counts():
    assert "a RFC822Name that is not permitted" in found(
        [], permitted=[MAIL("example.com")], subject="CN=leaf,E=a@other.example"
    )


def test_other_forms_of_names_are_not_limited():
    assert found([URI("https://a.com"), DNS("b.com")], permitted=[MAIL("example.com")]) is None


@pytest.mark.parametrize(
    "constraint, name",
    [
        (URI("example.com"), URI("urn:example:a")),
        (URI("example.com"), URI("https://[bad")),
        (x509.RegisteredID(x509.ObjectIdentifier("1.2.3")), x509.RegisteredID(x509.ObjectIdentifier("1.2.4"))),
        (
            x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\5\0"),
            x509.OtherName(x509.ObjectIdentifier("1.2.4"), b"\5\0"),
        ),
        *((DNS("evil.example"), DNS(name)) for name in HOSTS),
        (DNS("evil.example."), DNS("evil.example")),
        (DNS("a.evil.example"), DNS("*.evil.example")),
        *(
            (MAIL("evil.example"), any_mail(name))
            for name in ("a@evil.example.", "a@b@evil.example", '"a"@evil.example')
        ),
        (MAIL("a@evil.example"), MAIL("A@evil.example")),
        (MAIL("evil.example"), any_mail("evil.example")),
        *(
            (URI("evil.example"), URI(name))
            for name in (
                "https://evil.example./a",
                "https://ev%69l.example/a",
                "https://evil.example\\@ci.example/",
                "https://user@evil.example/",
                "https:/evil.example/",
                "https://10.0.0.1/",
                "https://[::1]/",
                "https://evil.example\t/",
                "//evil.example/",
            )
        ),
        *(
            (directory("O=Evil Corp"), directory(f"O={name},CN=a"))
            for name in ("EVIL CORP", "Evil  Corp", "Evil\u00a0Corp", "\uff25vil Corp")
        ),
        (ip("10.0.0.0/8"), ip("::ffff:10.0.0.1")),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_refused_both_ways(constraint, name):
    assert found([name], permitted=[constraint]) is not None
    assert found([name], excluded=[constraint]) is not None


@pytest.mark.parametrize(
    "constraint, name",
    [
        (directory("O=Evil"), directory("O=Evil Corp,CN=a")),
        (directory("O=Evil,OU=b"), directory("O=evil")),
        (DNS("evil.example"), DNS("*.ci.example")),
        (MAIL("a@evil.example"), MAIL("b@evil.example")),
        (MAIL("a@evil.example"), MAIL("A@ci.example")),
        (URI("evil.example"), URI("https://ci.example/evil.example?a=b#c@evil.example")),
    ],
    ids=str,
)
def test_names_that_are_clearly_others_are_not_covered(constraint, name):
    assert found([name], permitted=[constraint]) is not None
    assert found([name], excluded=[constraint]) is None


def test_an_empty_constraint_covers_every_name():
    assert "an excluded DNSName" in found([DNS("a.com")], excluded=[DNS("")])
    assert found([DNS("a.com")], permitted=[DNS("")]) is None


def test_so_many_names_that_comparing_them_takes_long_are_refused():
    names = [DNS(f"{number}.com") for number in range(200)]
    limits = [DNS(f"{number}.org") for number in range(MAX_NAMES_COMPARED // 200)]

    assert "so many names" in found(names, excluded=limits)


def test_authorities_between_are_limited_too_unless_they_renew_themselves():
    limits = x509.NameConstraints([directory("O=Test")], None)
    root = pki.root("O=Test", extensions=[CA, (limits, True)])
    renewed = root.issue("O=Test", extensions=[CA])
    other = renewed.issue("O=Other", extensions=[CA])
    good = renewed.issue("O=Test,CN=leaf", extensions=CODE_SIGNING)
    bad = other.issue("O=Test,CN=leaf", extensions=CODE_SIGNING)

    assert violation([each.certificate for each in (good, renewed, root)]) is None
    assert "O=Other" in str(violation([each.certificate for each in (bad, other, renewed, root)]))
