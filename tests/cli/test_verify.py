"""``patternctl verify``: what real cosign signed is verified, and nothing else is."""

import asyncio
import base64
import functools
import hashlib
import json
import re
from typing import Any

import pytest
from tests.cli.conftest import ALICE
from tests.planted import Shape, value
from tests.source.quirks import quirks
from tests.testbed.registry import Options
from tests.verify.local_sigstore import ISSUER, WORKFLOW, LocalSigstore, statement

from pattern_operator.api.reference import Digest
from pattern_operator.api.signing import SIGN
from pattern_operator.api.verification import VerificationResult, VerifiedSignature
from pattern_operator.cli import verify as command

YAML = "application/yaml"
NOBODY = "is signed by nobody who is trusted"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@pytest.fixture
def digest(repository):
    """An artifact under the tag 1.0.0 that nobody signed."""
    return repository.push("1.0.0", [(YAML, b"kind: ConfigMap\n")])


@pytest.fixture
def other(repository):
    """Another one, under the tag 2.0.0."""
    return repository.push("2.0.0", [(YAML, b"kind: Secret\n")])


@pytest.fixture(scope="module")
def stranger(cosign):
    return cosign.key_pair("stranger")


# --- verified ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["bundle", "cosign"])
def test_a_signature_of_cosign_is_found_and_told(patternctl, repository, digest, cosign, key_pair, form):
    sign = cosign.sign_bundle if form == "bundle" else cosign.sign_classic
    sign(repository.at(digest), key=key_pair)

    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.public)

    assert (done.code, done.err) == (0, "")
    assert f"verified  {repository.oci}:1.0.0\n" in done.out
    assert f"digest    {digest}\n" in done.out
    header, row = done.out.splitlines()[-2:]
    assert header.split("   ")[0] == "VERIFIED BY"
    assert row.split()[:2] == [str(key_pair.public), form]


@pytest.mark.parametrize("written", ["{oci}:1.0.0", "{bare}:1.0.0", "{oci}@{digest}", "{oci}:1.0.0@{digest}"])
def test_programs_are_told_in_json(patternctl, repository, digest, cosign, key_pair, written):
    cosign.sign_classic(repository.at(digest), key=key_pair)
    reference = written.format(oci=repository.oci, bare=repository.oci.removeprefix("oci://"), digest=digest)

    done = patternctl("verify", "--insecure", reference, "--key", key_pair.public, "-o", "json")

    assert (done.code, done.err) == (0, "")
    where = f"{digest.replace(':', '-')}.sig layer 1"
    assert done.json == {
        "reference": reference if reference.startswith("oci://") else f"oci://{reference}",
        "digest": digest,
        "verified": True,
        "admitted": True,
        "reason": "Succeeded",
        "message": f"{digest} is signed by {key_pair.public}",
        "verifiedBy": [
            {
                "authority": str(key_pair.public),
                "format": "cosign",
                "where": where,
                "keyId": fingerprint(key_pair),
                "identity": None,
                "issuer": None,
                "logIndex": None,
                "signedAt": None,
                "policies": [],
            }
        ],
        "policies": {"met": [], "unmet": []},
        "warnings": [],
        "authorities": [],
    }


def fingerprint(key_pair):
    """The SHA-256 of a public key."""
    der = base64.b64decode("".join(key_pair.pem.splitlines()[1:-1]))
    return hashlib.sha256(der).hexdigest()


def test_programs_are_told_in_yaml(patternctl, repository, digest, cosign, key_pair):
    cosign.sign_bundle(repository.at(digest), key=key_pair)

    done = patternctl("verify", "--insecure", repository.at(digest), "--key", key_pair.public, "-o", "yaml")

    assert done.code == 0
    (found,) = done.yaml
    assert found["verified"] is True
    assert found["verifiedBy"][0]["format"] == "bundle"


