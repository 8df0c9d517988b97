"""What of the verdicts on patterns each policy counts."""

import pytest

from pattern_operator.api.trust_policy import PatternCounts
from pattern_operator.api.verification import PolicySource, Requirement, TrustedAuthority, VerificationPolicy
from pattern_operator.reconcile import PatternKey
from pattern_operator.reconcile.verdicts import Verdicts


def of(name: str, *, version: str = "1", key: bytes = b"key") -> Requirement:
    """What a TrustPolicy requires."""
    source = PolicySource(name=name, version=version)
    return Requirement(source=source, authorities=(TrustedAuthority.of_key("release-team", key),))


RELEASE, SECURITY = of("release"), of("security")
BOTH = VerificationPolicy((RELEASE, SECURITY))
WEB, SHOP, NEW = (PatternKey("team", name) for name in ("web", "shop", "new"))


def test_a_policy_counts_what_it_covers_what_passes_and_what_does_not():
    verdicts = Verdicts(on_change=lambda: None)
    verdicts.note(WEB, BOTH, met=["release"], unmet=["security"])
    verdicts.note(SHOP, BOTH, met=[], unmet=["release"])

    assert verdicts.count(RELEASE, [WEB, SHOP, NEW]) == PatternCounts(covered=3, passing=1, failing=1)
    assert verdicts.count(SECURITY, [WEB]) == PatternCounts(covered=1, failing=1)
    assert verdicts.count(RELEASE, []) == PatternCounts()


def test_only_another_verdict_is_told():
    told: list[int] = []
    verdicts = Verdicts(on_change=lambda: told.append(1))

    verdicts.note(NEW, BOTH, met=[], unmet=[])  # no policy covers it, as before
    nothing = len(told)
    verdicts.note(WEB, BOTH, met=["release"], unmet=[])
    verdicts.note(WEB, BOTH, met=["release"], unmet=[])
    once = len(told)
    verdicts.note(WEB, BOTH, met=[], unmet=["release"])
    verdicts.forget(WEB)
    gone = len(told)
    verdicts.forget(WEB)

    assert (nothing, once, gone, len(told)) == (0, 1, 3, 3)
    assert verdicts.count(RELEASE, [WEB]) == PatternCounts(covered=1)


def test_the_first_of_those_that_fail_are_named_by_namespace_and_name():
    verdicts = Verdicts(on_change=lambda: None)
    keys = [PatternKey(namespace, f"p{number:02}") for namespace in ("b", "a") for number in range(9)]
    for key in keys:
        verdicts.note(key, BOTH, met=[], unmet=["release"] if key.name != "p03" else ["security"])

    found = verdicts.failing(RELEASE, keys)

    assert len(found) == 10
    assert [f"{each.namespace}/{each.name}" for each in found[:4]] == ["a/p00", "a/p01", "a/p02", "a/p04"]
    assert f"{found[-1].namespace}/{found[-1].name}" == "b/p01"
    assert verdicts.failing(RELEASE, []) == verdicts.failing(None, keys) == ()


@pytest.mark.parametrize(
    "other", [of("release", version="2"), of("release", key=b"rotated"), None], ids=["changed", "another key", "unread"]
)
def test_a_verdict_is_by_a_policy_as_it_was_and_of_another_nothing_is_known(other: Requirement | None):
    verdicts = Verdicts(on_change=lambda: None)
    verdicts.note(WEB, BOTH, met=["release"], unmet=[])
    verdicts.note(SHOP, BOTH, met=[], unmet=["release"])

    assert verdicts.count(other, [WEB, SHOP]) == PatternCounts(covered=2)
    assert verdicts.failing(other, [WEB, SHOP]) == ()
