import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.source.challenge import Challenge, may_be_told, parse_challenges

TOKEN = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
LABEL = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
HOST = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
RELATED = st.lists(st.sampled_from(["a", "reg", "com", "co", "uk"]), min_size=1, max_size=4).map(".".join)


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
        pytest.param("Negotiate abc==, Basic realm=x", [Challenge("negotiate")], id="what is no parameter ends it"),
        pytest.param("", [], id="nothing"),
        pytest.param('="', [], id="nonsense"),
    ],
)
def test_each_form_of_a_challenge(header, wanted):
    assert parse_challenges([header]) == wanted


@pytest.mark.parametrize("header", ['Basic realm="' + "\\" * 100_000, "a=" * 50_000, "a " * 50_000, "a" * 100_000])
def test_a_header_of_any_length_is_read_in_no_time(header):
    assert len(parse_challenges([header])) < 10_000


# --- whom credentials may be told to --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("realm", "registry"),
    [
        ("ghcr.io", "ghcr.io"),
        ("GHCR.io", "ghcr.io."),
        ("auth.docker.io", "registry-1.docker.io"),
        ("gitlab.com", "registry.gitlab.com"),
        ("gitlab.example.com", "registry.gitlab.example.com"),
        ("auth.quay.io", "quay.io"),
        ("gitlab.example.co.uk", "registry.example.co.uk"),
        ("auth.registry.kube-system.svc", "registry.kube-system.svc"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("[::1]", "[::1]"),
    ],
)
def test_a_token_service_of_the_registrys_owner_is_told(realm, registry):
    assert may_be_told(realm, registry=registry)


@pytest.mark.parametrize(
    ("realm", "registry"),
    [
        pytest.param("evil.example", "registry.good.example.com", id="a stranger"),
        pytest.param("evilgitlab.com", "gitlab.com", id="a name that only ends alike"),
        pytest.param("gitlab.com.evil.net", "gitlab.com", id="a name that only begins alike"),
        pytest.param("evil.com", "good.com", id="one top-level domain"),
        pytest.param("evil.co.uk", "good.co.uk", id="one registry of domains"),
        pytest.param("evil.com.au", "registry.com.au", id="another one"),
        pytest.param("com", "good.com", id="the top-level domain itself"),
        pytest.param("co.uk", "good.co.uk", id="the registry of domains itself"),
        pytest.param("evil", "registry", id="two names without a domain"),
        pytest.param("x.localhost", "localhost", id="below a name without a domain"),
        pytest.param("10.0.0.2", "10.0.0.1", id="another address"),
        pytest.param("1.10.0.0.1", "10.0.0.1", id="below an address"),
        pytest.param("[::2]", "[::1]", id="another address of IPv6"),
        pytest.param("", "good.com", id="nobody"),
        pytest.param(".com", "good.com", id="a name without its first label"),
    ],
)
def test_whoever_stands_outside_the_registrys_domain_is_not_told(realm, registry):
    assert not may_be_told(realm, registry=registry)


@given(host=HOST)
def test_every_registry_may_be_its_own_token_service(host):
    assert may_be_told(host, registry=host)


@given(realm=RELATED, registry=RELATED)
def test_who_is_told_shares_at_least_two_labels_or_is_the_registry(realm, registry):
    if may_be_told(realm, registry=registry) and realm != registry:
        assert realm.split(".")[-2:] == registry.split(".")[-2:]
        assert "." in registry
