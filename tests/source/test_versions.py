import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semantic_version import Version

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.source.versions import Range

NUMBER = st.integers(0, 3)
PRE_RELEASE = st.lists(st.sampled_from(["alpha", "rc", "0", "1", "2", "10", "x-1"]), max_size=2).map(".".join)
OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq}


def written(major: int, minor: int, patch: int, pre: str = "", build: str = "") -> str:
    return f"{major}.{minor}.{patch}" + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")


VERSION = st.builds(written, NUMBER, NUMBER, NUMBER, PRE_RELEASE)
COMPARATOR = st.tuples(st.sampled_from(list(OPERATORS)), VERSION)


def is_in(version: str, text: str) -> bool:
    return Range(text).highest([version.replace("+", "_")]) is not None


# --- which versions are in a range ----------------------------------------------------------------------------------


def precedence(version: str) -> tuple[object, ...]:
    """semver.org, 11: as a key to sort by; numbers before words, and what is no pre-release after all that are."""
    core, _, pre = version.partition("-")
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")) if pre else ()
    return (*map(int, core.split(".")), (1,) if not pre else (0, *parts))


def judged(version: str, comparators: list[tuple[str, str]]) -> bool:
    """node-semver, "Ranges", "Prerelease Tags": all comparators hold, and one names a pre-release of the same core."""
    core, _, pre = version.partition("-")
    if pre and not any(bound.partition("-")[0] == core and "-" in bound for _, bound in comparators):
        return False
    return all(OPERATORS[sign](precedence(version), precedence(bound)) for sign, bound in comparators)


@given(version=VERSION, alternatives=st.lists(st.lists(COMPARATOR, min_size=1, max_size=3), min_size=1, max_size=2))
def test_a_version_is_in_a_range_as_npm_judges_it(version, alternatives):
    text = " || ".join(" ".join(f"{sign}{bound}" for sign, bound in comparators) for comparators in alternatives)

    assert is_in(version, text) == any(judged(version, comparators) for comparators in alternatives)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        pytest.param("1.2.3", ["1.2.3"], ["1.2.4", "1.2.3-rc.1"], id="a version"),
        pytest.param("=1.2.3", ["1.2.3"], ["1.2.4"], id="a version with a sign"),
        pytest.param("v1.2.3", ["1.2.3"], ["1.2.4"], id="a version with a v"),
        pytest.param("1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"], id="a part of a version"),
        pytest.param("1", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.9"], id="a major version"),
        pytest.param("1.x", ["1.0.0", "1.9.9"], ["2.0.0"], id="x"),
        pytest.param("1.2.X", ["1.2.9"], ["1.3.0"], id="X"),
        pytest.param("1.2.*", ["1.2.9"], ["1.3.0"], id="an asterisk"),
        pytest.param("*", ["0.0.1", "9.9.9"], ["1.0.0-rc.1"], id="everything that is released"),
        pytest.param(">=1.4 <2", ["1.4.0", "1.9.9"], ["1.3.9", "2.0.0", "2.0.0-rc.1"], id="two bounds, by a space"),
        pytest.param(">= 1.4, < 2", ["1.4.0", "1.9.9"], ["2.0.0", "2.0.0-rc.1"], id="by a comma, as Helm and Flux"),
        pytest.param(">=1.4,<2", ["1.4.0"], ["2.0.0"], id="by a comma alone"),
        pytest.param(">1.2", ["1.3.0"], ["1.2.9"], id="above a part"),
        pytest.param("<=1.2", ["1.2.9"], ["1.3.0"], id="up to a part"),
        pytest.param("<2.0.0", ["1.9.9"], ["2.0.0", "2.0.0-rc.1", "1.9.9-rc.1"], id="below"),
        pytest.param("^1.2.3", ["1.2.3", "1.9.9"], ["1.2.2", "2.0.0", "2.0.0-0"], id="caret"),
        pytest.param("^0.2.3", ["0.2.9"], ["0.3.0", "0.2.2"], id="caret of a version before 1"),
        pytest.param("^0.0.3", ["0.0.3"], ["0.0.4"], id="caret of a version before 0.1"),
        pytest.param("^1.x", ["1.0.0", "1.9.9"], ["2.0.0"], id="caret with x"),
        pytest.param("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0", "1.2.2"], id="tilde"),
        pytest.param("~1.2", ["1.2.0", "1.2.9"], ["1.3.0"], id="tilde of a part"),
        pytest.param("~1", ["1.0.0", "1.9.0"], ["2.0.0"], id="tilde of a major version"),
        pytest.param("~> 1.2.3", ["1.2.9"], ["1.3.0"], id="tilde as Ruby writes it"),
        pytest.param("~v1.2", ["1.2.9"], ["1.3.0"], id="tilde with a v"),
        pytest.param("1.2.3 - 2", ["1.2.3", "2.9.9"], ["3.0.0", "1.2.2"], id="from, to a part"),
        pytest.param("1.2 - 2.3.4", ["1.2.0", "2.3.4"], ["2.3.5"], id="from a part, to"),
        pytest.param("1.x || >=2.5.0 || 5.0.0 - 7.2.3", ["1.0.0", "2.5.0"], ["2.4.9"], id="alternatives"),
        pytest.param("1.0.0||2.0.0", ["1.0.0", "2.0.0"], ["1.5.0"], id="alternatives without spaces"),
        pytest.param(">=2.0.0-0", ["2.0.0-rc.1", "2.1.0"], ["2.1.0-rc.1"], id="pre-releases of a version"),
        pytest.param("^1.2.3-beta.2", ["1.2.3-beta.4", "1.3.0"], ["1.2.4-beta.2", "1.2.3-beta.1"], id="caret of one"),
        pytest.param("1.0.0-rc.1 - 2", ["1.0.0-rc.2"], ["1.1.0-rc.1"], id="from a pre-release"),
        pytest.param(">=1.0.0-0 || 2.x", ["1.0.0-rc.1"], ["2.0.0-rc.1"], id="pre-releases of one alternative only"),
        pytest.param("<=1.0.0-rc.1", ["0.9.0", "1.0.0-rc.1"], ["1.0.0", "1.0.0-rc.2"], id="up to a pre-release"),
        pytest.param("1.0.0-rc.1", ["1.0.0-rc.1"], ["1.0.0", "1.0.0-rc.2"], id="a pre-release"),
        pytest.param("1.2.3+build.5", ["1.2.3", "1.2.3+other"], ["1.2.4"], id="builds do not matter"),
    ],
)
def test_each_way_to_write_a_range(text, inside, outside):
    assert {version: is_in(version, text) for version in inside + outside} == {
        **dict.fromkeys(inside, True),
        **dict.fromkeys(outside, False),
    }


