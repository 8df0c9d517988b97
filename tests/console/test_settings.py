"""Where a console can be: behind a proxy with TLS, or on this machine alone."""

import pytest

from pattern_operator.console.settings import Address, InvalidAddress, loopback


@pytest.mark.parametrize(
    ("url", "origin", "base"),
    [
        ("https://patterns.example.com", "https://patterns.example.com", ""),
        ("https://patterns.example.com/", "https://patterns.example.com", ""),
        ("https://example.com:8443/sub/path/", "https://example.com:8443", "/sub/path"),
    ],
)
def test_the_url_is_that_of_browsers(url, origin, base):
    address = Address.of_url(url)

    assert (address.origins, address.base, address.cookie) == ((origin,), base, "__Host-pattern-operator")


@pytest.mark.parametrize(
    "url",
    [
        *("", "patterns.example.com", "http://patterns.example.com", "https://", "https://u:p@example.com"),
        *("https://example.com?a=b", "https://example.com/#x", "https://example.com:99999", "https://[::1"),
    ],
)
def test_what_is_no_such_url_is_refused(url):
    with pytest.raises(InvalidAddress, match="write the URL as browsers have it"):
        Address.of_url(url)


def test_two_consoles_of_one_machine_have_two_cookies():
    assert Address.of_loopback(8080).cookie != Address.of_loopback(8081).cookie


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_a_loopback_address_is_taken(address):
    assert loopback(address) == address


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "localhost", "", "127.0.0.1.evil.example"])  # noqa: S104 - refused
def test_an_address_that_others_reach_is_refused(address):
    with pytest.raises(InvalidAddress, match="is not a loopback address"):
        loopback(address)
