"""Where objects really go, told from what the API server says of its kinds."""

from collections.abc import AsyncIterator

import orjson
import pytest
from aiohttp import web
from tests.apply.harness import config_map, custom, definition
from tests.kube.fake_apiserver import script, serving
from tests.looplag import MOST, longest_hold

from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import ScopedObjects, resolve_scope, to_error
from pattern_operator.apply.result import NAMED, ApplyResult
from pattern_operator.errors import Transient
from pattern_operator.kube import ApiUnavailable, Discovery
from pattern_operator.kube.kind_suggestion import ServedKinds


def kinds(group: str, *found: tuple[str, str], freshness: str = "Current") -> dict[str, object]:
    resources = [
        {"resource": f"{kind.lower()}s", "responseKind": {"kind": kind}, "scope": scope} for kind, scope in found
    ]
    return {
        "metadata": {"name": group},
        "versions": [{"version": "v1", "freshness": freshness, "resources": resources}],
    }


def groups(*items: dict[str, object]) -> web.Response:
    return web.Response(body=orjson.dumps({"items": list(items)}))


@pytest.fixture
async def discovery() -> AsyncIterator[Discovery]:
    """A server with ConfigMaps and Roles, and a group whose own server does not answer."""
    answer, _ = script(
        groups(
            kinds("", ("ConfigMap", "Namespaced"), ("Namespace", "Cluster")),
            kinds("silent.example", freshness="Stale"),
        )
    )
    async with serving(answer) as session:
        yield Discovery(session)


async def scoped(*objects: Object, discovery: Discovery) -> ScopedObjects:
    return await resolve_scope(objects, discovery=discovery, default_namespace="home")


def bare(kind: str, name: str, api_version: str = "v1") -> Object:
    return Object.of({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})


async def test_the_namespace_of_an_object_is_written_into_it(discovery: Discovery):
    named = config_map("c", "team")
    del named.body["metadata"]["namespace"]

    placed = await scoped(named, discovery=discovery)

    assert [each.body["metadata"]["namespace"] for each in placed.objects] == ["team"]


async def test_an_object_that_names_no_namespace_goes_home(discovery: Discovery):
    placed = await scoped(bare("ConfigMap", "c"), config_map("d", "team"), discovery=discovery)

    assert [each.key.namespace for each in placed.objects] == ["home", "team"]
    assert [each.body["metadata"]["namespace"] for each in placed.objects] == ["home", "team"]


async def test_an_object_of_a_cluster_scoped_kind_loses_the_namespace_it_names_in_vain(discovery: Discovery):
    named = Object.of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "namespace": "team"}})

    placed = await scoped(named, discovery=discovery)

    assert placed.objects[0].key.namespace == ""
    assert placed.objects[0].body["metadata"] == {"name": "n"}
    assert named.body["metadata"] == {"name": "n", "namespace": "team"}  # a stage never changes what it was given


async def test_what_is_in_its_place_is_not_copied(discovery: Discovery):
    here = config_map("c", "team")

    placed = await scoped(here, discovery=discovery)

    assert placed.objects == (here,)
    assert placed.objects[0] is here


async def test_of_two_objects_that_come_to_one_place_the_later_stays(discovery: Discovery):
    first, second = bare("ConfigMap", "c"), config_map("c", "home", a="later")

    placed = await scoped(first, second, discovery=discovery)

    assert placed.objects == (second,)


async def test_a_kind_that_the_pattern_brings_is_known_before_it_is_served(discovery: Discovery):
    widget = custom("Widget", "example.com", "w", "team")

    placed = await scoped(widget, definition("Widget", "example.com", scope="Cluster"), discovery=discovery)

    assert [each.key.namespace for each in placed.objects if each.key.kind == "Widget"] == [""]


async def test_a_kind_that_nobody_serves_is_unknown_and_stops_no_other(discovery: Discovery):
    widget = custom("Widget", "example.com", "w", "team")

    placed = await scoped(widget, bare("ConfigMap", "c"), discovery=discovery)

    assert [each.key.name for each in placed.objects] == ["c"]
    assert [(each.key, each.reason) for each in placed.unknown] == [(widget.key, Reason.KIND_NOT_FOUND)]


async def test_a_kind_whose_server_does_not_answer_is_asked_for_again_and_stops_no_other(discovery: Discovery):
    widget = custom("Widget", "silent.example", "w", "team")

    placed = await scoped(widget, bare("ConfigMap", "c"), discovery=discovery)

    assert [each.key.name for each in placed.objects] == ["c"]
    assert [each.reason for each in placed.unknown] == [Reason.API_SERVER_UNAVAILABLE]
    assert isinstance(to_error(ApplyResult(), unknown=placed.unknown), Transient)


async def test_thousands_of_objects_are_placed_with_the_loop_free_in_between(discovery: Discovery):
    desired = [config_map(f"c{number}", "") for number in range(10_000)]  # some 80 ms

    held = await longest_hold(lambda: resolve_scope(desired, discovery=discovery, default_namespace="team"))

    assert held < MOST


async def test_an_api_server_that_does_not_answer_places_nothing():
    answer, _ = script(web.Response(status=500))

    async with serving(answer) as session:
        with pytest.raises(ApiUnavailable):
            await scoped(bare("ConfigMap", "c"), discovery=Discovery(session))


async def test_of_thousands_of_unknown_kinds_only_those_that_are_shown_are_looked_for(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    meant = ServedKinds.meant

    def counted(self: ServedKinds, group: str, kind: str) -> str:
        asked.append(kind)
        return meant(self, group, kind)

    monkeypatch.setattr(ServedKinds, "meant", counted)
    served = [(f"SecurityGroupEgress{n:03d}", "Namespaced") for n in range(300)]
    objects = [bare(f"SecurityGroupEgrezz{n}", "x", "cloud.example/v1") for n in range(2000)]
    answer, _ = script(groups(kinds("cloud.example", *served)))
    async with serving(answer) as session:
        placed = await scoped(*objects, discovery=Discovery(session))
    assert len(placed.unknown) == 2000
    assert asked == []

    error = to_error(ApplyResult(), unknown=placed.unknown)

    assert error is not None
    assert "the API server has no kind SecurityGroupEgrezz0.cloud.example: install the CRD" in error.message
    assert error.message.endswith("and 1995 more")
    assert len(asked) == NAMED


async def test_thousands_of_unknown_kinds_do_not_hold_the_loop():
    served = [(f"SecurityGroupEgress{n:03d}", "Namespaced") for n in range(300)]
    objects = [bare(f"SecurityGroupEgrezz{n}", "x", "cloud.example/v1") for n in range(2000)]
    answer, _ = script(groups(kinds("cloud.example", *served)))
    async with serving(answer) as session:
        discovery = Discovery(session)

        async def place() -> None:
            to_error(ApplyResult(), unknown=(await scoped(*objects, discovery=discovery)).unknown)

        assert await longest_hold(place) < MOST
