"""A run is bounded, and its words are plain, whoever asks for it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.sandbox.programs.charts import helm

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.limits import (
    MAX_PROGRAM_DEPTH,
    MAX_PROGRAM_INPUT,
    MAX_SETTING,
    MAX_SETTINGS,
    MAX_UNPACKED_FILES,
    MAX_VALUES,
)
from pattern_operator.render.program import KustomizeBuild
from pattern_operator.sandbox.programs.judge_run import RunRefused, judge_run


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../b", "/etc/x", "a//b", "./a", "a/", "", "a\0b", "\ud800"],
)
def test_a_path_that_is_not_plain_is_refused(path: str):
    for run in (
        KustomizeBuild(files=(File(path, b""),)),
        KustomizeBuild(files=(), path=path),
        replace(helm(""), chart=path),
    ):
        with pytest.raises(RunRefused) as refused:
            judge_run(run)
        assert refused.value.reason is Reason.ARCHIVE_REFUSED


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([File("a", b"")] * 2, id="one path twice"),
        pytest.param([File("a", b""), File("a/b", b"")], id="a file and a folder"),
    ],
)
def test_files_that_cannot_lie_beside_each_other_are_refused(files: list[File]):
    with pytest.raises(RunRefused) as refused:
        judge_run(KustomizeBuild(files=tuple(files)))

    assert refused.value.reason is Reason.ARCHIVE_REFUSED


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([File(f"{each}.yaml", b"") for each in range(MAX_UNPACKED_FILES + 1)], id="files"),
        pytest.param([File(f"{each}/a/b/c/d.yaml", b"") for each in range(1_500)], id="folders"),
        pytest.param([File("a/" * MAX_PROGRAM_DEPTH + "a", b"")], id="depth"),
        pytest.param([File("a" * 256, b"")], id="a long name"),
        pytest.param([File("/".join(["a" * 200] * 6), b"")], id="a long path"),
        pytest.param([File("a", b" " * (MAX_PROGRAM_INPUT + 1))], id="bytes"),
    ],
)
def test_more_than_is_laid_out_is_refused(files: list[File]):
    with pytest.raises(RunRefused) as refused:
        judge_run(KustomizeBuild(files=tuple(files)))

    assert refused.value.reason is Reason.RESOURCE_LIMIT_EXCEEDED


@pytest.mark.parametrize(
    "words",
    [
        {"release": "-x"},
        {"release": "--post-renderer=x"},
        {"release": ""},
        {"namespace": "a,b"},
        {"namespace": "A"},
        {"kube_version": "1"},
        {"kube_version": "v1.34.1 --x"},
        {"api_versions": ("-x",)},
        {"api_versions": ("a,b",)},
        {"api_versions": ("a/v1\n",)},
        {"settings": ("a",)},
        {"settings": ("a=b",)},
        {"settings": ("a=1", "b=1,c=x")},
        {"settings": ("a=1\n",)},
        {"settings": ("=1",)},
        {"settings": ("a\0=1",)},
        {"settings": ("a" * MAX_SETTING + "=1",)},
    ],
)
def test_words_that_are_none_of_helm_are_refused(words: dict[str, Any]):
    with pytest.raises(RunRefused) as refused:
        judge_run(replace(helm(""), **words))

    assert refused.value.reason is Reason.INVALID_SPEC


@pytest.mark.parametrize(
    "much",
    [
        {"values": b" " * (MAX_VALUES + 1)},
        {"api_versions": tuple(f"a/v{each}" for each in range(10_001))},
        {"settings": ("a=1",) * (MAX_SETTINGS + 1)},
    ],
)
def test_more_words_than_are_passed_on_are_refused(much: dict[str, Any]):
    with pytest.raises(RunRefused) as refused:
        judge_run(replace(helm(""), **much))

    assert refused.value.reason is Reason.RESOURCE_LIMIT_EXCEEDED


def test_ordinary_runs_are_done():
    judge_run(replace(helm(""), settings=("a.b[0]=-3",), skips_schema=True))
    judge_run(replace(helm(""), api_versions=("v1", "apps/v1/Deployment"), kube_version="v1.34.1-gke.100+x"))
    judge_run(KustomizeBuild(files=(File("overlays/prod/kustomization.yaml", b""),), path="overlays/prod"))
