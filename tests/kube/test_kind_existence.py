"""A kind is gone when neither a definition nor an aggregated server has it, and not because it is not shown."""

import asyncio
from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import Handler, serving, undefined

from pattern_operator.kube import ApiError, Resource
from pattern_operator.kube.kind_existence import Definitions, is_gone

GROUP = "shop.example"
WIDGET = Resource(GROUP, "v1", "Widget", "widgets", namespaced=True)
AGGREGATED: dict[str, str] = {}
OF_A_CRD = {"kube-aggregator.kubernetes.io/automanaged": "true"}
BUILT_IN = {"kube-aggregator.kubernetes.io/automanaged": "onstart"}


def server(*, definitions: dict[str, str], service: dict[str, str] | None = None, group: str = GROUP) -> Handler:
    """An API server with definitions (name: kind), and an APIService with these labels for ``group``."""

    def answer(request: web.Request) -> web.StreamResponse:
        *_, plural, name = request.path.split("/")
        if name == "customresourcedefinitions":
            return whole([{"metadata": {"name": each}} for each in definitions])
        if plural == "customresourcedefinitions" and name in definitions:
            spec = {"names": {"kind": definitions[name]}, "versions": [{"name": "v1", "served": True}]}
            return web.Response(body=orjson.dumps({"metadata": {"name": name}, "spec": spec}))
        if name == "apiservices" and service is not None:
            item = {"metadata": {"name": f"v1.{group}", "labels": service}, "spec": {"group": group, "version": "v1"}}
            return whole([item])
        return undefined(request) or web.Response(status=404, text="404 page not found")

    return answer


def whole(items: list[dict[str, Any]]) -> web.Response:
    return web.Response(body=orjson.dumps({"metadata": {"resourceVersion": "1"}, "items": items}))


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        pytest.param(server(definitions={"widgets.shop.example": "Widget"}), False, id="it is defined"),
        pytest.param(server(definitions={"gadgets.shop.example": "Gadget"}, service=OF_A_CRD), True, id="another is"),
        pytest.param(server(definitions={}), True, id="nothing is"),
        pytest.param(server(definitions={}, service=AGGREGATED), False, id="an aggregated server has the group"),
        pytest.param(server(definitions={}, service=BUILT_IN), False, id="the server itself has the group"),
        pytest.param(server(definitions={}, service=AGGREGATED, group="other.example"), True, id="of another group"),
        pytest.param(server(definitions={"widgets.other.example": "Widget"}), True, id="a namesake of another group"),
    ],
)
async def test_a_kind_is_gone_when_nothing_in_the_cluster_speaks_of_it(answer: Handler, gone: bool):
    async with serving(answer) as session:
        assert await is_gone(session, WIDGET) is gone
        assert await Definitions(session).is_kind_gone(group=GROUP, kind="Widget", listed=False) is gone


async def test_of_a_group_that_is_shown_without_the_kind_an_aggregated_server_is_believed():
    async with serving(server(definitions={}, service=AGGREGATED)) as session:
        assert await Definitions(session).is_kind_gone(group=GROUP, kind="Widget", listed=True)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: web.Response(status=404, text="404 page not found"), id="definitions are not served"),
        pytest.param(lambda _: web.Response(status=403, body=b'{"kind": "Status", "code": 403}'), id="no right"),
        pytest.param(lambda _: web.Response(status=503), id="no answer"),
        pytest.param(lambda _: web.Response(body=b"[]"), id="something else"),
    ],
)
async def test_what_cannot_be_looked_at_is_not_gone(answer: Handler):
    async with serving(answer) as session:
        assert not await is_gone(session, WIDGET)
        with pytest.raises(ApiError):
            await Definitions(session).is_kind_gone(group=GROUP, kind="Widget", listed=False)


# --- many kinds at once ----------------------------------------------------------------------------------------------


class Counting:
    """Counts the requests for what ``answer`` answers."""

    def __init__(self, answer: Handler) -> None:
        self._answer = answer
        self.paths: list[str] = []

    def __call__(self, request: web.Request) -> Any:
        self.paths.append(request.path.rpartition("/")[2])
        return self._answer(request)


async def test_many_kinds_that_are_gone_cost_two_lists_and_the_definitions_of_their_groups():
    defined = {f"ws{number}.{GROUP}": f"W{number}" for number in range(5)}
    counting = Counting(server(definitions=defined, service=AGGREGATED, group="other.example"))
    async with serving(counting) as session:
        definitions = Definitions(session)
        of_group = [definitions.is_kind_gone(group=GROUP, kind=f"W{number}", listed=False) for number in range(3, 103)]
        of_none = [
            definitions.is_kind_gone(group=f"g{number}.example", kind="X", listed=False) for number in range(100)
        ]
        gone = await asyncio.gather(*of_group, *of_none)

    assert gone == [False, False] + [True] * 198
    assert sorted(counting.paths) == sorted(["customresourcedefinitions", "apiservices", *defined])


async def test_what_cannot_be_read_is_not_asked_for_again_in_the_same_look():
    counting = Counting(lambda _: web.Response(status=403, body=b'{"kind": "Status", "code": 403}'))
    async with serving(counting) as session:
        definitions = Definitions(session)
        for number in range(3):
            with pytest.raises(ApiError):
                await definitions.is_kind_gone(group=f"g{number}.example", kind="X", listed=False)

    assert counting.paths == ["customresourcedefinitions"]


def defined(*versions: tuple[str, bool]) -> Handler:
    """An API server with a definition of widgets in these versions: served or not."""

    def answer(request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        if name != "widgets.shop.example":
            return undefined(request) or web.Response(status=404)
        each = [{"name": version, "served": served} for version, served in versions]
        return web.Response(body=orjson.dumps({"metadata": {"name": name}, "spec": {"versions": each}}))

    return answer


@pytest.mark.parametrize(
    ("versions", "gone"),
    [
        ([("v1", True), ("v2", False)], False),
        ([("v1", False), ("v2", False)], True),
        ([("v1", False), ("v2", True)], True),
        ([("v2", True)], True),
    ],
)
async def test_a_version_is_gone_where_its_definition_does_not_serve_it(versions: list[Any], gone: bool):
    async with serving(defined(*versions)) as session:
        assert await is_gone(session, WIDGET) is gone


@pytest.mark.parametrize("code", [403, 500])
async def test_where_one_definition_of_the_group_cannot_be_read_no_kind_of_it_is_gone(code: int):
    whole_answer = server(definitions={"gadgets.shop.example": "Gadget"})

    def answer(request: web.Request) -> Any:
        if request.path.endswith("/gadgets.shop.example"):
            return web.Response(status=code, body=b'{"kind": "Status", "code": %d}' % code)
        return whole_answer(request)

    async with serving(answer) as session:
        with pytest.raises(ApiError):
            await Definitions(session).is_kind_gone(group=GROUP, kind="Widget", listed=True)
