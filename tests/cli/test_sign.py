"""``patternctl sign``: what it signs is verified by real cosign and the operator; a tag that moves is not signed."""

import json
import os
import pty
import re
import subprocess

import pytest
from tests.cli.conftest import ALICE
from tests.cli.program import ENDS_WITHIN, PROGRAM, read_terminal
from tests.testbed.cosign import CosignFailed
from tests.testbed.registry import Options

YAML = "application/yaml"
KINDS = {
    "P-256": ["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
    "P-384": ["ecparam", "-name", "secp384r1", "-genkey", "-noout"],
    "P-521": ["ecparam", "-name", "secp521r1", "-genkey", "-noout"],
    "RSA": ["genrsa", "2048"],
    "Ed25519": ["genpkey", "-algorithm", "ed25519"],
}


@pytest.fixture
def digest(repository):
    """An artifact under the tag 1.0.0 that nobody signed."""
    return repository.push("1.0.0", [(YAML, b"kind: ConfigMap\n")])


@pytest.fixture
def sign(patternctl, repository, digest, key_pair):
    """Sign 1.0.0 with the key of the testbed's cosign, whose password is empty."""

    def sign(*more, reference=f"{repository.oci}:1.0.0", key=key_pair.private, password=""):
        patternctl.variables.update(PATTERNCTL_KEY_PASSWORD=password)
        return patternctl("sign", "--insecure", reference, "--key", key, *more)

    return sign


# --- accepted -------------------------------------------------------------------------------------------------------


def test_a_signature_is_verified_by_cosign_and_by_the_operator(patternctl, sign, repository, digest, cosign, key_pair):
    done = sign()

    assert (done.code, done.err) == (0, "")
    (referrer,) = repository.referrers(digest)
    signed, of, key, signature = done.out.splitlines()
    assert signed == f"signed     {repository.oci}:1.0.0"
    assert of == f"digest     {digest}"
    assert signature == f"signature  {referrer['digest']}, listed by the registry"
    assert len(key.split()[1]) == 64
    cosign.verify(repository.at(digest), key=key_pair.public)
    verified = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.public, "-o", "json")
    assert [each["format"] for each in verified.json["verifiedBy"]] == ["bundle"]


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_openssl_sign_what_cosign_and_the_operator_verify(
    patternctl, sign, repository, digest, cosign, tmp_path, kind
):
    key, public = tmp_path / "private.pem", tmp_path / "public.pem"
    key.write_bytes(subprocess.run(["openssl", *KINDS[kind]], capture_output=True, check=True).stdout)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], capture_output=True, check=True)

    assert sign(key=key).code == 0

    cosign.verify(repository.at(digest), key=public)
    assert patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", public).code == 0


def test_annotations_are_signed_so_that_cosign_can_require_them(sign, repository, digest, cosign, key_pair):
    done = sign("-a", "version=1.0.0", "--annotation", "note=a=b", "-o", "json")

    assert done.json["annotations"] == {"version": "1.0.0", "note": "a=b"}
    cosign.verify(repository.at(digest), key=key_pair.public, annotations={"version": "1.0.0", "note": "a=b"})
    with pytest.raises(CosignFailed, match="incorrect annotation"):
        cosign.verify(repository.at(digest), key=key_pair.public, annotations={"version": "2.0.0"})


def test_programs_are_told_in_json(sign, repository, digest):
    done = sign("-o", "json")

    (referrer,) = repository.referrers(digest)
    assert (done.code, done.err) == (0, "")
    assert len(done.json.pop("key")) == 64
    assert done.json == {
        "reference": f"{repository.oci}:1.0.0",
        "digest": digest,
        "key": done.json["key"],
        "annotations": {},
        "signature": referrer["digest"],
        "listedBy": "registry",
    }


def test_the_tag_and_the_manifest_of_the_artifact_stay_as_they_are(sign, repository, digest):
    before = repository.manifest("1.0.0").body

    sign()

    assert repository.manifest("1.0.0").body == before
    assert repository.tags() == ["1.0.0"]


def test_a_digest_is_signed_without_a_tag(sign, repository, digest, cosign, key_pair):
    assert sign(reference=f"{repository.oci}@{digest}").code == 0

    cosign.verify(repository.at(digest), key=key_pair.public)


