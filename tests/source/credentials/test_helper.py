import asyncio
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.executors import EXECUTORS
from tests.source.fake_registry import signatures

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference
from pattern_operator.errors import Stalled
from pattern_operator.executors import run_in
from pattern_operator.limits import MAX_HELPER_OUTPUT
from pattern_operator.source import (
    Credential,
    LayerSelector,
    RepositoryClient,
    TokenCache,
    from_docker_home,
    pull,
    resolve,
)
from pattern_operator.source.credentials import helper as credential_helper

SECRET = "sw0rdfish"


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
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

    found = await credential_helper.get("test", "reg.example")

    assert found == Credential("me", SECRET)
    assert (tmp_path / "asked").read_text() == "get\nreg.example"


async def test_an_identity_token_is_known_by_its_username(helper):
    helper(answering(ServerURL="reg.example", Username="<token>", Secret=SECRET))

    assert await credential_helper.get("test", "reg.example") == Credential("", identity_token=SECRET)


async def test_an_answer_as_long_as_one_may_be_is_read(helper, tmp_path):
    answer = json.dumps({"Username": "me", "Secret": SECRET}).encode()
    (tmp_path / "answer").write_bytes(answer + b" " * (MAX_HELPER_OUTPUT - len(answer)))
    helper(f"cat {tmp_path}/answer")

    assert await credential_helper.get("test", "reg.example") == Credential("me", SECRET)


async def test_a_helper_that_knows_no_credentials_is_not_an_error(helper):
    helper("echo 'credentials not found in native keychain'; exit 1")

    assert await credential_helper.get("test", "reg.example") is None


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
        await credential_helper.get("test", "reg.example")

    assert refusal.value.reason is Reason.SECRET_INVALID
    assert "docker-credential-test" in refusal.value.message
    assert says in refusal.value.message
    assert SECRET not in refusal.value.diagnostics()


async def test_a_helper_that_is_not_installed_says_so(helper):
    with pytest.raises(Stalled) as refusal:
        await credential_helper.get("test", "reg.example")

    assert refusal.value.reason is Reason.SECRET_INVALID
    assert "install it" in refusal.value.message


async def test_a_helper_that_is_not_a_program_says_so(helper):
    helper("true").chmod(0o644)

    with pytest.raises(Stalled, match="cannot be run"):
        await credential_helper.get("test", "reg.example")


async def test_a_helper_that_does_not_answer_is_ended(helper, monkeypatch, tmp_path):
    helper(f"echo $$ >{tmp_path}/pid; exec sleep 600")
    monkeypatch.setattr(credential_helper, "_PATIENCE", 0.3)

    with pytest.raises(Stalled) as refusal:
        await credential_helper.get("test", "reg.example")

    assert "did not answer" in refusal.value.message
    assert not runs(tmp_path / "pid")


@pytest.mark.parametrize("name", ["", "../evil", "a/b", "a b", "-x", "a\n", "a;b"])
async def test_what_is_not_a_name_of_a_helper_is_not_run(helper, name):
    with pytest.raises(Stalled) as refusal:
        await credential_helper.get(name, "reg.example")

    assert "not a name of a credential helper" in refusal.value.message


async def test_the_docker_config_of_this_machine_names_the_helper(helper, tmp_path):
    helper(answering(Username="me", Secret=SECRET))
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {"reg.example": "test"}, "auths": {}}))

    credentials = from_docker_home(tmp_path)

    assert await credentials.find("reg.example", "team/web") == Credential("me", SECRET)
    assert await credentials.find("other.example", "team/web") is None


@pytest.mark.parametrize(
    "answer", [answering(Username="me", Secret=SECRET), "exit 1", "echo credentials not found; exit 1"]
)
async def test_a_helper_is_asked_once_by_a_command(helper, tmp_path, fake_registry, network, cache, answer):
    helper(f"echo asked >>{tmp_path}/asked; {answer}")
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": "test"}))
    digest = fake_registry.manifest([fake_registry.blob(b"kind: ConfigMap", "text/yaml")], tag="1.0.0")
    fake_registry.answer("GET", "/tags/list", body=b'{"tags": ["1.0.0"]}')
    registry = RepositoryClient(
        fake_registry.repository,
        network=network,
        credentials=from_docker_home(tmp_path),
        scheme="http",
        tokens=TokenCache(),
        user_agent="test",
        executors=EXECUTORS,
    )

    with suppress(Stalled):
        revision = await resolve(Reference(fake_registry.repository, semver="1.x"), registry=registry)
        reference = Reference(fake_registry.repository, digest=digest)
        await pull(reference, revision, registry=registry, cache=cache, layer=LayerSelector())
        await signatures(digest, registry=registry)
        assert len(fake_registry.asked) > 5

    assert (tmp_path / "asked").read_text() == "asked\n"


@pytest.mark.parametrize("more", [0, 1])
async def test_as_many_bytes_as_a_helper_may_answer_are_read(helper, tmp_path, more: int):
    answer = json.dumps({"Username": "me", "Secret": SECRET})
    (tmp_path / "answer").write_text(answer + " " * (MAX_HELPER_OUTPUT + more - len(answer)))
    helper(f"cat {tmp_path}/answer")

    if more:
        with pytest.raises(Stalled, match="answers more than"):
            await credential_helper.get("test", "reg.example")
    else:
        assert await credential_helper.get("test", "reg.example") == Credential("me", SECRET)


async def test_a_helper_that_answers_without_end_is_ended(helper, tmp_path):
    helper(f"echo $$ >{tmp_path}/pid; exec yes {SECRET}")

    with pytest.raises(Stalled) as refusal:
        await credential_helper.get("test", "reg.example")

    assert "answers more than" in refusal.value.message
    assert SECRET not in refusal.value.diagnostics()
    assert not runs(tmp_path / "pid")


async def test_a_helper_is_ended_with_the_command(helper, tmp_path):
    os.mkfifo(tmp_path / "begun")
    helper(f"echo $$ >{tmp_path}/pid; echo >{tmp_path}/begun; exec sleep 600")
    asking = asyncio.create_task(credential_helper.get("test", "reg.example"))
    await run_in(EXECUTORS.names, (tmp_path / "begun").read_text)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert not runs(tmp_path / "pid")


async def test_a_helper_that_does_not_read_what_it_is_told_is_heard_all_the_same(helper):
    helper(f"exec <&-; {answering(Username='me', Secret=SECRET)}")

    assert await credential_helper.get("test", "reg.example") == Credential("me", SECRET)
