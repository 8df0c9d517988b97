"""Makes docs/performance.md of what ``make bench`` printed.

``python -m tools.bench.report bench.jsonl designs.jsonl --write docs/performance.md``; designs.jsonl is what
``python -m tools.designs_bench --json`` printed. Nothing is measured here, and nothing of the page is written by hand
but its template, ``performance.in.md``.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).parent / "performance.in.md"

Row = Mapping[str, Any]

NONE = "-"
WITHOUT_RATIO = ("unchanged, restarted",)  # raw is two lists there, and starts no process

# The columns: what they are called, what they say of a row, and whether the earlier run is shown beside.
COLUMNS: tuple[tuple[str, Callable[[Row], str], bool], ...] = (
    ("row", lambda row: row["row"], False),
    ("patterns", lambda row: str(row["patterns"]), False),
    ("objects", lambda row: str(row["objects"]), False),
    ("raw, s", lambda row: f"{row['raw_seconds']:.2f}", False),
    ("operator, s", lambda row: f"{row['seconds']:.2f}", False),
    ("ratio", lambda row: NONE if row["row"] in WITHOUT_RATIO else f"{row['ratio']:.1f}", True),
    ("requests", lambda row: f"{row['requests_per_pattern_total']:.1f}", True),
    ("operator CPU, ms", lambda row: f"{1000 * row['operator_cpu_seconds'] / row['patterns']:.1f}", True),
    ("server CPU, s", lambda row: f"{row['server_cpu_seconds']:.1f} ({row['raw_server_cpu_seconds']:.1f})", False),
    ("peak, MiB", lambda row: f"{row['operator_peak_mib']:.0f}", True),
)


class Unreadable(Exception):
    """A file is not what the bench prints."""


def page(rows: Sequence[Row], before: Sequence[Row] = ()) -> str:
    """The page, of the rows of one run and perhaps those of an earlier one."""
    known, earlier = _by_name(rows), _by_name(before)
    measured = [row for row in rows if "ratio" in row]
    if not measured:
        raise Unreadable("there is no row with a ratio in it")
    texts = {
        "MACHINE": _machine(known.get("machine"), earlier.get("machine")),
        "ROWS": _table(measured, earlier),
        "BEFORE": "| before | the figure to the left of it, in an earlier run |\n" if earlier else "",
        "SETTLED": _settled(known.get("settled"), earlier.get("settled")),
        "TRUST": _trust(known.get("trust")),
        "DESIGNS": designs(known.get("designs")),
    }
    return re.sub(r"<!-- ([A-Z]+) -->\n", lambda name: texts[name[1]], TEMPLATE.read_text())


def read(lines: Iterable[str]) -> list[Row]:
    """The rows that the bench printed; raises Unreadable."""
    try:
        rows = [json.loads(line) for line in lines if line.strip()]
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is not one JSON object a line: {error}") from error
    if not all(isinstance(row, dict) and isinstance(row.get("row"), str) for row in rows):
        raise Unreadable("a line is not a row: it has no name")
    return rows


def _by_name(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["row"]: row for row in rows}


def _machine(row: Row | None, before: Row | None) -> str:
    if row is None:
        return ""
    earlier = f" Before: commit {before['commit']}, {before['date']}." if before is not None else ""
    return (
        f"Measured on {row['date']} at commit {row['commit']}: {row['cores']} cores, {row['memory_gib']} GiB,"
        f" Python {row['python']}, Kubernetes {row['kubernetes']}. The load of the machine before it began was"
        f" {row['load']} (`uptime`): with more than 1 the figures show little.{earlier}\n"
    )


def _table(rows: Iterable[Row], before: Mapping[str, Row]) -> str:
    columns = [
        column
        for name, figure, is_compared in COLUMNS
        for column in ((name, figure), ("before", _of_earlier(figure, before)))[: 2 if before and is_compared else 1]
    ]
    lines = [[name for name, _ in columns], ["---", *["--:"] * (len(columns) - 1)]]
    lines += [[figure(row) for _, figure in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _of_earlier(figure: Callable[[Row], str], before: Mapping[str, Row]) -> Callable[[Row], str]:
    """``figure`` of the row of the same name in the earlier run; a dash where there is none."""

    def of_earlier(row: Row) -> str:
        found = before.get(row["row"])
        return NONE if found is None else figure(found)

    return of_earlier


def _settled(row: Row | None, before: Row | None) -> str:
    if row is None:
        return "It was not measured.\n"
    text = (
        f"{row['patterns']} patterns at rest: {_requests(row)} to the API server beside the Lease, and"
        f" {row['operator_cpu_percent']:.2f} % of one core. An object of one of them that somebody changes is as it was"
        f" after {1000 * row['repair_seconds']:.0f} ms."
    )
    if before is not None:
        text += (
            f" Before: {_requests(before)}, {before['operator_cpu_percent']:.2f} %,"
            f" {1000 * before['repair_seconds']:.0f} ms."
        )
    return text + "\n"


def _trust(row: Row | None) -> str:
    if row is None:
        return "It was not measured.\n"
    changes = {"covered": "a policy covers them", "lost": "its key is another one", "regained": "its key is back"}
    cells = (
        [
            what,
            f"{row[name]['seconds']:.1f}",
            f"{row[name]['requests_per_pattern_total']:.1f}",
            f"{1000 * row[name]['operator_cpu_seconds'] / row['patterns']:.1f}",
        ]
        for name, what in changes.items()
    )
    lines = [[f"{row['patterns']} patterns", "s", "requests", "operator CPU, ms"], ["---", "--:", "--:", "--:"], *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def designs(row: Row | None) -> str:
    """What designs cost: a sentence of what was measured, and a table."""
    if row is None:
        return "It was not measured.\n"
    cold, kept = row["cold"], row["kept"]
    lines = [
        ["what", "figure"],
        ["---", "--:"],
        [f"designs of at most {row['small_kib']} KiB, a second of processor", f"{row['small_per_second']:.0f}"],
        ["the largest, bytes", f"{row['largest_bytes']:,}"],
        ["seconds of processor, first", f"{row['first_cpu_seconds']:.2f}"],
        ["seconds of processor, again", f"{row['again_cpu_seconds']:.2f}"],
        ["peak of what Python allocates, MiB", f"{row['python_peak_mib']:.0f}"],
        ["in the sandbox, cold: seconds", f"{cold['seconds']:.2f}"],
        ["in the sandbox, cold: longest hold of the event loop, ms", f"{1000 * cold['held_seconds']:.0f}"],
        ["in the sandbox, rendering kept: seconds", f"{kept['seconds']:.3f}"],
        ["in the sandbox, rendering kept: longest hold of the event loop, ms", f"{1000 * kept['held_seconds']:.0f}"],
        ["peak of all workers, MiB", f"{row['workers_mib']:.0f}"],
    ]
    head = (
        f"{row['designs']} published designs, of which {row['small']} are small, on {row['date']} at commit"
        f" {row['commit']}; {row['cores']} cores, load {row['load']}.\n\n"
    )
    return head + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _requests(row: Row) -> str:
    number = sum(row["requests_per_minute"].values())
    return f"{number:.1f} requests a minute" if number else "no request"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print or write the page; 1 where a file cannot be used, and then the page that was there stays as it is."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.report", description=__doc__)
    parser.add_argument("rows", type=Path, nargs="*", help="what the benches printed; standard input without a file")
    parser.add_argument("--before", type=Path, help="what it printed at an earlier commit, on the same machine")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="where to write it; standard output without it")
    options = parser.parse_args(arguments)
    try:
        rows = [row for file in options.rows for row in read(file.read_text().splitlines())]
        rows = rows if options.rows else read(sys.stdin)
        before = read(options.before.read_text().splitlines()) if options.before else []
        text = page(rows, before)
        if options.write:
            options.write.write_text(text)
        else:
            print(text, end="")
    except (OSError, Unreadable, KeyError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
