"""What the bench of designs prints is what docs/performance.md is made of, and what a person reads."""

import json
from pathlib import Path

import pytest
from tests.render.designs import DATA
from tools.bench import report

from tools import designs_bench


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder with a small design that renders whole, and one that has nothing to deploy."""
    for name in ("nginx-ingress-oldest", "comments-only"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "design.yml").write_bytes((DATA / name / "design.yml").read_bytes())
    return tmp_path


def test_the_line_for_programs_is_a_section_of_the_page(two: Path, capsys: pytest.CaptureFixture[str]):
    designs_bench.main(two, named=False, as_json=True)

    (row,) = report.read(capsys.readouterr().out.splitlines())
    assert (row["row"], row["designs"], row["small"], row["objects"]) == ("designs", 2, 2, 1)
    assert row["small_per_second"] > 0
    assert min(row["kept"]["seconds"], row["cold"]["seconds"]) > 0
    assert "2 published designs, of which 2 are small" in report.designs(row)


def test_a_person_reads_what_became_of_each(two: Path, capsys: pytest.CaptureFixture[str]):
    designs_bench.main(two, named=True, as_json=False)

    text = capsys.readouterr().out
    assert "'whole': 1" in text.splitlines()[0]
    assert "'nothing to deploy': 1" in text.splitlines()[0]
    assert "DropKindSuffix" in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_a_file_that_is_no_design_is_counted_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made = designs_bench.rendered(list(designs_bench.designs(DATA / "not-a-design")), named=True)

    assert made.designs == {"NotAPattern": 1}
    assert "NotAPattern" in capsys.readouterr().out
