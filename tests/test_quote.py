import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time

from pattern_operator.quote import cut, first_few, foreign, image, listed, masked, one_line, quoted


@given(st.text(), st.integers(4, 200))
def test_what_is_cut_has_at_most_so_many_bytes(text: str, limit: int):
    shown = cut(text, limit)

    assert len(shown.encode(errors="replace")) <= limit
    assert shown == text or shown.endswith("\u2026") or "?" in shown


@given(st.text(max_size=2000), st.integers(4, 200))
def test_one_line_is_printable_and_short(text: str, limit: int):
    for shown in (one_line(text, limit), foreign(text, limit)):
        assert shown.isprintable()
        assert len(shown.encode()) <= limit


def test_what_would_command_a_terminal_or_turn_the_reading_is_not_shown():
    assert one_line("a\x1b[31mb\u202ec\nd\te\x00") == "a [31mb c d e"
    assert quoted("a\x1b\u202e\n") == r"'a\x1b\u202e\n'"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("web", "'web'"),
        ("", "''"),
        (None, "nothing"),
        (5, "a JSON int"),
        ({"a": 1}, "a JSON dict"),
        ("it's", '"it\'s"'),
    ],
)
def test_a_value_is_quoted(value: object, shown: str):
    assert quoted(value) == shown


def test_a_long_value_is_cut():
    assert quoted("\u00e9" * 1000) == "'" + "\u00e9" * 128 + "'..."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot reach postgres://app:tulip@db:5432/app", "cannot reach postgres://***@db:5432/app"),
        ("image robot:tulip@reg.example/x:1 is bad", "image ***@reg.example/x:1 is bad"),
        ('failed to pull "robot:tul:ip@reg.example:5000/x"', 'failed to pull "***@reg.example:5000/x"'),
        ("proxy=app:tulip@10.0.0.1:3128", "proxy=***@10.0.0.1:3128"),
        ("robot:tulip@[::1]:5000/x@sha256:" + "a1" * 32, "***@[::1]:5000/x@sha256:" + "a1" * 32),
        ("password=tulip failed", "password=*** failed"),
        ('"dbPassword": "tul ip", next', '"dbPassword": ***, next'),
        ("the password tulip is wrong", "the password *** is wrong"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("--api-key=tulip --x", "--api-key=*** --x"),
        ("key AKIA1234567890ABCDEF1234567890 used", "key *** used"),
        (
            "pods are forbidden: policy 'p' denied request: no tulip here",
            "pods are forbidden: policy 'p' denied request: ***",
        ),
        ('spec.x: Invalid value: "tulip": must be', "spec.x: Invalid value: ***"),
        ("a -----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY----- b", "a *** b"),
    ],
)
def test_what_has_the_shape_of_a_credential_is_masked(text: str, shown: str):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        'secret "db-creds" not found',
        "couldn't find key password in Secret default/db",
        "the token is expired",
        "token: expired",
        'Back-off pulling image "registry.example/web:1.25"',
        "pod guestbook-frontend-7d4b9c6f5d-x2x4z is not ready",
        "image web@sha256:" + "a1" * 32,
        "image web:1.2@sha256:" + "a1" * 32,
        "image reg.example:5000/team/web:1.2@sha256:" + "a1" * 32,
        "write to ops@team.example: at 12:30 noon",
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available",
        "https://cert-manager.io/docs",
    ],
)
def test_what_people_need_at_night_stays_readable(text: str):
    assert masked(text) == text


DIGEST = "@sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("robot:tulip@reg.example/x:1", "***@reg.example/x:1"),
        ("tulip@reg.example/x:1", "***@reg.example/x:1"),
        ("robot:tu/lip@reg.example/x:1", "***@reg.example/x:1"),
        ("robot:tu@lip@reg.example/x:1", "***@reg.example/x:1"),
        ("https://robot:tulip@reg.example/x:1", "***@reg.example/x:1"),
        ("robot:tulip@reg.example/x" + DIGEST, "***@reg.example/x" + DIGEST),
        ("robot:tulip@sha256:beef", "***@sha256:beef"),
        ("name" + DIGEST, "name" + DIGEST),
        ("reg.example:5000/team/name:1.2" + DIGEST, "reg.example:5000/team/name:1.2" + DIGEST),
        ("reg.example:5000/team/name:1.2", "reg.example:5000/team/name:1.2"),
        ("", ""),
    ],
)
def test_of_an_image_all_is_shown_but_a_user_and_a_password(text: str, shown: str):
    assert image(text, 300) == shown


@pytest.mark.parametrize(
    "filling", ["a", "://", "password=", "token ", "-----BEGIN A-----", "=", "a=", '"', "a1", "=a:", "a:"]
)
def test_long_texts_are_quoted_in_a_moment(filling: str):
    text = filling * (2_000_000 // len(filling))

    assert cpu_time(lambda: (foreign(text), quoted(text)), enough=0.05) < 0.05


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        (["a", "b", "c", "d"], "a, b and 2 more"),
    ],
)
def test_the_first_few_are_named_and_the_others_counted(items, said):
    assert first_few(items, 2) == said


def test_sentences_are_told_apart_by_semicolons():
    assert first_few(["a", "b", "c"], 1, separator="; ") == "a; and 2 more"
    assert first_few(["a", "b", "c"], 1, separator="; ", at_least="at least ") == "a; and at least 2 more"
    assert listed(["It is so.", "And so on...", "no."], 2) == "It is so; And so on...; and 1 more"
