import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import script, serving, undefined

from pattern_operator.kube import ApiUnavailable, Discovery, KindNotFound, Resource, objects
from pattern_operator.kube.discovery import MISS_INTERVAL
from pattern_operator.kube.errors import GroupUnavailable

CRD = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
)


def definition(kind: str, *, versions: tuple[str, ...]) -> bytes:
    name = f"{kind.lower()}s.tests.example"
    schema = {"openAPIV3Schema": {"type": "object"}}
    return orjson.dumps(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": name},
            "spec": {
                "group": "tests.example",
                "scope": "Cluster",
                "names": {"kind": kind, "plural": f"{kind.lower()}s"},
                "versions": [
                    {"name": version, "served": True, "storage": version == versions[0], "schema": schema}
                    for version in versions
                ],
            },
        }
    )


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


async def find_when_served(discovery: Discovery, kind: str) -> Resource:
    for _ in range(100):  # the server publishes a new kind a moment after the definition was accepted
        try:
            return await discovery.find(group="tests.example", kind=kind)
        except KindNotFound:
            await asyncio.sleep(0.1)
            discovery.invalidate()
    raise AssertionError(f"{kind} is not served")


async def test_every_kind_is_known_after_two_requests(session, requests):
    discovery = Discovery(session)

    deployment = await discovery.find(group="apps", kind="Deployment", version="v1")
    role = await discovery.find(group="rbac.authorization.k8s.io", kind="ClusterRole")
    pod = await discovery.find(group="", kind="Pod")

    assert deployment == Resource("apps", "v1", "Deployment", "deployments", namespaced=True)
    assert (role.plural, role.namespaced) == ("clusterroles", False)
    assert pod.api_version == "v1"
    assert requests == [("get", "discovery", 200)] * 2


async def test_a_definition_created_later_is_found_in_its_preferred_version(session):
    discovery = Discovery(session)
    with pytest.raises(KindNotFound, match=r"Later\.tests\.example"):
        await discovery.find(group="tests.example", kind="Later")
    await objects.create(
        session, CRD, body=definition("Later", versions=("v1beta1", "v1")), namespace="", field_manager="test"
    )

    found = await find_when_served(discovery, "Later")

    assert (found.plural, found.version) == ("laters", "v1")
    assert (await discovery.find(group="tests.example", kind="Later", version="v1beta1")).version == "v1beta1"
    with pytest.raises(KindNotFound, match=r"serves Later\.tests\.example as tests\.example/v1, .*not as v9"):
        await discovery.find(group="tests.example", kind="Later", version="v9")


@pytest.mark.parametrize(
    ("group", "kind", "meant"),
    [
        ("apps", "Deploymnet", r"did you mean Deployment\?"),
        ("", "Ingress", r"did you mean Ingress of networking\.k8s\.io/v1\?"),
        ("batch", "Thing", "no CRD can bring it"),
    ],
)
async def test_a_kind_that_a_group_of_kubernetes_has_not_asks_for_no_crd(session, group: str, kind: str, meant: str):
    with pytest.raises(KindNotFound, match=meant) as missing:
        await Discovery(session).find(group=group, kind=kind, version="v1")

    assert "install the CRD" not in str(missing.value)


async def test_a_missing_kind_is_looked_for_once_a_second_by_however_many(session, requests):
    clock = Clock()
    discovery = Discovery(session, clock=clock)
    ask = [discovery.find(group="nowhere.example", kind="Ghost") for _ in range(50)]

    answers = await asyncio.gather(*ask, return_exceptions=True)
    at_once = len(requests)
    clock.time += 1.5
    with pytest.raises(KindNotFound):
        await discovery.find(group="nowhere.example", kind="Ghost")

    assert {type(answer) for answer in answers} == {KindNotFound}
    assert (at_once, len(requests)) == (2, 4)


def document(*groups: tuple[str, str, list[str]]) -> web.Response:
    """What the API server says of its groups: name, freshness, kinds."""
    items = [
        {
            "metadata": {"name": name},
            "versions": [
                {
                    "version": "v1",
                    "freshness": freshness,
                    "resources": [
                        {
                            "resource": f"{kind.lower()}s",
                            "responseKind": {"kind": kind},
                            "scope": "Namespaced",
                            "verbs": ["list", "delete"],
                        }
                        for kind in kinds
                    ],
                }
            ],
        }
        for name, freshness, kinds in groups
    ]
    return web.Response(body=orjson.dumps({"kind": "APIGroupDiscoveryList", "items": items}))


