"""Of every accepted vector of notation and RFC 3161, each element is changed alone: what is still accepted is listed.

``MUTANTS=all`` in the environment tries all of them, some 40,000 in five minutes; else every ``STRIDE``-th is tried,
of each case others.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests import vectors
from tests.conformance import mutants
from tests.conformance.case import Case
from tests.conformance.run_signatures import EXPECTATIONS, judge

ALL = os.environ.get("MUTANTS") == "all"
STRIDE = 23
ALIKE = "the same object in other words"
ELSEWHERE = "a certificate that does not lead from the TSA to the root that is trusted: nothing rests on it"
LATER = "timestamps are not looked at by this policy"
WEAKER = "the policy enforces less"
ENOUGH = "the policy still has what the signature needs"

# The name of a mutant, and of cases in which it is accepted, each as a regular expression, with the reason.
ACCEPTED: dict[tuple[str, str], str] = {
    (
        r"envelope/text: (with white space|in another order|with a line break at the end|with escapes in names)",
        ".*",
    ): ALIKE,
    (r"envelope/(header|unprotected)/other: added", ".*"): "what is not signed and not known says nothing",
    (
        r"envelope/(header|unprotected)/io.cncf.notary.[sS]igningAgent: dropped",
        ".*",
    ): "which program signed is not signed",
    (r"policy/level: (audit|permissive)", ".*"): WEAKER,
    (r"policy/verifyTimestamp: afterCertExpiry", ".*"): WEAKER,
    (r"policy/verifyTimestamp: always", "ts-cose-expired-after-cert-expiry|ca-.*|sa-.*|oci-.*"): ENOUGH,
    (
        r"policy/trustStores/(ca|signingAuthority): (a stranger|as (ca|signingAuthority))",
        "(ca|sa)-expired-audit",
    ): "audit only logs whom it trusts",
    (r"policy/trustedIdentities: another", "(ca|sa)-expired-audit"): "audit only logs whom it trusts",
    (r"policy/trustStores/tsa: (a stranger|dropped|as .*)", "ts-absent-.*|ts-cose-untrusted-tsa-not-needed"): LATER,
    (r"policy/trustStores/tsa: (dropped|as .*)", "ts-cose"): "without a TSA the chain must be valid now, and it is",
    (
        r"time: (1970|2200|just (before|after) certificate [01] (is|was) valid)",
        ".*-(audit|permissive)",
    ): "expiry and time are only logged",
    (r"time: (1970|just before certificate . is valid)", "sa-expired-in-time"): "the authority says when it signed",
    (
        r"time: (1970|2200|just (before|after) certificate 0 (is|was) valid)",
        "ts-(jws|cose)-expired|ts-cose|ts-cose-expired-after-cert-expiry",
    ): "a TSA says when it was signed",
    (
        r"envelope/unprotected/(io.cncf.notary.timestampSignature: dropped|timestamp/.*)",
        "ts-cose-(no-tsa-store-in-time|untrusted-tsa-not-needed)",
    ): LATER,
    (r"envelope/(header|unprotected)/timestamp/1/0/3/2.*", "ts-.*"): ELSEWHERE,
    (
        r"envelope/(header|unprotected)/timestamp/1/0/3/[01]: (twice|swapped with the next)",
        "ts-.*",
    ): "certificates have no order",
    (r"token/1/0/3/[01]: (twice|swapped with the next)", ".*"): "certificates have no order",
    (r"token/1/0/3/[23].*", ".*"): ELSEWHERE,
    (r"token/1/0/1/0/1: dropped", "token-root-r6"): "NULL and no parameters mean the same (RFC 5754 section 2)",
    (r"token/1/1/0/3: (dropped|another tag)", "issue1482"): "an empty list of certificates, or of CRLs, says nothing",
}


def accepted_cases() -> Iterator[Any]:
    """Every accepted case of both formats."""
    for form in ("notation", "rfc3161"):
        for number, case in enumerate(vectors.cases(form)):
            if case["expect"] == "accept":
                fields = {name: value for name, value in case.items() if name not in EXPECTATIONS}
                yield pytest.param(Case(fields, vectors.folder()), number, id=case["id"])


def is_accepted(case: Case) -> bool:
    try:
        return judge(case) is None
    except Exception:
        return False


def reason_of(name: str, case: Case) -> str | None:
    """Why a mutant is rightly accepted, by the list."""
    of = case["id"].partition("/")[2]
    for (what, cases), reason in ACCEPTED.items():
        if re.fullmatch(what, name) and re.fullmatch(cases, of):
            return reason
    return None


@pytest.mark.filterwarnings("ignore")  # what cryptography thinks of odd names and numbers is not the question
@pytest.mark.parametrize("case, number", list(accepted_cases()))
def test_whatever_is_changed_is_noticed_or_changes_nothing(case, number):
    assert is_accepted(case)
    every = list(mutants.of(case))
    tried = every if ALL else every[number % STRIDE :: STRIDE]

    accepted = [mutant.name for mutant in tried if is_accepted(mutant.case)]

    assert [name for name in accepted if reason_of(name, case) is None] == []