def test_signing_again_adds_nothing_and_other_annotations_do(sign, repository, digest):
    sign()
    again, other = sign("-o", "json"), sign("-a", "version=2", "-o", "json")

    assert (again.code, again.json["signature"]) == (0, None)
    assert other.json["signature"] is not None
    assert len(repository.referrers(digest)) == 2
    again = sign().out
    key = re.search(r"^key        (\w{12})", again, re.MULTILINE)
    assert key is not None
    assert again.endswith(f"signature  was there already, by this key ({key[1]}): nothing was added\n")


def test_a_signature_of_another_key_does_not_keep_from_signing(sign, repository, digest, cosign):
    sign(key=cosign.key_pair("stranger").private)

    assert sign("-o", "json").json["signature"] is not None
    assert len(repository.referrers(digest)) == 2


def test_where_there_is_no_referrers_api_cosign_and_the_operator_find_it_by_the_tag(
    patternctl, start_registry, cosign, key_pair
):
    repository = start_registry(Options(referrers="fallback-tag")).repository()
    digest = repository.push("1.0.0", [(YAML, b"kind: ConfigMap\n")])
    cosign.sign_bundle(repository.at(digest), key=cosign.key_pair("first"))
    patternctl.variables.update(COSIGN_PASSWORD="")

    done = patternctl("sign", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.private, "-o", "json")

    tag = digest.replace(":", "-")
    assert done.json["listedBy"] == f"tag {tag}"
    assert len(json.loads(repository.manifest(tag).body)["manifests"]) == 2
    cosign.verify(repository.at(digest), key=key_pair.public)
    assert patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.public).code == 0


def test_cosign_adds_to_the_list_that_patternctl_made(patternctl, start_registry, cosign, key_pair):
    repository = start_registry(Options(referrers="fallback-tag")).repository()
    digest = repository.push("1.0.0", [(YAML, b"kind: ConfigMap\n")])
    other = cosign.key_pair("second")
    patternctl.variables.update(COSIGN_PASSWORD="")
    patternctl("sign", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.private)

    cosign.sign_bundle(repository.at(digest), key=other)

    for key in (key_pair, other):
        assert patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key.public).code == 0


def test_the_credentials_are_those_of_docker_login(patternctl, guarded, key_pair):
    repository = guarded.repository()
    repository.push("1.0.0", [(YAML, b"kind: ConfigMap\n")])
    patternctl.variables.update(COSIGN_PASSWORD="")
    command = ("sign", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.private)

    refused = patternctl(*command)
    patternctl.log_in(repository.registry, name=ALICE.name, password=ALICE.password)

    assert (refused.code, "AuthenticationRequired" in refused.err) == (1, True)
    assert patternctl(*command).code == 0


# --- refused --------------------------------------------------------------------------------------------------------


def test_a_tag_that_moves_meanwhile_is_not_signed(sign, registry, repository, digest):
    other = repository.push(None, [(YAML, b"kind: Secret\n")])
    body = repository.manifest(other)
    headers = {"Docker-Content-Digest": other, "Content-Type": body.headers["Content-Type"]}
    was = {"path": "/manifests/1.0.0$", "method": "HEAD", "headers": {"Docker-Content-Digest": digest}, "times": 1}
    now = {"path": "/manifests/1.0.0$", "method": "HEAD", "status": 200, "headers": headers}

    with registry.faulty(was | {"status": 200}, now):
        done = sign()

    assert (done.code, done.out) == (1, "")
    assert f"named {digest}, and names {other} now" in done.err
    assert "nothing was signed" in done.err
    assert f"{repository.oci}@{other}" in done.err
    assert repository.referrers(digest) == repository.referrers(other) == []


def test_a_wrong_password_is_said_and_nothing_is_asked(sign, registry, digest, key_pair):
    registry.forget_requests()

    done = sign(password="wrong")

    assert (done.code, registry.requests()) == (1, {})
    assert f"KeyInvalid: the key {key_pair.private} is not opened by this password" in done.err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read (No such file or directory): name its file."),
        (b"no key", "is not PEM. Make one with `patternctl generate-key-pair`."),
    ],
    ids=["missing", "none"],
)
def test_a_file_that_is_not_a_private_key_is_said(sign, tmp_path, content, says):
    key = tmp_path / "x.key"
    if content is not None:
        key.write_bytes(content)

    done = sign(key=key)

    assert (done.code, done.out) == (1, "")
    assert f"the key {key} {says}" in done.err


