"""What becomes a link, and what text may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.catalog.untrusted_text import MAX_LINE, MAX_LINK, line, link, moment, paragraphs

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("address", ["https://a.example/b?c=d#e", "http://a.example", "https://[2001:db8::1]:8443/x"])
def test_http_and_https_become_links(address):
    assert link(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "../../catalog/0.0.1/design.yml",
        "javascript:alert(1)",
        "JavaScript://a.example/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://a.example/",
        "https:a.example",
        "https:/a.example",
        "https:///path",
        "https://",
        "https://user:word@a.example/",
        "https://user@a.example/",
        "https://a.example\\@b.example/",
        "https://a.example/ b",
        "https://a.example/\nb",
        "java\tscript:alert(1)",
        " https://a.example",
        "https://[a.example/",
        "https://a.example/\u202egnp.exe",
        "https://a.example/" + "a" * MAX_LINK,
        5,
        None,
        ["https://a.example"],
        {"url": "https://a.example"},
    ],
)
def test_nothing_else_becomes_a_link(address):
    assert link(address) == ""


@given(ANY)
def test_whatever_comes_a_line_is_one_printable_bounded_line(value):
    found = line(value)

    assert found.isprintable()
    assert len(found.encode()) <= MAX_LINE


@given(ANY, st.integers(8, 64))
def test_whatever_comes_paragraphs_hold_nothing_that_commands_a_terminal(value, most):
    found = paragraphs(value, most)

    assert found.replace("\n", "").replace("\t", "").isprintable()
    assert len(found.encode()) <= most


@given(ANY)
def test_whatever_comes_a_link_begins_with_its_scheme(value):
    assert link(value) == "" or link(value).startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1.0", "1.0"),
        (1.0, "1.0"),
        (7, "7"),
        (True, ""),
        (None, ""),
        pytest.param(10**5000, "", id="a huge number"),
        ("a\nb \x1b[2J", "a b [2J"),
    ],
)
def test_a_line_is_text_or_a_number(value, shown):
    assert line(value) == shown


def test_paragraphs_keep_their_lines():
    assert paragraphs("a\r\nb\rc\n\nd\x07\u202ee\n\n") == "a\nb\nc\n\nd  e"


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("2024-01-12T18:48:00Z", "2024-01-12T18:48:00Z"),
        ("2024-01-12T18:48:00+02:00", "2024-01-12T16:48:00Z"),
        ("2024-01-12", "2024-01-12T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", ""),
        ("yesterday", ""),
        (20240112, ""),
        (None, ""),
    ],
)
def test_a_moment_is_told_in_utc_or_not_at_all(value, utc):
    assert moment(value) == utc
