"""``patternctl verify --layout``: a copy on this machine is verified as the repository that it is of."""

import json

import pytest

YAML = "application/yaml"
REF_NAME = "org.opencontainers.image.ref.name"


@pytest.fixture
def layout(repository, cosign, key_pair, tmp_path):
    """What ``oras copy -r`` writes: all manifests in one index, the artifact with its tag."""
    digest = repository.push("1.0.0", [(YAML, b"kind: ConfigMap\n")])
    cosign.sign_bundle(repository.at(digest), key=key_pair)
    folder = tmp_path / "layout"
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    listed = []
    for each in (digest, *(it["digest"] for it in repository.referrers(digest))):
        body = repository.manifest(each).body
        document = json.loads(body)
        (blobs / each.removeprefix("sha256:")).write_bytes(body)
        for blob in (document["config"], *document["layers"]):
            (blobs / blob["digest"].removeprefix("sha256:")).write_bytes(repository.blob(blob["digest"]))
        named = {"annotations": {REF_NAME: "1.0.0"}} if each == digest else {}
        listed.append({"mediaType": document["mediaType"], "digest": each, "size": len(body), **named})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": listed}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
def verified(patternctl, layout):
    def run(key, reference="oci://registry.example/patterns/web:1.0.0"):
        return patternctl("verify", reference, "--key", key, "--layout", layout, "-o", "json")

    return run


def digest_of(layout):
    return json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]


def test_a_copy_is_verified_without_a_registry(verified, registry, layout, key_pair):
    registry.stop()

    by_tag = verified(key_pair.public)
    by_digest = verified(key_pair.public, reference=f"oci://registry.example/patterns/web@{digest_of(layout)}")

    assert (by_tag.code, by_tag.err, by_tag.json["digest"]) == (0, "", digest_of(layout))
    assert by_digest.code == 0


def test_another_key_is_refused(verified, cosign):
    assert verified(cosign.key_pair("stranger").public).json["reason"] == "SignatureUntrusted"


def test_without_its_referrers_a_copy_is_unsigned(verified, layout, key_pair):
    index = json.loads((layout / "index.json").read_text())
    (layout / "index.json").write_text(json.dumps(index | {"manifests": index["manifests"][:1]}))

    assert verified(key_pair.public).json["reason"] == "SignatureMissing"


def test_a_changed_signature_does_not_count(verified, layout, key_pair):
    for blob in (layout / "blobs" / "sha256").iterdir():
        if b"dsseEnvelope" in blob.read_bytes():
            blob.write_bytes(blob.read_bytes().replace(b"sig", b"gis"))

    assert verified(key_pair.public).json["reason"] == "SignatureInvalid"


@pytest.mark.parametrize("tag", ["2.0.0", "1.0"])
def test_a_tag_that_the_layout_does_not_have_is_said(verified, key_pair, tag):
    done = verified(key_pair.public, reference=f"oci://registry.example/patterns/web:{tag}")

    assert done.json["reason"] == "ArtifactNotFound"
    assert f"tag {tag} is not there" in done.json["message"]


@pytest.mark.parametrize("content", ["", "[]", '{"manifests": [1]}', '{"manifests": [{"digest": "x"}]}'])
def test_a_layout_that_is_none_verifies_nothing(verified, layout, key_pair, content):
    (layout / "index.json").write_text(content)

    assert verified(key_pair.public).json["verified"] is False


def test_a_folder_that_is_not_there_is_said(patternctl, key_pair, tmp_path):
    reference = "oci://registry.example/patterns/web:1.0.0"

    done = patternctl("verify", reference, "--key", key_pair.public, "--layout", tmp_path / "nowhere", "-o", "json")

    assert (done.code, done.json["reason"]) == (1, "ArtifactNotFound")


def test_a_link_in_a_layout_is_not_followed(verified, layout, key_pair, tmp_path):
    (layout / "index.json").rename(tmp_path / "index.json")
    (layout / "index.json").symlink_to(tmp_path / "index.json")

    assert verified(key_pair.public).json["reason"] == "ArchiveRefused"
