"""The commands of docs/verify.md are run as they stand, in their order, against a real registry and the real tools."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.cli.program import PROGRAM
from tests.testbed import kubectl
from tests.testbed.cosign import Cosign
from tests.testbed.notation import Notation
from tests.testbed.paths import BIN, ROOT
from tests.verify import pki
from tests.verify.pki import CODE_SIGNING

from pattern_operator.cli.imports.cluster_image import PREDICATE_TYPES

PAGE = (ROOT / "docs" / "verify.md").read_text()
IMAGE = "registry.example/patterns/web"
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
# The registry speaks plain http; commands that need a cluster are not run.
WRAPPERS = {
    "patternctl": 'case "$1" in push|sign|verify) set -- "$@" --insecure;; esac\nexec {program} "$@"',
    "cosign": 'case "$1" in sign|attest) set -- "$@" --allow-http-registry --yes;;'
    ' verify) set -- "$@" --allow-http-registry;; esac\nexec {program} "$@"',
    "notation": 'exec {program} "$@" --insecure-registry',
    "kubectl": 'case "$*" in *--dry-run=client*) exec {program} "$@";; esac',
}


def blocks(kind):
    """The blocks of the page of one language."""
    found: list[str] = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture
def home(tmp_path):
    """A home with what the page supposes: a pattern, a report of a scan, and the programs."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "web.yaml").write_text(MANIFEST)
    (tmp_path / "scan.json").write_text(json.dumps({"critical": 0, "findings": [{"id": "a", "severity": "LOW"}]}))
    for block in blocks("yaml"):
        if named := re.match(r"# (\S+\.yaml)\n", block):
            (tmp_path / named[1]).write_text(block)
    programs = {"patternctl": PROGRAM, "cosign": BIN / "cosign", "notation": BIN / "notation"}
    programs["kubectl"] = Path(kubectl.BINARY)
    (tmp_path / "bin").mkdir()
    for name, script in WRAPPERS.items():
        path = tmp_path / "bin" / name
        path.write_text("#!/bin/sh\n" + script.replace("{program}", str(programs[name])) + "\n")
        path.chmod(0o755)
    return tmp_path


@pytest.fixture
def notation(home):
    """notation with a key, and a trust policy for its root."""
    hour, now = timedelta(hours=1), datetime.now(UTC).replace(microsecond=0)
    validity = {"not_before": now - hour, "not_after": now + hour}
    root = pki.root("C=US,ST=WA,O=Notary,CN=root", **validity)
    leaf = root.issue("C=US,ST=WA,O=Notary,CN=signer", extensions=CODE_SIGNING, **validity)
    program = Notation(home / ".config")
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    program.add_key("release", key=key, chain=leaf.pem + root.pem)
    config = home / ".config" / "notation"
    (config / "truststore" / "x509" / "ca" / "release").mkdir(parents=True)
    (config / "truststore" / "x509" / "ca" / "release" / "root.pem").write_bytes(root.pem)
    statement = {
        "name": "release",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:release"],
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=Notary"],
    }
    (config / "trustpolicy.json").write_text(json.dumps({"version": "1.0", "trustPolicies": [statement]}))
    return program


def run(script, home):
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "DOCKER_CONFIG")},
        **dict.fromkeys(("HOME", "XDG_CACHE_HOME"), str(home)),
        "XDG_CONFIG_HOME": str(home / ".config"),
        **dict.fromkeys(("COSIGN_PASSWORD", "PATTERNCTL_KEY_PASSWORD"), ""),
        "PATH": f"{home / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=200, check=False)


def test_the_commands_of_the_page_do_what_it_says(home, notation, repository):
    pushed = blocks("sh")[0].splitlines()[1]
    at = f"{repository.registry}/{repository.name}"
    first = run(pushed.replace(IMAGE, at), home)
    assert first.returncode == 0, first.stderr
    digest = repository.manifest("1.0.0").headers["Docker-Content-Digest"]

    scripts = [block.replace(IMAGE, at).replace("sha256:...", digest) for block in blocks("sh")]
    done = [run(script, home) for script in scripts]

    assert [(script, each.stderr) for script, each in zip(scripts, done, strict=True) if each.returncode] == []
    assert "policies  release" in done[-1].stdout


def test_the_policy_of_the_page_refuses_another_version_and_a_scan_that_found_something(home, repository):
    keys = "patternctl generate-key-pair; patternctl generate-key-pair --output-key-prefix scanner"
    secrets = "\n".join(line for line in blocks("sh")[-1].splitlines() if "--dry-run=client" in line)
    at = f"{repository.registry}/{repository.name}"
    digest = repository.push("1.0.0", [("application/yaml", MANIFEST.encode())])
    verify = f"patternctl verify oci://{at}:1.0.0 " + " ".join(
        f"--policy {name}.yaml" for name in ("trustpolicy", "release-key", "scanner-key")
    )
    assert run(f"{keys}\n{secrets}", home).returncode == 0
    assert run(f"patternctl sign oci://{at}@{digest} --key cosign.key -a version=2.0.0", home).returncode == 0

    other = run(verify, home)
    assert other.returncode == 1
    assert "does not have the annotation 'version' with the value '1.0.0'" in other.stderr

    assert run(f"patternctl sign oci://{at}@{digest} --key cosign.key -a version=1.0.0", home).returncode == 0
    (home / "scan.json").write_text(json.dumps({"critical": 0, "findings": [{"id": "a", "severity": "HIGH"}]}))
    attest = next(line for line in blocks("sh")[-1].splitlines() if line.startswith("cosign attest"))
    assert run(attest.replace(IMAGE, at).replace("sha256:...", digest), home).returncode == 0

    found = run(verify, home)
    assert found.returncode == 1
    assert "what the condition of 'scan' is not true of: it does not hold" in found.stderr


TYPES = re.findall(r"^\| (.*?) \| `(https://\S+)` \| (.*?) \|$", PAGE, re.MULTILINE)
LINK = {
    "_type": "link",
    "name": "x",
    "command": [],
    "materials": {},
    "products": {},
    "byproducts": {},
    "environment": {},
}


@pytest.mark.parametrize(
    ("short", "predicate_type", "predicate"),
    [(short, kind, said) for names, kind, said in TYPES for short in re.findall("`([a-z0-9]+)`", names)],
)
def test_the_types_of_cosign_are_those_of_the_page(tmp_path, short, predicate_type, predicate):
    cosign = Cosign(tmp_path)
    given = json.dumps(LINK if short == "link" else {"a": 1})

    made = cosign.statement(predicate_type=short, predicate=given, key=cosign.key_pair())

    assert made["predicateType"] == predicate_type
    assert isinstance(made["predicate"], str) is (predicate == "the file, as one text")
    assert ("Data" in made["predicate"]) is (short == "custom")


def test_an_import_knows_the_types_of_the_page():
    told = {short: kind for names, kind, _ in TYPES for short in re.findall("`([a-z0-9]+)`", names)}

    assert told == PREDICATE_TYPES
