"""docs/performance.md is made of what the bench printed, and of nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.testbed.paths import ROOT
from tools.bench.machine import machine
from tools.bench.report import Unreadable, main, page, read

MACHINE = {
    "row": "machine",
    "date": "2026-11-26",
    "commit": "b256084f00",
    "cores": 2,
    "memory_gib": 24,
    "load": 0.4,
    "python": "3.11.7",
    "kubernetes": "v1.37.2",
}
SETTLED = {
    "row": "settled",
    "patterns": 1000,
    "requests_per_minute": {},
    "operator_cpu_percent": 0.5,
    "repair_seconds": 0.021,
}


def row(name: str = "new", **figures: Any) -> dict[str, Any]:
    return {
        "row": name,
        "patterns": 1000,
        "objects": 3000,
        "raw_seconds": 2.5,
        "seconds": 10.0,
        "ratio": 4.0,
        "raw_server_cpu_seconds": 4.2,
        "requests_per_pattern": {"create": 5.0},
        "requests_per_pattern_total": 5.0,
        "operator_cpu_seconds": 4.6,
        "server_cpu_seconds": 11.25,
        "operator_peak_mib": 151.6,
        **figures,
    }


def line_of(name: str, text: str) -> list[str]:
    """The cells of a row of the table."""
    found = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_a_row_is_a_line_of_the_table_with_its_cpu_for_each_pattern():
    text = page([MACHINE, row()])

    assert line_of("new", text) == ["new", "1000", "3000", "2.50", "10.00", "4.0", "5.0", "4.6", "11.2 (4.2)", "152"]
    assert (
        "Measured on 2026-11-26 at commit b256084f00: 2 cores, 24 GiB, Python 3.11.7, Kubernetes v1.37.2. The load"
        in text
    )
    assert "before it began was 0.4 (`uptime`)" in text


def test_an_earlier_run_stands_beside_where_it_has_the_row():
    earlier = row(ratio=7.5, requests_per_pattern_total=8.0, operator_cpu_seconds=10.7, operator_peak_mib=180.0)
    text = page([row(), row("deleted")], [{**MACHINE, "commit": "a1b2c3d4e5"}, earlier])

    assert line_of("row", text)[5:] == [
        *("ratio", "before", "requests", "before", "operator CPU, ms", "before"),
        *("server CPU, s", "peak, MiB", "before"),
    ]
    assert line_of("new", text)[5:] == ["4.0", "7.5", "5.0", "8.0", "4.6", "10.7", "11.2 (4.2)", "152", "180"]
    assert line_of("deleted", text)[6] == "-"
    assert line_of("before", text)[1] == "the figure to the left of it, in an earlier run"


def test_what_a_policy_costs_is_a_table_of_its_changes():
    change = {"requests_per_pattern_total": 1.0, "operator_cpu_seconds": 2.5}
    trust = {"row": "trust", "patterns": 1000}
    trust |= {
        name: {"seconds": seconds, **change} for name, seconds in (("covered", 9.0), ("lost", 4.0), ("regained", 3.0))
    }

    text = page([row(), trust])

    assert line_of("1000 patterns", text) == ["1000 patterns", "s", "requests", "operator CPU, ms"]
    assert line_of("a policy covers them", text) == ["a policy covers them", "9.0", "1.0", "2.5"]
    assert line_of("its key is another one", text)[1] == "4.0"
    assert line_of("its key is back", text)[1] == "3.0"
    assert not any(line.startswith("| trust |") for line in text.splitlines())


DESIGNS = {
    **MACHINE,
    "row": "designs",
    "designs": 35,
    "objects": 210,
    "small": 9,
    "small_kib": 64,
    "small_per_second": 231.7,
    "largest_bytes": 4218880,
    "first_cpu_seconds": 0.171,
    "again_cpu_seconds": 0.148,
    "python_peak_mib": 63.2,
    "cold": {"seconds": 0.71, "held_seconds": 0.0191},
    "kept": {"seconds": 0.026, "held_seconds": 0.0042},
    "workers_mib": 60.6,
}


def test_what_designs_cost_is_a_table_of_small_ones_and_of_the_largest():
    text = page([row(), DESIGNS])

    assert "35 published designs, of which 9 are small, on 2026-11-26 at commit b256084f00; 2 cores, load 0.4." in text
    assert line_of("designs of at most 64 KiB, a second of processor", text)[1] == "232"
    assert line_of("the largest, bytes", text)[1] == "4,218,880"
    assert line_of("in the sandbox, cold: longest hold of the event loop, ms", text)[1] == "19"
    assert line_of("in the sandbox, rendering kept: longest hold of the event loop, ms", text)[1] == "4"
    assert not any(line.startswith("| designs |") for line in text.splitlines())


def test_designs_that_were_not_measured_have_no_figures():
    assert "## What a design costs" in page([row()])
    assert "the largest, bytes" not in page([row()])


def test_the_rows_of_several_files_make_one_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows, designs = tmp_path / "bench.jsonl", tmp_path / "designs.jsonl"
    rows.write_text(json.dumps(row()) + "\n")
    designs.write_text(json.dumps(DESIGNS) + "\n")

    assert main([str(rows), str(designs)]) == 0
    assert capsys.readouterr().out == page([row(), DESIGNS])


def test_without_an_earlier_run_there_is_no_word_of_one():
    assert "before |" not in page([row()])


def test_what_rest_costs_is_a_sentence():
    busy = {**SETTLED, "requests_per_minute": {"get": 1.5, "patch": 2.0}}

    assert "1000 patterns at rest: no request to the API server beside the Lease, and 0.50 %" in page([row(), SETTLED])
    assert "Before: 3.5 requests a minute, 0.50 %, 21 ms." in page([row(), SETTLED], [busy])


def test_no_placeholder_is_left_in_the_page():
    assert "<!--" not in page([MACHINE, row(), SETTLED], [MACHINE, row(), SETTLED])


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "no row with a ratio"), ("bench: 3 are not Ready", "not one JSON object a line"), ("[1]", "it has no name")],
)
def test_what_the_bench_did_not_print_makes_no_page(text: str, why: str):
    with pytest.raises(Unreadable, match=why):
        page(read(text.splitlines()))


def test_the_page_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows = tmp_path / "bench.jsonl"
    rows.write_text(json.dumps(row()) + "\n")

    code = main([str(rows), "--before", str(rows)])

    assert (code, capsys.readouterr().out) == (0, page([row()], [row()]))


def test_the_page_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows, written = tmp_path / "bench.jsonl", tmp_path / "performance.md"
    rows.write_text(json.dumps(row()) + "\n")

    code = main([str(rows), "--write", str(written)])

    assert (code, capsys.readouterr().out, written.read_text()) == (0, "", page([row()]))


def test_a_report_that_fails_leaves_the_page_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows, written = tmp_path / "bench.jsonl", tmp_path / "performance.md"
    rows.write_text("no row\n")
    written.write_text("# Performance\n")

    assert main([str(rows), "--write", str(written)]) == 1
    assert written.read_text() == "# Performance\n"
    assert "not one JSON object a line" in capsys.readouterr().err


def test_a_restart_has_no_ratio_to_lists():
    restarted = row("unchanged, restarted", ratio=59.1)

    cells = line_of("unchanged, restarted", page([restarted], [restarted]))

    assert cells[3:7] == ["2.50", "10.00", "-", "-"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("report: ")


def test_a_run_says_what_it_was_measured_on():
    found = machine(ROOT, kubernetes="v1.37.2")

    assert (found["row"], found["kubernetes"]) == ("machine", "v1.37.2")
    assert found["cores"] >= 1
    assert len(found["commit"]) >= 7
