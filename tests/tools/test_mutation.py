"""Small changes that decide something are made, and tests notice them or not."""

import sys
from pathlib import Path

import pytest
from tools.mutation.__main__ import learned_packages, main
from tools.mutation.imported import Importing
from tools.mutation.job import Ended, Job, Outcome, UnitTest
from tools.mutation.learning import PACKAGE, RanTest, Record
from tools.mutation.mutants import mutants
from tools.mutation.results import Results, equivalents, table
from tools.mutation.selection import Place, Selection
from tools.mutation.swapped import run_swapped


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
        ("del a[b], c", "pass"),
        ("raise a", "pass"),
        ("x = 'é' if a == b else c", "x = 'é' if a != b else c"),
        ("LIMIT: Final = 4 * KIB", "LIMIT: Final = 0"),
        ("LIMIT = timedelta(seconds=9)", "LIMIT = timedelta()"),
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
        "logger.critical('text')",
        "del a, b",
        "def f(a: Literal[1]) -> None: ...",
        "@dataclass(frozen=True, slots=True)\nclass X: ...",
        "class X(Struct, frozen=True): ...",
        "x = zip(a, b, strict=True)",
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


def test_a_mutant_names_its_function_and_tells_two_alike_apart() -> None:
    found = mutants("class A:\n    def f(self):\n        return None if x and y else 7 if x and y else 8")

    assert [(each.function, each.change) for each in found if "and" in each.change and "None" not in each.change] == [
        ("A.f", "x and y  ->  x or y"),
        ("A.f", "x and y  ->  x or y (2)"),
    ]


def test_a_mutant_is_the_same_when_another_function_of_the_module_changes() -> None:
    function = "def f():\n    return a == b\n"

    first, second = (mutants(f"{before}\n{function}") for before in ("x = y", "# a comment\nx = y + z"))

    assert {each.digest for each in first} <= {each.digest for each in second}
    assert not {each.digest for each in first} & {each.digest for each in mutants(function.replace("f()", "g()"))}