def test_any_one_of_several_keys_will_do(patternctl, repository, digest, cosign, key_pair, stranger):
    cosign.sign_bundle(repository.at(digest), key=key_pair)

    keys = ("--key", stranger.public, "--key", key_pair.public)
    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", *keys, "-o", "json")

    assert done.code == 0
    assert [it["authority"] for it in done.json["verifiedBy"]] == [str(key_pair.public)]


def test_the_credentials_are_those_of_docker_login(patternctl, start_registry, cosign, key_pair):
    repository = start_registry(Options(auth="bearer", account=ALICE)).repository()
    digest = repository.push("1.0.0", [(YAML, b"kind: ConfigMap\n")])
    cosign.sign_bundle(repository.at(digest), key=key_pair, account=ALICE)
    patternctl.log_in(repository.registry, name=ALICE.name, password=ALICE.password)

    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.public)

    assert (done.code, done.err) == (0, "")


# --- not verified ------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(patternctl, repository, digest, key_pair):
    """Verify 1.0.0 with the key, expecting a refusal; the JSON document."""

    def verify(*, key=key_pair.public):
        for_people = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key)
        done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key, "-o", "json")
        finding = done.json
        assert (done.code, for_people.code, for_people.out) == (1, 1, "")
        assert done.err == for_people.err
        assert done.err.startswith(f"patternctl: {finding['reason']}: {finding['message']}\n")
        assert (finding["reference"], finding["digest"]) == (f"{repository.oci}:1.0.0", digest)
        assert (finding["verified"], finding["verifiedBy"]) == (False, [])
        return finding

    return verify


def test_an_artifact_without_signature_is_refused(refused, repository, digest):
    finding = refused()

    assert finding["reason"] == "SignatureMissing"
    assert digest in finding["message"]
    assert f"{SIGN} --insecure oci://{repository.at(digest)}`" in finding["message"]


def test_a_signature_by_another_key_is_refused(refused, repository, digest, cosign, stranger):
    cosign.sign_bundle(repository.at(digest), key=stranger)

    assert refused()["reason"] == "SignatureUntrusted"


def test_a_signature_copied_from_another_artifact_is_refused(refused, repository, digest, other, cosign, key_pair):
    cosign.sign_classic(repository.at(other), key=key_pair)
    signature = repository.manifest(f"{other.replace(':', '-')}.sig")
    repository.push_manifest(signature.body, tag=f"{digest.replace(':', '-')}.sig")

    assert refused()["reason"] == "SignatureOfAnotherArtifact"


def test_a_bundle_copied_from_another_artifact_is_refused(refused, repository, digest, other, cosign, key_pair):
    cosign.sign_bundle(repository.at(other), key=key_pair)
    bundle = bundle_of(repository, other)
    repository.push(None, [(BUNDLE, bundle)], artifact_type=BUNDLE, subject=digest)

    assert refused()["reason"] == "SignatureOfAnotherArtifact"


def test_a_tampered_bundle_is_refused(refused, repository, digest, other, cosign, key_pair):
    cosign.sign_bundle(repository.at(other), key=key_pair)
    bundle = json.loads(bundle_of(repository, other))
    good = bundle["dsseEnvelope"]["payload"]
    bundle["dsseEnvelope"]["payload"] = ("A" if good[0] != "A" else "B") + good[1:]
    repository.push(None, [(BUNDLE, json.dumps(bundle).encode())], artifact_type=BUNDLE, subject=digest)

    assert refused()["reason"] == "SignatureUntrusted"


def test_a_signature_that_was_changed_on_the_way_is_refused(refused, registry, repository, digest, cosign, key_pair):
    cosign.sign_bundle(repository.at(digest), key=key_pair)

    with registry.faulty({"path": "/blobs/", "method": "GET", "tamper": "flip"}):
        assert refused()["reason"] == "SignatureInvalid"


