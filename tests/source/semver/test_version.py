import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.reference import tag_of
from pattern_operator.source.semver.version import Version, version_of


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("1.2.3_b", "1.2.3+b"),
        ("v1.2.3-rc.1_build.7", "v1.2.3-rc.1+build.7"),
        ("1.2.3", "1.2.3"),
        ("my_tag", "my_tag"),
        ("1.2_b", "1.2_b"),
        ("1.2.3_a_b", "1.2.3_a_b"),
        ("", ""),
    ],
)
def test_a_tag_is_read_as_the_version_that_it_stands_for(tag, version):
    assert version_of(tag) == version


@given(st.from_regex(r"[0-9]{1,3}\.[0-9]{1,3}\.[1-9](-[a-z]{1,4})?\+[a-z0-9]{1,4}(\.[a-z]{1,3})?", fullmatch=True))
def test_the_tag_of_a_version_is_read_as_this_version(version):
    if Version.of_tag(version) is None:  # a number begins with a nought
        return
    assert version_of(tag_of(version)) == version
