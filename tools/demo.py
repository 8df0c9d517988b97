"""``make demo``: the whole way on real parts, told as it goes. Exit code 0 only when every step showed what it says.

A real Meshery design is pushed to a real registry and signed by patternctl; a DesignPattern requires the signature; a
real API server, real controllers and the operator do the rest.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.testbed.kubectl import Kubectl
from tests.testbed.paths import ROOT, STATE
from tests.testbed.testbed import Testbed

DIRECTORY = STATE / "demo"
EXAMPLES = ROOT / "examples" / "guestbook"
PATTERNCTL = Path(sys.executable).parent / "patternctl"
NAMESPACE = "guestbook"
IMAGE, FORGED = "docker.io/redis:6.0.5", "docker.io/redis-and-a-miner:6.0.5"
PATIENCE = 120.0  # seconds for a step of the cluster


class Failed(RuntimeError):
    """A step did not show what it should."""


class Demo:
    """The demo, one method a chapter."""

    def __init__(self, testbed: Testbed) -> None:
        self.testbed = testbed
        self.kubectl = testbed.kubectl
        self.repository = f"{testbed.registry.address}/patterns/guestbook"
        self.team = key_pair("release-team")
        self.stranger = key_pair("stranger")

    def tell(self) -> None:
        """All chapters."""
        chapter("Push version 1.0.0 of a real Meshery design, and sign it")
        self.publish(EXAMPLES / "1.0.0", "1.0.0", key=self.team)
        chapter("Apply a DesignPattern that requires the team's signature")
        self.apply_pattern()
        self.wait_for("version 1.0.0 to be Ready", lambda: self.runs("1.0.0"))
        self.show()
        chapter("Push version 2.0.0: redis-follower has left, frontend has 4 replicas")
        self.publish(EXAMPLES / "2.0.0", "2.0.0", key=self.team)
        self.want("2.0.0")
        self.wait_for("version 2.0.0 to be Ready", lambda: self.runs("2.0.0"))
        self.expect("redis-follower" not in self.get("deployments"), "redis-follower was pruned")
        self.show()
        chapter("Push version 3.0.0 with another image, signed by a stranger: it is refused, and 2.0.0 keeps running")
        self.publish(forged(EXAMPLES / "2.0.0"), "3.0.0", key=self.stranger)
        self.want("3.0.0")
        self.wait_for("the refusal", self.refused)
        status = self.pattern()["status"]
        self.expect(status["version"] == "2.0.0", "2.0.0 still runs")
        images = self.kubectl("-n", NAMESPACE, "get", "deployments", "-o", "jsonpath={..image}")
        self.expect(FORGED not in images, f"nothing of 3.0.0 was applied: {images}")
        self.show()
        print(f"\nwhy: {ready(status)['message']}")

    def publish(self, directory: Path, version: str, *, key: Path) -> None:
        """Push it, and sign the digest with a private key."""
        reference = f"oci://{self.repository}:{version}"
        said = command(PATTERNCTL, "push", "--insecure", directory.relative_to(ROOT), reference, "-o", "json")
        digest = json.loads(said)["digest"]
        print(f"$ patternctl push {directory.relative_to(ROOT)} {reference}\n{digest}")
        command(PATTERNCTL, "sign", "--insecure", "--key", key, f"oci://{self.repository}@{digest}")
        print(f"$ patternctl sign --key {key.name} oci://{self.repository}@{digest[:19]}...")

    def apply_pattern(self) -> None:
        """The namespace, the key, the pattern."""
        pattern = self.manifest("1.0.0")
        self.kubectl("create", "namespace", NAMESPACE)
        self.kubectl(
            "-n",
            NAMESPACE,
            "create",
            "secret",
            "generic",
            "cosign-public-key",
            f"--from-file=cosign.pub={self.team.with_suffix('.pub')}",
        )
        print(json.dumps(pattern["spec"], indent=2))
        self.kubectl("apply", "-f", "-", stdin=json.dumps(pattern))

    def want(self, version: str) -> None:
        """Ask for another version, as a commit to a Git repository would."""
        patch = json.dumps({"spec": {"source": {"ref": {"tag": version}}}})
        self.kubectl("-n", NAMESPACE, "patch", "dp", "guestbook", "--type=merge", "-p", patch)
        print(f"$ kubectl patch dp guestbook --type=merge -p '{patch}'")

    def manifest(self, version: str) -> dict[str, Any]:
        """The DesignPattern of examples/, pointed at this registry."""
        import yaml

        pattern: dict[str, Any] = yaml.safe_load((EXAMPLES / "designpattern.yaml").read_text())
        pattern["spec"]["source"] = {"url": f"oci://{self.repository}", "ref": {"tag": version}, "insecure": True}
        return pattern

    def pattern(self) -> dict[str, Any]:
        """The DesignPattern as it stands."""
        found: dict[str, Any] = self.kubectl.json("-n", NAMESPACE, "get", "dp", "guestbook")
        return found

    def get(self, what: str) -> str:
        """What kubectl shows."""
        return self.kubectl("-n", NAMESPACE, "get", what)

    def runs(self, version: str) -> bool:
        """Whether this version is Ready."""
        pattern = self.pattern()
        status = pattern.get("status", {})
        return (
            status.get("version") == version
            and ready(status).get("status") == "True"
            and status.get("observedGeneration") == pattern["metadata"]["generation"]
        )

    def refused(self) -> bool:
        """Whether the operator said that the signature is not one of the team's."""
        status = self.pattern()["status"]
        return ready(status).get("status") == "False" and ready(status).get("reason") == "SignatureUntrusted"

    def show(self) -> None:
        """What a person would look at."""
        for arguments in (("get", "dp"), ("get", "deployments,services")):
            print(f"$ kubectl {' '.join(arguments)}")
            print(self.kubectl("-n", NAMESPACE, *arguments))
        print("verified by:", *(v["authority"] for v in self.pattern()["status"].get("verifiedBy", ())))

    def wait_for(self, what: str, done: Callable[[], bool]) -> None:
        """Wait, saying so."""
        print(f"waiting for {what} ...", flush=True)
        begun = time.monotonic()
        while not done():
            if time.monotonic() - begun > PATIENCE:
                raise Failed(f"{what} did not come within {PATIENCE:.0f} s; {self.get('dp')}")
            time.sleep(0.2)  # a person's glance; kubectl wait cannot wait for two conditions at once
        print(f"... after {time.monotonic() - begun:.1f} s")

    def expect(self, fact: object, what: str) -> None:
        """Check a claim of the demo."""
        if not fact:
            raise Failed(f"expected: {what}")
        print(f"ok: {what}")


