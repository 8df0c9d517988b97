"""What a run has made that was cut short is found by its label, and nothing else is taken for it."""

from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import Handler, serving, undefined
from tests.kube.test_discovery import document

from pattern_operator.api.names import FIELD_MANAGER, OWNER_LABEL
from pattern_operator.api.object import GroupKind
from pattern_operator.api.reason import Reason
from pattern_operator.apply import OwnedObjects, Owner, Wanted, inventory, owned_objects
from pattern_operator.errors import Stalled, Transient
from pattern_operator.kube import Discovery

OWNER = Owner("owner-of-web", "team", "web")
WIDGET, GADGET = GroupKind("up.example", "Widget"), GroupKind("up.example", "Gadget")
SINCE = "2026-11-25T12:00:00Z"
OURS = {"manager": FIELD_MANAGER, "operation": "Apply", "time": "2026-11-25T12:30:00Z", "fieldsV1": {}}


def item(name: str, *, label: str = OWNER.id, managers: Iterable[Any] = (OURS,)) -> dict[str, Any]:
    labels = {OWNER_LABEL: label}
    return {"metadata": {"name": name, "namespace": "team", "labels": labels, "managedFields": list(managers)}}


class Server:
    """An API server with the kind Widget."""

    def __init__(self, *items: dict[str, Any], forbids: tuple[str, ...] = (), page: int = 1_000_000) -> None:
        self.items, self.forbids, self.page = items, forbids, page
        self.asked: list[tuple[str, str | None]] = []
        self.selectors: set[str] = set()

    def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/api":
            return document()
        if request.path == "/apis":
            return document(("up.example", "Current", ["Widget"]))
        if (said := undefined(request)) is not None:
            return said
        user = request.headers.get("Impersonate-User")
        self.asked.append((request.path, user))
        self.selectors.add(request.query["labelSelector"])
        if user in self.forbids or (user is None and "" in self.forbids):
            status = {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "widgets is forbidden"}
            return web.Response(status=403, body=orjson.dumps(status))
        assert "PartialObjectMetadataList" in request.headers["Accept"]
        start = int(request.query.get("continue", "0"))
        end = start + min(self.page, int(request.query.get("limit", "1000000")))
        metadata = {"continue": str(end)} if end < len(self.items) else {}
        return web.Response(body=orjson.dumps({"metadata": metadata, "items": self.items[start:end]}))


async def find(server: Handler, wanted: Wanted, *, user: str | None = None) -> set[str]:
    async with serving(server) as session:
        found = await OwnedObjects(session, Discovery(session)).find(wanted, owner=OWNER, impersonate=user)
    return {inventory.key_of(each).name for each in found}


WIDGETS = Wanted(kinds=frozenset({WIDGET}), namespaces=frozenset({"team"}), since=SINCE)


async def test_what_our_apply_made_is_found_in_the_name_of_the_account():
    server = Server(item("a"), item("b"))

    assert await find(server, WIDGETS, user="system:serviceaccount:team:deployer") == {"a", "b"}
    assert server.asked == [("/apis/up.example/v1/namespaces/team/widgets", "system:serviceaccount:team:deployer")]
    assert server.selectors == {f"{OWNER_LABEL}={OWNER.id}"}


@pytest.mark.parametrize(
    "other",
    [
        item("x", label="another"),
        item("x", managers=[]),
        item("x", managers=[{**OURS, "manager": "kubectl"}]),
        item("x", managers=[{**OURS, "operation": "Update"}]),
        item("x", managers=[{**OURS, "time": "2026-11-25T11:59:59Z"}]),
        {"metadata": {"name": "x"}},
        {"metadata": []},
        {},
    ],
    ids=["another's", "no managers", "a copy", "an update", "left before", "no label", "no metadata", "nothing"],
)
async def test_nothing_else_is_taken_for_it(other: dict[str, Any]):
    assert await find(Server(item("a"), other), WIDGETS) == {"a"}


async def test_without_a_time_everything_that_our_apply_made_is_meant():
    old = item("old", managers=[{**OURS, "time": "2020-01-01T00:00:00Z"}])

    assert await find(Server(old), Wanted(kinds=frozenset({WIDGET}))) == {"old"}


async def test_what_the_account_may_not_list_is_listed_as_the_watches_list_it():
    server = Server(item("a"), forbids=("deployer",))

    assert await find(server, WIDGETS, user="deployer") == {"a"}
    assert [user for _, user in server.asked] == ["deployer", None]


async def test_what_nobody_may_list_is_not_taken_for_empty():
    with pytest.raises(Transient, match=r"Widget\.up\.example could not be listed") as error:
        await find(Server(item("a"), forbids=("deployer", "")), WIDGETS, user="deployer")

    assert error.value.reason is Reason.FORBIDDEN


async def test_with_its_kind_every_object_of_it_is_gone():
    assert await find(Server(item("a")), Wanted(kinds=frozenset({GADGET, WIDGET}))) == {"a"}


async def test_a_kind_that_is_only_not_served_at_the_moment_is_not_taken_for_gone():
    def silent(request: web.Request) -> web.StreamResponse:
        if request.path == "/api":
            return document()
        if request.path == "/apis":
            return document(("up.example", "Stale", []))
        name = request.path.rpartition("/")[2]
        if name == "apiservices":
            service = {"metadata": {"name": "v1.up.example"}, "spec": {"group": "up.example"}}
            return web.Response(body=orjson.dumps({"metadata": {}, "items": [service]}))
        if "apiservices" in request.path:
            return web.Response(body=orjson.dumps({"metadata": {"name": name}, "spec": {"group": "up.example"}}))
        return undefined(request) or web.Response(status=503)

    with pytest.raises(Transient, match=r"Widget\.up\.example could not be listed"):
        await find(silent, WIDGETS)


async def test_thousands_are_read_in_pages():
    server = Server(*(item(f"w{number}") for number in range(1_200)))

    found = await find(server, WIDGETS)

    assert (len(found), len(server.asked)) == (1_200, 3)


async def test_more_than_the_operator_can_have_made_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(owned_objects, "MAX_FOUND", 10)

    with pytest.raises(Stalled, match="more than 10 objects carry the label") as error:
        await find(Server(*(item(f"w{number}") for number in range(11))), WIDGETS)

    assert error.value.reason is Reason.INVENTORY_TOO_LARGE


async def test_many_namespaces_are_listed_at_once():
    server = Server(item("a"))

    await find(server, Wanted(kinds=frozenset({WIDGET}), namespaces=frozenset(f"n{n}" for n in range(201))))

    assert [path for path, _ in server.asked] == ["/apis/up.example/v1/widgets"]
