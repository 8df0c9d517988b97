"""Which paths are fetched, as kustomize decides it."""

import pytest

from pattern_operator.render.kustomize.remote import is_fetched, is_remote_file, is_repository

# Of kustomize 5.8, api/internal/git/repospec_test.go: what it reads as a repository, and what it does not.
REPOSITORIES = (
    "git@github.com:kubernetes-sigs/kustomize//examples/multibases/dev/?ref=v1.0.6",
    "https://github.com/kubernetes-sigs/kustomize//examples",
    "http://h.example:8080/org/name.git",
    "git::https://fabrikops2.visualstudio.com/someorg/somerepo?ref=master",
    "https://fabrikops2.visualstudio.com/_git/someorg/somerepo?ref=master&submodules=false",
    "file:///var/run/repo",
    "file://a/b/c/someRepo.git?ref=main",
    "ssh://git@ssh.github.com:443/YOUR-USERNAME/YOUR-REPOSITORY.git",
    "git::git@github.com:org/name",
    "org-12345@github.com:kubernetes-sigs/kustomize",
    "https://git-codecommit.us-east-2.amazonaws.com/someorg/somerepo",
    "GITHUB.com/org/name",
)
LOCAL = (
    "",
    "base",
    "./github.com/org/name",
    "../base",
    "/srv/github.com/org/name",
    "host.com/x",
    "gitlab.com/org/name",
    "github.com",
    "github.com/only",
    "iauhsdiuashduas",
    "user@",
    "a:b",
    "-f",
    "ftp://h.example/a/b",
    "git@host.example",
    "github.com/org/name//../../out",
)


@pytest.mark.parametrize("path", REPOSITORIES)
def test_a_repository_is_known_in_each_spelling(path: str) -> None:
    assert is_repository(path)
    assert is_fetched(path)


@pytest.mark.parametrize("path", LOCAL)
def test_a_local_path_is_no_repository(path: str) -> None:
    assert not is_fetched(path)


@pytest.mark.parametrize("path", ["http://a", "https://a/b.yaml", "HTTPS:a", "Http://a"])
def test_what_has_the_scheme_of_the_web_is_a_remote_file(path: str) -> None:
    assert is_remote_file(path)


@pytest.mark.parametrize("path", ["httpx://a", "./http://a", "file:///a", ""])
def test_what_has_another_scheme_is_no_remote_file(path: str) -> None:
    assert not is_remote_file(path)
