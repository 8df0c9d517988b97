"""The list of patterns: which are found, in what order, and what stands in the URL. Whatever a URL holds is read."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.console.pattern_list import PAGE_SIZE, SORTS, PatternRow, Query, select
from pattern_operator.kube import TableRow

WEB = PatternRow.of(
    TableRow(
        namespace="shop",
        name="web",
        uid="u",
        version="7",
        created="2026-01-01T00:00:00Z",
        cells={
            "Ready": "False",
            "Status": "SignatureMissing",
            "Version": "1.4.2",
            "Digest": "0a1b2c3d4e5f",
            "URL": "oci://registry.example/patterns/web",
            "Verified by": "release, audit",
            "Suspended": "true",
            "Message": "nobody who is trusted has signed it",
        },
    )
)
QUERIES = st.dictionaries(
    st.sampled_from(["q", "namespace", "ready", "version", "digest", "signer", "sort", "page", "other"]),
    st.text() | st.sampled_from(["1", "0", "-1", "999999", "True", "Suspended", "-name", "version", "²"]),
)


def rows(*names, **changes):
    return [replace(WEB, name=name, **changes) for name in names]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, True),
        ({"namespace": "shop"}, True),
        ({"namespace": "sho"}, False),
        ({"ready": "False"}, True),
        ({"ready": "True"}, False),
        ({"ready": "Suspended"}, True),
        ({"ready": "nonsense"}, True),
        ({"version": "1.4"}, True),
        ({"version": "4.2"}, False),
        ({"digest": "0a1b"}, True),
        ({"digest": "sha256:0a1b2c3d4e5f0a1b"}, True),
        ({"digest": "1b"}, False),
        ({"signer": "audit"}, True),
        ({"signer": "aud"}, False),
        ({"q": "SHOP/web"}, True),
        ({"q": "trusted nobody"}, True),
        ({"q": "registry.example"}, True),
        ({"q": "trusted somebody"}, False),
        ({"namespace": "shop", "ready": "True"}, False),
    ],
    ids=str,
)
def test_a_pattern_is_found_by_what_it_has(query, found):
    page = select([WEB], Query.of(query))

    assert (len(page.rows), page.found, page.known) == (int(found), int(found), 1)


@pytest.mark.parametrize(
    ("sort", "names"), [("name", "abc"), ("-name", "cba"), ("version", "bca"), ("created", "cab"), ("ready", "cab")]
)
def test_patterns_are_sorted(sort, names):
    found = [
        replace(WEB, name="a", version="3", created="2026-01-02", ready="Unknown"),
        replace(WEB, name="b", version="1", created="2026-01-03", ready="True"),
        replace(WEB, name="c", version="2", created="2026-01-01", ready="False"),
    ]

    page = select(found, Query.of({"sort": sort}))

    assert "".join(row.name for row in page.rows) == names


def test_a_page_behind_the_last_one_is_the_last_one():
    many = rows(*(f"web-{number:03}" for number in range(PAGE_SIZE + 1)))

    first, last, behind = (select(many, Query.of({"page": page})) for page in ("1", "2", "9"))

    assert (first.first, len(first.rows), first.pages) == (1, PAGE_SIZE, 2)
    assert (last.first, [row.name for row in last.rows]) == (PAGE_SIZE + 1, [f"web-{PAGE_SIZE:03}"])
    assert behind == last


def test_what_is_found_is_counted_by_how_it_is():
    many = [*rows("a", "b", ready="True"), *rows("c", ready="False"), *rows("d", ready="Unknown")]

    page = select(many, Query.of({"q": "shop"}))

    assert dict(page.counts) == {"True": 2, "False": 1, "Unknown": 1}


def test_a_column_that_is_pressed_again_turns_the_order():
    query = Query.of({"q": "web", "page": "3"}).sorted_by("version")

    assert (query.sort, query.descending, query.page, query.q) == ("version", False, 1, "web")
    assert query.sorted_by("version").descending
    assert not query.sorted_by("version").sorted_by("version").descending
    assert not query.sorted_by("version").sorted_by("name").descending


def test_nothing_stands_in_the_url_that_is_so_by_itself():
    assert Query().url == "?"
    assert Query.of({"q": "a b", "sort": "-name", "page": "2"}).url == "?q=a+b&sort=-name&page=2"


@given(query=QUERIES)
def test_any_query_is_read_and_its_url_means_the_same(query):
    found = Query.of(query)

    assert found.sort in SORTS
    assert found.page >= 1
    if "\x00" not in str(query) and str(query).isprintable():
        assert Query.of(dict(parse_qsl(found.url[1:]))) == found
    assert len(select([WEB] * 3, found).rows) in (0, 3)


@given(ready=st.text(), cells=st.dictionaries(st.sampled_from(["Ready", "Status", "Suspended", "Message"]), st.text()))
def test_any_row_can_be_shown(ready, cells):
    row = PatternRow.of(TableRow("a", "b", "c", "d", "e", {**cells, "Ready": ready}))

    assert row.ready in ("True", "False", "Unknown")
    assert select([row], Query.of({"sort": "ready"})).found == 1