def test_the_public_key_is_told_from_the_private_one(sign, key_pair):
    assert "is a public key: the private one signs, as cosign.key" in sign(key=key_pair.public).err


def test_without_a_terminal_a_password_has_to_be_in_the_environment(patternctl, repository, digest, key_pair):
    done = patternctl("sign", "--insecure", f"{repository.oci}:1.0.0", "--key", key_pair.private)

    assert (done.code, done.out) == (2, "")
    assert f"the key {key_pair.private} is encrypted: give it in $PATTERNCTL_KEY_PASSWORD" in done.err


def test_what_is_not_there_is_not_signed(sign, repository):
    assert "ArtifactNotFound" in sign(reference=f"{repository.oci}:9.9.9").err


@pytest.mark.parametrize("text", ["version", "=1", ""])
def test_an_annotation_needs_a_name_and_a_value(sign, text):
    done = sign("-a", text)

    assert done.code == 2
    assert "must be NAME=VALUE" in done.err


# --- keys -----------------------------------------------------------------------------------------------------------


def at_terminal(patternctl, *arguments, types):
    """Run at a terminal of its own, where somebody types these lines when asked; the exit code, and what is shown."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        env=patternctl.environment,
        cwd=patternctl.home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as running:
        os.close(theirs)
        shown = ""
        for line in types:
            asked = b""
            while not asked.endswith(b": "):
                asked += os.read(ours, 1)
            shown += asked.decode()
            os.write(ours, f"{line}\n".encode())
        code = running.wait(timeout=ENDS_WITHIN)
    return code, shown + read_terminal(ours)


def test_a_password_is_asked_for_at_a_terminal_and_not_shown(patternctl, repository, digest):
    made = at_terminal(patternctl, "generate-key-pair", types=["hidden words", "hidden words"])
    command = ("sign", "--insecure", f"{repository.oci}:1.0.0", "--key", "cosign.key")
    signed = at_terminal(patternctl, *command, types=["hidden words"])

    assert (made[0], signed[0]) == (0, 0), made[1] + signed[1]
    assert "hidden" not in made[1] + signed[1]
    assert "password of cosign.key: " in signed[1]
    assert len(repository.referrers(digest)) == 1


def test_two_passwords_that_differ_make_no_key(patternctl):
    code, shown = at_terminal(patternctl, "generate-key-pair", types=["one", "other"])

    assert code == 2
    assert "the passwords are not the same: nothing was written" in shown
    assert list(patternctl.home.glob("cosign.*")) == []


@pytest.mark.parametrize("password", ["", "secret"])
def test_cosign_signs_with_a_key_that_patternctl_made(patternctl, repository, digest, cosign, password):
    patternctl.variables.update(PATTERNCTL_KEY_PASSWORD=password)

    made = patternctl("generate-key-pair", "--output-key-prefix", "release")

    private, public = patternctl.home / "release.key", patternctl.home / "release.pub"
    assert (made.code, made.err) == (0, "")
    assert [line.split()[2] for line in made.out.splitlines()] == ["release.key", "release.pub"]
    assert (private.stat().st_mode & 0o777, public.stat().st_mode & 0o777) == (0o600, 0o644)
    cosign.sign_with(private, repository.at(digest), password=password)
    cosign.verify(repository.at(digest), key=public)
    assert patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", public).code == 0


@pytest.mark.parametrize("there", ["cosign.key", "cosign.pub"])
def test_a_file_that_is_there_is_never_overwritten(patternctl, there):
    patternctl.variables.update(COSIGN_PASSWORD="")
    (patternctl.home / there).write_text("mine")

    done = patternctl("generate-key-pair")

    assert (done.code, done.out) == (1, "")
    assert done.err == f"patternctl: {there}: is there already, and is not overwritten: choose another prefix\n"
    assert [path.name for path in patternctl.home.glob("cosign.*")] == [there]
    assert (patternctl.home / there).read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(patternctl):
    patternctl.variables.update(COSIGN_PASSWORD="")

    done = patternctl("generate-key-pair", "--output-key-prefix", "keys/release")

    assert (done.code, done.err) == (1, "patternctl: keys/release.key: No such file or directory\n")