async def test_a_group_whose_server_does_not_answer_is_not_taken_for_missing():
    answer, _ = script(document(("metrics.example", "Stale", []), ("apps", "Current", ["Deployment"])))

    async with serving(answer) as session:
        discovery = Discovery(session)
        with pytest.raises(GroupUnavailable, match=r"group metrics\.example does not answer") as refusal:
            await discovery.find(group="metrics.example", kind="Load")
        with pytest.raises(KindNotFound):
            await discovery.find(group="apps", kind="Ghost")

    assert refusal.value.code == 503


async def test_a_kind_that_is_known_of_a_silent_group_is_found():
    answer, _ = script(document(("metrics.example", "Stale", ["Load"])))

    async with serving(answer) as session:
        found = await Discovery(session).find(group="metrics.example", kind="Load")

    assert found.plural == "loads"


async def test_a_silent_server_hides_only_the_kinds_of_its_own_groups():
    answer, _ = script(document(("down.example", "Stale", []), ("up.example", "Current", ["Widget"])))

    async with serving(lambda request: undefined(request) or answer(request)) as session:
        discovery = Discovery(session)
        kinds = await discovery.deletable(group="up.example")
        with pytest.raises(GroupUnavailable, match=r"group down\.example does not answer"):
            await discovery.deletable(group="down.example")

    assert [each.kind for each in kinds] == ["Widget"]


async def test_all_silent_groups_are_named_as_far_as_a_message_goes():
    silent = [(f"g{number}.example", "Stale", list[str]()) for number in range(7)]
    answer, _ = script(document(*silent, ("metrics.k8s.io", "Stale", [])))

    async with serving(answer) as session:
        with pytest.raises(GroupUnavailable) as refusal:
            await Discovery(session).deletable()

    named = "g0.example, g1.example, g2.example, g3.example, g4.example and 2 more"
    assert refusal.value.message == (
        f"the API servers behind the groups {named} do not answer: see kubectl get apiservices"
    )


async def test_an_answer_that_was_under_way_when_it_was_to_be_forgotten_does_not_count_as_new():
    answer, asked = script(document(), document(), document(("tests.example", "Current", ["Late"])))

    def forgetting(request: web.Request) -> web.StreamResponse | Awaitable[web.StreamResponse]:
        if len(asked) == 1:
            discovery.invalidate()  # a CRD came while the second of the two answers was under way
        return answer(request)

    async with serving(forgetting) as session:
        discovery = Discovery(session, clock=Clock())
        with pytest.raises(KindNotFound):
            await discovery.find(group="tests.example", kind="Late")
        found = await discovery.find(group="tests.example", kind="Late")

    assert found.plural == "lates"


async def test_who_asks_for_a_known_kind_does_not_wait_while_another_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
):
    answer, asked = script(document(("apps", "Current", ["Deployment"])))

    async with serving(answer) as session:
        discovery, original, reads = Discovery(session, clock=Clock()), session.request, asyncio.Event()
        known = await discovery.find(group="apps", kind="Deployment")

        async def hanging(*args: Any, **more: Any) -> bytes:
            reads.set()
            await asyncio.Event().wait()
            return await original(*args, **more)

        monkeypatch.setattr(session, "request", hanging)
        discovery.invalidate(Resource("gone.example", "v1", "Widget", "widgets", namespaced=True))
        looking = asyncio.create_task(discovery.find(group="gone.example", kind="Widget"))
        await reads.wait()
        async with asyncio.timeout(1):
            found = await discovery.find(group="apps", kind="Deployment")
        looking.cancel()
        await asyncio.wait({looking})
        monkeypatch.undo()
        again = await discovery.find(group="apps", kind="Deployment", version="v1")

    assert found == known
    assert len(asked) == 4  # what was to be forgotten is read anew by the next who asks, whoever that is
    assert again.kind == "Deployment"


async def test_of_a_kind_that_is_not_where_it_was_nothing_is_believed_before_it_was_read_again():
    answer, _ = script(document(), document(("apps", "Current", ["Deployment"])), document(), document())

    async with serving(answer) as session:
        discovery = Discovery(session, clock=Clock())
        discovery.invalidate(await discovery.find(group="apps", kind="Deployment"))

        with pytest.raises(KindNotFound):
            await discovery.find(group="apps", kind="Deployment")


