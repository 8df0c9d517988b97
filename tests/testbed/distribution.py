"""Registries of the distribution project with their own access control: version 3, and Debian's docker-registry 2.8."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from tests.testbed import process, tokenservice
from tests.testbed.http import request
from tests.testbed.paths import BIN
from tests.testbed.process import Process
from tests.testbed.repository import Account, Repository
from tests.testbed.tokenservice import TokenService

READY = 20.0
Program = Literal["distribution", "docker-registry"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A registry at ``address`` (host:port), by plain HTTP, that only ``account`` may use."""

    process: Process
    address: str
    account: Account

    def repository(self, name: str = "patterns") -> Repository:
        """Return a repository that nobody used before; ``name`` is the readable part of its name."""
        unique = f"{name}-{uuid4().hex[:8]}"
        return Repository(self.address, unique, f"http://{self.address}", self.account)

    def stop(self) -> None:
        """End it."""
        self.process.stop()


def start(directory: Path, *, program: Program, account: Account, tokens: TokenService | None = None) -> Distribution:
    """Start a registry with its content in ``directory``, on a free port.

    It asks for ``account`` by Basic authentication (htpasswd), or for a token of ``tokens``.

    Raises:
        ProcessEnded: it does not start; the message holds the end of its log.
    """
    directory.mkdir(parents=True, exist_ok=True)
    # By name: cosign, as all that is built on go-containerregistry, asks for no token at a private address.
    address = f"localhost:{process.free_port()}"
    auth = _token(tokens) if tokens is not None else _htpasswd(account, directory / "htpasswd")
    config = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "content")}, "delete": {"enabled": True}},
        "http": {"addr": address.replace("localhost", "127.0.0.1"), "secret": uuid4().hex},
        "auth": auth,
    }
    path = directory / "config.yml"
    path.write_text(json.dumps(config))  # which is YAML
    command: list[str | Path] = [BIN / program, "serve", path]
    registry = Distribution(process.start(program, command, directory=directory), address, account)
    registry.process.wait_until(lambda: _answers(address), seconds=READY)
    return registry


def _htpasswd(account: Account, path: Path) -> dict[str, Any]:
    made: list[str | Path] = [BIN / "distribution", "htpasswd", account.name, account.password]
    path.write_bytes(subprocess.run(made, capture_output=True, check=True).stdout)
    return {"htpasswd": {"realm": "testbed", "path": str(path)}}


def _token(tokens: TokenService) -> dict[str, Any]:
    name = tokenservice.NAME
    bundle = str(tokens.signer.roots)
    return {"token": {"realm": tokens.realm, "service": name, "issuer": name, "rootcertbundle": bundle}}


def _answers(address: str) -> bool:
    try:
        return request("GET", f"http://{address}/v2/", seconds=1.0).status == 401
    except OSError:
        return False