def bundle_of(repository, digest):
    """The bundle that cosign wrote for an artifact."""
    (referrer,) = repository.referrers(digest)
    (layer,) = json.loads(repository.manifest(referrer["digest"]).body)["layers"]
    return repository.blob(layer["digest"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "KeyInvalid"),
        (b"-----BEGIN EC PRIVATE KEY-----\nMIGH\n-----END EC PRIVATE KEY-----\n", "is a private key"),
        (b"\xff" * 20_000, "has more than 16384 bytes"),
    ],
    ids=["empty", "private", "too long"],
)
def test_a_file_that_is_not_a_public_key_is_refused(
    refused, tmp_path, repository, digest, cosign, key_pair, content, says
):
    cosign.sign_bundle(repository.at(digest), key=key_pair)
    key = tmp_path / "cosign.pub"
    key.write_bytes(content)

    finding = refused(key=key)

    assert finding["reason"] == "KeyInvalid"
    assert says in f"{finding['reason']}: {finding['message']}"


# --- nobody could be asked ------------------------------------------------------------------------------------------


def finding_of(done):
    """The document of a verification that did not get as far as a digest."""
    assert done.code == 1
    assert (done.json["digest"], done.json["verified"], done.json["verifiedBy"]) == (None, False, [])
    return done.json


def test_a_key_that_is_not_there_is_said_before_anyone_is_asked(patternctl, registry, repository):
    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", "missing.pub", "-o", "json")

    assert (
        finding_of(done)["message"] == "the key missing.pub cannot be read (No such file or directory): name its file."
    )
    assert registry.requests() == {}


def test_without_credentials_it_says_how_to_log_in(patternctl, guarded, key_pair):
    reference = f"{guarded.repository().oci}:1.0.0"

    done = patternctl("verify", "--insecure", reference, "--key", key_pair.public, "-o", "json")

    assert finding_of(done)["reason"] == "AuthenticationRequired"
    assert f"log in with `docker login {guarded.address}`" in done.err
    assert "Secret" not in done.err


def test_a_wrong_password_is_refused_and_not_shown(patternctl, guarded, key_pair):
    patternctl.log_in(guarded.address, name=ALICE.name, password="wrong-pass-word")

    done = patternctl(
        "verify", "--insecure", f"{guarded.repository().oci}:1.0.0", "--key", key_pair.public, "-o", "json"
    )

    assert finding_of(done)["reason"] == "AuthenticationFailed"
    assert "pass-word" not in done.out + done.err


def test_a_docker_config_that_is_none_is_said(patternctl, repository, digest, key_pair):
    (patternctl.home / ".docker").mkdir()
    (patternctl.home / ".docker" / "config.json").write_text("{")

    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.public, "-o", "json")

    assert finding_of(done)["reason"] == "DockerConfigInvalid"


def test_a_registry_that_does_not_listen_is_not_a_missing_signature(patternctl, start_registry, key_pair):
    registry = start_registry(Options())
    registry.stop()

    done = patternctl(
        "verify", "--insecure", f"oci://{registry.address}/web:1.0.0", "--key", key_pair.public, "-o", "json"
    )

    assert finding_of(done)["reason"] == "RegistryUnavailable"
    assert "; run it again." in done.err
    assert "is retried later" not in done.err


def test_a_tag_that_is_not_there_is_said(patternctl, repository, digest, key_pair):
    done = patternctl("verify", "--insecure", f"{repository.oci}:3.0.0", "--key", key_pair.public, "-o", "json")

    assert finding_of(done)["reason"] == "ArtifactNotFound"


@pytest.mark.parametrize(
    "reference", ["web", "./design.yml", "oci://registry.example/Web", "oci://registry.example/web@1"]
)
def test_a_bad_reference_says_what_is_right(patternctl, key_pair, reference):
    done = patternctl("verify", reference, "--key", key_pair.public, "-o", "json")

    assert finding_of(done)["reason"] == "InvalidReference"
    assert "write oci://host[:port]/repository:tag, or @sha256:..." in done.err


def test_a_password_in_a_reference_is_not_shown(patternctl, key_pair):
    reference = f"oci://alice:{value(Shape.USERINFO)}@registry.example/web"
    done = patternctl("verify", reference, "--key", key_pair.public, "-o", "json")  # which looks for what was planted

    assert finding_of(done)["reason"] == "InvalidReference"


