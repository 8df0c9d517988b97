"""One repository of a registry, as a client that pushes what a test needs: OCI distribution-spec 1.1 and no more."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.testbed.http import Answer, request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ACCEPTED = f"{MANIFEST}, application/vnd.oci.image.index.v1+json, */*"
EMPTY = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True, slots=True)
class Account:
    """Who may use the registry."""

    name: str
    password: str

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.name}:{self.password}".encode()).decode()


class RegistryRefused(RuntimeError):
    """The registry refused what a test asked of it."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Pushes to, and looks into, ``<registry>/<name>``."""

    registry: str
    name: str
    base: str
    account: Account | None = None
    ca: Path | None = None

    @property
    def oci(self) -> str:
        """The address as a DesignPattern gives it: oci://host:port/name."""
        return f"oci://{self.registry}/{self.name}"

    def at(self, digest: str) -> str:
        """Name one artifact as tools do: host:port/name@digest."""
        return f"{self.registry}/{self.name}@{digest}"

    def push(
        self,
        tag: str | None,
        layers: Sequence[tuple[str, bytes]],
        *,
        artifact_type: str | None = None,
        config: tuple[str, bytes] = (EMPTY, b"{}"),
        annotations: Mapping[str, str] | None = None,
        subject: str | None = None,
    ) -> str:
        """Push an artifact of ``layers`` (media type, bytes) and return its digest.

        ``tag`` None: it is known by its digest only. ``subject``: the digest of an artifact here that it refers to.
        """
        manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST}
        if artifact_type is not None:
            manifest["artifactType"] = artifact_type
        manifest["config"] = self.push_blob(*config)
        manifest["layers"] = [self.push_blob(media_type, content) for media_type, content in layers]
        if subject is not None:
            pushed = self.manifest(subject)
            manifest["subject"] = {
                "mediaType": pushed.headers["Content-Type"],
                "digest": subject,
                "size": len(pushed.body),
            }
        if annotations:
            manifest["annotations"] = dict(annotations)
        return self.push_manifest(json.dumps(manifest).encode(), tag=tag)

    def push_blob(self, media_type: str, content: bytes) -> dict[str, Any]:
        """Push a blob and return its descriptor."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        octets = "application/octet-stream"
        answer = self._ask("POST", f"blobs/uploads/?digest={digest}", body=content, media_type=octets)
        if (
            answer.status == 202
        ):  # a registry that takes no blob with the first request (distribution-spec, "POST then PUT")
            self._ask("PUT", f"{answer.headers['Location']}&digest={digest}", body=content, media_type=octets)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def push_manifest(self, manifest: bytes, *, tag: str | None = None, media_type: str = MANIFEST) -> str:
        """Push the bytes of a manifest and return their digest."""
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        self._ask("PUT", f"manifests/{tag or digest}", body=manifest, media_type=media_type)
        return digest

    def tag(self, digest: str, tag: str) -> None:
        """Let ``tag`` name the manifest ``digest``."""
        pushed = self.manifest(digest)
        self.push_manifest(pushed.body, tag=tag, media_type=pushed.headers["Content-Type"])

    def delete(self, reference: str) -> None:
        """Remove a tag, or the manifest of a digest."""
        self._ask("DELETE", f"manifests/{reference}")

    def manifest(self, reference: str) -> Answer:
        """Get the manifest of a tag or digest."""
        return self._ask("GET", f"manifests/{reference}")

    def blob(self, digest: str) -> bytes:
        """Get a blob."""
        return self._ask("GET", f"blobs/{digest}").body

    def tags(self) -> list[str]:
        """List the tags."""
        tags: list[str] = json.loads(self._ask("GET", "tags/list").body)["tags"]
        return tags

    def referrers(self, digest: str) -> list[dict[str, Any]]:
        """List the descriptors of what refers to ``digest``, as the referrers API tells it."""
        listed: list[dict[str, Any]] = json.loads(self._ask("GET", f"referrers/{digest}").body)["manifests"]
        return listed

    def _ask(self, method: str, path: str, *, body: bytes | None = None, media_type: str | None = None) -> Answer:
        url = path if path.startswith(self.base) else f"{self.base}/v2/{self.name}/{path}"
        headers = {"Accept": ACCEPTED, **({"Content-Type": media_type} if media_type else {})}
        answer = request(method, url, body=body, headers=headers, ca=self.ca)
        if answer.status == 401 and self.account is not None:
            headers["Authorization"] = self._authorization(answer.headers["WWW-Authenticate"], self.account)
            answer = request(method, url, body=body, headers=headers, ca=self.ca)
        if answer.status >= 300:
            raise RegistryRefused(f"{method} {url}: {answer.status} {answer.body[:500].decode(errors='replace')}")
        return answer

    def _authorization(self, challenge: str, account: Account) -> str:
        if challenge.startswith("Basic"):
            return account.basic
        realm = re.search(r'realm="([^"]+)"', challenge)
        assert realm is not None, challenge
        asked = f"{realm[1]}?service=testbed&scope=repository:{self.name}:pull,push,delete"
        answer = request("GET", asked, headers={"Authorization": account.basic}, ca=self.ca)
        return f"Bearer {json.loads(answer.body)['token']}"
