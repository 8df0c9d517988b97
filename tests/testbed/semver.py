"""Masterminds/semver, by which Flux and Helm judge ranges, as a program to ask; as a command it writes its table."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence

from tests.testbed import binaries
from tests.testbed.paths import BIN, ROOT

DATA = ROOT / "tests" / "data" / "semver"
TABLE = DATA / "masterminds.json"

# What is said of a range with some tags: None where it is not a range, else for each tag None where it is not a
# version, and else whether it is in the range.
Verdict = list[bool | None] | None


def ask(questions: Iterable[tuple[str, Sequence[str]]]) -> list[Verdict]:
    """What the library says of each range with its tags."""
    lines = "\n".join(json.dumps([text, *tags]) for text, tags in questions)
    done = subprocess.run([BIN / "semver"], input=lines, capture_output=True, text=True, check=True, timeout=300)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ranges() -> list[str]:
    """The ranges of the table: lines of ``ranges.txt`` that are not comments, with their spaces."""
    return [line for line in (DATA / "ranges.txt").read_text().splitlines() if not line.startswith("#")]


def tags() -> list[str]:
    """The tags of the table."""
    return (DATA / "tags.txt").read_text().splitlines()


def table() -> dict[str, list[str] | None]:
    """For each range the tags that the library finds in it, or None where it says that it is not a range."""
    asked, names = ranges(), tags()
    verdicts = ask((text, names) for text in asked)
    return {
        text: None if verdict is None else [name for name, inside in zip(names, verdict, strict=True) if inside]
        for text, verdict in zip(asked, verdicts, strict=True)
    }


def main() -> int:
    """Write the table."""
    binaries.build()
    lines = (f"  {json.dumps(text)}: {json.dumps(found)}" for text, found in table().items())
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
