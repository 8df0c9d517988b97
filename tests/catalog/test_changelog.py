"""The changes of each version, by CHANGELOG.md and by the metadata."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time

from pattern_operator.catalog import Change, PatternMetadata, Release, changelog
from pattern_operator.catalog.changelog import MAX_CHANGES, MAX_RELEASES

TEXT = """\
# Changelog

All notable changes.

## [Unreleased]

- not yet

## [1.1.0] - 2026-02-01

Words that are no entry.

### Added

- a door
  with a lock
- a window

### Fixed
* the roof

## [1.0.0] - 2026-01-01
- the house

[1.0.0]: https://git.example/1.0.0
"""


def read(text, **metadata):
    return changelog(text, PatternMetadata(**metadata))


def test_each_release_is_read_with_its_date_and_its_changes_by_kind():
    assert read(TEXT) == (
        Release("Unreleased", "", (Change("not yet"),)),
        Release(
            "1.1.0",
            "2026-02-01",
            (Change("a door with a lock", "added"), Change("a window", "added"), Change("the roof", "fixed")),
        ),
        Release("1.0.0", "2026-01-01", (Change("the house"),)),
    )


@pytest.mark.parametrize(
    ("heading", "version", "date"),
    [
        ("## 1.2.3", "1.2.3", ""),
        ("## v1.2.3 (2026-01-31)", "1.2.3", "2026-01-31"),
        ("# Release 1.2", "1.2", ""),
        ("## [1.2.3-rc.1](https://git.example) - 2026-01-31", "1.2.3-rc.1", "2026-01-31"),
        ("### Version 1.2.3+b.7", "1.2.3+b.7", ""),
    ],
)
def test_headings_of_releases(heading, version, date):
    (found,) = read(f"{heading}\n- x\n")

    assert (found.version, found.date) == (version, date)


@pytest.mark.parametrize("heading", ["## Notes", "## 5 things", "1.2.3", "##1.2.3", "## a 1.2.3"])
def test_headings_of_something_else_begin_no_release(heading):
    assert read(f"{heading}\n- x\n") == ()


def test_a_heading_of_something_else_ends_the_release_before_it():
    found = read("## 1.0.0\n- x\n## Thanks\n- everybody\n## 0.9.0\n- y\n")

    assert [(each.version, [change.description for change in each.changes]) for each in found] == [
        ("1.0.0", ["x"]),
        ("0.9.0", ["y"]),
    ]


def test_what_the_metadata_says_of_this_version_comes_first():
    changes = (Change("a garden", "added"),)

    found = read(TEXT, version="1.2.0", created="2026-03-01T00:00:00Z", changes=changes)

    assert found[0] == Release("1.2.0", "2026-03-01", changes)
    assert [each.version for each in found] == ["1.2.0", "Unreleased", "1.1.0", "1.0.0"]


def test_what_the_changelog_says_of_this_version_counts():
    found = read(TEXT, version="1.1.0", changes=(Change("other words"),))

    assert [each.version for each in found] == ["Unreleased", "1.1.0", "1.0.0"]


def test_of_a_long_changelog_the_newest_is_read():
    releases = "".join(f"## 1.{1000 - number}.0\n" + "- x\n" * (MAX_CHANGES + 1) for number in range(MAX_RELEASES + 1))

    found = read(releases)

    assert (len(found), found[0].version) == (MAX_RELEASES, "1.1000.0")
    assert {len(each.changes) for each in found} == {MAX_CHANGES}


@given(st.text(alphabet="#-* \n\t[]1.v()Aa", max_size=200))
def test_no_text_raises(text):
    for each in read(text):
        assert each.version


def test_a_long_line_takes_no_longer_than_its_length():
    hostile = "# 1.0\n# " + "[" * 60_000 + "\n# 1.0\n- " + " " * 60_000 + "a\n" + "  a\n" * 20_000

    assert cpu_time(lambda: read(hostile), enough=0.5) < 0.5
