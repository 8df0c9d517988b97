"""What is too large to be written: compressed where that helps, else refused before anything is applied."""

import random
import string
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import orjson
import pytest
from aiohttp import web
from tests import machine
from tests.kube.fake_apiserver import serving
from tests.reconcile.pattern import pattern
from tests.testbed.testbed import Testbed

from pattern_operator.api.crd import crd
from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.inventorycodec import unpacked
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, InventoryEntry, RefusedComponent, RenderStatus, Status
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.executors import Threads
from pattern_operator.kube import Session, objects
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.reconcile.inventory_size import written as written_as
from pattern_operator.reconcile.pattern_store import PatternStore
from pattern_operator.reconcile.status_writer import StatusWriter


@pytest.fixture
def cpu() -> Iterator[Threads]:
    pool = Threads("cpu", size=2)
    yield pool
    pool.shutdown()


def writer(session: Session, cpu: Threads) -> StatusWriter:
    return StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=cpu)


def inventory(*names: str) -> Inventory:
    entries = tuple(InventoryEntry(id=f"team_{name}_apps_Deployment", v="v1") for name in sorted(names))
    return Inventory(count=len(entries), entries=entries)


def numbered(count: int) -> Inventory:
    return inventory(*(f"{'the-name-of-a-workload-' * 12}"[:240] + f"{number:05}" for number in range(count)))


def at_random(count: int) -> Inventory:
    letters = random.Random(1)  # noqa: S311 - names that do not resemble each other
    return inventory(*("".join(letters.choices(string.ascii_lowercase, k=253)) for _ in range(count)))


async def stored(session: Session, namespace: str) -> dict[str, Any]:
    return await objects.get(session, DESIGN_PATTERN, namespace=namespace, name="web")


@pytest.fixture
async def written(session: Session, unoperated: Testbed, namespace: str) -> DesignPattern:
    """A pattern in the cluster that nobody else writes, with as many annotations as Kubernetes allows."""
    kubectl = unoperated.kubectl
    kubectl.apply(crd())
    kubectl.established("designpatterns.pattern-operator.io")
    kubectl.apply(
        {
            "apiVersion": "pattern-operator.io/v1alpha1",
            "kind": "DesignPattern",
            "metadata": {"name": "web", "namespace": namespace},
            "spec": {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}},
        }
    )
    patch = orjson.dumps({"metadata": {"annotations": {"example.com/note": "x" * 250_000}}})
    body = await objects.patch_merge(
        session, DESIGN_PATTERN, namespace=namespace, name="web", body=patch, field_manager="test"
    )
    return decode(body)


async def test_an_update_that_renames_5000_objects_with_long_names_is_written_and_read(
    session, cpu, written, namespace
):
    both = Status(inventory=numbered(10_000))

    after = await writer(session, cpu).status(written, both)
    body = await stored(session, namespace)
    fewer = await writer(session, cpu).status(after, Status(inventory=numbered(5)))

    assert after.status.inventory == both.inventory == decode(body).status.inventory
    assert body["status"]["inventory"].get("entries", []) == []
    assert len(body["status"]["inventory"]["compressed"]) < 100_000
    assert fewer.status.inventory == numbered(5)
    assert not (await stored(session, namespace))["status"]["inventory"].get("compressed")


async def test_the_largest_status_is_taken_by_a_real_api_server(session, cpu, written):
    refusals = tuple(
        RefusedComponent(name="\u00e9" * 99_999, kind="K", reason="R", message='"' * 9999) for _ in range(50)
    )
    whole = Status(
        inventory=at_random(3_300), render=RenderStatus(refused=50, refusals=refusals, repairs=('"' * 9999,) * 50)
    )

    after = await writer(session, cpu).status(written, whole)

    assert after.status.inventory == whole.inventory
    assert "render.repairs" in after.status.truncated


async def test_names_that_do_not_fit_are_refused_before_anything_is_written(session, cpu, written, namespace):
    with pytest.raises(Stalled, match="Split the pattern") as refusal:
        await writer(session, cpu).status(written, Status(inventory=at_random(5_000)))

    assert refusal.value.reason is Reason.INVENTORY_TOO_LARGE
    assert decode(await stored(session, namespace)).status.inventory == Inventory()


async def test_an_inventory_that_could_not_be_read_again_is_refused(cpu):
    with pytest.raises(Stalled, match="20001 objects, old and new ones, are more than") as refusal:
        await written_as(numbered(20_001), cpu=cpu)

    assert refusal.value.reason is Reason.INVENTORY_TOO_LARGE
    assert unpacked(await written_as(numbered(10_000), cpu=cpu)) == numbered(10_000)


async def test_nothing_is_sent_where_nothing_changed(session, cpu, written, requests):
    after = await writer(session, cpu).status(written, Status(inventory=numbered(10_000)))
    requests.clear()

    begun = time.process_time()
    await writer(session, cpu).status(after, after.status)
    spent = time.process_time() - begun

    assert requests == []
    assert spent / machine.slowness() < 0.05  # on the event loop


def refusing(code: int, message: str) -> Any:
    def answer(_: web.Request) -> web.Response:
        return web.json_response({"kind": "Status", "code": code, "message": message}, status=code)

    return answer


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (refusing(413, "Request entity too large: limit is 3145728"), Stalled, Reason.STATUS_TOO_LARGE),
        (refusing(500, "etcdserver: request is too large"), Stalled, Reason.STATUS_TOO_LARGE),
        (refusing(503, "slow down"), Transient, Reason.API_SERVER_UNAVAILABLE),
        (refusing(403, "no"), Transient, Reason.FORBIDDEN),
    ],
)
async def test_a_status_that_is_refused_has_the_reason_of_the_refusal(cpu, answer, kind: type[PatternError], reason):
    async with serving(answer) as session:
        with pytest.raises(kind) as refusal:
            await writer(session, cpu).status(pattern(), Status(version="1"))

    assert refusal.value.reason is reason


async def test_an_inventory_that_an_older_crd_drops_is_put_back(cpu):
    """An API server prunes what the schema does not know, without a word."""
    before = msgspec.structs.replace(pattern(resourceVersion="1"), status=Status(inventory=inventory("a")))
    asked: list[Any] = []
    body = msgspec.to_builtins(before)

    async def answer(request: web.Request) -> web.Response:
        change = await request.json()
        asked.append(change["status"]["inventory"])
        kept = {name: value for name, value in asked[-1].items() if value is not None and name != "compressed"}
        return web.json_response(body | {"status": {"inventory": kept}})

    async with serving(answer) as session:
        with pytest.raises(Stalled, match="kubectl apply --server-side -k crds") as refusal:
            await writer(session, cpu).status(before, Status(inventory=numbered(10_000)))

    assert refusal.value.reason is Reason.INVALID_STATUS
    assert asked[0]["compressed"]
    assert asked[1] == {"count": 1, "entries": [{"id": "team_a_apps_Deployment", "v": "v1"}], "compressed": None}


async def test_a_first_status_is_not_written_over_what_a_run_wrote_meanwhile(session, cpu, written, namespace):
    said = msgspec.structs.replace(written.status, status="Progressing")
    await writer(session, cpu).first_status(written, said)
    first = decode(await stored(session, namespace))
    await writer(session, cpu).status(first, msgspec.structs.replace(first.status, status="Ready"))

    with pytest.raises(Transient):
        await writer(session, cpu).first_status(first, said)

    assert first.status.status == "Progressing"
    assert decode(await stored(session, namespace)).status.status == "Ready"