def test_without_a_key_the_command_line_is_wrong(patternctl):
    done = patternctl("verify", "oci://registry.example/web:1.0.0")

    assert (done.code, done.out) == (2, "")
    assert "say whom to trust: --key, --policy, --certificate-identity or --notation-policy" in done.err


@pytest.mark.parametrize("text", ["https://auth.example.com", "auth.example.com/token", "", "a b"])
def test_a_token_service_that_is_not_a_host_is_a_wrong_command_line(patternctl, key_pair, text):
    done = patternctl("verify", "oci://reg.example/web", "--key", key_pair.public, "--token-service", text)

    assert done.code == 2
    assert "must be host[:port] alone, as in auth.example.com" in done.err


async def test_a_token_service_of_another_host_is_told_where_it_is_named(patternctl, start_registry, cosign, key_pair):
    real = start_registry(Options(auth="bearer", account=ALICE))
    pushed = real.repository()
    digest = pushed.push("1.0.0", [(YAML, b"kind: ConfigMap\n")])
    await asyncio.to_thread(cosign.sign_bundle, pushed.at(digest), key=key_pair, account=ALICE)
    async with quirks(real.address) as proxy:
        host = f"localhost:{proxy.port}"
        patternctl.log_in(host, name=ALICE.name, password=ALICE.password)
        verify = functools.partial(
            patternctl, "verify", "--insecure", f"oci://{host}/{pushed.name}:1.0.0", "--key", key_pair.public
        )
        refused = await asyncio.to_thread(verify)
        done = await asyncio.to_thread(verify, "--token-service", real.address)

    assert refused.code == 1
    assert f"give --token-service {real.address}" in refused.err
    assert "source.tokenService" not in refused.err
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--certificate-identity", "a@example.com"], "go together: who, and who says so"),
        (["--certificate-oidc-issuer", "https://issuer.example"], "go together: who, and who says so"),
        (["--key", "cosign.pub", "--trusted-root", "root.json"], "--trusted-root goes with --certificate-identity"),
    ],
)
def test_flags_that_do_not_go_together_are_a_wrong_command_line(patternctl, flags, says):
    done = patternctl("verify", "oci://registry.example/web:1.0.0", *flags)

    assert (done.code, done.out) == (2, "")
    assert says in done.err


# --- policies -------------------------------------------------------------------------------------------------------


def trust_policy(name, *authorities, url="oci://**", **spec):
    body: dict[str, Any] = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "TrustPolicy"}
    body["metadata"] = {"name": name}
    return body | {"spec": {"match": [{"url": url}], "authorities": list(authorities), **spec}}


def of_key(key_pair, name="release", **more):
    return {"name": name, "key": {"data": key_pair.pem}, **more}


@pytest.fixture
def judged(patternctl, repository, digest, tmp_path):
    """Verify 1.0.0 by the policies of one file; for programs."""

    def verify(*documents, output="json", more=()):
        file = tmp_path / "policies.yaml"
        file.write_text("---\n".join(map(json.dumps, documents)).replace("}---", "}\n---"))
        flags = ("--policy", file, *more, "-o", output)
        return patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", *flags)

    return verify


def test_each_policy_that_covers_the_artifact_has_to_be_met(judged, repository, digest, cosign, key_pair, stranger):
    cosign.sign_bundle(repository.at(digest), key=key_pair)
    ours, theirs = trust_policy("ours", of_key(key_pair)), trust_policy("theirs", of_key(stranger, "stranger"))
    elsewhere = trust_policy("elsewhere", of_key(stranger), url="oci://registry.example/**")

    met, unmet = judged(ours, elsewhere), judged(ours, theirs)

    assert (met.code, met.json["policies"]) == (0, {"met": ["ours"], "unmet": []})
    assert met.json["verifiedBy"][0]["policies"] == ["ours"]
    assert (unmet.code, unmet.json["policies"]) == (1, {"met": ["ours"], "unmet": ["theirs"]})
    lines = {(each["policy"], each["authority"]): each["signed"] for each in unmet.json["authorities"]}
    assert lines == {("ours", "release"): True, ("theirs", "stranger"): False}
    assert "made with another key" in unmet.json["authorities"][1]["message"]


