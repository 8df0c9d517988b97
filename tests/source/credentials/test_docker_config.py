import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_CREDENTIAL_GLOBS
from pattern_operator.source import Credential, Credentials, from_docker_home

SECRET = "sw0rdfish"
WHERE = "Secret default/pull"


def encoded(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def config(auths: object) -> bytes:
    return json.dumps({"auths": auths}).encode()


def of(*keys: str) -> Credentials:
    """Credentials whose passwords are the names of their entries."""
    return Credentials.from_docker_config(config({key: {"auth": encoded("me", key)} for key in keys}), where=WHERE)


def found(credentials: Credentials, host: str, repository: str = "team/web") -> str | None:
    credential = credentials.for_host(host, repository)
    return None if credential is None else credential.password


# --- how an entry is written ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        pytest.param({"auth": encoded("a", "b")}, Credential("a", "b"), id="auth"),
        pytest.param({"auth": encoded("a", "b:c")}, Credential("a", "b:c"), id="a colon in the password"),
        pytest.param({"auth": encoded("ä", "ß")}, Credential("ä", "ß"), id="beyond ASCII"),
        pytest.param({"auth": encoded("a", "b\0\0")}, Credential("a", "b"), id="padded with NUL by an old docker"),
        pytest.param({"auth": encoded("a", "b" * 80)[:40] + "\n" + encoded("a", "b" * 80)[40:]}, None, id="in lines"),
        pytest.param({"username": "a", "password": "b"}, Credential("a", "b"), id="username and password"),
        pytest.param({"username": "a"}, Credential("a", ""), id="a username alone"),
        pytest.param({"password": "b"}, Credential("", "b"), id="a password alone"),
        pytest.param(
            {"auth": encoded("a", "b"), "username": "x", "password": "y"}, Credential("a", "b"), id="auth comes first"
        ),
        pytest.param({"identitytoken": "t"}, Credential("", identity_token="t"), id="identity token"),
        pytest.param(
            {"auth": encoded("a", ""), "identitytoken": "t"}, Credential("a", identity_token="t"), id="with a username"
        ),
        pytest.param({"email": "a@b", "username": "a", "password": "b"}, Credential("a", "b"), id="other fields"),
    ],
)
def test_each_way_to_write_an_entry(entry, wanted):
    credentials = Credentials.from_docker_config(config({"reg.example": entry}), where=WHERE)

    assert credentials.for_host("reg.example", "x") == (wanted or Credential("a", "b" * 80))


@given(username=st.text(st.characters(exclude_characters=":\0", codec="utf-8"), min_size=1), password=st.text())
def test_any_username_and_password_come_back_as_they_were_written(username, password):
    password = password.rstrip("\0")

    credentials = Credentials.from_docker_config(
        config({"reg.example": {"auth": encoded(username, password)}}), where=WHERE
    )

    found = credentials.for_host("reg.example", "x")
    assert found == Credential(username, password)
    assert found.basic == f"Basic {encoded(username, password)}"


@pytest.mark.parametrize("content", [b"{}", b'{"auths": {}}', b'{"auths": null}', config({"reg.example": {}})])
def test_a_config_without_credentials_has_none(content):
    assert Credentials.from_docker_config(content, where=WHERE).for_host("reg.example", "x") is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(f"{SECRET}".encode(), "not valid JSON", id="no JSON"),
        pytest.param(f'["{SECRET}"]'.encode(), "not a JSON object", id="a list"),
        pytest.param(config(SECRET), "auths", id="auths that are not object"),
        pytest.param(config([SECRET]), "auths", id="auths that are a list"),
        pytest.param(config({"reg": SECRET}), "entry of auths", id="an entry that is not an object"),
        pytest.param(config({"reg": {"auth": [SECRET]}}), "auth that is not a string", id="auth that is not a string"),
        pytest.param(config({"reg": {"auth": f"!{SECRET}"}}), "base64", id="auth that is not base64"),
        pytest.param(
            config({"reg": {"auth": base64.b64encode(SECRET.encode()).decode()}}), "colon", id="auth without a colon"
        ),
        pytest.param(
            config({"reg": {"auth": base64.b64encode(b"a:\xff" + SECRET.encode()).decode()}}), "base64", id="no text"
        ),
        pytest.param(
            config({"reg": {"username": "a", "password": 1}}), "password", id="a password that is not a string"
        ),
        pytest.param(
            b'{"auths": {"reg": {"username": "a", "password": "' + SECRET.encode() + b'\\ud800"}}}',
            "an unpaired surrogate",
            id="a password that no header can hold",
        ),
    ],
)
def test_bad_data_are_refused_and_never_shown(content, says):
    with pytest.raises(Stalled) as refusal:
        Credentials.from_docker_config(content, where=WHERE)

    assert refusal.value.reason is Reason.SECRET_INVALID
    assert refusal.value.message.startswith(WHERE)
    assert says in refusal.value.message
    assert SECRET not in refusal.value.diagnostics()
    assert base64.b64encode(SECRET.encode()).decode() not in refusal.value.diagnostics()


