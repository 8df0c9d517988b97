import asyncio
import tracemalloc

import orjson
import pytest
from aiohttp import web
from tests.kube.conftest import CONFIG_MAP, NAMESPACE
from tests.kube.fake_apiserver import script, serving

from pattern_operator.kube import ApiError, ApiUnavailable, Conflicts, Resource, Session, objects, pagination

SECRET = Resource(group="", version="v1", kind="Secret", plural="secrets", namespaced=True)


def config_map(namespace: str, **data: object) -> bytes:
    metadata = {"name": "settings", "namespace": namespace}
    return orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


async def apply(session: Session, namespace: str, *, by: str = "us", **data: object) -> objects.Body:
    return await objects.apply(
        session, CONFIG_MAP, body=config_map(namespace, **data), namespace=namespace, name="settings", field_manager=by
    )


async def test_apply_creates_then_updates(session, namespace):
    created = await apply(session, namespace, colour="red")
    updated = await apply(session, namespace, colour="blue")

    assert created["metadata"]["uid"] == updated["metadata"]["uid"]
    assert updated["data"] == {"colour": "blue"}


async def test_a_conflict_names_the_other_manager_and_the_field(session, namespace):
    await apply(session, namespace, by="gardener", colour="red")

    with pytest.raises(ApiError) as refusal:
        await apply(session, namespace, colour="blue")

    assert (refusal.value.code, refusal.value.reason) == (409, "Conflict")
    assert "gardener" in refusal.value.message
    assert [cause.field for cause in refusal.value.causes] == [".data.colour"]


async def test_a_conflict_is_won_when_asked_for(session, namespace):
    await apply(session, namespace, by="gardener", colour="red")

    taken = await objects.apply(
        session,
        CONFIG_MAP,
        body=config_map(namespace, colour="blue"),
        namespace=namespace,
        name="settings",
        field_manager="us",
        conflicts=Conflicts.FORCE,
    )

    assert taken["data"] == {"colour": "blue"}


async def test_a_dry_run_changes_nothing(session, namespace):
    await apply(session, namespace, colour="red")

    would_be = await objects.apply(
        session,
        CONFIG_MAP,
        body=config_map(namespace, colour="blue"),
        namespace=namespace,
        name="settings",
        field_manager="us",
        dry_run="All",
    )

    is_now = await objects.get(session, CONFIG_MAP, namespace=namespace, name="settings")
    assert (would_be["data"], is_now["data"]) == ({"colour": "blue"}, {"colour": "red"})


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        pytest.param({"data": {"*": "x"}}, "valid config key", id="a value that validation refuses"),
        pytest.param({"dota": {}}, "field not declared in schema", id="a field that the schema lacks"),
        pytest.param({"data": {"x": {"y": 1}}}, "expected string", id="a value of another type"),
    ],
)
async def test_an_invalid_object_is_refused_and_no_retry_is_promised(session, namespace, requests, extra, words):
    body = orjson.loads(config_map(namespace)) | extra
    requests.clear()

    with pytest.raises(ApiError, match=words) as refusal:
        await objects.apply(
            session, CONFIG_MAP, body=orjson.dumps(body), namespace=namespace, name="settings", field_manager="us"
        )

    assert (refusal.value.code, refusal.value.reason) == (422, "Invalid")
    assert not isinstance(refusal.value, ApiUnavailable)
    assert len(requests) == 1


async def test_a_value_of_a_secret_is_never_quoted(session, namespace):
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "stringData": {"password": {"x": "hunter2"}},
    }

    with pytest.raises(ApiError, match=r"stringData\.password") as refusal:
        await objects.apply(session, SECRET, body=orjson.dumps(body), namespace=namespace, name="s", field_manager="us")

    assert "hunter2" not in str(refusal.value)


async def test_an_impersonated_account_is_held_to_its_own_rights(session, namespace):
    account = f"system:serviceaccount:{namespace}:tenant"

    with pytest.raises(ApiError) as refusal:
        await objects.apply(
            session,
            CONFIG_MAP,
            body=config_map(namespace),
            namespace=namespace,
            name="settings",
            field_manager="us",
            impersonate=account,
        )

    assert (refusal.value.code, refusal.value.reason) == (403, "Forbidden")
    assert account in refusal.value.message


async def test_an_impersonated_account_has_the_groups_of_a_service_account(session):
    review = b'{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}'
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

    answer = await session.request("POST", path, body=review, impersonate="system:serviceaccount:shop:tenant")

    groups = orjson.loads(answer)["status"]["userInfo"]["groups"]
    assert set(groups) >= {"system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"}


async def test_delete_takes_only_the_object_that_was_meant(session, namespace):
    meant = await apply(session, namespace)

    with pytest.raises(ApiError) as refusal:
        await objects.delete(session, CONFIG_MAP, namespace=namespace, name="settings", uid="another")
    await objects.delete(session, CONFIG_MAP, namespace=namespace, name="settings", uid=meant["metadata"]["uid"])

    assert refusal.value.reason == "Conflict"
    with pytest.raises(ApiError) as gone:
        await objects.get(session, CONFIG_MAP, namespace=namespace, name="settings")
    assert (gone.value.code, gone.value.reason) == (404, "NotFound")


async def test_creating_what_exists_is_refused(session, namespace):
    await apply(session, namespace)

    with pytest.raises(ApiError) as refusal:
        await objects.create(session, CONFIG_MAP, body=config_map(namespace), namespace=namespace, field_manager="us")

    assert refusal.value.reason == "AlreadyExists"