def test_a_person_is_told_of_each_authority_why_it_has_not_signed(judged, key_pair, stranger):
    done = judged(trust_policy("ours", of_key(key_pair), of_key(stranger, "stranger")), output="table")

    assert (done.code, done.out) == (1, "")
    assert re.search("TrustPolicy ours: release: SignatureMissing: .* has no signature", done.err)
    assert re.search("TrustPolicy ours: stranger: SignatureMissing: .* has no signature", done.err)


@pytest.mark.parametrize("signed", [True, False])
def test_where_a_policy_that_only_warns_is_not_met_nothing_is_verified(
    judged, repository, digest, cosign, key_pair, stranger, signed
):
    """Else who follows the docs ("warn first") has a pipeline that never fails."""
    ours = trust_policy("ours", of_key(stranger), mode="Warn")
    more: tuple[Any, ...] = ()
    if signed:
        cosign.sign_bundle(repository.at(digest), key=key_pair)
        more = ("--key", key_pair.public)

    done, told = judged(ours, more=more), judged(ours, more=more, output="table")

    by = key_pair.public if signed else "nobody who is trusted"
    assert (done.code, told.code) == (6, 6)
    assert (done.json["verified"], done.json["admitted"], done.json["reason"]) == (False, True, "PolicyWarning")
    assert done.json["message"] == f"{digest} is signed by {by}, and does not meet ours: admitted, as that only warns"
    assert (done.json["policies"], len(done.json["verifiedBy"])) == ({"met": [], "unmet": ["ours"]}, int(signed))
    assert "warning: " in done.err
    assert told.out.startswith("admitted  oci://")
    assert "verified  " not in told.out
    assert f"because   {done.json['message']}\n" in told.out


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({}, NOBODY),
        (
            {"unmet": ("a", "b")},
            "is signed by nobody who is trusted, and does not meet a, b: admitted, as that only warns",
        ),
        (
            {"unmet": ("a",), "undecided": ("b",)},
            f"{NOBODY}, and does not meet a, and is not known to meet b: admitted, as that only warns",
        ),
        (
            {"undecided": ("b",), "verified_by": (VerifiedSignature("me", "bundle", "x"),)},
            "is signed by me, and is not known to meet b: admitted, as that only warns",
        ),
        ({"met": ("a",), "verified_by": (VerifiedSignature("me", "bundle", "x"),)}, "is signed by me"),
    ],
)
def test_what_was_decided_is_said(result, said):
    digest = Digest.of(b"x")

    assert command._decided(VerificationResult(required=True, **result), digest) == f"{digest} {said}"


def test_a_policy_that_only_warns_and_is_met_verifies(judged, repository, digest, cosign, key_pair):
    cosign.sign_bundle(repository.at(digest), key=key_pair)

    done = judged(trust_policy("ours", of_key(key_pair), mode="Warn"))

    assert (done.code, done.json["verified"], done.json["policies"]["met"]) == (0, True, ["ours"])


def test_what_enforces_refuses_whatever_only_warns(judged, digest, key_pair):
    warns, enforces = trust_policy("warns", of_key(key_pair), mode="Warn"), trust_policy("enforces", of_key(key_pair))

    done = judged(warns, enforces)

    assert (done.code, done.json["verified"], done.json["admitted"]) == (1, False, False)


def test_a_policy_whose_condition_does_not_compile_is_told_before_anything_is_signed(judged, digest, key_pair):
    scan = {"name": "scan", "predicateType": "https://example.org/scan", "condition": "predicate.x =="}

    done = judged(trust_policy("ours", of_key(key_pair, attestations=[scan])))

    assert (done.code, done.json["reason"], done.json["policies"]["unmet"]) == (1, "PolicyInvalid", ["ours"])
    assert "authorities[0].attestations[0].condition ('scan' of 'release') does not compile: 1:15: Syntax" in done.err


