"""``python -m tools.coverage_floors``: the branch coverage of each package, and whether it is above its floor.

Reads ``.coverage``, which ``make test`` writes, and the floors in pyproject.toml.
"""

import json
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage import Coverage

ROOT = Path(__file__).parent.parent
PACKAGE = Path("operator/pattern_operator")
TOP = "top level"


@dataclass(frozen=True, slots=True)
class Package:
    """How much of one package ran; ``covered`` and ``floor`` are percentages of lines and branches together."""

    name: str
    covered: float
    floor: float

    @property
    def is_low(self) -> bool:
        """Whether it is below its floor."""
        return self.covered < self.floor


def packages(report: Mapping[str, Any], floors: Mapping[str, float]) -> list[Package]:
    """The packages of coverage's JSON report, the least covered first; what has a floor and is not there has 0 %."""
    ran: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for name, file in report["files"].items():
        inside, summary = Path(name).relative_to(PACKAGE), file["summary"]
        package = inside.parts[0] if len(inside.parts) > 1 else TOP
        ran[package] += summary["covered_lines"] + summary["covered_branches"]
        there[package] += summary["num_statements"] + summary["num_branches"]
    names = there.keys() | floors.keys()
    found = [Package(name, 100 * ran[name] / there[name] if there[name] else 0, floors.get(name, 0)) for name in names]
    return sorted(found, key=lambda each: (each.covered, each.name))


def main() -> int:
    """Print a line a package; 1 where one is below its floor."""
    floors = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage_floors"]
    coverage = Coverage()
    coverage.load()
    with tempfile.NamedTemporaryFile() as file:
        coverage.json_report(outfile=file.name)
        found = packages(json.loads(Path(file.name).read_bytes()), floors)
    for each in found:
        floor = f"  floor {each.floor:.0f} %" if each.floor else ""
        print(f"{each.name:12} {each.covered:5.1f} %{floor}{': TOO LOW' if each.is_low else ''}")
    return 1 if any(each.is_low for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
