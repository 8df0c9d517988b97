"""What the watch tells of patterns: which changes ask for work."""

from typing import Any

import msgspec
import pytest
from tests.looplag import MOST, longest_hold

from pattern_operator.api.designpattern import decode
from pattern_operator.api.inventorycodec import packed
from pattern_operator.api.names import FINALIZER, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.api.write_ahead import written
from pattern_operator.apply import owner_id
from pattern_operator.reconcile import PatternKey, PatternStore, listed_names
from pattern_operator.reconcile.pattern_store import lacks_finalizer

KEY = PatternKey("team", "web")
MOMENT = "2026-11-25T12:00:00Z"


def body(version: int, **metadata: Any) -> dict[str, Any]:
    spec = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}}
    whole = {"name": "web", "namespace": "team", "uid": "u-1", "generation": 1, "resourceVersion": str(version)}
    return {"metadata": {**whole, **metadata}, "spec": spec, "status": {}}


@pytest.fixture
def patterns() -> PatternStore:
    seen = PatternStore()
    seen.upsert(body(10))
    return seen


def test_a_new_pattern_asks_for_work():
    assert PatternStore().upsert(body(10)) == KEY


@pytest.mark.parametrize(
    ("change", "asks"),
    [
        pytest.param({}, False, id="the same again"),
        pytest.param({"finalizers": ["pattern-operator.io/finalizer"]}, False, id="our own finalizer"),
        pytest.param({"annotations": {"note": "x"}}, False, id="an annotation of others"),
        pytest.param({"generation": 2}, True, id="another spec"),
        pytest.param({"annotations": {"pattern-operator.io/requestedAt": "now"}}, True, id="a request"),
        pytest.param({"deletionTimestamp": "2026-11-25T12:00:00Z"}, True, id="a deletion"),
        pytest.param({"uid": "u-2"}, True, id="another pattern of the same name"),
    ],
)
def test_only_what_users_change_asks_for_work(patterns: PatternStore, change: dict[str, Any], asks: bool):
    assert patterns.upsert(body(11, **change)) == (KEY if asks else None)


@pytest.mark.parametrize("shown", ["InvalidStatus", "Deleting"])
@pytest.mark.parametrize(("ready", "asks"), [("InvalidStatus", True), ("DeletionFailed", False)])
def test_an_inventory_that_could_not_be_read_asks_for_work_when_it_was_corrected(ready: str, shown: str, asks: bool):
    patterns, spoilt, corrected = PatternStore(), body(10), body(11)
    condition = {"type": "Ready", "status": "False", "reason": ready, "message": "", "lastTransitionTime": MOMENT}
    told = {"status": shown, "conditions": [condition]}
    spoilt["status"] = {**told, "inventory": {"count": 1, "entries": [{"id": "spoilt", "v": "v1"}]}}
    corrected["status"] = {**told, "inventory": {"count": 0, "entries": []}}
    patterns.upsert(spoilt)

    assert patterns.upsert(corrected) == (KEY if asks else None)


def test_an_older_state_is_not_taken_in(patterns: PatternStore):
    assert patterns.upsert(body(9, generation=7)) is None

    known = patterns.get(KEY)
    assert known is not None
    assert known.metadata.generation == 1


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        pytest.param(("team", "web", "u-1", "10"), True, id="this very version"),
        pytest.param(("team", "web", "u-1", "11"), False, id="a newer one"),
        pytest.param(("team", "web", "u-1", "9"), False, id="an older one, as after a restore of etcd"),
        pytest.param(("team", "web", "u-2", "10"), False, id="of one that was created again"),
        pytest.param(("other", "web", "u-1", "10"), False, id="of another namespace"),
        pytest.param(("team", "api", "u-1", "10"), False, id="of another name"),
    ],
)
def test_known_is_only_the_version_that_was_taken_in(patterns: PatternStore, seen: tuple[str, ...], known: bool):
    assert patterns.is_known(*seen) is known


def test_a_pattern_is_found_by_the_owner_its_objects_name(patterns: PatternStore):
    assert patterns.owned_by(owner_id("u-1")) == KEY

    patterns.upsert(body(11, uid="u-2"))

    assert (patterns.owned_by(owner_id("u-1")), patterns.owned_by(owner_id("u-2"))) == (None, KEY)