async def test_a_merge_patch_with_an_old_version_is_refused(session, namespace):
    old = await apply(session, namespace, colour="red")
    await apply(session, namespace, colour="blue")
    patch = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"], "labels": {"a": "b"}}}

    with pytest.raises(ApiError) as refusal:
        await objects.patch_merge(
            session, CONFIG_MAP, body=orjson.dumps(patch), namespace=namespace, name="settings", field_manager="us"
        )

    assert refusal.value.reason == "Conflict"


async def test_a_merge_patch_reaches_the_status_alone(session, namespace):
    patch = {"metadata": {"labels": {"a": "b"}}, "status": {"phase": "Active", "conditions": None}}

    after = await objects.patch_merge(
        session,
        NAMESPACE,
        body=orjson.dumps(patch),
        namespace="",
        name=namespace,
        field_manager="us",
        subresource="status",
    )

    assert after["status"] == {"phase": "Active"}


async def test_a_list_longer_than_a_page_comes_whole_and_with_kinds(session, namespace, monkeypatch):
    monkeypatch.setattr(pagination, "PAGE", 2)
    for number in range(5):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"n{number}"}}
        await objects.create(session, CONFIG_MAP, body=orjson.dumps(body), namespace=namespace, field_manager="us")

    found = await objects.list_(session, CONFIG_MAP, namespace=namespace)

    assert [item["metadata"]["name"] for item in found] == [f"n{number}" for number in range(5)]
    assert {(item["apiVersion"], item["kind"]) for item in found} == {("v1", "ConfigMap")}


EXPIRED = web.Response(status=410, body=b'{"kind": "Status", "code": 410, "reason": "Expired"}')
FIRST = web.Response(body=b'{"metadata": {"continue": "old"}, "items": [{"metadata": {"name": "gone"}}]}')


async def test_a_list_whose_pages_are_too_old_before_its_end_is_read_again_in_one():
    whole = {"metadata": {}, "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}
    answer, asked = script(FIRST, EXPIRED, web.Response(body=orjson.dumps(whole)))

    async with serving(answer) as session:
        found = await objects.list_(session, CONFIG_MAP, label_selector="a=b")

    assert [each["metadata"]["name"] for each in found] == ["a", "b"]
    assert [dict(each.query) for each in asked][1:] == [
        {"limit": "500", "labelSelector": "a=b", "continue": "old"},
        {"labelSelector": "a=b"},
    ]


async def test_a_list_that_is_always_too_old_is_an_error_after_a_few_tries():
    answer, asked = script(*[FIRST, EXPIRED] * (objects.LISTINGS + 1))

    async with serving(answer) as session:
        with pytest.raises(ApiError) as refused:
            await objects.list_(session, CONFIG_MAP)

    assert refused.value.code == 410
    assert len(asked) == 2 * objects.LISTINGS


async def test_of_many_objects_one_is_built_at_a_time():
    data: dict[str, dict[str, str]] = {str(number): {} for number in range(500)}
    items = [{"metadata": {"name": f"n{number}"}, "data": data} for number in range(500)]
    page = orjson.dumps({"metadata": {}, "items": items})
    answer, _ = script(web.Response(body=page))
    most = 0

    async with serving(answer) as session:
        tracemalloc.start()
        try:
            async for each in objects.each(session, CONFIG_MAP):
                most = max(most, tracemalloc.get_traced_memory()[0])
                assert (each["apiVersion"], each["kind"]) == ("v1", "ConfigMap")
        finally:
            tracemalloc.stop()

    assert 0 < most < 4 * len(page)  # the text, once or twice; built, it has twenty times as much


async def test_an_operation_on_one_entry_of_a_list_leaves_the_others(session, namespace):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "finalizers": ["a.example/b"]}}
    made = await objects.create(session, CONFIG_MAP, body=orjson.dumps(body), namespace=namespace, field_manager="us")
    version = {"op": "replace", "path": "/metadata/resourceVersion", "value": made["metadata"]["resourceVersion"]}

    async def patch(operation: dict[str, str]) -> list[str]:
        after = await objects.patch_json(
            session,
            CONFIG_MAP,
            body=orjson.dumps([version, operation]),
            namespace=namespace,
            name="a",
            field_manager="us",
        )
        version["value"] = after["metadata"]["resourceVersion"]
        return list(after["metadata"].get("finalizers", []))

    added = {"op": "add", "path": "/metadata/finalizers/-", "value": "c.example/d"}
    assert await patch(added) == ["a.example/b", "c.example/d"]
    assert await patch({"op": "remove", "path": "/metadata/finalizers/0"}) == ["c.example/d"]
    version["value"] = made["metadata"]["resourceVersion"]
    with pytest.raises(ApiError) as refused:
        await patch(added)
    assert refused.value.reason == "Conflict"


async def test_a_collection_that_is_gone_is_not_a_list_that_is_too_old():
    answer, asked = script(web.Response(status=410))

    async with serving(answer) as session:
        with pytest.raises(ApiError):
            await objects.list_(session, CONFIG_MAP)

    assert len(asked) == 1


async def test_what_a_proxy_answers_is_not_an_object():
    answer, _ = script(web.Response(body=b"<html>please log in</html>"))

    async with serving(answer) as session:
        with pytest.raises(ApiUnavailable, match="not an API server"):
            await objects.get(session, CONFIG_MAP, namespace="shop", name="a")


async def test_more_requests_than_slots_all_succeed(session, namespace, requests):
    requests.clear()

    await asyncio.gather(*(apply(session, namespace, n=str(n)) for n in range(150)), return_exceptions=False)

    assert {code for _, _, code in requests} <= {200, 201}
    assert len(requests) == 150