def test_what_runs_on_import_tells_what_it_defines() -> None:
    text = "class A:\n    b = x == y\n    def f(self):\n        return x == z"

    assert {each.change: each.names for each in mutants(text) if "!=" in each.change} == {
        "x == y  ->  x != y": {"A", "b"},
        "x == z  ->  x != z": frozenset(),
    }


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a function and a limit, and tests: one does not end where the function is wrong, one fails."""
    folder = tmp_path / "mutated_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "limit.py").write_text(LIMIT)
    test = "from mutated_package.limit import is_over\n\n"
    (tmp_path / "test_limit.py").write_text(
        f"{test}def test_over():\n    assert is_over(11)\n\ndef test_hang():\n    while not is_over(11): pass\n"
        "def test_fails(): raise ValueError\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


LIMIT = "LIMIT = 9\ndef is_over(n):\n    return n > LIMIT\n"


def job(package: Path, text: str, *tests: str) -> Job:
    known = tuple(UnitTest(f"test_limit.py::{test}", 0.01) for test in tests)
    return Job("mutated_package.limit", package / "mutated_package" / "limit.py", text, known)


def swapped(package: Path, *jobs: Job) -> list[Ended | None]:
    return [ended for _, ended in sorted(run_swapped(jobs, package, processes=1), key=lambda each: each[0])]


OVER, HANG, FAILS = "test_over", "test_hang", "test_fails"


@pytest.mark.parametrize(
    ("comparison", "tests", "ended"),
    [
        ("<", [OVER], Ended(Outcome.NOTICED, f"test_limit.py::{OVER}")),
        (">=", [OVER], Ended(Outcome.UNNOTICED)),
        ("<", [HANG], Ended(Outcome.NOTICED, f"test_limit.py::{HANG}")),
        (">=", [FAILS, OVER], Ended(Outcome.UNNOTICED)),
        (">=", [FAILS], Ended(Outcome.UNTESTED)),
    ],
    ids=[
        "a test fails with it",
        "every test passes with it",
        "a test never ends with it",
        "a test that fails without it, too, tells nothing",
        "no other test runs it",
    ],
)
def test_a_mutant_is_noticed(
    package: Path, monkeypatch: pytest.MonkeyPatch, comparison: str, tests: list[str], ended: Ended
) -> None:
    monkeypatch.setattr("tools.mutation.fork.PATIENCE", 3)
    mutant = job(package, LIMIT.replace(">", comparison), *tests)

    assert swapped(package, mutant) == [ended]


def test_each_mutant_is_tried_by_itself(package: Path) -> None:
    noticed, unnoticed = (job(package, LIMIT.replace(">", comparison), OVER) for comparison in ("<", ">="))

    ended = swapped(package, noticed, unnoticed, noticed)

    assert [each.outcome for each in ended if each] == [Outcome.NOTICED, Outcome.UNNOTICED, Outcome.NOTICED]
    assert "mutated_package.limit" not in sys.modules  # it was imported in forks alone


def test_what_runs_on_import_is_imported_anew(package: Path) -> None:
    too_high, unnoticed = (job(package, LIMIT.replace("9", limit), OVER) for limit in ("99", "10"))

    assert swapped(package, too_high) == [None]
    assert Importing().run(too_high) == Ended(Outcome.NOTICED, f"test_limit.py::{OVER}")
    assert Importing().run(unnoticed) == Ended(Outcome.UNNOTICED)
    assert Importing().run(job(package, LIMIT.replace("9", "99"), FAILS)) == Ended(Outcome.UNTESTED)


MODULE = "apply/wave.py"


def place(text: str, change: str) -> Place:
    return next(Place(PACKAGE / MODULE, each) for each in mutants(text) if each.change == change)


def test_the_tests_of_a_mutant_are_those_that_run_its_line_the_modules_own_and_the_fastest_first() -> None:
    ran = {MODULE: [2]}
    known = Record(
        "",
        {},
        {
            "tests/kube/test_x.py::a": RanTest(0.1, ran),
            "tests/apply/test_x.py::slow": RanTest(2.0, ran),
            "tests/apply/test_x.py::fast": RanTest(1.0, ran),
            "tests/apply/test_wave.py::own": RanTest(3.0, ran),
            "tests/apply/test_wave.py::elsewhere": RanTest(0.1, {MODULE: [3]}),
        },
    )
    chosen = Selection([known], {}).tests(place("def f():\n    return a == b", "a == b  ->  a != b"))

    assert [test.id.removeprefix("tests/") for test in chosen] == [
        "apply/test_wave.py::own",
        "apply/test_x.py::fast",
        "apply/test_x.py::slow",
        "kube/test_x.py::a",
    ]


def test_a_result_is_kept_until_the_function_changes_or_where_not_noticed_its_tests(tmp_path: Path) -> None:
    file, now = tmp_path / "results.jsonl", (UnitTest("tests/a.py::b", 1),)
    noticed, unnoticed = (
        place("def f():\n    return a == b", change) for change in ("a == b  ->  a != b", "a == b  ->  None")
    )
    Results(file).put(noticed, now, Ended(Outcome.NOTICED, "tests/a.py::b"))
    Results(file).put(unnoticed, now, Ended(Outcome.UNNOTICED))
    known = Results(file)

    assert known.get(noticed, now) is known.get(noticed, ()) is Outcome.NOTICED
    assert known.get(place("def f(x):\n    return a == b", "a == b  ->  a != b"), now) is None
    assert known.get(unnoticed, now) is Outcome.UNNOTICED
    assert known.get(unnoticed, (*now, UnitTest("tests/a.py::c", 1))) is None


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ("source/semver/nothing.py", "source/semver/nothing.py is neither a package nor a module"),
        ("apply,nothing", "nothing is neither a package nor a module"),
        ("source/semver/known", "source/semver/known is neither a package nor a module"),
        ("", " is neither a package nor a module"),
        ("archive", "the tests of archive are not learned"),
        ("apply,archive/unpack.py", "the tests of archive are not learned"),
    ],
)
def test_what_is_not_mutated_is_refused_before_anything_is_learned(
    names: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--packages", names, "--state", str(tmp_path)])

    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (2, "")
    assert why in shown.err


@pytest.mark.parametrize("names", ["rollout", "apply/wave.py,source/semver", "limits.py"])
def test_packages_folders_and_modules_may_be_mutated(names: str) -> None:
    assert learned_packages(names) == names


def test_each_mutant_that_is_called_equivalent_has_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "equivalent.txt"
    file.write_text("# a comment\na.py: f: x + 1  ->  x - 1  # x is not a number\n")
    assert equivalents(file) == {"a.py: f: x + 1  ->  x - 1": "x is not a number"}

    file.write_text("a.py: f: x + 1  ->  x - 1\n")
    with pytest.raises(ValueError, match="does not say why"):
        equivalents(file)


def test_the_table_shows_packages_and_the_modules_where_something_is_not_noticed() -> None:
    one, other = (place("def f():\n    return a == b", change) for change in ("a == b  ->  a != b", "a == b  ->  None"))

    shown = table([(one, Outcome.NOTICED), (other, Outcome.UNNOTICED)])

    assert [" ".join(line.split()) for line in shown.splitlines()] == [
        "apply 1 of 2 50.0 %",
        "apply/wave.py 1 of 2 50.0 %",
    ]


@pytest.mark.parametrize(
    ("function", "tried"),
    [
        pytest.param("async def f():\n    await g\n    return a == b", ["line", "before"], id="a coroutine"),
        pytest.param("def f():\n    yield g\n    return a == b", ["line", "before"], id="a generator"),
        pytest.param("def f():\n    g\n    return a == b", ["line"], id="another function"),
    ],
)
def test_of_what_may_run_untraced_those_are_tried_too_that_ran_another_line(function: str, tried: list[str]) -> None:
    ran = {"line": RanTest(0.1, {MODULE: [1, 2, 3]}), "before": RanTest(0.01, {MODULE: [1, 2]})}

    chosen = Selection([Record("", {}, ran)], {}).tests(place(function, "a == b  ->  a != b"))

    assert [each.id for each in chosen] == tried
