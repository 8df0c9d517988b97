"""What pages show of others' texts is text; only addresses of the web become links."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from pattern_operator.console.html import Html, web_address

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def html():
    return Html(base="", now=lambda: NOW, assets=dict.fromkeys(("icon.svg", "console.css", "live.js"), "0a"))


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/example/web/.github/workflows/release.yml@refs/heads/main",
        "http://example.com",
        "https://example.com:8443/a?b=c&d=e#f",
    ],
)
def test_an_address_of_the_web_becomes_a_link(text):
    assert web_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("javascript:alert(1)", "JavaScript:alert(1)", " https://example.com", "data:text/html,x", "vbscript:x"),
        *("https:example.com", "https://", "//example.com", "mailto:a@example.com", 'https://example.com/"onload='),
        *(
            "https://user@example.com",
            "https://example.com/<script>",
            "https://exa\nmple.com",
            "https://[",
            "oci://a/b",
        ),
        *(
            "https://example.com/\u202egpj",
            "https://ex\u0430mple.com",
            "java\tscript:alert(1)",
            "https:\\\\example.com",
        ),
    ],
)
def test_anything_else_stays_text(text):
    assert not web_address(text)


@given(st.text() | st.text("htps:/javcript<>\"'x @.\\\n\t", min_size=4))
def test_no_text_becomes_a_link_to_anything_but_the_web(text):
    found = web_address(text)

    assert found in ("", text)
    assert not found or found.lower().startswith(("http://", "https://"))


def test_a_value_is_escaped_and_one_that_is_missing_is_an_error():
    page = html().render("problem.html", session=None, title="<b>", message='<script>"')

    assert "<h1>&lt;b&gt;</h1>" in page
    assert "&lt;script&gt;&#34;" in page
    with pytest.raises(UndefinedError):
        html().render("problem.html", session=None, title="x")
