"""The registry of the testbed: its process, the ways it can be made to misbehave, and what it was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from tests.testbed import process
from tests.testbed.authority import Certificate
from tests.testbed.http import answers, request
from tests.testbed.paths import BIN
from tests.testbed.process import Process
from tests.testbed.repository import Account, Repository

READY = 20.0


@dataclass(frozen=True, slots=True)
class Options:
    """How a registry is to be: open, by plain HTTP and with the referrers API unless it says otherwise."""

    auth: Literal["none", "basic", "bearer"] = "none"
    account: Account | None = None
    token_ttl: str = "60s"
    referrers: Literal["api", "fallback-tag"] = "api"
    tls: Certificate | None = None
    ca: Path | None = None

    def flags(self) -> list[str]:
        """Write the options as the program takes them."""
        flags = [f"-auth={self.auth}", f"-token-ttl={self.token_ttl}"]
        if self.account is not None:
            flags.append(f"-user={self.account.name}:{self.account.password}")
        if self.referrers == "fallback-tag":
            flags.append("-no-referrers")
        if self.tls is not None:
            flags += [f"-tls-cert={self.tls.certificate}", f"-tls-key={self.tls.key}"]
        return flags


@dataclass(slots=True)
class Registry:
    """A registry at ``address`` (host:port); what is pushed survives a restart."""

    process: Process
    address: str
    options: Options

    @property
    def url(self) -> str:
        """Where it is reached, with the scheme."""
        return f"{'https' if self.options.tls else 'http'}://{self.address}"

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return answers(f"{self.url}/_testbed/requests", ca=self.options.ca)

    def repository(self, name: str = "patterns") -> Repository:
        """Return a repository that nobody used before; ``name`` is the readable part of its name."""
        unique = f"{name}-{uuid4().hex[:8]}"
        return Repository(self.address, unique, self.url, self.options.account, self.options.ca)

    @contextmanager
    def faulty(self, *rules: dict[str, Any]) -> Iterator[None]:
        """Misbehave by ``rules`` inside the ``with`` block.

        The keys of a rule: path (regular expression), method, status, headers, body, tamper, truncate, times, delayMs;
        what each does stands in programs/registry/faults.go.
        """
        self.misbehave(*rules)
        try:
            yield
        finally:
            self.behave()

    def misbehave(self, *rules: dict[str, Any]) -> None:
        """Misbehave by ``rules`` from now on; they replace earlier ones."""
        self._control("PUT", "faults", body=json.dumps(rules).encode())

    def behave(self) -> None:
        """Forget all rules."""
        self._control("DELETE", "faults")

    def requests(self) -> dict[str, int]:
        """Count what was asked since ``forget_requests``: "GET manifests", "HEAD blobs", "GET token" and so on."""
        counts: dict[str, int] = json.loads(self._control("GET", "requests"))
        return counts

    def forget_requests(self) -> None:
        """Count from nought again."""
        self._control("DELETE", "requests")

    def stop(self) -> None:
        """End the registry: connections are refused until ``restart``."""
        self.process.stop()

    def restart(self) -> None:
        """Start the registry again at the same address, with the same content."""
        self.process.stop()
        self.process = self.process.again()
        self.process.wait_until(lambda: self.ready, seconds=READY)

    def _control(self, method: str, what: str, *, body: bytes | None = None) -> bytes:
        answer = request(method, f"{self.url}/_testbed/{what}", body=body, ca=self.options.ca)
        if answer.status >= 300:
            raise ValueError(f"the registry refuses {method} {what}: {answer.body.decode()}")
        return answer.body


OPEN = Options()


def start(directory: Path, *, name: str = "registry", options: Options = OPEN) -> Registry:
    """Start a registry whose content lies in ``<directory>/<name>``, on a free port.

    Raises:
        ProcessEnded: it does not start; the message holds the end of its log.
    """
    address = f"127.0.0.1:{process.free_port()}"
    command: list[str | Path] = [BIN / "registry", f"-listen={address}", f"-dir={directory / name}", *options.flags()]
    registry = Registry(process.start(name, command, directory=directory), address, options)
    registry.process.wait_until(lambda: registry.ready, seconds=READY)
    return registry
