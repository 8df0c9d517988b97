"""The bench prints a row as soon as it is measured, and none of what is not Ready."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.testbed.paths import ROOT
from tools.bench.__main__ import main
from tools.bench.report import read
from tools.bench.rows import Bench
from tools.bench.workload import AFTER, large, name_of, path, small
from tools.readiness import Unready, WatchLost


@pytest.mark.parametrize("error", [Unready("2 of 2 patterns are not Ready after 600 s"), WatchLost("GET: 503")])
def test_no_figure_is_printed_of_what_is_not_ready(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    async def measure(patterns: int, tree: Path) -> AsyncIterator[dict[str, Any]]:
        assert (patterns, tree) == (2, ROOT)
        yield {"row": "new"}
        raise error

    code = main(["--patterns", "2"], measure=measure)

    shown = capsys.readouterr()
    assert (code, json.loads(shown.out), shown.err) == (1, {"row": "new"}, f"bench: {error}\n")


def test_a_row_is_a_line_and_the_operator_may_be_of_another_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measure(patterns: int, tree: Path) -> AsyncIterator[dict[str, Any]]:
        yield {"row": "new", "patterns": patterns, "ratio": 2.5, "tree": str(tree)}
        yield {"row": "settled", "patterns": patterns}

    assert main(["--patterns", "2", "--tree", str(tmp_path)], measure=measure) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"row": "new", "patterns": 2, "ratio": 2.5, "tree": str(tmp_path)},
        {"row": "settled", "patterns": 2},
    ]


def test_make_bench_prints_rows_and_nothing_else_of_what_it_makes_first(tmp_path: Path) -> None:
    """In a tree without .venv: its python prepares the testbed as ours does, and stands in for pip and the bench."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f"""#!/bin/sh
case "$*" in
"-m tests.testbed "*) cd {ROOT} && exec {sys.executable} "$@" ;;
"-m tools.bench "*) echo '{{"row": "new", "ratio": 2.5}}' ;;
"-m pip "*) ;;
*) exit 9 ;;
esac
"""
    )
    python.chmod(0o755)
    (tmp_path / "requirements").mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements/dev.lock"):
        shutil.copy(ROOT / name, tmp_path / name)

    done = subprocess.run(
        ["make", "bench", "N=2", f"PYTHON={sys.executable}"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},  # of `make test`
        capture_output=True,
        text=True,
    )

    assert (done.returncode, read(done.stdout.splitlines())) == (0, [{"row": "new", "ratio": 2.5}])
    assert "setting up .venv\n" in done.stderr
    assert "the testbed's programs are in " in done.stderr


def test_a_changed_pattern_differs_in_one_object_of_three() -> None:
    before, after = small(7), small(7, tag=AFTER)

    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, True]
    assert path(after[2], namespace="raw") == f"/apis/rbac.authorization.k8s.io/v1/namespaces/raw/roles/{name_of(7)}"


def test_the_objects_of_a_large_pattern_are_distinct() -> None:
    assert len({body["metadata"]["name"] for body in large(1_000)}) == 1_000


class Watched:
    """A collection of ConfigMaps whose watch ends after one object was changed, and none restored."""

    async def list(self) -> tuple[list[Any], str]:
        return [], "1"

    async def watch(self, _: str) -> AsyncIterator[dict[str, Any]]:
        yield {"type": "MODIFIED", "object": {"metadata": {"name": name_of(0)}, "data": {"number": "changed"}}}


class Changed:
    """A cluster that takes every change."""

    def at(self, _: str) -> Watched:
        return Watched()

    async def send(self, *_: Any, **__: Any) -> None: ...


async def test_objects_count_as_restored_only_where_that_was_seen() -> None:
    """A watch that an API server ends because it is too slow was taken for the end of the row."""
    nobody: Any = None
    cluster: Any = Changed()
    bench = Bench(nobody, cluster, nobody, print, patterns=1, tree=ROOT)

    with pytest.raises(WatchLost, match="before 1 objects were as they had been"):
        await bench._drift(range(1))


class Deleting:
    """A cluster that tells of a deletion only who asked before it what there was."""

    url = "patterns"

    def __init__(self) -> None:
        self._gone: list[str] = []

    def at(self, _: str) -> "Deleting":
        return self

    async def list(self) -> tuple[list[Any], str]:
        return [], str(len(self._gone))

    async def watch(self, version: str) -> AsyncIterator[dict[str, Any]]:
        while True:
            for name in self._gone[int(version) :]:
                yield {"type": "DELETED", "object": {"metadata": {"name": name}}}
            version = str(len(self._gone))
            await asyncio.sleep(0)

    async def send(self, method: str, url: str, *_: Any, **__: Any) -> None:
        if method == "DELETE" and url.startswith("/apis/pattern-operator.io/"):
            self._gone.append(url.rsplit("/", 1)[-1])


async def test_no_deletion_is_missed_that_is_done_before_the_watch_begins() -> None:
    """One that was waited for, and that no event told of: the row never ended."""
    nobody: Any = None
    cluster: Any = Deleting()
    meters: Any = SimpleNamespace(begin=lambda: None, server_cpu=lambda _: 0.0, since=lambda *_, **__: {})
    bench = Bench(nobody, cluster, meters, lambda _: None, patterns=3, tree=ROOT)

    async with asyncio.timeout(10):
        figures = await bench.deleted()

    assert (figures["row"], figures["objects"]) == ("deleted", 9)
