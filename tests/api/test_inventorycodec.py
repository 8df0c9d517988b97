import base64
import random
import string
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time

from pattern_operator.api.designpattern import decode
from pattern_operator.api.fields import mappings_at
from pattern_operator.api.inventorycodec import (
    LARGEST,
    MOST,
    PLAIN,
    InventoryTooLarge,
    expand,
    is_large,
    packed,
    size_of,
    unpacked,
)
from pattern_operator.api.status import Inventory, InventoryEntry
from pattern_operator.limits import MAX_OBJECTS


def inventory(*names: str) -> Inventory:
    entries = tuple(InventoryEntry(id=f"team_{name}_apps_Deployment", v="v1") for name in sorted(names))
    return Inventory(count=len(entries), entries=entries)


def numbered(count: int, *, length: int = 63) -> Inventory:
    return inventory(*(f"{'the-name-of-a-workload-' * 12}"[: length - 5] + f"{number:05}" for number in range(count)))


def at_random(count: int, *, length: int) -> Inventory:
    letters = random.Random(1)  # noqa: S311 - names that do not resemble each other
    return inventory(*("".join(letters.choices(string.ascii_lowercase, k=length)) for _ in range(count)))


def test_a_short_inventory_lies_there_entry_by_entry():
    assert packed(numbered(1000)) == numbered(1000)
    assert not is_large(numbered(1000))


@pytest.mark.parametrize("length", [63, 253])
def test_an_update_that_renames_5000_objects_with_long_names_fits(length: int):
    both = numbered(10_000, length=length)

    written = packed(both)

    assert written.entries == ()
    assert written.count == 10_000
    assert size_of(written) < LARGEST // 8
    assert unpacked(written) == both


@pytest.mark.parametrize(("count", "length", "fits"), [(10_000, 63, True), (3_000, 253, True), (5_000, 253, False)])
def test_what_fits_of_names_that_do_not_resemble_each_other(count: int, length: int, fits: bool):
    assert (size_of(packed(at_random(count, length=length))) <= LARGEST) is fits


def test_packing_and_unpacking_take_a_moment():
    both = numbered(10_000)

    written = packed(both)

    assert cpu_time(lambda: packed(both), enough=0.5) < 0.5  # in a thread of its own
    assert cpu_time(lambda: unpacked(written), enough=0.1) < 0.1


@pytest.mark.parametrize(
    "many", [numbered(MOST + 1), inventory(*(f"{n:0700}" for n in range(12_000)))], ids=["entries", "bytes"]
)
def test_what_could_not_be_read_again_is_not_written(many: Inventory):
    with pytest.raises(InventoryTooLarge):
        packed(many)


def test_the_most_entries_are_written_and_read_again():
    names = [f'{number:06}-"id"' for number in range(MOST)]  # a quote in a name counts for no entry

    assert unpacked(packed(inventory(*names))) == inventory(*names)


def test_entries_beside_a_compressed_text_count_too():
    both = packed(numbered(10_000))
    corrected = Inventory(count=both.count, entries=inventory("x").entries, compressed=both.compressed)

    assert {entry.id for entry in unpacked(corrected).entries} >= {"team_x_apps_Deployment"}
    assert unpacked(corrected).count == 10_001


def written(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


BAD = {
    "no base64": "%%%",
    "no zlib": base64.b64encode(b"hello").decode(),
    "no JSON": written(b"hello"),
    "another shape": written(b'{"id": 1}'),
    "entries of another shape": written(b'[{"id": 1}]'),
    "cut": packed(numbered(10_000)).compressed[:-40],
    "more behind it": base64.b64encode(zlib.compress(b"[]") + b"x").decode(),
    "more entries than there can be": written(b"[" + b",".join([b'{"id":"a","v":""}'] * (MOST + 1)) + b"]"),
    "nested without end": written(b'[{"id":"a","v":"","x":' + b"[" * 4_000_000),
    "a bomb": written(b" " * 100_000_000),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_the_operator_did_not_write_is_refused_in_a_moment(text: str):
    def refused() -> None:
        with pytest.raises(ValueError, match="it is"):
            unpacked(Inventory(compressed=text))

    assert cpu_time(refused, enough=0.1) < 0.1


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str):
    if text:
        with pytest.raises(ValueError, match="it is"):
            unpacked(Inventory(compressed=text))


def test_a_resource_is_read_with_all_its_entries_and_keeps_what_cannot_be_read():
    def body(found: Inventory) -> dict[str, object]:
        source = {"url": "oci://registry.example/web", "ref": {"tag": "1"}}
        entries = {"count": found.count, "compressed": found.compressed}
        return {"metadata": {"name": "web"}, "spec": {"source": source}, "status": {"inventory": entries}}

    assert decode(body(packed(numbered(10_000)))).status.inventory == numbered(10_000)
    assert decode(body(Inventory(compressed="%%%", count=7))).status.inventory == Inventory(compressed="%%%", count=7)


def test_what_is_plain_is_never_larger_than_what_may_be():
    assert PLAIN < LARGEST


def test_old_and_new_objects_of_the_largest_pattern_have_room():
    assert MOST >= 2 * MAX_OBJECTS


def test_a_resource_is_shown_with_its_entries():
    body: dict[str, Any] = {
        "status": {"inventory": {"count": 10_000, "compressed": packed(numbered(10_000)).compressed}}
    }

    expand(body)

    shown = body["status"]["inventory"]
    assert "compressed" not in shown
    assert shown["entries"][0] == {"id": numbered(10_000).entries[0].id, "v": "v1"}
    assert len(mappings_at(body, "status", "inventory", "entries")) == 10_000  # which reads what JSON has: lists


@pytest.mark.parametrize(
    "body", [{}, {"status": 5}, {"status": {"inventory": []}}, {"status": {"inventory": {"compressed": "%%%"}}}]
)
def test_what_cannot_be_expanded_is_shown_as_it_is(body):
    before = orjson.dumps(body)

    expand(body)

    assert orjson.dumps(body) == before
