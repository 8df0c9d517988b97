"""The real cosign, with a key pair and no internet: what it writes is what the operator must understand."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.testbed.paths import BIN
from tests.testbed.repository import Account

# As the docs have it: without Sigstore's public log, which shows private artifacts to everybody, and where the internet
# is not reached cosign fails (docs/verify.md, "Sign with cosign").
SIGN = "cosign sign --key cosign.key --use-signing-config=false --tlog-upload=false"
OFFLINE = ("--tlog-upload=false", "--use-signing-config=false", "--allow-http-registry", "--yes")


class CosignFailed(RuntimeError):
    """cosign said no; the message is what it said."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Files of a key pair; the private key has an empty password."""

    private: Path
    public: Path

    @property
    def pem(self) -> str:
        """The public key as a policy holds it."""
        return self.public.read_text()


@dataclass(frozen=True, slots=True)
class Cosign:
    """Runs cosign with ``directory`` as its home, so that it reads and writes nothing else of this machine."""

    directory: Path

    def key_pair(self, name: str = "cosign") -> KeyPair:
        """Make a new key pair, always another one; ``name`` is what its files are called if nobody took it before."""
        if (self.directory / f"{name}.key").exists():
            name = f"{name}-{uuid4().hex[:8]}"
        self._run("generate-key-pair", f"--output-key-prefix={name}")
        return KeyPair(self.directory / f"{name}.key", self.directory / f"{name}.pub")

    def sign_bundle(
        self,
        artifact: str,
        *,
        key: KeyPair,
        annotations: Mapping[str, str] | None = None,
        account: Account | None = None,
    ) -> None:
        """Sign ``host/name@digest`` in the bundle format (v0.3): a referrer, or its fallback tag."""
        self._sign("sign", artifact, key, account, *_annotations(annotations))

    def sign_classic(
        self,
        artifact: str,
        *,
        key: KeyPair,
        annotations: Mapping[str, str] | None = None,
        account: Account | None = None,
    ) -> None:
        """Sign ``host/name@digest`` in the classic format: the tag sha256-<hex>.sig."""
        self._sign("sign", artifact, key, account, "--new-bundle-format=false", *_annotations(annotations))

    def sign_with(self, private: Path, artifact: str, *, password: str) -> None:
        """Sign ``host/name@digest`` in the bundle format with the key in a file that ``password`` opens."""
        self._run("sign", f"--key={private}", *OFFLINE, artifact, password=password)

    def verify(self, artifact: str, *, key: Path, annotations: Mapping[str, str] | None = None) -> None:
        """Verify ``host/name@digest`` with a public key; raises CosignFailed where cosign says no."""
        flags = ("--insecure-ignore-tlog=true", "--allow-http-registry", *_annotations(annotations))
        self._run("verify", f"--key={key}", *flags, artifact)

    def copy(self, artifact: str, to: str) -> None:
        """Copy ``host/name@digest`` to ``host/name:tag``, with the signatures that cosign takes along."""
        self._run("copy", "--allow-http-registry", "--allow-insecure-registry", artifact, to)

    def statement(self, *, key: KeyPair, predicate_type: str, predicate: str) -> Any:
        """What cosign states of a file where it is given the short or whole name of a type, and a predicate."""
        (self.directory / "subject").write_text("a file")
        (self.directory / "predicate.json").write_text(predicate)
        files = ("--predicate=predicate.json", "--output-attestation=statement.json", "--new-bundle-format=false")
        offline = [each for each in OFFLINE if each != "--allow-http-registry"]
        self._run("attest-blob", f"--key={key.private}", *offline, f"--type={predicate_type}", *files, "subject")
        return json.loads((self.directory / "statement.json").read_text())

    def attest_bundle(self, artifact: str, *, key: KeyPair, predicate_type: str, predicate: Any) -> None:
        """Attest ``predicate`` of ``host/name@digest`` in the bundle format (v0.3)."""
        self._attest(artifact, key, predicate_type, predicate)

    def attest_classic(self, artifact: str, *, key: KeyPair, predicate_type: str, predicate: Any) -> None:
        """Attest ``predicate`` of ``host/name@digest`` in the classic format: the tag sha256-<hex>.att."""
        self._attest(artifact, key, predicate_type, predicate, "--new-bundle-format=false")

    def _attest(self, artifact: str, key: KeyPair, predicate_type: str, predicate: Any, *flags: str) -> None:
        path = self.directory / "predicate.json"
        path.write_text(json.dumps(predicate))
        self._sign("attest", artifact, key, None, f"--type={predicate_type}", f"--predicate={path}", *flags)

    def _sign(self, verb: str, artifact: str, key: KeyPair, account: Account | None, *flags: str) -> None:
        login = (
            ()
            if account is None
            else (f"--registry-username={account.name}", f"--registry-password={account.password}")
        )
        self._run(verb, f"--key={key.private}", *OFFLINE, *flags, *login, artifact)

    def _run(self, *arguments: str, password: str = "") -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        home = {"HOME": str(self.directory), "DOCKER_CONFIG": str(self.directory), "COSIGN_PASSWORD": password}
        done = subprocess.run(
            [BIN / "cosign", *arguments],
            cwd=self.directory,
            env={**os.environ, **home},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise CosignFailed(f"cosign {arguments[0]}: {done.stderr.strip()}")


def _annotations(annotations: Mapping[str, str] | None) -> list[str]:
    return [f"--annotations={name}={value}" for name, value in (annotations or {}).items()]
