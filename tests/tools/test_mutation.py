"""Small changes that decide something are made, and tests notice them or not."""

import sys
from pathlib import Path

import pytest
from tools.mutation.mutants import mutants
from tools.mutation.running import Job, Outcome, run


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("x = a == b", "x = a != b"),
        ("x = a <= b", "x = a < b"),
        ("x = (a) < (b)", "x = (a) <= (b)"),
        ("x = a not in b", "x = a in b"),
        ("x = a is None", "x = a is not None"),
        ("x = a and b", "x = a or b"),
        ("x = not a", "x = (a)"),
        ("x = a + b", "x = a - b"),
        ("x = True", "x = False"),
        ("x = 7", "x = 8"),
        ("x = [a for a in b if c]", "x = [a for a in b if True]"),
        ("a.b = c", "pass"),
        ("a[b] = c", "pass"),
        ("a += b", "pass"),
        ("a.call()", "pass"),
        ("raise a", "pass"),
        ("x = 'é' if a == b else c", "x = 'é' if a != b else c"),
    ],
)
def test_what_decides_something_is_changed(line: str, changed: str) -> None:
    assert changed in [each.text for each in mutants(line)]


@pytest.mark.parametrize(
    "text",
    [
        '"""A text."""',
        "x: int = a",
        "x = 'text'",
        "x = 'a' + b",
        'x = f"{a + b} and {c == d}"',
        "logger.warning('text', 1)",
        "def f(a: Literal[1]) -> None: ...",
    ],
)
def test_what_only_says_something_is_not_changed(text: str) -> None:
    assert mutants(text) == []


def test_each_operator_of_a_chain_is_changed_by_itself() -> None:
    assert [each.text for each in mutants("x = a < b <= c and d and e")] == [
        "x = a < b < c and d and e",
        "x = a <= b <= c and d and e",
        "x = a < b <= c and d or e",
        "x = a < b <= c or d and e",
    ]


def test_a_mutant_names_its_line() -> None:
    assert [(each.line, each.change) for each in mutants("a\nb\nc = d == e")] == [(3, "d == e  ->  d != e")]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a function, its test, and one that does not end where the function is wrong."""
    folder = tmp_path / "mutated_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "limit.py").write_text("def is_over(n):\n    return n > 9\n")
    test = "from mutated_package.limit import is_over\n\n"
    (tmp_path / "test_limit.py").write_text(
        test + "def test_over():\n    assert is_over(11)\n\ndef test_hang():\n    while not is_over(11): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def job(package: Path, comparison: str, *tests: str) -> Job:
    ids = tuple(f"{package}/test_limit.py::{test}" for test in tests)
    return Job("mutated_package.limit", f"def is_over(n):\n    return n {comparison}\n", ids, seconds=5)


def test_a_mutant_that_a_test_fails_with_is_noticed(package: Path) -> None:
    assert run(job(package, "< 9", "test_over")) is Outcome.NOTICED


def test_a_mutant_that_every_test_passes_with_is_not_noticed(package: Path) -> None:
    assert run(job(package, ">= 9", "test_over")) is Outcome.UNNOTICED
    assert "mutated_package.limit" not in sys.modules  # it was imported in the fork alone


def test_a_mutant_that_never_ends_is_noticed(package: Path) -> None:
    assert run(job(package, "< 9", "test_hang")) is Outcome.NOTICED


def test_a_line_that_no_test_runs_is_untested(package: Path) -> None:
    assert run(job(package, "< 9")) is Outcome.UNTESTED
