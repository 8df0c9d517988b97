"""A ClusterImagePolicy becomes a TrustPolicy that admits no more; what cannot be said is left out and named."""

from typing import Any

import pytest

from pattern_operator.cli.imports import cluster_image

KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
OF_KEY = {"name": "release", "key": {"data": KEY}}


def policy(*authorities, images=("registry.example/patterns/**",), **spec):
    return {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": "images"},
        "spec": {"images": [{"glob": each} for each in images], "authorities": list(authorities), **spec},
    }


def spec_of(carried):
    (draft,) = carried.policies
    return draft.body["spec"]


def test_keys_globs_and_mode_are_carried_over():
    carried = cluster_image.convert(policy(OF_KEY, images=["registry.example/patterns/**", "**"], mode="warn"))

    assert carried.lost == ()
    assert spec_of(carried) == {
        "match": [{"url": "oci://registry.example/patterns/**"}, {"url": "oci://**"}],
        "mode": "Warn",
        "authorities": [{"name": "release", "key": {"data": KEY}}],
    }


def test_identities_and_the_public_log_are_carried_over():
    identity = {"issuer": "https://issuer.example", "subjectRegExp": "https://git.example/.*"}
    keyless = {"keyless": {"url": "https://fulcio.sigstore.dev", "identities": [identity]}}
    logged = OF_KEY | {"ctlog": {"url": "https://rekor.sigstore.dev"}}

    carried = cluster_image.convert(policy(keyless, logged))

    assert carried.lost == ()
    assert spec_of(carried)["authorities"] == [
        {"name": "authority-0", "keyless": {"identities": [identity]}},
        {"name": "release", "key": {"data": KEY}, "transparencyLog": {"required": True}},
    ]


def test_an_attestation_has_its_whole_type_and_no_condition_is_taken_for_true():
    cue = {"type": "cue", "data": "predicate: {}"}
    attestations: list[dict[str, Any]] = [{"name": "build", "predicateType": "slsaprovenance1"}]
    attestations += [{"name": "scan", "predicateType": "https://example.org/scan/v1", "policy": cue}]

    carried = cluster_image.convert(policy(OF_KEY | {"attestations": attestations}))

    assert spec_of(carried)["authorities"][0]["attestations"] == [
        {"name": "build", "predicateType": "https://slsa.dev/provenance/v1"},
        {"name": "scan", "predicateType": "https://example.org/scan/v1", "condition": "false"},
    ]
    assert carried.lost == (
        "the attestation 'scan' of the authority 'release' of the ClusterImagePolicy 'images' has a policy in cue:"
        " write it as a condition in CEL, in place of `false`",
    )


@pytest.mark.parametrize(
    ("authority", "says"),
    [
        ({"static": {"action": "pass"}}, "admits everything, and is left out"),
        ({"key": {"kms": "gcpkms://x"}}, "has a key that is neither data nor a Secret, and is left out"),
        ({"keyless": {"url": "https://fulcio.example", "identities": [{"issuer": "a", "subject": "b"}]}}, "nobody of"),
        ({"keyless": {"identities": [{"issuer": "a"}]}}, "has an identity without one issuer and one subject"),
        ({"keyless": {"identities": [], "trustRootRef": "my-sigstore"}}, "has a trust root of its own"),
        ({"key": {"data": KEY}, "ctlog": {"trustRootRef": "my-sigstore"}}, "has a trust root of its own"),
        ({"key": {"data": KEY}, "ctlog": {"url": "https://rekor.example"}}, "has a transparency log of its own"),
        ({"key": {"data": KEY}, "rfc3161timestamp": {"url": "https://tsa"}}, "requires a timestamp"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_authority_that_cannot_be_said_is_left_out_and_named(authority, says):
    beside, alone = cluster_image.convert(policy(authority, OF_KEY)), cluster_image.convert(policy(authority))

    assert [each["name"] for each in spec_of(beside)["authorities"]] == ["release"]
    assert alone.policies == ()
    for carried in (beside, alone):
        assert says in " ".join(carried.lost)


def test_a_key_in_a_secret_is_named_with_where_it_has_to_be():
    carried = cluster_image.convert(policy({"name": "a", "key": {"secretRef": {"name": "k", "namespace": "x"}}}))

    assert spec_of(carried)["authorities"] == [{"name": "a", "key": {"secretRef": {"name": "k"}}}]
    assert "has to be in the operator's namespace" in carried.lost[0]


@pytest.mark.parametrize("glob", ["*", "busybox", "registry.example/web:*", "registry.example/web@sha256:*", ""])
def test_a_glob_that_cannot_be_said_is_named(glob):
    carried = cluster_image.convert(policy(OF_KEY, images=[glob]))

    assert carried.policies == ()
    assert "cannot be said here" in carried.lost[0]


def test_a_policy_over_all_authorities_leaves_out_the_whole():
    carried = cluster_image.convert(policy(OF_KEY, policy={"type": "cue", "data": "x"}))

    assert carried.policies == ()
    assert "nothing was written of it" in carried.lost[0]
