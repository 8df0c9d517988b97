"""What of the verdicts on patterns each policy counts."""

from pattern_operator.api.trust_policy import PatternCounts
from pattern_operator.reconcile import PatternKey
from pattern_operator.reconcile.verdicts import Verdicts

WEB, SHOP, NEW = (PatternKey("team", name) for name in ("web", "shop", "new"))


def test_a_policy_counts_what_it_covers_what_passes_and_what_does_not():
    verdicts = Verdicts(on_change=lambda: None)
    verdicts.note(WEB, met=["release"], unmet=["security"])
    verdicts.note(SHOP, met=[], unmet=["release"])

    assert verdicts.count("release", [WEB, SHOP, NEW]) == PatternCounts(covered=3, passing=1, failing=1)
    assert verdicts.count("security", [WEB]) == PatternCounts(covered=1, failing=1)
    assert verdicts.count("release", []) == PatternCounts()


def test_only_another_verdict_is_told():
    told: list[int] = []
    verdicts = Verdicts(on_change=lambda: told.append(1))

    verdicts.note(NEW, met=[], unmet=[])  # no policy covers it, as before
    nothing = len(told)
    verdicts.note(WEB, met=["release"], unmet=[])
    verdicts.note(WEB, met=["release"], unmet=[])
    once = len(told)
    verdicts.note(WEB, met=[], unmet=["release"])
    verdicts.forget(WEB)
    gone = len(told)
    verdicts.forget(WEB)

    assert (nothing, once, gone, len(told)) == (0, 1, 3, 3)
    assert verdicts.count("release", [WEB]) == PatternCounts(covered=1)


def test_the_first_of_those_that_fail_are_named_by_namespace_and_name():
    verdicts = Verdicts(on_change=lambda: None)
    keys = [PatternKey(namespace, f"p{number:02}") for namespace in ("b", "a") for number in range(9)]
    for key in keys:
        verdicts.note(key, met=[], unmet=["release"] if key.name != "p03" else ["other"])

    found = verdicts.failing("release", keys)

    assert len(found) == 10
    assert [f"{each.namespace}/{each.name}" for each in found[:4]] == ["a/p00", "a/p01", "a/p02", "a/p04"]
    assert f"{found[-1].namespace}/{found[-1].name}" == "b/p01"
    assert verdicts.failing("release", []) == verdicts.failing("none", keys) == ()