def test_a_pattern_that_is_forgotten_is_found_no_more(patterns: PatternStore):
    patterns.forget(KEY)

    assert (patterns.get(KEY), patterns.owned_by(owner_id("u-1")), len(patterns)) == (None, None, 0)


def test_what_the_crd_would_refuse_is_an_error(patterns: PatternStore):
    with pytest.raises(msgspec.ValidationError, match="ref"):
        patterns.upsert({**body(12), "spec": {"source": {"url": "oci://registry.example/web"}}})


def test_patterns_are_counted_by_their_ready(patterns: PatternStore):
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": ""}
    applied = {**ready, "type": "Applied", "status": "False"}
    patterns.upsert({**body(11), "status": {"conditions": [applied, ready]}})
    patterns.upsert(body(12, name="other", uid="u-3"))

    assert [patterns.count_ready(status) for status in ("True", "False", "Unknown")] == [1, 0, 1]


def test_the_line_of_a_pattern_is_itself_and_who_applied_it_up_to_the_first():
    seen = PatternStore()
    seen.upsert(body(10))
    seen.upsert(body(11, name="inner", uid="u-2", labels={"pattern-operator.io/owner": owner_id("u-1")}))
    seen.upsert(body(12, name="innermost", uid="u-3", labels={"pattern-operator.io/owner": owner_id("u-2")}))
    innermost, first = seen.get(PatternKey("team", "innermost")), seen.get(KEY)
    assert innermost is not None
    assert first is not None

    assert {key.name for key in seen.ancestors(innermost)} == {"innermost", "inner", "web"}
    assert seen.ancestors(first) == {KEY}


def test_a_line_that_runs_in_a_circle_ends():
    seen = PatternStore()
    seen.upsert(body(10, labels={"pattern-operator.io/owner": owner_id("u-2")}))
    seen.upsert(body(11, name="other", uid="u-2", labels={"pattern-operator.io/owner": owner_id("u-1")}))
    first = seen.get(KEY)
    assert first is not None

    assert seen.ancestors(first) == {KEY, PatternKey("team", "other")}


def test_what_any_inventory_names_is_listed_until_the_last_one_drops_it():
    patterns, key = PatternStore(), ObjectKey("", "ConfigMap", "team", "shared")
    with_it = {"inventory": {"count": 1, "entries": [{"id": str(key), "v": "v1"}]}}

    found = [patterns.lists(key)]
    for name, version, status in (("a", 1, with_it), ("b", 2, with_it), ("a", 3, {}), ("a", 4, {})):
        patterns.upsert({**body(version, name=name, uid=f"u-{name}"), "status": status})
        found.append(patterns.lists(key))
    patterns.forget(PatternKey("team", "b"))

    assert found == [False, True, True, True, True]
    assert not patterns.lists(key)


def test_a_pattern_that_cannot_be_read_lives_until_it_is_deleted():
    patterns = PatternStore()

    patterns.keep_owner(PatternKey("team", "odd"), uid="u-odd")
    lives = patterns.owned_by(owner_id("u-odd"))
    patterns.forget_owner("u-odd")

    assert lives == PatternKey("team", "odd")
    assert patterns.owned_by(owner_id("u-odd")) is None


def compressed(count: int) -> dict[str, Any]:
    names = (f"team_{'n' * 200}{number:05}__ConfigMap" for number in range(count))
    whole = Inventory(count=count, entries=tuple(InventoryEntry(id=name, v="v1") for name in names))
    return {"inventory": msgspec.to_builtins(packed(whole))}


def test_an_inventory_is_unpacked_once_for_a_content(patterns: PatternStore):
    status, another = compressed(5_000), compressed(4_000)
    patterns.upsert({**body(1), "status": status})

    first, second = patterns.read({**body(2), "status": status}), patterns.read({**body(3), "status": status})

    assert first.status.inventory.entries is second.status.inventory.entries
    assert first == patterns.read({**body(2), "status": status})
    assert patterns.read({**body(4), "status": another}).status.inventory.count == 4_000