async def test_what_is_not_a_discovery_is_unavailable():
    async with serving(lambda _: web.Response(body=b"<html>please log in</html>")) as session:
        with pytest.raises(ApiUnavailable, match="not an API server"):
            await Discovery(session).find(group="apps", kind="Deployment")


async def test_kinds_of_the_core_and_of_groups_are_found_and_a_name_that_is_nearly_one_is_told():
    core = document(("", "Current", ["ConfigMap", "Secret"]))
    groups = document(("apps", "Current", ["Deployment"]), ("tests.example", "Current", ["Gadget"]))

    def answer(request: web.Request) -> web.Response:
        return web.Response(body=core.body if request.path == "/api" else groups.body)

    async with serving(answer) as session:
        discovery = Discovery(session)
        found = [
            (await discovery.find(group=group, kind=kind)).plural
            for group, kind in (("", "ConfigMap"), ("", "Secret"), ("apps", "Deployment"), ("tests.example", "Gadget"))
        ]
        with pytest.raises(KindNotFound) as refusal:
            await discovery.find(group="apps", kind="Deploymnt")

    assert found == ["configmaps", "secrets", "deployments", "gadgets"]
    assert "did you mean Deployment?" in str(refusal.value)


# --- against an API server in memory ---------------------------------------------------------------------------------


class Shown:
    """An API server that shows these kinds, has these CRDs (established or not) and these APIServices of others."""

    def __init__(self, *groups: dict[str, Any]) -> None:
        self.groups = list(groups)
        self.crds: dict[str, bool] = {}
        self.services: list[str] = []
        self.read = 0

    def answer(self, request: web.Request) -> web.Response:
        *_, plural, name = request.path.split("/")
        if request.path in ("/api", "/apis"):
            self.read += 1
            return web.Response(body=orjson.dumps({"items": self.groups if request.path == "/apis" else []}))
        if name == "customresourcedefinitions":
            return _list({"metadata": {"name": each}} for each in self.crds)
        if name == "apiservices":
            return _list({"metadata": {"name": each}} for each in self.services)
        if plural == "customresourcedefinitions" and name in self.crds:
            # Another condition beside it, which is True or not whatever this one is.
            pairs = (("NamesAccepted", not self.crds[name]), ("Established", self.crds[name]))
            conditions = [{"type": kind, "status": str(truth)} for kind, truth in pairs]
            return web.Response(body=orjson.dumps({"metadata": {"name": name}, "status": {"conditions": conditions}}))
        return undefined(request) or web.Response(status=404)


def _list(items: Iterable[Any]) -> web.Response:
    return web.Response(body=orjson.dumps({"metadata": {"resourceVersion": "1"}, "items": list(items)}))


def shown(name: str, *versions: str, kinds: Mapping[str, str] | None = None, freshness: str = "Current") -> Any:
    """A group with these kinds (with their scopes) in these versions."""
    resources = [
        {
            "resource": f"{kind.lower()}s",
            "responseKind": {"kind": kind},
            "scope": scope,
            "verbs": ["list", "delete"],
        }
        for kind, scope in (kinds or {}).items()
    ]
    each = [{"version": version, "freshness": freshness, "resources": resources} for version in versions or ("v1",)]
    return {"metadata": {"name": name}, "versions": each}


WIDGETS = shown("tests.example", "v1", "v1beta1", kinds={"Widget": "Namespaced", "Store": "Cluster"})


async def test_a_kind_is_found_in_the_version_that_is_asked_for_and_in_the_first_one_otherwise():
    async with serving(Shown(WIDGETS).answer) as session:
        discovery = Discovery(session)
        found = [await discovery.find(group="tests.example", kind="Widget", version=each) for each in (None, "v1beta1")]
        store = await discovery.find(group="tests.example", kind="Store")
        with pytest.raises(KindNotFound, match=r"serves Widget\.tests\.example as .*not as v9") as missing:
            await discovery.find(group="tests.example", kind="Widget", version="v9")

    assert missing.value.served == ("tests.example/v1", "tests.example/v1beta1")
    assert [(each.version, each.namespaced) for each in found] == [("v1", True), ("v1beta1", True)]
    assert not store.namespaced


