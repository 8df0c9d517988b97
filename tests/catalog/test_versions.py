"""The order of versions, and which tags are none."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.catalog import TaggedVersion, versions_of
from pattern_operator.source.semver.range import SemverRange
from pattern_operator.source.semver.version import Version


def tags(*given, semver=None):
    """The tags in their order."""
    return [each.tag for each in versions_of(given, semver=None if semver is None else SemverRange(semver))]


def test_the_highest_version_comes_first_and_what_is_none_last():
    assert tags("latest", "1.2.0", "1.10.0", "dev", "1.9.3") == ["1.10.0", "1.9.3", "1.2.0", "dev", "latest"]


def test_a_pre_release_comes_behind_its_release_and_says_that_it_is_one():
    found = versions_of(["1.0.0-rc.2", "1.0.0", "1.0.0-rc.10"])

    assert [(each.tag, each.pre_release) for each in found] == [
        ("1.0.0", False),
        ("1.0.0-rc.10", True),
        ("1.0.0-rc.2", True),
    ]


def test_a_tag_is_told_with_the_version_that_it_stands_for():
    assert versions_of(["v1.2.3", "1.0.0_build.7", "edge"]) == (
        TaggedVersion("v1.2.3", "1.2.3", pre_release=False),
        TaggedVersion("1.0.0_build.7", "1.0.0+build.7", pre_release=False),
        TaggedVersion("edge", "", pre_release=False),
    )


@pytest.mark.parametrize("ending", ["", ".sig", ".att", ".sbom"])
@pytest.mark.parametrize(("algorithm", "digits"), [("sha256", 64), ("sha512", 64), ("sha512", 128)])
def test_tags_of_signatures_and_lists_of_referrers_are_left_out(algorithm, digits, ending):
    assert tags(f"{algorithm}-{'0a' * (digits // 2)}{ending}", "1.0.0") == ["1.0.0"]


@pytest.mark.parametrize("tag", ["sha256-0a", f"sha256-{'0a' * 32}.txt", f"sha1-{'0a' * 32}", f"x-sha256-{'0a' * 32}"])
def test_a_tag_that_only_looks_like_one_of_a_signature_stays(tag):
    assert tags(tag) == [tag]


def test_of_a_range_those_alone_are_listed_that_are_in_it():
    given = ("0.9.0", "1.0.0", "1.4.0-rc.1", "1.3.9", "2.0.0", "latest")

    assert tags(*given, semver=">=1.0 <2") == ["1.3.9", "1.0.0"]
    assert tags(*given, semver=">=1.0.0-0 <2") == ["1.4.0-rc.1", "1.3.9", "1.0.0"]


@given(st.lists(st.from_regex(r"v?[0-9]{1,2}\.[0-9]{1,2}\.[0-9](-(rc|[0-9])(\.[0-9]{1,2})?)?", fullmatch=True)))
def test_the_order_is_that_of_semver_whatever_the_order_of_the_registry_is(given):
    found = tags(*given)

    assert found == tags(*sorted(given)) == tags(*reversed(given))
    versions = [version for each in found if (version := Version.of_tag(each)) is not None]
    assert all(not low > high for high, low in pairwise(versions))
    if any(Version.of_tag(each) for each in given):
        assert found[0] == SemverRange(">=0.0.0-0").highest(sorted(set(given)))