def test_of_a_pattern_that_is_gone_or_was_never_taken_in_nothing_is_kept_unpacked(patterns: PatternStore):
    status = compressed(5_000)
    patterns.upsert({**body(11), "status": status})
    first = patterns.read({**body(12), "status": status})
    patterns.forget(KEY)

    second, third = (patterns.read({**body(version), "status": status}) for version in (13, 14))

    assert first.status.inventory == second.status.inventory == third.status.inventory
    assert first.status.inventory.entries is not second.status.inventory.entries
    assert second.status.inventory.entries is not third.status.inventory.entries


def test_of_a_packed_inventory_that_was_taken_away_nothing_is_kept(patterns: PatternStore):
    status = compressed(5_000)
    patterns.upsert({**body(1), "status": status})
    first = patterns.read({**body(2), "status": status})
    patterns.read(body(3))

    second = patterns.read({**body(4), "status": status})

    assert first.status.inventory.entries is not second.status.inventory.entries


def test_entries_that_somebody_wrote_beside_a_known_text_count(patterns: PatternStore):
    status = compressed(5_000)
    for version in (1, 2):
        patterns.upsert({**body(version), "status": status})
    more = {"inventory": status["inventory"] | {"entries": [{"id": "team_x__ConfigMap", "v": "v1"}]}}

    assert patterns.read({**body(3), "status": more}).status.inventory.count == 5_001


async def test_a_pattern_of_10000_entries_is_taken_in_in_a_moment(patterns: PatternStore):
    status = compressed(10_000)

    async def work() -> None:
        patterns.upsert({**body(11), "status": status})

    assert await longest_hold(work) < MOST


def held(**metadata: Any) -> dict[str, Any]:
    """The body of a pattern that has an object."""
    entries = [{"id": "team_a__ConfigMap", "v": "v1"}]
    meta = {"name": "web", "namespace": "team", "uid": "u-1", "generation": 1, **metadata}
    spec = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1"}}}
    return {"metadata": meta, "spec": spec, "status": {"inventory": {"count": 1, "entries": entries}}}


def test_a_finalizer_that_somebody_took_away_is_something_to_do():
    patterns = PatternStore()
    patterns.upsert(held(resourceVersion="1", finalizers=[FINALIZER]))

    assert patterns.upsert(held(resourceVersion="2")) == PatternKey("team", "web")
    assert patterns.upsert(held(resourceVersion="3")) is None  # it is known
    assert patterns.upsert(held(resourceVersion="4", finalizers=["other.example/f"])) is None
    assert patterns.upsert(held(resourceVersion="5", finalizers=[FINALIZER])) is None
    assert patterns.upsert(held(resourceVersion="6", finalizers=["other.example/f"])) is not None


def test_of_a_pattern_that_is_being_deleted_nobody_puts_the_finalizer_back():
    gone = decode(held(resourceVersion="2", deletionTimestamp="2026-11-25T12:00:00Z"))

    assert not lacks_finalizer(gone)
    assert lacks_finalizer(decode(held(resourceVersion="2")))


OBJECT, OTHER = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "ConfigMap", "team", "b")
AHEAD = (InventoryEntry(id=str(OBJECT), v="v1"),)
ANNOTATED = {WRITE_AHEAD_ANNOTATION: str(written(AHEAD, uid="u-1"))}


def test_what_is_written_ahead_is_the_patterns_and_nothing_else(patterns: PatternStore):
    patterns.upsert(body(11, annotations=ANNOTATED))

    assert (patterns.has(KEY, OBJECT), patterns.lists(OBJECT), patterns.has(KEY, OTHER)) == (True, True, False)


@pytest.mark.parametrize("annotations", [{}, {WRITE_AHEAD_ANNOTATION: str(written((), uid="u-1"))}])
def test_what_this_process_knows_to_be_written_ahead_counts_whatever_becomes_of_the_annotation(
    patterns: PatternStore, annotations: dict[str, str]
):
    patterns.upsert(body(11, annotations=ANNOTATED, finalizers=[FINALIZER]))

    assert patterns.upsert(body(12, annotations=annotations)) == KEY  # the finalizer is gone, too
    assert patterns.has(KEY, OBJECT)


def test_what_was_written_and_lost_of_a_pattern_goes_with_it(patterns: PatternStore):
    patterns.upsert(body(11, annotations=ANNOTATED, finalizers=[FINALIZER]))
    patterns.upsert(body(12))
    patterns.note_sent(KEY, Status(status="Ready"))
    before = patterns.lost_ahead(KEY), patterns.was_sent(KEY, Status(status="Ready"))

    patterns.forget(KEY)

    assert before == (True, True)
    assert (patterns.lost_ahead(KEY), patterns.was_sent(KEY, Status(status="Ready"))) == (False, False)


