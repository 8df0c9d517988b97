"""Whether the digest is signed is asked once for a digest and a policy, and no answer is never taken for one."""

from typing import Any

import pytest
from tests.reconcile.pattern import NEWER, REVISION, VERIFIED, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy, VerificationResult
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.state import Checked
from pattern_operator.reconcile.steps.verify import Verified, asks_registry, verify
from pattern_operator.source import ConnectionWaits, FetchedSignatures

POLICY = VerificationPolicy.of(TrustedAuthority.of_key("release-team", b"key"))
OTHER = VerificationPolicy.of(TrustedAuthority.of_key("another-team", b"other"))
WAITS = ConnectionWaits(lambda: 0.0)


class Signatures:
    """A registry with signatures of the release team, or without an answer."""

    def __init__(self, *, away: PatternError | None = None, refuses: PatternError | None = None) -> None:
        self.away, self.refuses = away, refuses
        self.asked: list[str] = []

    async def signatures(self, *_: Any, **__: Any) -> FetchedSignatures:
        self.asked.append("signatures")
        if self.away is not None:
            raise self.away
        return FetchedSignatures()

    async def check(self, _: Any, desired: DesiredState, __: Any) -> VerificationResult:
        self.asked.append("check")
        if self.refuses is not None:
            raise self.refuses
        return VERIFIED if desired.policy.requirements else VerificationResult(required=False)


def wanted(policy: VerificationPolicy = POLICY, revision: Any = REVISION) -> DesiredState:
    return desired_state(pattern(), revision, policy)


async def verified(port: Signatures, desired: DesiredState, known: Checked | None = None) -> Verified:
    return await verify(pattern(), desired, known, port=port, waits=WAITS)


async def test_what_was_verified_is_remembered_for_this_digest_and_policy():
    found = await verified(Signatures(), wanted())

    assert (found.result, found.checked) == (VERIFIED, Checked(REVISION.digest, POLICY, VERIFIED))


async def test_what_is_known_is_not_asked_again():
    port, known = Signatures(), Checked(REVISION.digest, POLICY, VERIFIED)

    assert (await verified(port, wanted(), known)).result == VERIFIED
    assert port.asked == []


@pytest.mark.parametrize(
    "desired", [wanted(OTHER), wanted(revision=NEWER)], ids=["other keys", "another digest of the same keys"]
)
async def test_what_is_known_of_something_else_proves_nothing(desired: DesiredState):
    port = Signatures()

    await verified(port, desired, Checked(REVISION.digest, POLICY, VERIFIED))

    assert port.asked == ["signatures", "check"]


async def test_without_a_policy_no_registry_is_asked():
    port = Signatures()

    assert not (await verified(port, wanted(VerificationPolicy()))).result.required
    assert port.asked == ["check"]


async def test_a_registry_that_does_not_answer_is_not_read_as_unsigned():
    port = Signatures(away=Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it is away"))

    with pytest.raises(Transient, match="it is away"):
        await verified(port, wanted())
    assert port.asked == ["signatures"]


async def test_a_refusal_is_raised_as_it_is():
    refusal = Stalled(reason=Reason.SIGNATURE_MISSING, message="no signature: sign it")

    with pytest.raises(Stalled, match="no signature: sign it"):
        await verified(Signatures(refuses=refusal), wanted())


@pytest.mark.parametrize(
    ("policy", "known", "asks"),
    [
        (POLICY, None, True),
        (POLICY, Checked(NEWER.digest, POLICY, VERIFIED), True),
        (POLICY, Checked(REVISION.digest, OTHER, VERIFIED), True),
        (POLICY, Checked(REVISION.digest, POLICY, VERIFIED), False),
        (VerificationPolicy(), None, False),
    ],
    ids=["nothing is known", "another digest is", "another policy is", "it is known", "no signature is required"],
)
async def test_a_registry_is_waited_for_only_where_signatures_are_read(
    policy: VerificationPolicy, known: Checked | None, asks: bool
):
    port = Signatures()

    await verified(port, wanted(policy), known)

    assert asks_registry(wanted(policy), known) is asks
    assert ("signatures" in port.asked) is asks
