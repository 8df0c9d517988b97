import json
from pathlib import Path

import pytest

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.source import Credential, credentialhelper, from_docker_home

SECRET = "sw0rdfish"


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """Write ``docker-credential-test``, a real program on PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")

    def write(script: str) -> Path:
        path = directory / "docker-credential-test"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


def runs(pid_file: Path) -> bool:
    return Path("/proc", pid_file.read_text().strip()).exists()


def answering(**document: str) -> str:
    return f"cat <<'END'\n{json.dumps(document)}\nEND"


async def test_a_helper_is_asked_for_the_server_and_answers(helper, tmp_path):
    helper(f"echo $@ >{tmp_path}/asked; cat >>{tmp_path}/asked; {answering(Username='me', Secret=SECRET)}")

    found = await credentialhelper.ask("test", "reg.example")

    assert found == Credential("me", SECRET)
    assert (tmp_path / "asked").read_text() == "get\nreg.example"


async def test_an_identity_token_is_known_by_its_username(helper):
    helper(answering(ServerURL="reg.example", Username="<token>", Secret=SECRET))

    assert await credentialhelper.ask("test", "reg.example") == Credential("", identity_token=SECRET)


async def test_a_helper_that_knows_no_credentials_is_no_error(helper):
    helper("echo 'credentials not found in native keychain'; exit 1")

    assert await credentialhelper.ask("test", "reg.example") is None


@pytest.mark.parametrize(
    ("script", "says"),
    [
        pytest.param(f"echo {SECRET}; echo {SECRET} >&2; exit 2", "ended with status 2", id="fails"),
        pytest.param(f"echo {SECRET}", "not JSON with Username and Secret", id="answers no JSON"),
        pytest.param(f"echo '[\"{SECRET}\"]'", "not JSON with Username and Secret", id="answers a list"),
        pytest.param(f'echo \'{{"Username": 1, "Secret": "{SECRET}"}}\'', "not JSON", id="answers another type"),
        pytest.param("true", "not JSON with Username and Secret", id="answers nothing"),
    ],
)
async def test_a_helper_that_fails_is_refused_and_nothing_it_says_is_shown(helper, script, says):
    helper(script)

    with pytest.raises(Stalled) as refusal:
        await credentialhelper.ask("test", "reg.example")

    assert refusal.value.reason is Reason.SECRET_INVALID
    assert "docker-credential-test" in refusal.value.message
    assert says in refusal.value.message
    assert SECRET not in refusal.value.diagnostics()


async def test_a_helper_that_is_not_installed_says_so(helper):
    with pytest.raises(Stalled) as refusal:
        await credentialhelper.ask("test", "reg.example")

    assert refusal.value.reason is Reason.SECRET_INVALID
    assert "install it" in refusal.value.message


async def test_a_helper_that_is_no_program_says_so(helper):
    helper("true").chmod(0o644)

    with pytest.raises(Stalled, match="cannot be run"):
        await credentialhelper.ask("test", "reg.example")


async def test_a_helper_that_does_not_answer_is_ended(helper, monkeypatch, tmp_path):
    helper(f"echo $$ >{tmp_path}/pid; exec sleep 600")
    monkeypatch.setattr(credentialhelper, "_PATIENCE", 0.3)

    with pytest.raises(Stalled) as refusal:
        await credentialhelper.ask("test", "reg.example")

    assert "did not answer" in refusal.value.message
    assert not runs(tmp_path / "pid")


@pytest.mark.parametrize("name", ["", "../evil", "a/b", "a b", "-x", "a\n", "a;b"])
async def test_what_is_no_name_of_a_helper_is_not_run(helper, name):
    with pytest.raises(Stalled) as refusal:
        await credentialhelper.ask(name, "reg.example")

    assert "no name of a credential helper" in refusal.value.message


async def test_the_docker_config_of_this_machine_names_the_helper(helper, tmp_path):
    helper(answering(Username="me", Secret=SECRET))
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {"reg.example": "test"}, "auths": {}}))

    credentials = from_docker_home(tmp_path)

    assert await credentials.find("reg.example", "team/web") == Credential("me", SECRET)
    assert await credentials.find("other.example", "team/web") is None
