"""What a Namespace or a CRD still holds, where not every part of the API server answers."""

from collections.abc import Awaitable

import orjson
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import Handler, serving, undefined
from tests.kube.test_discovery import document

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.remaining_content import NAMED, RemainingContent, find_remaining_content
from pattern_operator.kube import ApiError, ApiUnavailable, Discovery

CRD = ObjectKey("apiextensions.k8s.io", "CustomResourceDefinition", "", "widgets.up.example")
NAMESPACE = ObjectKey("", "Namespace", "", "team")
DOWN = ("down.example", "Stale", list[str]())
UP = ("up.example", "Current", ["Widget"])


def server(*groups: tuple[str, str, list[str]], items: list[str] | None = None, status: int = 200) -> Handler:
    """An API server with ``groups``, whose lists hold objects of the names ``items``."""

    def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/api":
            return document()
        if request.path == "/apis":
            return document(*groups)
        if (said := undefined(request)) is not None:
            return said
        if status != 200:
            failure = {"kind": "Status", "code": status, "reason": "InternalError", "message": "leader changed"}
            return web.Response(status=status, body=orjson.dumps(failure))
        found = [{"metadata": {"name": name, "namespace": "team"}} for name in items or ()]
        return web.Response(body=orjson.dumps({"kind": "List", "metadata": {}, "items": found}))

    return answer


async def look(key: ObjectKey, answer: Handler) -> RemainingContent:
    async with serving(answer) as session:
        return await find_remaining_content(key, session=session, discovery=Discovery(session), impersonate=None)


async def test_a_silent_server_of_another_group_keeps_no_definition():
    assert not await look(CRD, server(DOWN, UP))


async def test_what_is_of_a_definition_is_seen_although_another_group_is_silent():
    found = await look(CRD, server(DOWN, UP, items=["mine"]))

    assert found.objects == ("Widget.up.example team/mine",)


async def test_a_definition_whose_own_group_is_silent_is_not_taken_for_empty():
    with pytest.raises(ApiUnavailable, match=r"group up\.example does not answer"):
        await look(CRD, server(DOWN, ("up.example", "Stale", [])))


async def test_a_namespace_may_hold_objects_of_a_silent_group_and_it_is_said_which():
    with pytest.raises(ApiUnavailable, match=r"it is not known to be empty: .* group down\.example does not"):
        await look(NAMESPACE, server(DOWN, UP))


async def test_when_as_many_are_found_as_are_named_no_further_page_is_asked_for():
    asked: list[str] = []
    others = server(UP)

    def answer(request: web.Request) -> web.StreamResponse | Awaitable[web.StreamResponse]:
        if request.path.endswith("/widgets"):
            asked.append(request.path_qs)
            items = [{"metadata": {"name": f"w{number}", "namespace": "team"}} for number in range(NAMED)]
            more = {"kind": "List", "metadata": {"continue": "more"}, "items": items}
            return web.Response(body=orjson.dumps(more))
        return others(request)

    found = await look(CRD, answer)

    assert len(found.objects) == NAMED
    assert len(asked) == 1


@pytest.mark.parametrize("status", [404, 405])
async def test_a_kind_that_went_meanwhile_hides_nothing(status: int):
    assert not await look(CRD, server(UP, status=status))


async def test_a_kind_that_cannot_be_listed_is_named():
    with pytest.raises(ApiError, match=r"it is not known to be empty: widgets\.up\.example cannot be listed") as no:
        await look(NAMESPACE, server(UP, status=500))

    assert isinstance(no.value, ApiUnavailable)
    assert no.value.code == 500


def starting(*groups: tuple[str, str, list[str]], definitions: list[str], established: str = "True") -> Handler:
    """An API server that has these CustomResourceDefinitions, and shows and serves no kinds but those of ``groups``."""

    def answer(request: web.Request) -> web.StreamResponse:
        *_, plural, name = request.path.split("/")
        if request.path in ("/api", "/apis"):
            return document(*(groups if request.path == "/apis" else ()))
        if name == "customresourcedefinitions":
            items = [{"metadata": {"name": each}} for each in definitions]
            return web.Response(body=orjson.dumps({"metadata": {}, "items": items}))
        if plural == "customresourcedefinitions" and name in definitions:
            condition = {"type": "Established", "status": established}
            spec = {"names": {"kind": "Gadget"}, "versions": [{"name": "v1", "served": True}]}
            return web.Response(body=orjson.dumps({"spec": spec, "status": {"conditions": [condition]}}))
        return undefined(request) or web.Response(status=404, text="404 page not found")

    return answer


async def test_before_the_kinds_of_all_definitions_are_shown_a_namespace_is_not_taken_for_empty():
    with pytest.raises(ApiUnavailable, match=r"it is not known to be empty: .* serve gadgets\.late\.example"):
        await look(NAMESPACE, starting(definitions=["gadgets.late.example"]))


async def test_a_definition_that_was_never_established_hides_nothing():
    assert not await look(NAMESPACE, starting(definitions=["gadgets.late.example"], established="False"))


async def test_a_kind_that_is_shown_and_not_served_for_a_moment_is_not_taken_for_empty():
    shown = ("late.example", "Current", ["Gadget"])
    with pytest.raises(ApiError, match=r"it is not known to be empty: gadgets\.late\.example cannot be listed"):
        await look(NAMESPACE, starting(shown, definitions=["gadgets.late.example"]))
