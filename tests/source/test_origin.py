import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from pattern_operator.source.origin import Origin, canonical_host, same_host, same_origin


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://reg.example/", "https://reg.example:443/v2/"),
        ("http://reg.example", "http://reg.example:80/x"),
        ("https://REG.Example", "HTTPS://reg.example"),
        ("https://reg.example.", "https://reg.example"),
        ("https://reg.example.:443", "https://reg.example"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("https://[::1]", "https://[0:0:0:0:0:0:0:1]:443"),
        ("https://[2001:db8::a]", "https://[2001:DB8:0::000A]:443"),
        ("http://127.0.0.1:5000/a", "http://127.0.0.1:5000/b"),
    ],
)
def test_one_server_has_many_spellings(one, other):
    assert same_origin(URL(one), URL(other))
    assert same_host(URL(one), URL(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://reg.example", "http://reg.example"),
        ("https://reg.example", "https://reg.example:80"),
        ("http://reg.example", "http://reg.example:443"),
        ("https://reg.example", "http://reg.example:443"),
        ("https://reg.example:5000", "https://reg.example:5001"),
        ("https://reg.example", "https://reg.example.net"),
        ("https://reg.example", "https://xreg.example"),
        ("https://127.0.0.1", "https://127.1"),
        ("https://127.0.0.1", "https://[::ffff:127.0.0.1]"),
    ],
)
def test_another_scheme_port_or_name_is_another_server(one, other):
    assert not same_origin(URL(one), URL(other))


@pytest.mark.parametrize(
    ("authority", "scheme", "wanted"),
    [
        ("reg.example", "https", "reg.example"),
        ("reg.example:443", "https", "reg.example"),
        ("reg.example:80", "http", "reg.example"),
        ("reg.example:443", "http", "reg.example:443"),
        ("REG.example.:5000", "https", "reg.example:5000"),
        ("[::1]:443", "https", "[::1]"),
        ("[0::1]:5000", "https", "[::1]:5000"),
        ("10.0.0.1:0443", "https", "10.0.0.1"),
        ("reg.example:", "https", "reg.example:"),
        ("reg.example:x", "https", "reg.example:x"),
    ],
)
def test_what_a_user_wrote_has_one_spelling(authority, scheme, wanted):
    assert Origin.named(authority, scheme=scheme).authority in (wanted, f"[{wanted}]")


@given(st.text())
def test_every_text_has_a_spelling_that_is_its_own(text):
    assert isinstance(Origin.named(text, scheme="https").authority, str)
    assert canonical_host(canonical_host(text)) == canonical_host(canonical_host(canonical_host(text)))


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        ("[2001:DB8::000A]", "2001:db8::a"),
        ("2001:db8:0:0::1", "2001:db8::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("Reg.Example.", "reg.example"),
        ("a:b", "a:b"),
    ],
)
def test_a_host_has_one_spelling(host: str, canonical: str):
    assert canonical_host(host) == canonical
