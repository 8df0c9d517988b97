import msgspec
import orjson
import pytest

from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.designpattern import decode
from pattern_operator.api.inventorycodec import LARGEST
from pattern_operator.api.status import (
    GeneratedComponent,
    HistoryEntry,
    Inventory,
    InventoryEntry,
    RefusedComponent,
    RenderStatus,
    SkippedComponent,
    Status,
    VerifiedBy,
)
from pattern_operator.limits import MAX_STATUS_MESSAGE
from pattern_operator.reconcile.status_budget import MAX_STATUS, MAX_TEXTS, size_of, within_budget

INVENTORY = Inventory(count=1, entries=(InventoryEntry(id="a_b__ConfigMap", v="v1"),))
LETTERS = {"ascii": "x", "four bytes": "\U0001f600", "escaped": '"', "control": "\x01", "half a pair": "\udc80"}


def status(letter: str, length: int, *, entries: int = 50) -> Status:
    """A status whose every text that somebody else can make long is long."""
    text = letter * length
    return Status(
        conditions=tuple(
            Condition(type=kind, status="False", reason="R", message=text, last_transition_time="t")
            for kind in ConditionType
        ),
        version=text,
        design_version=text,
        verified_by=tuple(VerifiedBy(authority=text, format="cosign", where=text) for _ in range(entries)),
        inventory=INVENTORY,
        render=RenderStatus(
            refused=entries,
            refusals=tuple(RefusedComponent(name=text, kind=text, reason=text, message=text) for _ in range(entries)),
            skips=(SkippedComponent(name=text, kind=text, reason=text),) * entries,
            generated=(GeneratedComponent(name=text, kind=text, message=text),) * entries,
            repairs=(text,) * entries,
        ),
        history=tuple(HistoryEntry(revision="1@sha256:a", version=text, verified_by=(text,)) for _ in range(entries)),
        last_handled_reconcile_at=text,
    )


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS.keys())
def test_the_longest_status_fits_and_keeps_inventory_and_conditions(letter: str):
    cut = within_budget(status(letter, 2_000_000 if letter == "x" else 50_000))

    encoded = msgspec.json.encode(cut)
    assert len(encoded) <= MAX_TEXTS + 1024
    assert cut.inventory == INVENTORY
    assert [each.type for each in cut.conditions] == list(ConditionType)
    assert all(len(each.message.encode()) <= MAX_STATUS_MESSAGE for each in cut.conditions)


def test_a_name_that_is_megabytes_long_is_shortened():
    cut = within_budget(
        Status(render=RenderStatus(refusals=(RefusedComponent(name="n" * 2_000_000, kind="K", reason="R"),)))
    )

    assert cut.render is not None
    assert len(cut.render.refusals[0].name.encode()) <= 256
    assert cut.truncated == ()


def test_what_is_least_needed_is_cut_first_and_said():
    short = within_budget(status("x", 100, entries=5))
    some = within_budget(status("x", 1_000, entries=19))
    all_of_it = within_budget(status("x", 1_000), most=40_000)

    assert short.truncated == ()
    assert some.truncated == ("render.repairs",)
    assert some.render is not None
    assert len(some.render.refusals) == 19
    assert all_of_it.truncated[:4] == (
        "render.repairs",
        "render.skips",
        "render.generated",
        "render.refusals[].message",
    )
    assert size_of(all_of_it) <= 40_000


def test_a_status_that_fits_is_left_as_it_is_and_says_no_more_that_it_was_cut():
    before = msgspec.structs.replace(status("x", 10, entries=1), truncated=("history",))

    assert within_budget(before) == msgspec.structs.replace(before, truncated=())


def test_the_budget_leaves_room_for_the_rest_of_the_object():
    annotations, spec_and_managers = 256 * 1024, 256 * 1024  # apimachinery allows so much of annotations together

    assert MAX_STATUS + annotations + spec_and_managers <= 1.5 * 1024 * 1024
    assert LARGEST < MAX_STATUS


def test_the_schema_admits_what_is_written():
    cut = within_budget(status("\U0001f600", 50_000))
    source = {"url": "oci://registry.example/web", "ref": {"tag": "1"}}

    body = {"metadata": {"name": "web"}, "spec": {"source": source}, "status": orjson.loads(msgspec.json.encode(cut))}

    assert decode(body).status == cut


def test_a_long_status_before_anything_was_rendered_is_cut_too():
    long = msgspec.structs.replace(status("x", 50_000), render=None)

    cut = within_budget(long)

    assert cut.render is None
    assert size_of(cut) <= MAX_TEXTS + 1024


def test_nothing_is_cut_of_a_status_that_just_fits():
    found = within_budget(status("x", 100))

    assert found.truncated == ()
    assert within_budget(found, most=size_of(found)) == found
    assert within_budget(found, most=size_of(found) - 1).truncated != ()


def test_where_nothing_was_rendered_all_else_is_cut():
    found = msgspec.structs.replace(status("x", 1_000), render=None)

    cut = within_budget(found, most=20_000)

    assert cut.render is None
    assert cut.truncated != ()
    assert size_of(cut) <= 20_000
