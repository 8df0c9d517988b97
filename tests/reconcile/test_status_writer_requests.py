"""What is written of a DesignPattern, and what the answers of the API server mean."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import orjson
import pytest
from aiohttp import web
from tests.executors import EXECUTORS
from tests.fatpattern import fat
from tests.kube.fake_apiserver import serving
from tests.reconcile.pattern import ENTRIES, pattern

from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.names import FIELD_MANAGER, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, RenderStatus, Status
from pattern_operator.errors import Stalled, Transient
from pattern_operator.kube import ApiError, objects
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.reconcile import PatternKey
from pattern_operator.reconcile.pattern_store import PatternStore
from pattern_operator.reconcile.status_writer import LOOKS, Overtaken, PatternDeleted, StatusWriter
from pattern_operator.telemetry import SecretValues

pytestmark = pytest.mark.real_time
KEY = PatternKey("team", "web")
PATH = "/apis/pattern-operator.io/v1alpha1/namespaces/team/designpatterns/web"
DENIED = (
    'designpatterns.pattern-operator.io "web" is forbidden: User "system:serviceaccount:system:operator" cannot patch'
    ' resource "designpatterns/status" in API group "pattern-operator.io" in the namespace "team"'
)
MODIFIED = (
    'Operation cannot be fulfilled on designpatterns.pattern-operator.io "web": the object has been modified; please'
    " apply your changes to the latest version and try again"
)
LISTED = Status(inventory=Inventory(count=2, entries=ENTRIES))


class Server:
    """Keeps the pattern, merges what is sent to it, and answers as it is told to instead."""

    def __init__(self, now: DesignPattern) -> None:
        self.body: dict[str, Any] = msgspec.to_builtins(now)
        self.body["metadata"]["finalizers"] = []
        self.requests: list[tuple[str, str, Any]] = []
        self.instead: Callable[[], web.Response] | None = None
        self.drops = False  # it does not know status.inventory
        self.changes: list[dict[str, Any]] = []  # by others, each just before the next write
        self.loses = 0  # answers to writes that are carried out
        self.generation = 1

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            self.requests.append(("GET", request.path, None))
            return web.Response(body=orjson.dumps(self.body))
        sent = orjson.loads(await request.read())
        assert request.query["fieldManager"] == FIELD_MANAGER
        self.requests.append((request.method, request.path, sent))
        if self.changes:
            self._write(self.changes.pop(0))
        if self.instead is not None:
            return self.instead()
        version = self.body["metadata"].get("resourceVersion")
        if isinstance(sent, dict) and sent.get("metadata", {}).get("resourceVersion", version) != version:
            return failure(409, "Conflict", MODIFIED)()
        self._write(sent if isinstance(sent, dict) else {})
        if self.loses:
            self.loses -= 1
            return failure(503, "ServiceUnavailable")()
        return web.Response(body=orjson.dumps(self.body))

    def _write(self, sent: dict[str, Any]) -> None:
        status = self.body.setdefault("status", {})
        for name, value in sent.get("status", {}).items():
            status[name] = {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
        if self.drops:
            status.pop("inventory", None)
        version = str(int(self.body["metadata"].get("resourceVersion") or 7) + 1)
        self.body["metadata"] |= {"resourceVersion": version, "generation": self.generation}
        self.body["metadata"] |= {name: value for name, value in sent.get("metadata", {}).items() if name == "uid"}


@asynccontextmanager
async def writing(server: Server, *known: DesignPattern) -> AsyncIterator[tuple[StatusWriter, list[PatternKey]]]:
    woken: list[PatternKey] = []
    patterns = PatternStore()
    for each in known:
        patterns.take(each)
    async with serving(server.answer) as session:
        yield StatusWriter(session, patterns, wake=woken.append, cpu=EXECUTORS.cpu), woken


def failure(code: int, reason: str, message: str = "no", **details: Any) -> Callable[[], web.Response]:
    body = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
    return lambda: web.Response(status=code, body=orjson.dumps(body), headers={"Retry-After": "3600"})


async def test_only_what_changed_is_written_and_the_answer_is_the_newest_state():
    before = pattern(resourceVersion="7")
    server = Server(before)
    async with writing(server, before) as (writer, woken):
        after = await writer.status(before, Status(observed_generation=1))
        await writer.status(after, Status(observed_generation=1))

    change = {"metadata": {"resourceVersion": "7"}, "status": {"observedGeneration": 1}}
    assert server.requests == [("PATCH", f"{PATH}/status", change)]
    assert (after.metadata.resource_version, after.status.observed_generation) == ("8", 1)
    assert woken == []


async def test_no_status_is_written_with_a_value_of_a_secret_in_its_words_and_the_same_again_is_not_written():
    before = pattern(resourceVersion="7")
    secrets = SecretValues()
    secrets.remember("team/web", ["zq7Kvmw3"])
    server = Server(before)
    status = Status(render=RenderStatus(name="of zq7Kvmw3"))
    async with serving(server.answer) as session:
        writer = StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu, secrets=secrets)
        after = await writer.status(before, status)
        await writer.status(after, status)
        await writer.first_status(after, Status(render=RenderStatus(name="zq7kvmw3 first")))

    names = [sent["status"]["render"]["name"] for _, _, sent in server.requests]
    assert names == ["of ***", "*** first"]


async def test_the_inventory_is_written_as_a_whole():
    before = pattern(resourceVersion="7")
    server = Server(before)
    async with writing(server) as (writer, _):
        after = await writer.status(before, LISTED)

    ((_, _, sent),) = server.requests
    assert sent["status"]["inventory"] == {
        "count": 2,
        "compressed": None,
        "entries": [{"id": each.id, "v": "v1"} for each in ENTRIES],
    }
    assert after.status.inventory == LISTED.inventory


async def test_an_inventory_that_the_crd_does_not_have_is_put_back_as_it_was_and_said():
    before = pattern(resourceVersion="7", status=LISTED)
    server = Server(before)
    server.drops = True
    shorter = Status(inventory=Inventory(count=1, entries=ENTRIES[:1]))
    async with writing(server) as (writer, _):
        with pytest.raises(Stalled) as old:
            await writer.status(before, shorter)

    assert old.value.reason is Reason.INVALID_STATUS
    assert [sent["status"]["inventory"]["count"] for _, _, sent in server.requests] == [1, 2]


async def test_a_first_status_is_not_written_over_a_newer_one():
    before = pattern(resourceVersion="7")
    server = Server(before)
    async with writing(server) as (writer, _):
        await writer.first_status(before, Status(observed_generation=1))

    assert [sent for _, _, sent in server.requests] == [
        {"metadata": {"resourceVersion": "7"}, "status": {"observedGeneration": 1}}
    ]


async def test_what_the_user_asked_for_meanwhile_wakes_the_pattern_and_the_run_goes_on_as_it_was_asked():
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.generation = 2
    server.body["spec"]["source"]["ref"]["tag"] = "2.0.0"
    async with writing(server, before) as (writer, woken):
        after = await writer.status(before, Status(observed_generation=1))

    assert woken == [KEY]
    assert (after.metadata.generation, after.spec) == (1, before.spec)


async def test_a_pattern_that_is_gone_is_told_from_a_kind_that_is_not_served():
    before = pattern(resourceVersion="7")
    server = Server(before)
    async with writing(server) as (writer, _):
        server.instead = failure(404, "NotFound", name="web")
        with pytest.raises(PatternDeleted, match="DesignPattern team/web is gone"):
            await writer.status(before, Status(observed_generation=1))
        server.instead = lambda: web.Response(status=404, text="404 page not found")
        with pytest.raises(Transient) as unserved:
            await writer.status(before, Status(observed_generation=1))

    assert str(unserved.value).startswith("DesignPattern team/web could not be written: ")


async def test_what_is_too_large_for_the_api_server_stalls():
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.instead = failure(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
    async with writing(server) as (writer, _):
        with pytest.raises(Stalled) as large:
            await writer.status(before, Status(observed_generation=1))

    assert large.value.reason is Reason.STATUS_TOO_LARGE


async def test_a_right_that_the_operator_lacks_is_named_and_known_to_its_probes():
    before = pattern(resourceVersion="7")
    server = Server(before)
    async with serving(server.answer) as session:
        answered: list[tuple[str, int]] = []
        session.own_permissions.answered = lambda what, code: answered.append((what, code))  # type: ignore[method-assign]
        writer = StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)
        await writer.status(before, Status(observed_generation=1))
        server.instead = failure(403, "Forbidden", DENIED)
        with pytest.raises(Transient) as denied:
            await writer.status(before, Status(observed_generation=1))
        with pytest.raises(Transient):
            await writer.add_finalizer(before)
        server.instead = failure(500, "InternalError")
        with pytest.raises(Transient) as broken:
            await writer.status(before, Status(observed_generation=1))

    kind = "designpatterns.pattern-operator.io"
    assert answered == [(f"patch {kind}/status", 200), (f"patch {kind}/status", 403), (f"patch {kind}", 403)]
    assert denied.value.reason is Reason.FORBIDDEN
    assert "operator is the operator's own: " in str(denied.value)
    assert broken.value.reason is Reason.API_SERVER_UNAVAILABLE
    assert broken.value.retry_after is not None


@pytest.mark.parametrize(
    ("code", "reason", "message", "said"),
    [
        (422, "Invalid", "metadata.annotations: Too long: may not be more than 262144 bytes", Reason.APPLY_FAILED),
        (400, "BadRequest", "no", Reason.APPLY_FAILED),
        (403, "Forbidden", 'admission webhook "freeze.example" denied the request: frozen', Reason.APPLY_FAILED),
        (409, "Conflict", 'admission webhook "freeze.example" denied the request: frozen', Reason.APPLY_FAILED),
        (401, "Unauthorized", "Unauthorized", Reason.FORBIDDEN),
        (500, "InternalError", "etcdserver: leader changed", Reason.API_SERVER_UNAVAILABLE),
    ],
)
async def test_a_write_that_was_refused_is_not_blamed_on_a_server_that_is_away(
    code: int, reason: str, message: str, said: Reason
):
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.instead = failure(code, reason, message)
    async with writing(server, before) as (writer, _):
        with pytest.raises(Transient) as refused:
            await writer.status(before, LISTED)

    assert refused.value.reason is said


async def test_an_answer_that_is_not_a_pattern_is_said():
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.instead = lambda: web.Response(body=b'{"metadata":{"name":7}}')
    async with writing(server) as (writer, _):
        with pytest.raises(Transient, match="the answer is not a DesignPattern") as odd:
            await writer.status(before, Status(observed_generation=1))

    assert odd.value.reason is Reason.API_SERVER_UNAVAILABLE


@pytest.mark.parametrize("changes", [1, LOOKS - 1])
async def test_a_status_is_written_although_others_change_the_pattern_meanwhile(changes: int):
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.changes = [{}] * changes  # labels, annotations, the spec
    async with writing(server, before) as (writer, _):
        after = await writer.status(before, LISTED)

    assert after.status == LISTED
    assert [method for method, *_ in server.requests] == ["PATCH", "GET"] * changes + ["PATCH"]


async def test_a_pattern_that_is_changed_again_and_again_is_tried_later():
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.changes = [{}] * LOOKS
    async with writing(server, before) as (writer, _):
        with pytest.raises(Overtaken, match="is changed again and again") as error:
            await writer.status(before, LISTED)

    assert error.value.reason is Reason.MODIFIED
    assert not any(server.body["status"].values())


async def test_a_status_that_somebody_else_wrote_is_not_written_over():
    """Another leader did, or an inventory was corrected by hand: what this process knows is not the newest."""
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.changes = [{"status": {"revision": "2.0.0"}}]
    async with writing(server, before) as (writer, woken):
        with pytest.raises(Overtaken, match="has a status that somebody else wrote meanwhile"):
            await writer.status(before, LISTED)

    assert server.body["status"] == {"revision": "2.0.0", "inventory": {}}
    assert woken == []


async def test_a_status_of_this_process_whose_answer_was_lost_is_its_own():
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.loses = 1
    async with writing(server, before) as (writer, _):
        with pytest.raises(Transient):
            await writer.status(before, LISTED)
        after = await writer.status(before, Status(observed_generation=1))

    assert after.status == Status(observed_generation=1, inventory=Inventory())
    assert "entries" not in server.body["status"]["inventory"]


async def test_a_late_write_of_a_status_replaces_nothing():
    """A proxy carries out a request that this process gave up: it was made for a state that is not there any more."""
    before = pattern(resourceVersion="7")
    server = Server(before)
    async with writing(server, before) as (writer, _):
        after = await writer.status(before, LISTED)
        (_, path, late) = server.requests[0]
        await writer.status(after, Status(observed_generation=1, inventory=LISTED.inventory))
        newest = dict(server.body["status"])
        with pytest.raises(ApiError, match="has been modified"):
            await objects.patch_merge(
                writer._session,
                DESIGN_PATTERN,
                namespace="team",
                name="web",
                body=orjson.dumps(late),
                field_manager=FIELD_MANAGER,
                subresource="status",
            )

    assert path == f"{PATH}/status"
    assert server.body["status"] == newest


async def test_the_status_of_a_pattern_that_was_made_anew_is_not_written():
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.changes = [{"metadata": {"uid": "u-2"}}]
    async with writing(server, before) as (writer, _):
        with pytest.raises(PatternDeleted):
            await writer.status(before, LISTED)

    assert not any(server.body["status"].values())


async def test_the_annotation_of_the_first_run_alone_is_taken_away():
    annotations = {WRITE_AHEAD_ANNOTATION: "{}", "a": "b"}
    before = decode({**fat("web", annotations=annotations), "status": {"inventory": {"count": 0}}})
    server = Server(before)
    async with writing(server, before) as (writer, _):
        await writer.remove_ahead(before)

    (_, _, change) = server.requests[0]
    assert change == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "remove", "path": "/metadata/annotations/pattern-operator.io~1writeAhead"},
    ]
