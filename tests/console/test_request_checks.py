"""Requests for another host, and requests that another site makes, are refused; a person's own are not."""

import pytest

from pattern_operator.console.request_checks import RefusedRequest, check_host, check_site
from pattern_operator.console.settings import Address

HERE = Address.of_url("https://patterns.example.com/sub")
LOCAL = Address.of_loopback(8080)
OWN = {"Host": "patterns.example.com", "Origin": "https://patterns.example.com", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(
    ("host", "address", "fine"),
    [
        ("patterns.example.com", HERE, True),
        ("patterns.example.com:443", HERE, False),
        ("evil.example", HERE, False),
        ("", HERE, False),
        ("127.0.0.1:8080", LOCAL, True),
        ("localhost:8080", LOCAL, True),
        ("[::1]:8080", LOCAL, True),
        ("localhost", LOCAL, False),
        ("localhost:8081", LOCAL, False),
        ("localhost.evil.example:8080", LOCAL, False),
    ],
)
def test_only_the_hosts_of_the_console_are_answered(host, address, fine):
    if fine:
        check_host({"Host": host}, address)
        return
    with pytest.raises(RefusedRequest, match="this console is at http"):
        check_host({"Host": host} if host else {}, address)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"])
@pytest.mark.parametrize(
    "change",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": ""},
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://patterns.example.com"},
        {"Origin": "https://patterns.example.com:8443"},
        {"Origin": "https://evil.example"},
    ],
    ids=str,
)
def test_what_changes_something_comes_from_a_page_of_the_console(method, change):
    check_site(method, OWN, HERE)

    with pytest.raises(RefusedRequest):
        check_site(method, {**OWN, **change}, HERE)


def test_the_origin_is_that_of_the_host():
    headers = {**OWN, "Host": "localhost:8080", "Origin": "http://127.0.0.1:8080"}

    with pytest.raises(RefusedRequest, match="Origin"):
        check_site("POST", headers, LOCAL)


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, False),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, False),
    ],
    ids=str,
)
def test_another_site_can_lead_here_and_load_nothing(headers, fine):
    if fine:
        check_site("GET", headers, HERE)
        return
    with pytest.raises(RefusedRequest, match="another site"):
        check_site("GET", headers, HERE)
