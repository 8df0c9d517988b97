#!/usr/bin/env python
"""Judges the signature vectors of a folder with the operator's own verifier: ``run_signatures.py DIR``.

Reads ``DIR/cases.json`` (its format: tests/data/signature-vectors/README.md) and prints a line of JSON a case:
``{"id", "verdict", "reason"}``. What is expected of a case is not looked at, and no case is known here.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # run as a program, from anywhere
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.conformance import cosign_classic, notation, rfc3161, sigstore_bundle
from tests.conformance.case import Case
from tests.conformance.inputs import check

EXPECTATIONS = ("expect", "why", "confirmed", "source")
ADAPTERS: Mapping[str, Callable[[Case], str | None]] = {
    "cosign-classic": cosign_classic.judge,
    "notation": notation.judge,
    "rfc3161": rfc3161.judge,
    "sigstore-bundle": sigstore_bundle.judge,
}


def verdicts(folder: Path) -> Iterator[dict[str, str]]:
    """The verdict of each case, in their order."""
    for fields in json.loads((folder / "cases.json").read_bytes(), object_pairs_hook=_object):
        yield verdict(fields, folder)


def verdict(fields: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """The verdict of one case; whatever is not a full success is a rejection."""
    if not isinstance(fields, dict):
        return {"id": "", "verdict": "reject", "reason": "this is not a case"}
    case = Case({name: value for name, value in fields.items() if name not in EXPECTATIONS}, folder)
    try:
        rejection = judge(case)
    except Exception as error:
        rejection = f"{type(error).__name__}: {error}"
    return {
        "id": str(case.get("id", "")),
        "verdict": "accept" if rejection is None else "reject",
        "reason": rejection or "verified",
    }


def judge(case: Case) -> str | None:
    """Why a case is rejected; None where it is accepted. Raises what comes of inputs that are not valid."""
    check(case.fields)
    return ADAPTERS[case["format"]](case)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; with a name twice it is none, because one of its values would be ignored."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else {**found, "": "a name twice"}


def main(arguments: list[str]) -> int:
    """Print the verdicts."""
    if len(arguments) != 1:
        print("usage: run_signatures.py DIR", file=sys.stderr)
        return 2
    for line in verdicts(Path(arguments[0])):
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
