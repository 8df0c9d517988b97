import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.testbed import semver

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_TAGS
from pattern_operator.source.semver.range import MAX_ALTERNATIVES, MAX_RANGE, SemverRange
from pattern_operator.source.semver.version import Version

TABLE: dict[str, list[str] | None] = json.loads(semver.TABLE.read_text())
TAGS = semver.tags()
NUMBER = st.integers(0, 3)
PRE_RELEASE = st.lists(st.sampled_from(["alpha", "rc", "0", "1", "2", "10", "x-1"]), max_size=2).map(".".join)


def written(major: int, minor: int, patch: int, pre: str) -> str:
    return f"{major}.{minor}.{patch}" + (f"-{pre}" if pre else "")


VERSION = st.builds(written, NUMBER, NUMBER, NUMBER, PRE_RELEASE)


def inside(text: str, tags: list[str]) -> list[str] | None:
    """Which of the tags are versions in the range, or None where it is not a range."""
    try:
        wanted = SemverRange(text)
    except Stalled as refusal:
        assert refusal.reason is Reason.INVALID_REFERENCE
        return None
    return [tag for tag in tags if wanted.highest([tag]) == tag]


# --- which versions are in a range ----------------------------------------------------------------------------------


def test_the_table_has_every_kind_of_range():
    assert len(TABLE) > 400
    assert sum(found is None for found in TABLE.values()) > 50
    assert set(semver.ranges()) == set(TABLE)


@pytest.mark.parametrize("text", TABLE)
def test_a_range_holds_what_masterminds_finds_in_it(text):
    assert inside(text, TAGS) == TABLE[text]


@pytest.mark.parametrize(
    ("text", "within", "outside"),
    [
        pytest.param(
            ">=1.0.0-0", ["1.0.0-rc.1", "1.1.0-rc.1", "2.0.0-0"], ["0.9.9"], id="pre-releases of all versions"
        ),
        pytest.param("*-0", ["0.0.1-a", "3.0.0-rc.1", "3.0.0"], ["latest"], id="all that there is"),
        pytest.param(">=1.0.0-0 <2", ["1.5.0-rc.1", "2.0.0-rc.1"], ["2.0.0"], id="in one alternative, for all bounds"),
        pytest.param(">=1.0.0-0 || 2.x", ["2.0.0-rc.1"], ["0.1.0-rc.1"], id="one of two alternatives"),
        pytest.param("3.0.0-rc.1 || 2.x", ["3.0.0-rc.1"], ["2.0.0-rc.1"], id="not in the other alternative"),
        pytest.param("!=1.2.3", ["1.2.4", "9.0.0"], ["1.2.3", "1.2.4-rc.1"], id="unequal"),
        pytest.param("!=1.2", ["1.3.0"], ["1.2.0", "1.2.9"], id="unequal to a part"),
        pytest.param("=>1.4, =<2", ["1.4.0", "2.9.9"], ["1.3.9", "3.0.0"], id="signs the other way round"),
        pytest.param("^0.0", ["0.0.9"], ["0.1.0"], id="caret of 0.0"),
        pytest.param("^0.0.0", ["0.0.0"], ["0.0.1"], id="caret of 0.0.0"),
    ],
)
def test_what_differs_from_npm_is_as_flux_and_helm_judge(text, within, outside):
    assert inside(text, within + outside) == within


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1.2.3-" + "a" * 250, id="a bound of 256 characters"),
        pytest.param("1.x.3+" + "a" * 400, id="the build of a bound with a wildcard, which is not read"),
        pytest.param("1".rjust(MAX_RANGE), id="as many characters as are read"),
    ],
)
def test_what_is_long_and_not_too_long_is_a_range(text):
    assert inside(text, ["2.0.0"]) == []


