"""Kubeconfig files of the testbed: one server, one bearer token."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """Who one is at an API server; ``path`` is the file that says so to other programs."""

    path: Path
    server: str
    ca: Path
    token: str
    user: str

    def write(self) -> "Kubeconfig":
        """Write the file (JSON, which is YAML), readable by its owner only."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "testbed", "cluster": {"server": self.server, "certificate-authority": str(self.ca)}}
            ],
            "users": [{"name": self.user, "user": {"token": self.token}}],
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": self.user}}],
            "current-context": "testbed",
        }
        self.path.touch(mode=0o600)
        self.path.write_text(json.dumps(content, indent=1))
        return self

    @classmethod
    def read(cls, path: Path) -> "Kubeconfig":
        """Read what ``write`` wrote."""
        content = json.loads(path.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]
        return cls(path, cluster["server"], Path(cluster["certificate-authority"]), user["user"]["token"], user["name"])
