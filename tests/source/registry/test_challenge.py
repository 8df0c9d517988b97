import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.source.registry.challenge import Challenge, parse_challenges

TOKEN = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(challenge: Challenge) -> str:
    return f"{challenge.scheme} " + ", ".join(f"{name}={quoted(value)}" for name, value in challenge.parameters.items())


CHALLENGE = st.builds(
    Challenge, TOKEN.map(str.lower), st.dictionaries(TOKEN.map(str.lower), VALUE, min_size=1, max_size=4)
)


@given(challenges=st.lists(CHALLENGE, max_size=3), together=st.booleans())
def test_challenges_are_read_as_they_were_written_in_one_header_or_several(challenges, together):
    headers = [written(challenge) for challenge in challenges]

    assert parse_challenges([", ".join(headers)] if together else headers) == challenges


@given(headers=st.lists(st.text(), max_size=3))
def test_no_header_breaks_the_reader(headers):
    for challenge in parse_challenges(headers):
        assert challenge.scheme == challenge.scheme.lower() != ""


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        pytest.param(
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
            id="Docker Hub: a comma inside a value",
        ),
        pytest.param("Basic", [Challenge("basic")], id="a scheme alone"),
        pytest.param(
            "Negotiate, Basic realm=x", [Challenge("negotiate"), Challenge("basic", {"realm": "x"})], id="two"
        ),
        pytest.param('BASIC Realm = "x"', [Challenge("basic", {"realm": "x"})], id="any case, spaces"),
        pytest.param('Basic realm="a", realm="b"', [Challenge("basic", {"realm": "a"})], id="the first one counts"),
        pytest.param(
            "Negotiate abc==, Basic realm=x",
            [Challenge("negotiate"), Challenge("basic", {"realm": "x"})],
            id="a token before Basic",
        ),
        pytest.param("NTLM TlRMTVNTUAAC, Basic", [Challenge("ntlm"), Challenge("basic")], id="a token without padding"),
        pytest.param(
            'Digest realm="r", qop="auth,auth-int", nonce="a,b=", Bearer realm="https://a/t",service=s',
            [
                Challenge("digest", {"realm": "r", "qop": "auth,auth-int", "nonce": "a,b="}),
                Challenge("bearer", {"realm": "https://a/t", "service": "s"}),
            ],
            id="Digest before Bearer",
        ),
        pytest.param(
            "Basic realm=x, Negotiate", [Challenge("basic", {"realm": "x"}), Challenge("negotiate")], id="behind"
        ),
        pytest.param(
            "Basic realm=x =, Bearer", [Challenge("basic", {"realm": "x"})], id="what is not a parameter ends it"
        ),
        pytest.param("", [], id="nothing"),
        pytest.param('="', [], id="nonsense"),
    ],
)
def test_each_form_of_a_challenge(header, wanted):
    assert parse_challenges([header]) == wanted


@pytest.mark.parametrize(
    "header",
    [
        'Basic realm="' + "\\" * 100_000,
        "a=" * 50_000,
        "a " * 50_000,
        "a" * 100_000,
        "a b==" * 9_000,
        "a " + "b" * 9_000 + "=",
    ],
)
def test_a_header_of_any_length_is_read_in_no_time(header):
    assert len(parse_challenges([header])) < 10_000


def test_all_headers_together_are_read_to_a_limit():
    room = 8192
    basic = "Basic " + " " * (room - 6 - len("Bearer"))

    assert [each.scheme for each in parse_challenges([basic, "Bearer", "Negotiate"])] == ["basic", "bearer"]


def test_no_more_challenges_are_read_than_any_registry_sends():
    assert len(parse_challenges([", ".join(["Basic"] * 17)])) == 16
    assert len(parse_challenges(["Basic"] * 17)) == 16


@pytest.mark.parametrize(("number", "read"), [(16, 16), (17, 16)])
def test_no_more_parameters_are_read_than_any_challenge_has(number: int, read: int):
    header = "Bearer " + ",".join(f'p{each}="1"' for each in range(number))

    (challenge,) = parse_challenges([header])

    assert len(challenge.parameters) == read
