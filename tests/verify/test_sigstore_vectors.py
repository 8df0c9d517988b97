"""Bundles and classic cosign signatures of other projects are judged as those projects do (data/signature-vectors)."""

import pytest
from tests import vectors
from tests.conformance.run_signatures import verdict

CASES = vectors.cases("sigstore-bundle", "cosign-classic")


def of(expected):
    return [pytest.param(case, id=case["id"]) for case in CASES if case["expect"] == expected]


def test_all_cases_of_both_formats_are_there():
    assert (len(of("accept")), len(of("reject"))) == (36, 84)


@pytest.mark.parametrize("case", of("accept"))
def test_what_others_accept_is_verified(case):
    assert verdict(case, vectors.folder())["reason"] == "verified"


@pytest.mark.parametrize("case", of("reject"))
def test_what_others_reject_is_rejected_for_what_is_wrong_with_it(case):
    found = verdict(case, vectors.folder())

    assert found["verdict"] == "reject"
    assert not found["reason"].startswith(("KeyError", "TypeError", "AttributeError"))
