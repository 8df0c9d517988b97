"""Lists and watches as the API server prints them, from a real one; and from whatever else may answer."""

import asyncio
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foreign_bodies import JUNK
from tests.kube.conftest import CONFIG_MAP

from pattern_operator.kube import ApiError, ApiUnavailable, objects, table_pages, watch_table
from pattern_operator.kube.table import MAX_CELL, TableReader

COLUMNS = [{"name": "Name", "type": "string"}, {"name": "Data", "type": "integer"}]


async def make(session, namespace, *names, data=None):
    for name in names:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {}}
        await objects.create(session, CONFIG_MAP, body=orjson.dumps(body), namespace=namespace, field_manager="test")


async def test_rows_have_the_columns_that_the_server_prints(session, namespace):
    await make(session, namespace, "a", "b", data={"one": "1", "two": "2"})

    (page,) = [each async for each in table_pages(session, CONFIG_MAP, namespace=namespace)]

    assert [(row.namespace, row.name, row.cells["Name"], row.cells["Data"]) for row in page.rows] == [
        (namespace, "a", "a", "2"),
        (namespace, "b", "b", "2"),
    ]
    assert all(row.uid and row.version and row.created for row in page.rows)
    assert (page.more, page.version > "0") == ("", True)


async def test_a_watch_tells_what_changes_after_the_list(session, namespace):
    await make(session, namespace, "a")
    (page,) = [each async for each in table_pages(session, CONFIG_MAP, namespace=namespace)]
    await make(session, namespace, "b")
    await objects.delete(session, CONFIG_MAP, namespace=namespace, name="a")

    watch = watch_table(session, CONFIG_MAP, namespace=namespace, version=page.version, seconds=1)
    events = [(event.type, event.row and event.row.name) async for event in watch]

    assert events[:2] == [("ADDED", "b"), ("DELETED", "a")]
    assert {kind for kind, _ in events[2:]} <= {"BOOKMARK"}


def table(*rows, columns=COLUMNS, **metadata):
    return {
        "kind": "Table",
        "metadata": {"resourceVersion": "7", **metadata},
        "columnDefinitions": columns,
        "rows": rows,
    }


def row(*cells, **metadata):
    return {"cells": list(cells), "object": {"metadata": {"name": "a", "resourceVersion": "6", **metadata}}}


async def read(answer, **options):
    return await TableReader().page(json.dumps(answer).encode(), **options)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("x", "x"),
        (3, "3"),
        (True, "true"),
        (1.5, "1.5"),
        (None, None),
        ({}, None),
        ([1], None),
        ("y" * 9999, "y" * MAX_CELL),
    ],
)
async def test_a_cell_is_text_a_number_or_a_truth_value(cell, text):
    page = await read(table(row("a", cell)))

    assert page.rows[0].cells.get("Data") == text


async def test_a_row_without_a_name_is_left_out():
    page = await read(table(row("", name=""), row("a" * 2000, name="a" * 2000), row("a")))

    assert [each.name for each in page.rows] == ["a"]


async def test_a_page_that_leads_to_itself_is_refused():
    with pytest.raises(ApiUnavailable, match="without an end"):
        await read(table(**{"continue": "x"}), after="x")


async def test_an_error_of_a_watch_is_raised_as_the_server_says_it():
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (216)"}

    with pytest.raises(ApiError, match="too old resource version") as refusal:
        await TableReader().event(json.dumps({"type": "ERROR", "object": status}).encode())

    assert refusal.value.code == 410


@pytest.mark.parametrize("event", [{"type": "ADDED", "object": table()}, {"type": "OTHER", "object": table(row("a"))}])
async def test_what_is_not_an_event_is_refused(event):
    with pytest.raises(ApiUnavailable):
        await TableReader().event(json.dumps(event).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = ("kind", "metadata", "columnDefinitions", "rows", "type", "object")
OBJECTS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON))


def tables_of(junk):
    """The texts of tables, and of events with them, in which something is ``junk``."""
    for whole in (
        table(row("a", junk)),
        table(row("a", name=junk)),
        table(row("a", uid=junk)),
        table(junk),
        table(row("a"), columns=junk),
        {"rows": junk, "metadata": junk},
    ):
        yield json.dumps(whole).encode()
        yield json.dumps({"type": "ADDED", "object": whole}).encode()


def written(junk):
    try:
        return bool(json.dumps(junk))
    except ValueError:  # an integer of more digits than Python writes
        return False


JUNK_TABLES = [each for junk in JUNK if written(junk) for each in tables_of(junk)]


@given(answer=st.binary() | OBJECTS.map(lambda body: json.dumps(body).encode()) | st.sampled_from(JUNK_TABLES))
def test_no_answer_raises_anything_but_a_refusal(answer):
    async def read_both():
        for reading in (TableReader().page(answer), TableReader().event(answer)):
            try:
                await reading
            except ApiError:
                continue

    asyncio.run(read_both())
