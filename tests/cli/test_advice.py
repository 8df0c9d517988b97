"""The command that a refusal ends in is run as it stands, and the policy is met."""

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.cli.program import PROGRAM
from tests.testbed.notation import Notation
from tests.testbed.paths import BIN
from tests.verify import pki
from tests.verify.pki import CODE_SIGNING
from tests.verify.x509.test_revocation import crl_at

SCAN = {"name": "scan", "predicateType": "https://example.org/scan/v1", "condition": "predicate.critical == 0"}


@pytest.fixture
def verify(patternctl, repository, key_pair, tmp_path):
    """Verify 1.0.0 by a policy with one key and more."""

    def run(of_authority, of_policy):
        authority = {"name": "release", "key": {"data": key_pair.pem}, **of_authority}
        spec = {"match": [{"url": "oci://**"}], "authorities": [authority], **of_policy}
        body = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "TrustPolicy", "metadata": {"name": "ours"}}
        file = tmp_path / "policy.yaml"
        file.write_text(json.dumps(body | {"spec": spec}))
        return patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--policy", file)

    return run


@pytest.fixture
def shell(patternctl, key_pair):
    """Run a line as the author does, beside the private key and what is to be attested."""
    shutil.copy(key_pair.private, patternctl.home / "cosign.key")
    (patternctl.home / "predicate.json").write_text(json.dumps({"critical": 0}))
    passwords = dict.fromkeys(("COSIGN_PASSWORD", "PATTERNCTL_KEY_PASSWORD"), "")
    path = f"{PROGRAM.parent}:{BIN}:{os.environ['PATH']}"

    def run(line):
        environment = patternctl.environment | passwords | {"PATH": path}
        command = ["bash", "-euc", line]
        done = subprocess.run(
            command, cwd=patternctl.home, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr

    return run


@pytest.mark.parametrize("before", ["nothing", "a signature of something else"])
@pytest.mark.parametrize(
    ("authority", "policy"),
    [
        pytest.param({}, {}, id="a key"),
        pytest.param({"annotations": {"version": "1.0.0", "note": "two words"}}, {}, id="annotations"),
        pytest.param({"annotations": {"a": "b"}}, {"repository": {"required": True}}, id="the repository"),
        pytest.param({"attestations": [SCAN]}, {}, id="an attestation"),
    ],
)
def test_the_command_of_a_refusal_makes_the_artifact_pass(
    verify, shell, repository, cosign, key_pair, authority, policy, before
):
    digest = repository.push("1.0.0", [("application/yaml", b"kind: ConfigMap\n")])
    if before != "nothing":
        found = {"predicate_type": SCAN["predicateType"], "predicate": {"critical": 1}}
        cosign.attest_bundle(repository.at(digest), key=key_pair, **found)
        if authority:
            cosign.sign_bundle(repository.at(digest), key=key_pair)

    refused = verify(authority, policy)
    (command,) = re.findall("`(.*?)`", refused.err)
    shell(command)

    assert refused.code == 1
    assert ("The signer is right and what was signed is not: " in refused.err) is (before != "nothing")
    assert verify(authority, policy).code == 0


def test_where_it_is_not_known_whether_a_certificate_is_revoked_nobody_is_told_to_sign(
    patternctl, repository, tmp_path
):
    digest = repository.push("1.0.0", [("application/yaml", b"kind: ConfigMap\n")])
    hour, now = timedelta(hours=1), datetime.now(UTC).replace(microsecond=0)
    validity = {"not_before": now - hour, "not_after": now + hour}
    root = pki.root("C=US,ST=WA,O=Notary,CN=root", **validity)
    extensions = [*CODE_SIGNING, crl_at("http://127.0.0.1:1/list.crl")]
    leaf = root.issue("C=US,ST=WA,O=Notary,CN=signer", extensions=extensions, **validity)
    program = Notation(tmp_path / "notation")
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    program.add_key("release", key=key, chain=leaf.pem + root.pem)
    program.sign(repository.at(digest), key="release", envelope="jws")
    store = tmp_path / "truststore" / "x509" / "ca" / "release"
    store.mkdir(parents=True)
    (store / "root.pem").write_bytes(root.pem)
    statement = {"name": "release", "registryScopes": ["*"], "signatureVerification": {"level": "strict"}}
    statement |= {"trustStores": ["ca:release"], "trustedIdentities": ["*"]}
    policy = tmp_path / "trustpolicy.json"
    policy.write_text(json.dumps({"version": "1.0", "trustPolicies": [statement]}))

    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--notation-policy", policy)

    assert done.code == 1
    assert done.err.startswith("patternctl: RevocationUnknown: ")
    assert "`" not in done.err
    assert "run it again" in done.err
