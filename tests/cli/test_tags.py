"""``patternctl tags``: what a repository has, the highest version first."""

import pytest
import yaml
from tests.cli.conftest import ALICE

CONTENT = [("application/yaml", b"kind: ConfigMap\n")]


@pytest.fixture
def tagged(repository):
    """A repository with three versions, a tag that is none, and one of cosign's; the digest."""
    digest = repository.push("1.2.0", CONTENT)
    for tag in ("1.10.0", "1.3.0-rc.1", "latest", f"{digest.replace(':', '-')}.sig"):
        repository.tag(digest, tag)
    return digest


def test_the_versions_are_listed_the_highest_first(patternctl, repository, tagged):
    done = patternctl("tags", "--insecure", repository.oci)

    assert (done.code, done.err) == (0, "")
    assert [line.split() for line in done.out.splitlines()] == [
        ["TAG", "VERSION", "PRE-RELEASE"],
        ["1.10.0", "1.10.0", "<none>"],
        ["1.3.0-rc.1", "1.3.0-rc.1", "yes"],
        ["1.2.0", "1.2.0", "<none>"],
        ["latest", "<none>", "<none>"],
    ]


def test_programs_are_told_in_json_and_yaml(patternctl, repository, tagged):
    done = patternctl("tags", "--insecure", repository.oci, "--digests", "--limit", "1", "-o", "json")

    assert (done.code, done.err) == (0, "")
    assert done.json == {
        "repository": repository.oci,
        "tags": [{"tag": "1.10.0", "version": "1.10.0", "preRelease": False, "digest": tagged}],
        "more": 3,
    }
    again = patternctl("tags", "--insecure", repository.oci, "--digests", "--limit", "1", "-o", "yaml")
    assert yaml.safe_load(again.out) == done.json


def test_without_a_wish_no_digest_is_asked_for(patternctl, repository, registry, tagged):
    registry.forget_requests()

    done = patternctl("tags", "--insecure", repository.oci, "-o", "json")

    assert {each["digest"] for each in done.json["tags"]} == {None}
    assert [each for each in registry.requests() if "manifests" in each] == []


def test_a_range_and_a_limit_leave_the_rest_out_and_count_it(patternctl, repository, tagged):
    done = patternctl("tags", "--insecure", repository.oci, "--semver", ">=1.0.0-0", "--limit", "2")

    assert [line.split()[0] for line in done.out.splitlines()] == ["TAG", "1.10.0", "1.3.0-rc.1", "and"]
    assert done.out.endswith("and 1 more\n")


def test_where_none_is_in_the_range_that_is_said(patternctl, repository, tagged):
    done = patternctl("tags", "--insecure", repository.oci, "--semver", ">=9")

    assert (done.code, done.out) == (0, "")
    assert done.err == f"patternctl: {repository.oci} has no version in >=9\n"


def test_a_range_that_is_none_is_refused_by_the_name_of_its_flag(patternctl):
    done = patternctl("tags", "oci://registry.example/web", "--semver", ">=x.y")

    assert done.code == 1
    assert done.err.startswith("patternctl: InvalidReference: --semver '>=x.y' is not a range of versions")


@pytest.mark.parametrize("ending", [":1.0.0", f"@sha256:{'0a' * 32}", f":1.0.0@sha256:{'0a' * 32}"])
def test_a_reference_to_one_artifact_is_refused(patternctl, ending):
    done = patternctl("tags", f"oci://registry.example/web{ending}")

    assert (done.code, done.out) == (2, "")
    assert "leave out the tag or digest, or use patternctl inspect" in done.err


@pytest.mark.parametrize("number", ["0", "-1", "x", "9999999"])
def test_a_limit_that_is_no_number_is_refused(patternctl, number):
    done = patternctl("tags", "oci://registry.example/web", "--limit", number)

    assert done.code == 2
    assert "must be a number from 1 on" in done.err or "expected one argument" in done.err


def test_a_repository_that_is_not_there_is_said(patternctl, registry):
    done = patternctl("tags", "--insecure", f"oci://{registry.address}/nobody/nothing")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: ArtifactNotFound: ")


def test_a_registry_that_does_not_let_us_in_is_said(patternctl, guarded):
    repository = guarded.repository()
    repository.push("1.0.0", CONTENT)

    done = patternctl("tags", "--insecure", repository.oci)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: AuthenticationRequired: ")
    patternctl.log_in(guarded.address, name=ALICE.name, password=ALICE.password)
    assert patternctl("tags", "--insecure", repository.oci, "-o", "json").json["tags"][0]["tag"] == "1.0.0"


def test_a_page_that_is_no_list_of_tags_is_said(patternctl, registry, repository, tagged):
    with registry.faulty({"path": "/tags/list", "status": 200, "body": '{"tags": 5}'}):
        done = patternctl("tags", "--insecure", repository.oci)

    assert (done.code, done.out) == (1, "")
    assert "has tags that are not a list" in done.err