def test_whether_an_inventory_is_spoilt_is_found_once_however_often_it_is_asked(
    patterns: PatternStore, monkeypatch: pytest.MonkeyPatch
):
    read = list[str]()

    def is_key(text: str) -> bool:
        read.append(text)
        return True

    monkeypatch.setattr(listed_names, "_is_key", is_key)
    patterns.upsert(body(11, annotations=ANNOTATED))
    for _ in range(3):
        patterns.has(KEY, OTHER)

    assert read == [str(OBJECT)]


def test_once_status_has_an_inventory_what_was_written_ahead_counts_no_more(patterns: PatternStore):
    patterns.upsert(body(11, annotations=ANNOTATED, finalizers=[FINALIZER]))
    done = body(12, annotations=ANNOTATED, finalizers=[FINALIZER])
    done["status"] = {"inventory": {"count": 0}}
    patterns.upsert(done)

    assert not patterns.has(KEY, OBJECT)
    assert not patterns.lists(OBJECT)


def test_what_is_told_of_an_older_pattern_of_the_name_does_not_hide_the_newer_one(patterns: PatternStore):
    """kopf tells of each pattern by a task of its own: that the older one lost its finalizer may come last."""
    assert patterns.upsert(body(20, uid="u-2")) == KEY
    assert patterns.upsert(body(15, finalizers=[])) is None

    found = patterns.get(KEY)
    assert found is not None
    assert found.metadata.uid == "u-2"
    assert patterns.owned_by(owner_id("u-2")) == KEY


def test_another_pattern_of_the_name_begins_anew(patterns: PatternStore):
    patterns.upsert(body(11, annotations=ANNOTATED))
    patterns.upsert(body(12, uid="u-2", annotations=ANNOTATED))

    assert not patterns.has(KEY, OBJECT)


def test_a_pattern_of_which_objects_are_written_ahead_lacks_a_finalizer_until_it_has_one():
    annotated = decode(body(11, annotations=ANNOTATED))

    assert lacks_finalizer(annotated)
    assert not lacks_finalizer(decode(body(11)))


def with_ready(number: int, status: str = "True", **more: Any) -> dict[str, Any]:
    ready = {"type": "Ready", "status": status, "reason": "Ready", "message": str(number), "observedGeneration": 1}
    conditions = [{**ready, "lastTransitionTime": MOMENT}]
    return {**body(number), "status": {"observedGeneration": 1, "version": "1.0.0", "conditions": conditions, **more}}


def test_those_that_depend_on_a_pattern_hear_of_what_it_is_to_them_and_of_nothing_else():
    heard = list[PatternKey]()
    patterns = PatternStore(on_change=heard.append)

    def tells(change: dict[str, Any] | None) -> bool:
        heard.clear()
        patterns.forget(KEY) if change is None else patterns.upsert(change)
        return heard == [KEY]

    assert tells(body(10))
    assert not tells(with_ready(11, "Unknown"))
    assert not tells(with_ready(12, "False"))
    assert tells(with_ready(13))
    assert not tells(with_ready(14, digest="sha256:0a"))
    assert tells(with_ready(15, version="1.1.0"))
    assert tells(with_ready(16, observedGeneration=0))
    assert not tells(body(15))
    assert tells(body(17, uid="u-2"))
    assert tells(body(18, uid="u-2", deletionTimestamp=MOMENT))
    assert tells(None)


def test_what_an_artifact_names_is_forgotten_with_its_pattern_and_told_once():
    heard, other = list[PatternKey](), (PatternKey("team", "db"),)
    patterns = PatternStore(on_change=heard.append)
    patterns.note_dependencies(KEY, other)
    patterns.upsert(body(10))
    heard.clear()

    patterns.note_dependencies(KEY, other)
    patterns.note_dependencies(KEY, other)
    noted, told = patterns.dependencies_of(KEY), list(heard)
    patterns.forget(KEY)
    patterns.upsert(body(11, uid="u-2"))

    assert (noted, told) == (other, [KEY])
    assert patterns.dependencies_of(KEY) == ()
