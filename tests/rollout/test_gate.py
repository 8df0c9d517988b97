"""The gate: an update that would empty a pattern does not go by itself."""

import pytest

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Revision
from pattern_operator.errors import Stalled
from pattern_operator.rollout import Candidate, check

REVISION = Revision("2.0.0", Digest.of(b"a manifest"))


@pytest.mark.parametrize(
    ("objects", "owned", "allow_empty"),
    [
        pytest.param(3, 0, False, id="a first version with objects"),
        pytest.param(1, 5, False, id="an update that leaves one object"),
        pytest.param(0, 5, True, id="an empty update that is meant"),
        pytest.param(0, 0, True, id="an empty first version that is meant"),
    ],
)
def test_a_candidate_goes(objects, owned, allow_empty):
    check(Candidate(revision=REVISION, objects=objects, owned=owned, allow_empty=allow_empty))


@pytest.mark.parametrize(
    ("owned", "reason", "said"),
    [
        pytest.param(
            5, Reason.EMPTY_UPDATE, "would remove all 5 that run", id="an update that would empty the pattern"
        ),
        pytest.param(0, Reason.NOTHING_TO_DEPLOY, "renders to no object", id="a first version with nothing in it"),
    ],
)
def test_an_empty_candidate_is_refused(owned, reason, said):
    with pytest.raises(Stalled) as refusal:
        check(Candidate(revision=REVISION, objects=0, owned=owned, allow_empty=False))

    assert refusal.value.reason is reason
    assert said in refusal.value.message


def test_a_candidate_that_holds_what_holds_it_is_refused():
    with pytest.raises(Stalled) as refusal:
        check(Candidate(revision=REVISION, objects=2, owned=0, allow_empty=False, containing_patterns=("team/web",)))

    assert refusal.value.reason is Reason.CONTAINS_ITSELF
    assert "contains DesignPattern team/web, which is this pattern or contains it" in refusal.value.message