def key_pair(name: str) -> Path:
    """A new private key without a password; the public one lies beside it."""
    directory = DIRECTORY / "keys"
    directory.mkdir(exist_ok=True)
    command(PATTERNCTL, "generate-key-pair", "--output-key-prefix", directory / name)
    print(f"$ patternctl generate-key-pair --output-key-prefix {name}")
    return directory / f"{name}.key"


def forged(directory: Path) -> Path:
    """A copy of a pattern in which somebody has changed an image."""
    copy = DIRECTORY / "forged"
    shutil.copytree(directory, copy)
    design = copy / "design.yml"
    design.write_text(design.read_text().replace(IMAGE, FORGED))
    return copy


def ready(status: dict[str, Any]) -> dict[str, Any]:
    """The condition Ready."""
    found: dict[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    return found


def chapter(title: str) -> None:
    """A heading."""
    print(f"\n=== {title}", flush=True)


def command(*words: str | Path) -> str:
    """Run a program of ours; its standard output."""
    done = subprocess.run(
        list(map(str, words)),
        cwd=ROOT,
        env={**os.environ, "PATTERNCTL_KEY_PASSWORD": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        raise Failed(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def main() -> int:
    """Start everything, run the demo, stop everything (or print how to go on)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it all running at the end")
    parser.add_argument("--end", action="store_true", help="only end what an earlier --keep left running")
    options = parser.parse_args()
    end()
    if options.end:
        print("the demo is down")
        return 0
    chapter("Start a Kubernetes control plane, a registry and the operator")
    begun = time.monotonic()
    try:
        testbed = Testbed.start(DIRECTORY)
        testbed.start_registry()
        testbed.start_operator()
        print(f"up after {time.monotonic() - begun:.1f} s")
        Demo(testbed).tell()
    except (RuntimeError, OSError) as error:
        print(f"\nthe demo failed: {error}\nlogs: {DIRECTORY}", file=sys.stderr)
        if not options.keep:
            stop()
        return 1
    if options.keep:
        go_on(testbed.kubectl)
        return 0
    end()
    print(
        f"\nall of it in {time.monotonic() - begun:.0f} s; everything is ended. `make demo KEEP=1` leaves it running."
    )
    return 0


def go_on(kubectl: Kubectl) -> None:
    """How to go on by hand."""
    print(
        f"\nit is all still running. Go on with:\n  export KUBECONFIG={kubectl.kubeconfig.path}\n"
        f"  kubectl get dp -A\n  {PATTERNCTL} get -A\n  kubectl -n {NAMESPACE} describe dp guestbook\n"
        "end it with: make demo-down"
    )


def stop() -> None:
    """End what runs of a demo."""
    from tests.testbed import testbed

    if DIRECTORY.exists():
        testbed.stop(DIRECTORY)


def end() -> None:
    """End what runs of a demo, and remove its state."""
    stop()
    shutil.rmtree(DIRECTORY, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
