"""A package that its unit tests run less of than its floor is named."""

from typing import Any

from tools.coverage_floors import Package, packages


def file(*, lines: int, of: int, branches: int = 0, of_branches: int = 0) -> dict[str, Any]:
    return {
        "summary": {
            "covered_lines": lines,
            "num_statements": of,
            "covered_branches": branches,
            "num_branches": of_branches,
        }
    }


def test_lines_and_branches_of_all_files_of_a_package_count_together() -> None:
    report = {
        "files": {
            "operator/pattern_operator/verify/key.py": file(lines=8, of=10, branches=1, of_branches=10),
            "operator/pattern_operator/verify/deep/er.py": file(lines=0, of=0),
            "operator/pattern_operator/app.py": file(lines=3, of=4),
        }
    }

    assert packages(report, {"verify": 90}) == [Package("verify", 45.0, 90), Package("top level", 75.0, 0)]


def test_a_package_is_low_below_its_floor_and_not_at_it() -> None:
    assert Package("verify", 89.9, 90).is_low
    assert not Package("verify", 90.0, 90).is_low


def test_a_package_with_a_floor_that_nothing_ran_of_is_low() -> None:
    assert packages({"files": {}}, {"verify": 90}) == [Package("verify", 0, 90)]