@given(content=st.binary() | st.text().map(str.encode) | st.dictionaries(st.text(), st.text()).map(config))
def test_no_data_raise_anything_but_a_refusal(content):
    try:
        Credentials.from_docker_config(content, where=WHERE)
    except Stalled as refusal:
        assert refusal.reason is Reason.SECRET_INVALID


@pytest.mark.parametrize(("more", "refused"), [(0, False), (1, True)])
def test_a_config_has_as_many_globs_as_are_read_and_no_more(more, refused):
    keys = [f"*.reg{number}.example" for number in range(MAX_CREDENTIAL_GLOBS + more)]

    if refused:
        with pytest.raises(Stalled, match=f"more than {MAX_CREDENTIAL_GLOBS} entries whose host is a glob"):
            of("reg.example", *keys)
    else:
        assert found(of("reg.example", *keys), "a.reg7.example") == "*.reg7.example"


def test_credentials_are_not_shown_by_accident():
    credential = Credential("alice", SECRET, identity_token=f"{SECRET}-token")
    credentials = Credentials({"reg.example": credential})

    assert SECRET not in repr(credentials)
    assert SECRET not in str(credential)


# --- which entry is for which repository ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "host", "repository", "wanted"),
    [
        pytest.param(["reg.example"], "reg.example", "a/b", "reg.example", id="a host"),
        pytest.param(["reg.example"], "other.example", "a/b", None, id="another host"),
        pytest.param(["reg.example"], "REG.example", "a/b", "reg.example", id="hosts have no case"),
        pytest.param(["https://reg.example"], "reg.example", "a/b", "https://reg.example", id="with a scheme"),
        pytest.param(
            ["https://reg.example/v2/"], "reg.example", "a/b", "https://reg.example/v2/", id="with an API version"
        ),
        pytest.param(["reg.example/v1"], "reg.example", "a/b", "reg.example/v1", id="with an old API version"),
        pytest.param(["reg.example:5000"], "reg.example:5000", "a/b", "reg.example:5000", id="a port"),
        pytest.param(["reg.example"], "reg.example:5000", "a/b", None, id="another port"),
        pytest.param(["reg.example:5000"], "reg.example", "a/b", None, id="a port, and none"),
        pytest.param(["reg.example:443"], "reg.example", "a/b", "reg.example:443", id="the port of https, and none"),
        pytest.param(["reg.example"], "reg.example:443", "a/b", "reg.example", id="none, and the port of https"),
        pytest.param(["https://REG.example:443/v2/"], "reg.example", "a/b", "https://REG.example:443/v2/", id="all"),
        pytest.param(
            ["reg.example:443", "reg.example"], "reg.example:443", "a/b", "reg.example:443", id="both: written"
        ),
        pytest.param(["reg.example:80"], "reg.example", "a/b", None, id="the port of http"),
        pytest.param(["*.example:443"], "reg.example", "a/b", "*.example:443", id="a glob with the port of https"),
        pytest.param(["reg.example:443/a"], "reg.example", "a/b", "reg.example:443/a", id="a port and a path"),
        pytest.param(["reg.example."], "reg.example", "a/b", "reg.example.", id="a dot at the end"),
        pytest.param(["münchen.example"], "xn--mnchen-3ya.example", "a/b", "münchen.example", id="beyond ASCII"),
        pytest.param(["docker.io:443"], "registry-1.docker.io", "a/b", "docker.io:443", id="Docker Hub with a port"),
        pytest.param(["[0::1]:5000"], "[::1]:5000", "a/b", "[0::1]:5000", id="a longer spelling of IPv6"),
        pytest.param(["[::1]:5000"], "[::1]:5000", "a/b", "[::1]:5000", id="IPv6"),
        pytest.param(["[::1]:5000"], "[::2]:5000", "a/b", None, id="another address of IPv6"),
        pytest.param(["*.example"], "reg.example", "a/b", "*.example", id="a glob"),
        pytest.param(["r*g.ex?mple"], "reg.example", "a/b", "r*g.ex?mple", id="globs inside labels"),
        pytest.param(["*.example"], "a.reg.example", "a/b", None, id="a glob is one label"),
        pytest.param(["*"], "reg.example", "a/b", None, id="a glob for everything is none"),
        pytest.param(["reg.*"], "reg.example:5000", "a/b", None, id="a glob does not reach over a port"),
        pytest.param(["*"], "localhost:5000", "a/b", None, id="a glob does not stand for a port"),
        pytest.param(["reg.*:5000"], "reg.example:5000", "a/b", "reg.*:5000", id="a glob with the port"),
        pytest.param(["reg.example/a"], "reg.example", "a/b", "reg.example/a", id="a path"),
        pytest.param(["reg.example/a/b"], "reg.example", "a/b", "reg.example/a/b", id="a whole path"),
        pytest.param(["reg.example/a/"], "reg.example", "a/b", "reg.example/a/", id="a path that ends in a slash"),
        pytest.param(["reg.example/a"], "reg.example", "ab/c", None, id="a path is whole names"),
        pytest.param(["reg.example/a/b/c"], "reg.example", "a/b", None, id="a path that goes deeper"),
        pytest.param(["reg.example/a/v1"], "reg.example", "a/b", None, id="a path that ends as an API version"),
        pytest.param(["reg.example", "reg.example/a"], "reg.example", "a/b", "reg.example/a", id="longest path"),
        pytest.param(["*.example", "reg.example"], "reg.example", "a/b", "reg.example", id="plain before glob"),
        pytest.param(["reg.example", "*.example/a"], "reg.example", "a/b", "*.example/a", id="path before plain host"),
        pytest.param(["docker.io"], "docker.io", "library/nginx", "docker.io", id="Docker Hub"),
        pytest.param(
            ["https://index.docker.io/v1/"], "docker.io", "a/b", "https://index.docker.io/v1/", id="its old address"
        ),
        pytest.param(["registry-1.docker.io"], "index.docker.io", "a/b", "registry-1.docker.io", id="its other names"),
        pytest.param(
            ["https://index.docker.io/v1/access-token"], "docker.io", "a/b", None, id="what Docker Desktop adds"
        ),
    ],
)
def test_which_entry_is_for_which_repository(keys, host, repository, wanted):
    assert found(of(*keys), host, repository) == wanted