@pytest.mark.parametrize(
    "text", ["latest", "1.2.3.4", "=>1", "1..2", "not a range", "01.2.3", ">=1.4 <", "1 -", "a - b", "1 - 2 - 3", "<x"]
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(Stalled) as refusal:
        Range(text)

    assert refusal.value.reason is Reason.INVALID_REFERENCE
    assert repr(text) in refusal.value.message
    assert "'>=1.4 <2'" in refusal.value.message


@given(text=st.text(max_size=256) | st.text(alphabet="0123456789.xX*vV^~<>=-+|, abrc", max_size=256))
def test_no_range_raises_anything_but_a_refusal(text):
    try:
        Range(text).highest(["1.0.0", "2.0.0-rc.1"])
    except Stalled as refusal:
        assert refusal.reason is Reason.INVALID_REFERENCE


# --- which of them is the highest -----------------------------------------------------------------------------------


@given(versions=st.lists(VERSION, min_size=1))
def test_the_highest_is_the_one_that_precedes_no_other(versions):
    anything = " || ".join([">=0.0.0", *(f"={version}" for version in versions if "-" in version)])

    highest = Range(anything).highest(versions)

    assert precedence(highest) == max(map(precedence, versions))


@given(version=VERSION, other=VERSION)
def test_the_model_of_precedence_agrees_with_the_library(version, other):
    assert (precedence(version) < precedence(other)) == (Version(version) < Version(other))


def test_the_order_of_the_specification_is_kept():
    ascending = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ascending += ["1.0.0-rc.1", "1.0.0"]  # semver.org, 11.4

    for number in range(1, len(ascending) + 1):
        assert Range(">=1.0.0-0").highest(reversed(ascending[:number])) == ascending[number - 1]


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        pytest.param(["1.9.0", "1.10.0", "1.2.0"], "1.10.0", id="numbers, not letters"),
        pytest.param(["v1.2.0", "1.1.0"], "v1.2.0", id="with a v, as it is"),
        pytest.param(["1.2.0_b", "1.2.0_c", "1.2.0_a"], "1.2.0_c", id="builds as Helm writes them: the last by name"),
        pytest.param(["1.2.0-rc.1_b", "1.1.0"], "1.1.0", id="a build of a pre-release"),
        pytest.param(["latest", "main", "sha256-0a.sig", "1.2", "1", "01.2.3", "1.2.3.4"], None, id="no versions"),
        pytest.param(["1.2.3-", "1.2.3_", "1.2.3-a_b_c", "vv1.2.3", "V1.2.3"], None, id="nearly versions"),
        pytest.param(["2.0.0", "0.9.0"], None, id="versions outside"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_which_tag_is_taken(tags, wanted):
    assert Range("1.x").highest(tags) == wanted


@given(tags=st.lists(st.text(max_size=128)))
def test_any_tags_may_be_looked_through(tags):
    assert Range("*").highest(tags) in (None, *tags)
