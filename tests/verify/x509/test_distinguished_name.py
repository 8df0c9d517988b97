"""Subjects are compared attribute by attribute, and only where there is no doubt which is meant."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.verify import pki

from pattern_operator.limits import MAX_DISTINGUISHED_NAME
from pattern_operator.verify.x509.distinguished_name import InvalidName, attributes_of, read_name


@pytest.mark.parametrize(
    "text, attributes",
    [
        ("C=US, ST=WA, O=Notary", {"C": "US", "ST": "WA", "O": "Notary"}),
        ("CN=a,O=b", {"CN": "a", "O": "b"}),
        (" cn = a b ,o= b ", {"CN": "a b", "O": "b"}),
        ("S=WA", {"ST": "WA"}),
        (r"O=Acme\, Inc.,CN=a\+b", {"O": "Acme, Inc.", "CN": "a+b"}),
        (r"O=caf\C3\A9", {"O": "café"}),
        (r"O=ends in a space\ ", {"O": "ends in a space "}),
        (r"O=back\\  ", {"O": "back\\"}),
        ("O=a=b", {"O": "a=b"}),
        (r"O=\#a", {"O": "#a"}),
    ],
)
def test_a_name_is_read_as_people_write_it(text, attributes):
    assert read_name(text) == attributes


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "is not a list of attributes"),
        ("O", "is not a list of attributes"),
        ("=a", "is not a list of attributes"),
        ("O=a,", "is not a list of attributes"),
        ("O=a+CN=b", "is not a list of attributes"),
        ('O="a"', "is not a list of attributes"),
        ("O=a;C=US", "is not a list of attributes"),
        ("O=a\\", "is not a list of attributes"),
        ("O=", "has the attribute O twice, or without a value"),
        ("O=a,o=b", "has the attribute O twice"),
        ("ST=a,S=b", "has the attribute ST twice"),
        ("O=#0401", "has a value in hexadecimal"),
        (r"O=\ff", "has an escape that is not UTF-8"),
        ("UID=a", "has an attribute 'UID' that is not compared"),
        ("O=" + "a" * MAX_DISTINGUISHED_NAME, f"has more than {MAX_DISTINGUISHED_NAME} letters"),
    ],
)
def test_what_is_not_such_a_name_is_refused(text, reason):
    with pytest.raises(InvalidName, match="^" + reason):
        read_name(text)


def test_a_text_that_could_be_read_in_many_ways_takes_no_time():
    text = "O=" + r"\41" * 600 + "+"

    def refuse():
        with pytest.raises(InvalidName):
            read_name(text)

    assert cpu_time(refuse, enough=0.01) < 0.01


@given(st.text(max_size=200))
def test_any_text_is_a_name_or_is_refused(text):
    try:
        assert read_name(text)
    except InvalidName as error:
        assert str(error)


def test_the_attributes_of_a_subject_are_those_that_can_be_compared():
    subject = pki.name("C=US,ST=WA,O=Notary,CN=signer,E=a@example.com")

    assert attributes_of(subject) == {"C": "US", "ST": "WA", "O": "Notary", "CN": "signer"}


def test_a_subject_with_an_attribute_twice_or_in_company_cannot_be_compared():
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "a")
    person = x509.NameAttribute(NameOID.COMMON_NAME, "b")
    together = x509.Name([x509.RelativeDistinguishedName([organization, person])])

    assert attributes_of(x509.Name([organization, organization])) is None
    assert attributes_of(together) is None