def test_a_policy_that_is_given_twice_is_one_and_two_of_one_name_are_refused(judged, digest, key_pair, stranger):
    ours = trust_policy("ours", of_key(key_pair))

    twice, other = judged(ours, ours), judged(ours, trust_policy("ours", of_key(stranger)))

    assert twice.json["policies"]["unmet"] == ["ours"]
    assert other.json["reason"] == "PolicyInvalid"
    assert "has another TrustPolicy ours than was given before" in other.err


def test_the_secret_that_a_policy_names_is_looked_up_in_the_files(judged, repository, digest, cosign, key_pair):
    cosign.sign_bundle(repository.at(digest), key=key_pair)
    authority = {"name": "release", "key": {"secretRef": {"name": "release-key"}}}
    data = {"cosign.pub": base64.b64encode(key_pair.pem.encode()).decode()}
    secret: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "release-key"}, "data": data}
    config_map = secret | {"kind": "ConfigMap", "data": {"cosign.pub": key_pair.pem}}

    assert judged(trust_policy("ours", authority), secret).code == 0
    missing = judged(trust_policy("ours", authority), config_map)
    assert (missing.code, missing.json["reason"]) == (1, "SecretNotFound")
    assert "names the Secret release-key, which is not in the files: give its file as another --policy" in missing.err
    other = judged(trust_policy("ours", authority), secret | {"data": {"other.pub": data["cosign.pub"]}})
    assert other.json["reason"] == "PolicyInvalid"
    broken = judged(trust_policy("ours", authority), secret | {"data": {"cosign.pub": "%"}})
    assert "has an entry 'cosign.pub' that is not base64" in broken.err


def test_two_secrets_of_one_name_that_differ_are_refused_and_equal_ones_are_one(judged, digest, key_pair, stranger):
    authority = {"name": "release", "key": {"secretRef": {"name": "release-key"}}}

    def secret(namespace, key):
        metadata = {"name": "release-key", "namespace": namespace}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"cosign.pub": key.pem}}

    several = judged(trust_policy("ours", authority), secret("system", key_pair), secret("shop", stranger))
    equal = judged(trust_policy("ours", authority), secret("system", key_pair), secret("shop", key_pair))

    assert (several.code, several.json["reason"]) == (1, "PolicyInvalid")
    assert "has another Secret release-key than was given before" in several.err
    assert equal.json["reason"] == "SignatureMissing"


def test_what_a_designpattern_requires_is_required(judged, repository, digest, cosign, key_pair, stranger):
    cosign.sign_bundle(repository.at(digest), key=key_pair)
    pattern: dict[str, Any] = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "DesignPattern"}
    pattern["metadata"] = {"name": "web", "namespace": "shop"}
    source: dict[str, Any] = {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}

    def requiring(key):
        return pattern | {"spec": {"source": source, "verify": {"authorities": [{"key": {"data": key.pem}}]}}}

    assert judged(requiring(key_pair)).code == 0
    assert judged(requiring(stranger)).json["reason"] == "SignatureUntrusted"


def test_annotations_that_were_signed_can_be_required(judged, patternctl, repository, digest, key_pair):
    patternctl.variables.update(COSIGN_PASSWORD="")
    sign = ("sign", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.private)
    assert patternctl(*sign, "-a", "version=1.0.0").code == 0

    assert judged(trust_policy("ours", of_key(key_pair, annotations={"version": "1.0.0"}))).code == 0
    other = judged(trust_policy("ours", of_key(key_pair, annotations={"version": "2.0.0"})))
    assert "does not have the annotation 'version'" in other.json["message"]


@pytest.mark.parametrize("form", ["bundle", "att"])
def test_attestations_of_cosign_are_judged_by_their_condition(judged, repository, digest, cosign, key_pair, form):
    attest = cosign.attest_bundle if form == "bundle" else cosign.attest_classic
    kind = "https://example.org/scan/v1"
    attest(repository.at(digest), key=key_pair, predicate_type=kind, predicate={"critical": 0})

    def asking(condition, kind=kind):
        attestation = {"name": "scan", "predicateType": kind, "condition": condition}
        return judged(trust_policy("ours", of_key(key_pair, attestations=[attestation])))

    assert asking("predicate.critical == 0").code == 0
    assert "does not hold" in asking("predicate.critical > 0").json["message"]
    assert "does not compile" in asking("predicate.critical >").json["message"]
    assert asking("predicate.critical == 0", kind=f"{kind}x").code == 1


