"""``patternctl policy import``: what is printed is a TrustPolicy, and what was lost is said and counts."""

import json

import pytest
import yaml

from pattern_operator.api.trust_policy import decode

KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"


@pytest.fixture
def imported(patternctl, tmp_path):
    """Import documents, each in a file of its own."""

    def run(**documents):
        paths = []
        for name, document in documents.items():
            path = tmp_path / f"{name}.yaml"
            path.write_text(json.dumps(document))
            paths.append(path)
        return patternctl("policy", "import", *paths)

    return run


def cluster_image_policy(*authorities):
    spec = {"images": [{"glob": "registry.example/**"}], "authorities": list(authorities)}
    return {"kind": "ClusterImagePolicy", "metadata": {"name": "images"}, "spec": spec}


def test_what_is_carried_over_as_a_whole_is_printed_with_where_it_is_from(imported):
    done = imported(policy=cluster_image_policy({"name": "release", "key": {"data": KEY}}))

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("---\n# from /")
    (body,) = yaml.safe_load_all(done.out)
    (authority,) = decode(body).spec.authorities
    assert authority.key is not None
    assert authority.key.data == KEY


def test_what_is_lost_is_said_and_in_a_comment_and_makes_another_exit_code(imported):
    done = imported(policy=cluster_image_policy({"name": "a", "key": {"data": KEY}}, {"static": {"action": "pass"}}))

    lost = "the authority 'authority-1' of the ClusterImagePolicy 'images' admits everything, and is left out"
    assert done.code == 5
    assert done.err.endswith(f"policy.yaml: {lost}\n")
    assert f"# not carried over: {lost}\n" in done.out
    assert len(done.yaml) == 1


def test_secrets_beside_a_policy_of_flux_are_used(imported):
    verify = {"provider": "cosign", "secretRef": {"name": "keys"}}
    repository = {"kind": "OCIRepository", "metadata": {"name": "web"}}
    repository |= {"spec": {"url": "oci://registry.example/web", "verify": verify}}
    secret = {"kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"a.pub": KEY}}

    done = imported(secret=secret, repository=repository)

    assert (done.code, done.err) == (0, "")
    assert done.yaml[0]["spec"]["authorities"] == [{"name": "a", "key": {"data": KEY}}]


def test_policies_of_one_name_do_not_replace_each_other(imported):
    policy = cluster_image_policy({"name": "release", "key": {"data": KEY}})

    done = imported(a=policy, b=policy, c=policy)

    assert [each["metadata"]["name"] for each in done.yaml] == ["images", "images-2", "images-3"]


def test_where_nothing_can_be_carried_over_nothing_is_printed(imported):
    done = imported(policy={"default": [{"type": "reject"}]})

    assert (done.code, done.out) == (5, "")
    assert "--unsigned=Deny" in done.err
    assert "nothing of these files became a policy" in done.err


def test_files_without_any_policy_are_a_failure(imported):
    done = imported(secret={"kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"a.pub": KEY}})

    assert (done.code, done.out) == (1, "")
    assert "these files have no policy" in done.err


@pytest.mark.parametrize(
    ("document", "what"),
    [({"kind": "Kustomization", "metadata": {"name": "web"}}, "Kustomization 'web'"), ({}, "a document without kind")],
)
def test_what_is_no_policy_is_named_and_left_out(patternctl, tmp_path, document, what):
    policy = cluster_image_policy({"name": "release", "key": {"data": KEY}})
    path = tmp_path / "all.yaml"
    path.write_text("\n---\n".join(json.dumps(each) for each in (document, policy)))

    done = patternctl("policy", "import", path)

    assert done.code == 5
    assert done.err == f"patternctl: {path}: {what} is none of the policies that are read, and is left out\n"
    assert [each["metadata"]["name"] for each in done.yaml] == ["images"]


def test_without_a_command_below_it_the_command_line_is_wrong(patternctl):
    assert patternctl("policy").code == 2
    assert patternctl("policy", "export", "x").code == 2
    assert patternctl("policy", "import").code == 2
    assert "examples:" in patternctl("policy", "import", "--help").out


def test_verbose_may_be_said_behind_a_command_below_another(imported, patternctl, tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text("}")

    done = patternctl("policy", "import", path, "-v")

    assert done.code == 1
    assert "is not YAML" in done.err
    assert "because: " in done.err
    assert "import --help" in patternctl("policy", "import", path, "--trust").err
