"""Which signatures a copy has, as docs/ci.md tells it."""

import pytest


@pytest.mark.parametrize(("form", "is_there"), [("classic", True), ("bundle", False)])
def test_cosign_copies_the_signatures_of_tags_and_leaves_referrers_behind(
    patternctl, repository, registry, cosign, key_pair, form, is_there
):
    digest = repository.push("1.0.0", [("application/yaml", b"kind: ConfigMap\n")])
    sign = cosign.sign_classic if form == "classic" else cosign.sign_bundle
    sign(repository.at(digest), key=key_pair)
    copy = registry.repository(f"{repository.name}-copy-{form}")

    cosign.copy(repository.at(digest), f"{copy.registry}/{copy.name}:1.0.0")
    done = patternctl("verify", "--insecure", f"{copy.oci}:1.0.0", "--key", key_pair.public, "-o", "json")

    assert done.json["digest"] == digest
    assert (done.json["verified"], done.json["reason"]) == (
        is_there,
        "Succeeded" if is_there else "SignatureMissing",
    )