def test_a_range_with_a_hyphen_is_not_taken_for_a_part_of_another():
    assert inside("1 - 2 || 11 - 2 || 3", ["1.5.0", "3.0.0", "11.5.0"]) == ["1.5.0", "3.0.0"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("latest", "'latest' is not a bound. Name a tag in source.ref.tag, or write a range", id="a tag"),
        pytest.param("1.2.3.4", "'1.2.3.4' is not a bound", id="four numbers"),
        pytest.param("1 v1.2.3.4", "'v1.2.3.4' is not a bound", id="four numbers with a v"),
        pytest.param(">=1.4 <", "'<' is not a bound", id="no version behind a sign"),
        pytest.param(">=1.4,", "a bound is missing", id="nothing behind a comma"),
        pytest.param("1 || ", "a bound is missing", id="nothing behind ||"),
        pytest.param(">=1.4 && <2", "'&&' is not a bound", id="an and"),
        pytest.param("[1.0,2.0)", "'[1.0' is not a bound", id="an interval"),
        pytest.param("1.a", "'1.a' is not a bound", id="a letter"),
        pytest.param("1.1x", "'1x' is not a number", id="half a wildcard"),
        pytest.param("1.0.0-rc.01", "'01' in a pre-release begins with a zero", id="a nought"),
        pytest.param("18446744073709551616", "is a number of more than 64 bits", id="a large number"),
        pytest.param("1.2.3-" + "a" * 251, "has more than 256 characters", id="a long bound"),
        pytest.param("1.2.3+" + "a" * 251, "has more than 256 characters", id="a long build"),
        pytest.param("1.x.3-" + "a" * 251, "has more than 256 characters", id="a long bound with a wildcard"),
        pytest.param("1" * (MAX_RANGE + 1), f"has {MAX_RANGE + 1} characters, and at most {MAX_RANGE} are", id="long"),
        pytest.param("1||" * MAX_ALTERNATIVES + "1", f"has {MAX_ALTERNATIVES + 1} alternatives", id="alternatives"),
        pytest.param("\uff11.2.3", "characters that are not ASCII", id="wide digits"),
        pytest.param("1.2.\u0663", "characters that are not ASCII", id="digits of another script"),
    ],
)
def test_what_is_not_a_range_is_refused_with_the_part_that_is_wrong(text, why):
    with pytest.raises(Stalled) as refusal:
        SemverRange(text)

    assert refusal.value.reason is Reason.INVALID_REFERENCE
    assert refusal.value.message.startswith("source.ref.semver ")
    assert why in refusal.value.message
    assert "'>=1.4 <2'" in refusal.value.message


@given(text=st.text(max_size=256) | st.text(alphabet="0123456789.xX*vV^~<>=-+|, abrc", max_size=256))
def test_no_range_raises_anything_but_a_refusal(text):
    inside(text, ["1.0.0", "2.0.0-rc.1"])