@pytest.mark.parametrize(
    ("key", "host", "wanted"),
    [
        ("reg.example:80", "reg.example", True),
        ("reg.example", "reg.example:80", True),
        ("reg.example:443", "reg.example", False),
    ],
)
def test_where_plain_http_is_spoken_the_port_is_that_of_http(key, host, wanted):
    assert (of(key).for_host(host, "team/web", scheme="http") is not None) is wanted


SEVERAL = {"one.example": {"auth": encoded("a", SECRET)}, "two.example/other": {"auth": encoded("b", SECRET)}}


@pytest.mark.parametrize(
    ("auths", "host", "says"),
    [
        pytest.param({}, "reg.example", "has no entry with credentials", id="none at all"),
        pytest.param({"reg.example": {}}, "reg.example", "has no entry with credentials", id="an empty one"),
        pytest.param(
            {"other.example": {"auth": encoded("a", "b")}}, "reg.example", "has one entry, and none is for", id="one"
        ),
        pytest.param(SEVERAL, "reg.example:443", "has 2 entries, and none is for reg.example", id="several"),
        pytest.param(SEVERAL, "reg.example:5000", "none is for reg.example:5000", id="a port"),
        pytest.param(SEVERAL, "two.example", "of which those for two.example are for other repositories", id="a path"),
        pytest.param(
            {"*.example": {"auth": encoded("a", "b")}},
            "reg.team.example",
            "none is for reg.team.example (a * in a host stands for one part between dots)",
            id="a glob of fewer parts",
        ),
        pytest.param(
            {"*:5000": {"auth": encoded("a", "b")}}, "10.0.0.1:5000", "stands for one part", id="a glob for all hosts"
        ),
        pytest.param(SEVERAL, "one.example", "", id="there is one"),
    ],
)
def test_a_config_without_an_entry_says_what_it_has_and_names_no_other_host(auths, host, says):
    repository = Repository(host, "team/web")

    lacking = Credentials.from_docker_config(config(auths), where=WHERE, repository=repository).lacking

    assert says in lacking
    assert lacking == "" or lacking.startswith(f"{WHERE} has ")
    assert [name for name in ("one.example", "other.example", "alice", SECRET) if name in lacking] == []


