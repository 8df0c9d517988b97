"""What status keeps of the objects, to find drift after a restart: written, read, and whatever somebody makes of it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.apply.harness import config_map, deployment, secret
from tests.reconcile.pattern import ENTRIES

from pattern_operator.api.apply_spec import IgnoreDifferences, IgnoreTarget
from pattern_operator.api.object import Object
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import Owner
from pattern_operator.apply.finished import FinishState, RunRecord
from pattern_operator.reconcile.comparison import Comparison, packed, sent_of, unpacked, with_marks

OWNER = Owner("an-owner", "team", "web")
A, WEB = (each.id for each in ENTRIES)
KNOWN = Comparison("0123456789abcdef", {A: b"aaaaaaaa", WEB: b"wwwwwwww"})


def kept(text: str, entries: Any = ENTRIES) -> Comparison:
    return unpacked(Status(inventory=Inventory(entries=entries), fingerprints=text))


def test_what_is_kept_is_read_again():
    assert kept(packed(KNOWN, ENTRIES)) == KNOWN


def test_an_object_that_nothing_is_known_of_is_not_compared():
    some = Comparison(KNOWN.sent, {WEB: b"wwwwwwww"})

    assert kept(packed(some, ENTRIES)) == some


def test_where_nothing_is_known_nothing_is_kept():
    assert packed(Comparison(), ENTRIES) == packed(Comparison(KNOWN.sent), ENTRIES) == ""
    assert packed(Comparison("", KNOWN.fingerprints), ENTRIES) == ""


def test_of_a_part_only_the_marks_of_what_ends_by_itself_are_kept_beside_what_was_known_before():
    job, mark = (
        InventoryEntry(id="team_seed_batch_Job", v="v1"),
        bytes(RunRecord(FinishState.RUNNING_EPHEMERAL, b"job")),
    )
    entries = (*ENTRIES, job)
    part = Comparison("", {**KNOWN.fingerprints, job.id: mark})
    whole = Status(inventory=Inventory(entries=entries), fingerprints=packed(KNOWN, entries))
    newer = replace(part, fingerprints={**part.fingerprints, A: b"newer..."})

    assert kept(packed(part, entries), entries=entries) == Comparison("", {job.id: mark})
    assert with_marks(whole, newer) == Comparison(KNOWN.sent, {**KNOWN.fingerprints, job.id: mark})


def test_fingerprints_of_another_inventory_count_for_nothing():
    assert kept(packed(KNOWN, ENTRIES), entries=ENTRIES[:1]) == Comparison()


@pytest.mark.parametrize("text", ["", ":", "x", "x:", ":YWFhYWFhYWE=", "x:@@@", "x:YWFh", "x:" + "A" * 100_000, "é:é"])
def test_whatever_somebody_wrote_there_counts_for_nothing(text: str):
    assert kept(text) == Comparison()


def whole(objects: list[Object], *, owner: Owner) -> str:
    return sent_of(objects, owner=owner).whole


def test_what_is_sent_is_told_apart_by_object_value_and_owner():
    one, other = config_map("a", "team", a="1"), config_map("a", "team", a="2")
    digests = {
        whole([one], owner=OWNER),
        whole([other], owner=OWNER),
        whole([one, config_map("b", "team")], owner=OWNER),
        whole([secret("a", "team", a="1")], owner=OWNER),
        whole([one], owner=Owner("another", "team", "web")),
    }

    assert len(digests) == 5
    assert whole([one, other], owner=OWNER) == whole([one, other], owner=OWNER)


def test_the_order_of_objects_says_nothing():
    one, other = config_map("a", "team"), config_map("b", "team")

    assert whole([one, other], owner=OWNER) == whole([other, one], owner=OWNER)


def test_what_cannot_be_sent_has_no_digest():
    broken = Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "team"}})
    broken.body["data"] = {"a": "\ud800"}

    assert whole([broken], owner=OWNER) == ""


REPLICAS = IgnoreDifferences(paths=("/spec/replicas",))
RULE = IgnoreDifferences(paths=("/data/a",))
SCALER = Object.of(
    {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "d", "namespace": "team"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}},
    }
)


@pytest.mark.parametrize(
    ("more", "changed"),
    [
        pytest.param({"account": "system:serviceaccount:team:other"}, {"a", "b", "d"}, id="another account"),
        pytest.param({"ignored": (REPLICAS,)}, {"d"}, id="a rule is about what has the field"),
        pytest.param({"ignored": (RULE,)}, {"a", "b"}, id="or may have had it"),
        pytest.param(
            {"ignored": (IgnoreDifferences(paths=("/data/a",), target=IgnoreTarget(name="b")),)},
            {"b"},
            id="and that it names",
        ),
        pytest.param({"objects": (SCALER,)}, {"d"}, id="an autoscaler of the pattern is about what it scales"),
        pytest.param({"owner": Owner("another", "team", "web")}, {"a", "b", "d"}, id="another owner"),
        pytest.param({"objects": (config_map("c", "team"),)}, set(), id="another object is about none of them"),
    ],
)
def test_how_an_object_is_sent_is_told_apart_object_by_object(more: dict[str, Any], changed: set[str]):
    objects = (config_map("a", "team", a="1"), config_map("b", "team", b="1"), deployment("d", "team"))
    given: dict[str, Any] = {"owner": OWNER, "account": "system:serviceaccount:team:deployer"}

    before = sent_of(objects, **given).each
    after = sent_of((*objects, *more.pop("objects", ())), **given | more).each

    assert {key.name for key in before if before[key] != after[key]} == changed


def test_what_cannot_be_sent_leaves_the_others_known():
    good, broken = config_map("a", "team"), config_map("b", "team", a="\ud800")

    assert sent_of([good, broken], owner=OWNER).each == sent_of([good], owner=OWNER).each


def test_a_text_with_something_else_in_between_counts_for_nothing():
    sent, _, text = packed(KNOWN, ENTRIES).partition(":")

    assert kept(f"{sent}:{text}") == KNOWN
    assert kept(f"{sent}:{text[:4]}!{text[4:]}") == Comparison()


def test_without_digests_only_how_what_ends_stands_is_kept():
    job = InventoryEntry(id="team_seed_batch_Job", v="v1")
    ended, running = RunRecord(FinishState.SUCCEEDED, b"job"), RunRecord(FinishState.RUNNING, b"job", b"seen")
    known = replace(KNOWN, fingerprints={**KNOWN.fingerprints, job.id: bytes(ended)})

    assert known.without_digests() == Comparison("", {job.id: bytes(RunRecord(FinishState.SUCCEEDED))})
    assert Comparison("", {job.id: bytes(running)}).without_digests().fingerprints == {
        job.id: bytes(RunRecord(FinishState.RUNNING, b"", b"seen"))
    }