@pytest.mark.parametrize(
    "text",
    [
        "1" * MAX_RANGE,
        " " * MAX_RANGE,
        "1" + " " * 200 + "-" + " " * 200 + "x",
        "|" * MAX_RANGE,
        " " * 170 + "1" + " " * 170 + "-" + " " * 170,
        "1 - " * (MAX_RANGE // 4),
        "1.1.1-" + "-a" * 250 + " -",
        "1 " * (MAX_RANGE // 2),
        "1.1.1-" + "a." * 250,
    ],
)
def test_reading_a_range_does_not_hold_the_loop(text):
    assert cpu_time(lambda: inside(text, []), enough=0.020) < 0.020


def test_all_tags_that_are_read_are_judged_by_the_longest_range_within_two_seconds():
    text = " ".join(f"!=9.{number}" for number in range(70))
    tags = [f"{number // 100}.{number % 100}.0" for number in range(MAX_TAGS)]

    highest = SemverRange(text).highest(tags)

    assert highest == "99.99.0"
    assert cpu_time(lambda: SemverRange(text).highest(tags), enough=2) < 2


def test_many_long_tags_are_read_once_and_not_taken_apart():
    pre = ".".join(["0"] * 56)
    tags = [f"1.0.{number}-{pre}" for number in range(MAX_TAGS)]

    choice = SemverRange(">=9-0").choose(tags)

    assert (choice.tag, choice.why_none) == (None, f"the highest version is 1.0.{MAX_TAGS - 1}-{pre}")
    # Some 0.04 s; taken apart, and twice, 0.4 s.
    assert cpu_time(lambda: SemverRange(">=9-0").choose(tags), enough=0.2) < 0.2


def test_an_alternative_that_is_repeated_costs_no_more():
    tags = [f"1.{number}.0" for number in range(MAX_TAGS)]
    repeated = " || ".join(["<0-0 >0"] * MAX_ALTERNATIVES)

    assert SemverRange(repeated).highest(tags) is None
    assert cpu_time(lambda: SemverRange(repeated).highest(tags), enough=0.2) < 0.2


@pytest.mark.parametrize("order", [list, reversed])
def test_what_comes_nearest_is_the_highest_that_there_is_in_whatever_order(order):
    tags = list(order(["0.9.0", "1.0.0-rc.1", "1.0.0-rc.2", "2.0.0", "latest"]))

    assert SemverRange(">=3").choose(tags).why_none == "the highest version is 2.0.0"
    assert "1.0.0-rc.2 is a pre-release" in SemverRange(">0.9 <2").choose(tags).why_none


# --- which of them is the highest -----------------------------------------------------------------------------------


def precedence(version: str) -> tuple[object, ...]:
    """semver.org, 11: as a key to sort by; numbers before words, and what is not a pre-release after all that are."""
    core, _, pre = version.partition("-")
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")) if pre else ()
    return (*map(int, core.split(".")), (1,) if not pre else (0, *parts))


@given(versions=st.lists(VERSION, min_size=1))
def test_the_highest_is_the_one_that_precedes_no_other(versions):
    highest = SemverRange("*-0").highest(versions)

    assert highest is not None
    assert precedence(highest) == max(map(precedence, versions))


def test_a_number_of_more_than_64_bits_is_ordered_as_a_word():
    ascending = ["1.0.0-7", "1.0.0-18446744073709551615", "1.0.0--", "1.0.0-18446744073709551616", "1.0.0-a"]

    for number in range(1, len(ascending) + 1):
        assert SemverRange(">=1.0.0-0").highest(ascending[:number]) == ascending[number - 1]


@given(version=VERSION, other=VERSION)
def test_versions_are_ordered_by_precedence(version, other):
    one, two = Version.of_tag(version), Version.of_tag(other)

    assert one is not None
    assert two is not None
    assert (precedence(version) < precedence(other)) == (one < two)


def test_the_order_of_the_specification_is_kept():
    ascending = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ascending += ["1.0.0-rc.1", "1.0.0"]  # semver.org, 11.4

    for number in range(1, len(ascending) + 1):
        assert SemverRange(">=1.0.0-0").highest(ascending[:number][::-1]) == ascending[number - 1]


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        pytest.param(["1.9.0", "1.10.0", "1.2.0"], "1.10.0", id="numbers, not letters"),
        pytest.param(["v1.2.0", "1.1.0"], "v1.2.0", id="with a v, as it is"),
        pytest.param(["1.2.0_b", "1.2.0_c", "1.2.0_a"], "1.2.0_c", id="builds as Helm writes them: the last by name"),
        pytest.param(["1.2.0-rc.1_b", "1.1.0"], "1.1.0", id="a build of a pre-release"),
        pytest.param(["latest", "main", "sha256-0a.sig", "1.2", "1", "01.2.3", "1.2.3.4"], None, id="not versions"),
        pytest.param(["1.2.3-", "1.2.3_", "1.2.3-a_b_c", "vv1.2.3", "V1.2.3", "1.2.3-01"], None, id="nearly versions"),
        pytest.param(["1.2.3-.a", "1.2.3-a.", "1.2.3-a..b", "1.2.3+.a", "1.2.3+a."], None, id="an empty identifier"),
        pytest.param(["1.18446744073709551616.0"], None, id="numbers of more than 64 bits"),
        pytest.param(["2.0.0", "0.9.0"], None, id="versions outside"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_which_tag_is_taken(tags, wanted):
    assert SemverRange("1.x").highest(tags) == wanted


@given(tags=st.lists(st.text(max_size=128)))
def test_any_tags_may_be_looked_through(tags):
    assert SemverRange("*").highest(tags) in (None, *tags)


@pytest.mark.parametrize("tags", [["1.0.0_a", "1.0.0_c", "1.0.0_b"], ["1.0.0_c", "1.0.0_a"], ["1.0.0_a", "1.0.0_c"]])
def test_of_equal_versions_the_last_by_name_is_chosen_in_whatever_order_they_are_listed(tags):
    assert SemverRange("1.x").highest(tags) == "1.0.0_c"


@pytest.mark.parametrize(
    ("range_", "chosen"),
    [
        ("1.2.0+b", "1.2.0_b"),
        ("=1.2.0+b", "1.2.0_b"),
        ("v1.2.0+b", "1.2.0_b"),
        ("1.2.0-rc.1+b", "v1.2.0-rc.1_b"),
        ("1.2.0+other", "1.2.0_c"),
        ("1.2.0", "1.2.0_c"),
        (">=1.2.0+b", "1.3.0"),
        ("~1.2.0+b", "1.2.0_c"),
        ("1.2.0+b || 1.2.0", "1.2.0_c"),
    ],
)
def test_a_version_that_names_its_build_is_that_build_where_there_is_one(range_: str, chosen: str):
    tags = ["1.2.0_a", "1.2.0_b", "1.2.0_c", "v1.2.0-rc.1_b", "1.2.0-rc.1_c", "1.3.0"]

    assert SemverRange(range_).highest(tags) == chosen
