"""The client of sigstore-conformance: its exit codes are the verdicts of the vectors that it can be asked for."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests import vectors
from tests.conformance.client import main

PROGRAM = Path(__file__).parents[1] / "conformance" / "sigstore_client"
ASKABLE = [
    case
    for case in vectors.cases("sigstore-bundle")
    if case["id"].startswith("sigstore-conformance/") and ("key" in case or case.get("identity"))
]


def arguments(case):
    folder = vectors.folder()
    who = (
        ["--key", str(folder / case["key"])]
        if "key" in case
        else ["--certificate-identity", case["identity"], "--certificate-oidc-issuer", case["issuer"]]
    )
    artifact = str(folder / case["artifact"])
    return [
        "verify-bundle",
        "--trusted-root",
        str(folder / case["trustedRoot"]),
        *who,
        str(folder / case["bundle"]),
        artifact,
    ]


@pytest.mark.parametrize("case", ASKABLE, ids=[case["id"] for case in ASKABLE])
def test_the_exit_code_is_the_verdict(case, capsys):
    code = main(arguments(case))

    assert code == (0 if case["expect"] == "accept" else 1)
    assert (capsys.readouterr().err == "") is (code == 0)


def test_a_digest_stands_for_the_file():
    case = next(case for case in ASKABLE if case["id"].endswith("/rekor2-dsse-happy-path"))
    digest = "sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf"

    assert main([*arguments(case)[:-1], digest]) == 0
    assert main([*arguments(case)[:-1], digest.replace("a0", "b0", 1)]) == 1


def test_without_a_trusted_root_the_public_instance_counts():
    case = next(case for case in ASKABLE if case["id"].endswith("/happy-path-v0.3"))
    asked = arguments(case)

    assert main([asked[0], *asked[3:]]) == 0
    assert main([asked[0], "--staging", *asked[3:]]) == 1


@pytest.mark.parametrize("missing", ["--certificate-identity", "--certificate-oidc-issuer"])
def test_who_must_have_signed_is_never_left_open(missing):
    case = next(case for case in ASKABLE if case["id"].endswith("/happy-path-v0.3"))
    asked = arguments(case)
    place = asked.index(missing)

    assert main([*asked[:place], *asked[place + 2 :]]) == 1


def test_it_runs_as_a_program():
    case = next(case for case in ASKABLE if case["id"].endswith("/managed-key-and-trusted-root"))

    ran = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments(case)], capture_output=True, timeout=120, check=False
    )

    assert (ran.returncode, ran.stderr) == (0, b"")
