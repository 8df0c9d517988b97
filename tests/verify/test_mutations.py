"""Accepted vectors changed in one place: whatever changes what is meant is rejected (``mutations``).

Here, one vector of each kind of evidence; ``python -m tests.verify.test_mutations`` changes all of them, and prints
how many mutants were accepted by which row of ``mutations.ACCEPTED``.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import pytest
from tests import tracing, vectors
from tests.conformance.case import Case
from tests.conformance.run_signatures import EXPECTATIONS, judge
from tests.verify.mutations import ACCEPTED, Mutant, mutants, mutants_of_root, row_of

from pattern_operator.errors import Stalled

ALL = [
    {name: value for name, value in case.items() if name not in EXPECTATIONS}
    for case in vectors.cases("sigstore-bundle", "cosign-classic")
    if case["expect"] == "accept"
]
CASES = [
    "sigstore-conformance/happy-path-v0.3",  # keyless, Rekor v1
    "sigstore-conformance/trust-root-tlog-validity-end-inclusive",  # v0.1
    "sigstore-conformance/rekor2-dsse-happy-path",
    "sigstore-conformance/intoto-with-custom-trust-root",
    "sigstore-conformance/managed-key-and-trusted-root",
    "sigstore-go/public-key-unbounded",  # a key and a timestamp
    "sigstore-python/tsa-ok",
    "sigstore-js/keyless-dsse",
    "containers-image/pki-hostname",
    "containers-image/valid-with-tag",
    "connaisseur/alice-or-bob",
    "connaisseur/keyless",
]
ROOTS = [
    "sigstore-conformance/happy-path-v0.3",
    "sigstore-conformance/rekor2-dsse-happy-path",
    "sigstore-js/keyless-dsse",
]


def signature_of(case):
    if case["format"] == "cosign-classic":
        return case["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"]
    bundle = json.loads((vectors.folder() / case["bundle"]).read_bytes())
    return (
        bundle["messageSignature"]["signature"]
        if "messageSignature" in bundle
        else bundle["dsseEnvelope"]["signatures"]
    )


def accepted(found: Iterator[Mutant]) -> tuple[int, list[Mutant]]:
    """How many mutants there are, and those that are accepted."""
    every = list(found)
    kept = []
    for mutant in every:
        try:
            rejection = judge(mutant)
        except (Stalled, ValueError) as error:  # a key, a digest or a reference of the policy that is none
            rejection = str(error)
        if rejection is None:
            kept.append(mutant)
    return len(every), kept


def all_mutants(case) -> Iterator[Mutant]:
    others = [each for each in ALL if each["format"] == case["format"] and signature_of(each) != signature_of(case)]
    return mutants(case, vectors.folder(), others[:2])


def check(case, found):
    assert judge(Case(case, vectors.folder())) is None
    with tracing.off():
        number, kept = accepted(found)
    surprising = [(each.place, each.change) for each in kept if row_of(case["id"], each) is None]

    assert number > 100
    assert surprising == []


@pytest.mark.parametrize("case", [case for case in ALL if case["id"] in CASES], ids=lambda case: case["id"])
def test_what_changes_the_meaning_of_a_signature_is_rejected(case):
    check(case, all_mutants(case))


@pytest.mark.parametrize("case", [case for case in ALL if case["id"] in ROOTS], ids=lambda case: case["id"])
def test_what_changes_whom_a_trusted_root_trusts_is_rejected(case):
    check(case, mutants_of_root(case, vectors.folder()))


def main() -> int:
    """Change every accepted vector, and print how many mutants each row accepted."""
    rows: Counter[int | None] = Counter()
    total = 0
    for case in ALL:
        if judge(Case(case, vectors.folder())) is not None:
            raise ValueError(f"{case['id']} is rejected as it is")
        found = chain(all_mutants(case), mutants_of_root(case, vectors.folder()) if case["id"] in ROOTS else ())
        number, kept = accepted(iter(found))
        total += number
        for mutant in kept:
            row = row_of(case["id"], mutant)
            rows[row] += 1
            if row is None:
                print(f"{case['id']}: {mutant.place}: {mutant.change}")
        print(f"{case['id']}: {len(kept)} of {number} accepted", file=sys.stderr, flush=True)
    for row, number in sorted(rows.items(), key=lambda each: (each[0] is None, each[0])):
        print(f"{number:6} {'NOBODY KNOWS WHY' if row is None else ACCEPTED[row][3]}")
    print(f"{sum(rows.values())} of {total} accepted")
    return int(None in rows)


if __name__ == "__main__":
    sys.exit(main())