def test_a_policy_that_covers_nothing_of_it_verifies_nothing(judged, repository, digest, cosign, key_pair):
    cosign.sign_bundle(repository.at(digest), key=key_pair)

    done = judged(trust_policy("ours", of_key(key_pair), url="oci://registry.example/**"))

    assert (done.code, done.json["reason"]) == (1, "NoTrustPolicy")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "kind: TrustPolicy\nspec: {match: [{url: 'oci://**'}], authorities: [], keys: []}",
            "has a TrustPolicy that is",
        ),
        ("kind: TrustPolicy\nspec: {match: [{url: '**'}], authorities: [{name: a, key: {data: x}}]}", "TrustPolicy"),
        ("[", "is not YAML: line "),
        ("- 1", "has a document that is not an object"),
        ("kind: Policy", "NoTrustPolicy"),
        ("", "NoTrustPolicy"),
    ],
)
def test_a_file_that_is_no_policy_is_never_a_policy_without_requirements(
    patternctl, repository, digest, tmp_path, text, says
):
    file = tmp_path / "policies.yaml"
    file.write_text(text)

    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--policy", file)

    assert (done.code, done.out) == (1, "")
    assert says in done.err


def test_a_policy_that_is_not_there_is_said(patternctl, repository, digest):
    done = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--policy", "missing.yaml")

    assert "PolicyInvalid: missing.yaml cannot be read (No such file or directory): name its file." in done.err


# --- identities -----------------------------------------------------------------------------------------------------


@pytest.fixture
def keyless(patternctl, repository, digest, tmp_path):
    """Verify 1.0.0, which an identity of an instance of our own signed; ``root`` is that of another one."""
    local = LocalSigstore()
    content = json.dumps(local.sign(statement(digest))).encode()
    repository.push(None, [(BUNDLE, content)], artifact_type=BUNDLE, subject=digest)

    def verify(*, identity=WORKFLOW, issuer=ISSUER, root=local):
        file = tmp_path / "root.json"
        file.write_text(json.dumps(root.trusted_root()))
        who = ("--certificate-identity", identity, "--certificate-oidc-issuer", issuer, "--trusted-root", file)
        return patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", *who, "-o", "json")

    return verify


def test_an_identity_that_signed_without_a_key_is_told_with_its_log_entry(keyless):
    done = keyless()

    assert (done.code, done.err) == (0, "")
    (signature,) = done.json["verifiedBy"]
    assert (signature["identity"], signature["issuer"], signature["keyId"]) == (WORKFLOW, ISSUER, None)
    assert isinstance(signature["logIndex"], int)
    assert signature["signedAt"].startswith("2026-05-01T")


def test_another_identity_issuer_or_root_is_refused(keyless):
    others = (
        keyless(identity=f"{WORKFLOW}x"),
        keyless(identity=WORKFLOW[:-1]),
        keyless(issuer=f"{ISSUER}x"),
        keyless(root=LocalSigstore()),
    )

    assert [(done.code, done.json["reason"]) for done in others] == [(1, "SignatureUntrusted")] * len(others)


@pytest.mark.parametrize("content", ["", "{}", "[]", "no JSON"])
def test_a_trusted_root_that_is_none_trusts_nobody(patternctl, repository, digest, tmp_path, content):
    (tmp_path / "root.json").write_text(content)
    who = ("--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER)
    reference = f"{repository.oci}:1.0.0"

    done = patternctl("verify", "--insecure", reference, *who, "--trusted-root", tmp_path / "root.json", "-o", "json")

    assert (done.code, done.json["verified"]) == (1, False)
