"""What is written of a DesignPattern, and what the answers of the API server mean."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import orjson
import pytest
from aiohttp import web
from tests.executors import EXECUTORS
from tests.kube.fake_apiserver import serving
from tests.reconcile.pattern import ENTRIES, pattern

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, Status
from pattern_operator.errors import Stalled, Transient
from pattern_operator.reconcile import PatternKey
from pattern_operator.reconcile.pattern_store import PatternStore
from pattern_operator.reconcile.status_writer import PatternDeleted, StatusWriter

pytestmark = pytest.mark.real_time
KEY = PatternKey("team", "web")
PATH = "/apis/pattern-operator.io/v1alpha1/namespaces/team/designpatterns/web"
DENIED = (
    'designpatterns.pattern-operator.io "web" is forbidden: User "system:serviceaccount:system:operator" cannot patch'
    ' resource "designpatterns/status" in API group "pattern-operator.io" in the namespace "team"'
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
        self.generation = 1

    async def answer(self, request: web.Request) -> web.StreamResponse:
        sent = orjson.loads(await request.read())
        assert request.query["fieldManager"] == FIELD_MANAGER
        self.requests.append((request.method, request.path, sent))
        if self.instead is not None:
            return self.instead()
        status = self.body.setdefault("status", {})
        for name, value in sent.get("status", {}).items():
            status[name] = {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
        if self.drops:
            status.pop("inventory", None)
        version = str(int(self.body["metadata"].get("resourceVersion") or 7) + 1)
        self.body["metadata"] |= {"resourceVersion": version, "generation": self.generation}
        return web.Response(body=orjson.dumps(self.body))


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

    assert server.requests == [("PATCH", f"{PATH}/status", {"status": {"observedGeneration": 1}})]
    assert (after.metadata.resource_version, after.status.observed_generation) == ("8", 1)
    assert woken == []


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


async def test_an_answer_that_is_not_a_pattern_is_said():
    before = pattern(resourceVersion="7")
    server = Server(before)
    server.instead = lambda: web.Response(body=b'{"metadata":{"name":7}}')
    async with writing(server) as (writer, _):
        with pytest.raises(Transient, match="the answer is not a DesignPattern") as odd:
            await writer.status(before, Status(observed_generation=1))

    assert odd.value.reason is Reason.API_SERVER_UNAVAILABLE
