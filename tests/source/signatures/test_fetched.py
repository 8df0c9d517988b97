"""Where what was found proves not enough, it is said what may be hidden."""

from datetime import timedelta

import pytest

from pattern_operator.api.artifact import Descriptor, Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import Stalled, Transient, Untrusted
from pattern_operator.source import FetchedSignatures

MISSING = Stalled(reason=Reason.SIGNATURE_MISSING, message="it has no signature: sign it")
OVER = Stalled(reason=Reason.TOO_MANY_SIGNATURES, message="too many")
DENIED = Stalled(reason=Reason.ACCESS_DENIED, message="403")
DOWN = Transient(reason=Reason.REGISTRY_THROTTLED, message="429; later.", retry_after=timedelta(seconds=7))


def test_what_was_not_looked_at_is_said_where_nothing_proves_enough():
    explained = FetchedSignatures(passed_over=300).explain(MISSING)

    assert explained.reason is Reason.SIGNATURE_MISSING
    assert explained.message == (
        "it has no signature: sign it. 300 more of its referrers are called something else, and were not looked at."
    )
    assert FetchedSignatures(passed_over=300).explain(OVER) is OVER


@pytest.mark.parametrize(
    ("failures", "refusal", "kind", "reason"),
    [
        ((), MISSING, Stalled, Reason.SIGNATURE_MISSING),
        ((DENIED,), MISSING, Stalled, Reason.ACCESS_DENIED),
        ((DENIED, DOWN, OVER), MISSING, Transient, Reason.REGISTRY_THROTTLED),
        ((DOWN,), Stalled(reason=Reason.SIGNATURE_UNTRUSTED, message="x"), Transient, Reason.REGISTRY_THROTTLED),
        ((DOWN,), Stalled(reason=Reason.SIGNATURE_OF_ANOTHER_ARTIFACT, message="x"), Transient, None),
        ((DOWN,), Stalled(reason=Reason.SIGNATURE_INVALID, message="x"), Transient, None),
        ((DOWN,), Stalled(reason=Reason.KEY_INVALID, message="x"), Stalled, Reason.KEY_INVALID),
        ((DOWN,), Stalled(reason=Reason.INVALID_SPEC, message="x"), Stalled, Reason.INVALID_SPEC),
    ],
)
def test_a_failure_to_ask_is_what_is_said_where_nothing_proves_enough(failures, refusal, kind, reason):
    said = FetchedSignatures(failures=failures).explain(refusal)

    assert type(said) is kind
    assert said.reason is (reason or Reason.REGISTRY_THROTTLED)
    assert (refusal.message in said.message) is (not failures or refusal is not MISSING)
    assert getattr(said, "retry_after", None) == (timedelta(seconds=7) if kind is Transient else None)


@pytest.mark.parametrize(
    ("reason", "so_far"),
    [
        (Reason.SIGNATURE_MISSING, "429; later. So far none of its signatures was seen."),
        (Reason.SIGNATURE_UNTRUSTED, "429; later. So far it is by a stranger."),
    ],
)
def test_where_it_could_not_be_asked_nobody_is_told_to_sign(reason, so_far):
    refusal = Untrusted(reason=reason, message="it is by a stranger: sign it", fact="it is by a stranger.")

    assert FetchedSignatures(failures=(DOWN,)).explain(refusal).message == so_far


def test_what_was_found_before_is_added_once_and_hides_nothing_of_what_is_not_proven():
    here, gone = (Signature(SignatureFormat.BUNDLE, "referrer", "", content) for content in (b"here", b"gone"))
    target = Descriptor("application/json", Digest.of(b"artifact"), 8)
    found = FetchedSignatures((here,), failures=(DOWN,), passed_over=2)

    joined = found.joined(FetchedSignatures((here, gone), target=target))

    assert joined == FetchedSignatures((here, gone), failures=(DOWN,), passed_over=2, target=target)
    assert found.joined(FetchedSignatures((here,))) is found
