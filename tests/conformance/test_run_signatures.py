"""The runner judges all vectors with the production verifier, as their README says, and knows none of them."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests import vectors
from tests.conformance import run_signatures
from tests.conformance.run_signatures import verdict

CASES = vectors.cases("notation", "rfc3161")
DEFECTS = ("KeyError", "TypeError", "AttributeError", "IndexError", "AssertionError")


def test_all_vectors_are_there():
    every = vectors.cases("notation", "rfc3161", "sigstore-bundle", "cosign-classic")

    assert Counter(case["expect"] for case in every) == {"accept": 57, "reject": 154}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_is_judged_as_its_authors_do(case):
    found = verdict(case, vectors.folder())

    assert (found["id"], found["verdict"]) == (case["id"], case["expect"])
    assert not found["reason"].startswith(DEFECTS)


def test_the_program_prints_a_line_a_case_and_looks_at_no_expectation(tmp_path):
    good, bad = (next(case for case in CASES if case["expect"] == each) for each in ("accept", "reject"))
    (tmp_path / "cases.json").write_text(json.dumps([{**good, "expect": "reject"}, {**bad, "expect": "accept"}]))
    for folder in vectors.folder().iterdir():
        if folder.is_dir():
            (tmp_path / folder.name).symlink_to(folder)

    program = Path(run_signatures.__file__)
    done = subprocess.run([sys.executable, program, tmp_path], capture_output=True, text=True, check=True)

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["id"], line["verdict"]) for line in lines] == [(good["id"], "accept"), (bad["id"], "reject")]
    assert all(line["reason"] for line in lines)


@pytest.mark.parametrize("case", [{}, {"id": "a", "format": "?"}, {"id": "a", "format": "notation"}])
def test_what_is_not_a_case_is_rejected(case):
    assert verdict(case, vectors.folder())["verdict"] == "reject"


def test_without_a_folder_the_program_says_how_it_is_called(capsys):
    assert run_signatures.main([]) == 2
    assert "usage" in capsys.readouterr().err
