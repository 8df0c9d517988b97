"""The real notation, with keys of its own and no internet: what it writes is what the operator must understand."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.paths import BIN


class NotationFailed(RuntimeError):
    """notation said no; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Notation:
    """Runs notation with ``directory`` as its home, so that it reads and writes nothing else of this machine."""

    directory: Path

    def add_key(self, name: str, *, key: bytes, chain: bytes) -> None:
        """Know a private key and its certificates, from the leaf to the root, both in PEM."""
        folder = self.directory / "keys"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}.crt").write_bytes(chain)
        known = sorted(path.stem for path in folder.glob("*.key"))
        keys = [
            {"name": each, "keyPath": str(folder / f"{each}.key"), "certPath": str(folder / f"{each}.crt")}
            for each in known
        ]
        self._config("signingkeys.json", json.dumps({"keys": keys}).encode())

    def sign(
        self,
        artifact: str,
        *,
        key: str,
        envelope: str,
        metadata: Mapping[str, str] | None = None,
        tsa: str = "",
        tsa_root: bytes = b"",
        expiry: str = "",
    ) -> None:
        """Sign ``host/name@digest`` in an ``envelope``, jws or cose; ``tsa`` is a URL that timestamps it."""
        flags = [f"--user-metadata={name}={value}" for name, value in (metadata or {}).items()]
        if tsa:
            root = self.directory / "tsa-root.pem"
            root.write_bytes(tsa_root)
            flags += [f"--timestamp-url={tsa}", f"--timestamp-root-cert={root}"]
        if expiry:
            flags.append(f"--expiry={expiry}")
        command = ("sign", f"--key={key}", f"--signature-format={envelope}", "--force-referrers-tag=false")
        self._run(*command, "--insecure-registry", *flags, artifact)

    def verify(self, artifact: str, *, root: bytes) -> None:
        """Verify ``host/name@digest`` strictly, by a trust store with this root alone."""
        self._config("truststore/x509/ca/only/root.pem", root)
        policy = {
            "name": "only",
            "registryScopes": ["*"],
            "signatureVerification": {"level": "strict"},
            "trustStores": ["ca:only"],
            "trustedIdentities": ["*"],
        }
        self._config("trustpolicy.json", json.dumps({"version": "1.0", "trustPolicies": [policy]}).encode())
        self._run("verify", "--insecure-registry", artifact)

    def _config(self, path: str, content: bytes) -> None:
        file = self.directory / "notation" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def _run(self, *arguments: str) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        home = {name: str(self.directory) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DOCKER_CONFIG")}
        done = subprocess.run(
            [BIN / "notation", *arguments],
            cwd=self.directory,
            env={**os.environ, **home},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise NotationFailed(f"notation {arguments[0]}: {done.stderr.strip()}")