async def test_known_kinds_cost_nothing_and_one_that_is_missing_is_looked_for_once_a_second():
    server, clock = Shown(WIDGETS), Clock()
    async with serving(server.answer) as session:
        discovery = Discovery(session, clock=clock)
        reads = list[int]()
        for kind, seconds in (("Widget", 10.0), ("Widget", 0.0), ("Ghost", 0.0), ("Ghost", 0.5), ("Ghost", 0.5)):
            clock.time += seconds
            with suppress(KindNotFound):
                await discovery.find(group="tests.example", kind=kind)
            reads.append(server.read)
        clock.time += MISS_INTERVAL
        with pytest.raises(KindNotFound):
            await discovery.find(group="tests.example", kind="Ghost")

    assert reads == [2, 2, 2, 2, 4]
    assert server.read == 6


@pytest.mark.parametrize("resource", ["../../secrets", "", "a b"])
async def test_what_would_be_another_path_is_no_kind(resource: str):
    odd = shown("tests.example", kinds={"Widget": "Namespaced"})
    odd["versions"][0]["resources"][0]["resource"] = resource

    async with serving(Shown(odd).answer) as session:
        with pytest.raises(KindNotFound):
            await Discovery(session).find(group="tests.example", kind="Widget")


async def test_of_a_kind_that_is_to_be_forgotten_nothing_is_believed_while_others_are_read(
    monkeypatch: pytest.MonkeyPatch,
):
    async with serving(Shown(WIDGETS).answer) as session:
        discovery, reads = Discovery(session, clock=Clock()), asyncio.Event()
        known = await discovery.find(group="tests.example", kind="Widget")

        async def hanging(*_: Any, **__: Any) -> bytes:
            reads.set()
            await asyncio.Event().wait()
            return b""

        monkeypatch.setattr(session, "request", hanging)
        discovery.invalidate(known)
        looking = [
            asyncio.create_task(discovery.find(group="tests.example", kind=each)) for each in ("Ghost", "Widget")
        ]
        await reads.wait()
        done, _ = await asyncio.wait(looking, timeout=0.02)
        for each in looking:
            each.cancel()
        await asyncio.wait(looking)

    assert done == set()


@pytest.mark.parametrize(
    ("name", "established", "group", "refused"),
    [
        pytest.param("widgets.tests.example", True, None, False, id="it is shown"),
        pytest.param("gadgets.tests.example", True, None, True, id="it is not shown yet"),
        pytest.param("gadgets.tests.example", True, "tests.example", True, id="of the group that is asked for"),
        pytest.param("gadgets.other.example", True, "tests.example", False, id="of another group"),
        pytest.param("gadgets.other.example", True, None, True, id="of any group"),
        pytest.param("gadgets.tests.example", False, None, False, id="it is none that is to be served"),
    ],
)
async def test_all_that_can_be_deleted_is_known_only_once_each_crd_is_shown(
    name: str, established: bool, group: str | None, refused: bool
):
    server = Shown(WIDGETS)
    server.crds = {name: established}
    async with serving(server.answer) as session:
        if refused:
            with pytest.raises(ApiUnavailable, match=name):
                await Discovery(session).deletable(group=group)
            return
        kinds = await Discovery(session).deletable(group=group)

    assert [each.kind for each in kinds] == ["Widget", "Store"]


@pytest.mark.parametrize(
    ("freshness", "kind", "gone"),
    [
        pytest.param("Current", "Ghost", True, id="its group is shown without it"),
        pytest.param("Stale", "Ghost", False, id="the server of its group is silent"),
        pytest.param("", "Ghost", False, id="its group is not shown and an aggregated server has it"),
    ],
)
async def test_a_kind_is_gone_where_its_group_is_shown_by_a_server_that_answers(freshness: str, kind: str, gone: bool):
    server = Shown(*([shown("tests.example", freshness=freshness)] if freshness else []))
    server.services = ["v1.tests.example"]
    async with serving(server.answer) as session:
        discovery = Discovery(session)
        with suppress(KindNotFound, GroupUnavailable):
            await discovery.find(group="tests.example", kind=kind)

        found = await discovery.is_gone(group="tests.example", kind=kind, definitions=discovery.definitions())

    assert found is gone