@given(host=st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,5}){0,3}(:[0-9]{1,5})?", fullmatch=True))
def test_an_entry_for_a_host_is_for_no_other(host):
    credentials = of(host)

    assert found(credentials, host) == host
    assert found(credentials, f"x{host}") is None
    assert found(credentials, f"{host}x") is None
    assert found(credentials, f"{host}.evil") is None


# --- the user of this machine ---------------------------------------------------------------------------------------


def home_with(directory, content: dict[str, object]):
    (directory / "config.json").write_text(json.dumps(content))
    return directory


def test_the_docker_config_of_this_machine_is_read(tmp_path):
    home_with(tmp_path, {"auths": {"reg.example": {"auth": encoded("me", "p")}}, "HttpHeaders": {"x": "y"}})

    assert from_docker_home(tmp_path).for_host("reg.example", "x") == Credential("me", "p")


def test_the_directory_may_be_named_by_the_environment(tmp_path, monkeypatch):
    home_with(tmp_path, {"auths": {"reg.example": {"auth": encoded("me", "p")}}})
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    assert from_docker_home().for_host("reg.example", "x") == Credential("me", "p")


def test_a_machine_without_a_docker_config_has_no_credentials(tmp_path):
    assert from_docker_home(tmp_path).for_host("reg.example", "x") is None


@pytest.mark.parametrize(
    "content",
    [
        f'{{"auths": "{SECRET}"}}',
        "{",
        '{"credHelpers": {"reg.example": 1}}',
        '{"credsStore": []}',
    ],
)
def test_a_docker_config_that_cannot_be_understood_is_refused_by_its_path(tmp_path, content):
    (tmp_path / "config.json").write_text(content)

    with pytest.raises(Stalled) as refusal:
        from_docker_home(tmp_path)

    assert refusal.value.reason is Reason.SECRET_INVALID
    assert str(tmp_path) in refusal.value.message
    assert SECRET not in refusal.value.diagnostics()


def test_a_docker_config_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "config.json").mkdir()

    with pytest.raises(Stalled) as refusal:
        from_docker_home(tmp_path)

    assert refusal.value.reason is Reason.SECRET_INVALID
    assert "cannot be read" in refusal.value.message


def test_a_secret_of_a_tenant_names_no_program_to_run():
    content = json.dumps({"credsStore": "evil", "credHelpers": {"reg.example": "evil"}, "auths": {}}).encode()

    credentials = Credentials.from_docker_config(content, where=WHERE)

    assert (credentials.store, credentials.helpers, credentials.run_helper) == ("", {}, None)
    assert credentials.for_host("reg.example", "x") is None


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        pytest.param("helped.example", [("own", "helped.example")], id="the helper of the host"),
        pytest.param("plain.example", [], id="an entry before the store"),
        pytest.param("other.example", [("all", "other.example")], id="the store for all others"),
        pytest.param("docker.io", [("hub", "https://index.docker.io/v1/")], id="Docker Hub by its oldest address"),
        pytest.param("Helped.example:443", [("own", "helped.example:443"), ("own", "helped.example")], id="a port"),
    ],
)
async def test_which_helper_is_asked_and_for_whom(host, asked):
    calls = []

    async def ask(name, server):
        calls.append((name, server))

    credentials = Credentials(
        {"plain.example": Credential("a", "b"), "helped.example": Credential("a", "b")},
        helpers={"helped.example": "own", "index.docker.io": "hub"},
        store="all",
        run_helper=ask,
    )
    await credentials.find(host, "team/web")

    assert calls == asked


@pytest.mark.parametrize("auth", ["bWU6c2VjcmV0*", "bWU6c2VjcmV", "_w=="])
def test_an_auth_that_is_not_base64_is_refused_as_a_whole(auth: str):
    with pytest.raises(Stalled, match="not base64 of text"):
        Credentials.from_docker_config(config({"registry.example": {"auth": auth}}), where=WHERE)
