"""The pages as browsers get them, from a real API server: what is there, who sees it, and what can be done."""

import pytest
from tests.console.browser import token_of
from tests.console.conftest import hosted

from pattern_operator.console.settings import Mode
from pattern_operator.kube import ApiError, objects
from pattern_operator.kube.wellknown import DESIGN_PATTERN

EVIL = '<script>alert(1)</script> javascript:alert(1) "onload=alert(1)'


async def test_the_list_shows_the_patterns_as_the_server_prints_them(running, cluster, server):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    await cluster.report(namespace, "web")
    browser = running.browser()

    assert (await browser.sign_in(server.token)).status == 303
    page = await browser.get(f"/patterns?namespace={namespace}")

    assert page.status == 200
    assert "1 to 1 of 1 pattern" in page.plain
    assert f"{namespace} web ✓ Ready Applied 1.4.2 0a1b2c3d4e5f release, audit" in page.plain


async def test_filters_stand_in_the_url(running, cluster, server):
    namespace = await cluster.namespace()
    for name, ready in (("good", "True"), ("bad", "False")):
        await cluster.pattern(namespace, name)
        await cluster.report(namespace, name, ready=ready)
    browser = running.browser()
    await browser.sign_in(server.token)

    page = await browser.get(f"/patterns?namespace={namespace}&ready=False&sort=-name")

    assert f'value="{namespace}"' in page.text
    assert "<option selected>False" in page.text
    assert f'href="/patterns/{namespace}/bad"' in page.text
    assert f'href="/patterns/{namespace}/good"' not in page.text
    assert f'data-live="/patterns/stream?namespace={namespace}&amp;ready=False&amp;sort=-name"' in page.text


async def test_what_others_wrote_is_shown_as_text(running, cluster, server):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web", annotations={"example.com/link": EVIL})
    await cluster.report(namespace, "web", ready="False", message=EVIL)
    browser = running.browser()
    await browser.sign_in(server.token)

    for path in (f"/patterns?namespace={namespace}", f"/patterns/{namespace}/web", f"/patterns?q={EVIL}"):
        page = await browser.get(path)

        assert "<script>alert" not in page.text, path
        assert '"onload' not in page.text, path
    async with browser.stream(f"/patterns/{namespace}/web/stream") as events:
        part = await events.until("part")
        assert "<script>" not in part
        assert "&lt;script&gt;" in part


async def test_a_user_of_one_namespace_sees_that_and_is_told_what_is_missing_for_more(running, cluster):
    mine, other = await cluster.namespace(), await cluster.namespace(prefix="other")
    await cluster.pattern(mine, "mine")
    await cluster.pattern(other, "secret-name")
    browser = running.browser()
    await browser.sign_in(await cluster.user(mine, "get", "list", "watch"))

    everything = await browser.get("/patterns")
    own = await browser.get(f"/patterns?namespace={mine}")
    others = [
        await browser.get(path)
        for path in (f"/patterns?namespace={other}", f"/patterns/{other}/secret-name", "/patterns?q=secret")
    ]

    assert everything.status == 403
    assert (
        'cannot list resource "designpatterns" in API group "pattern-operator.io" at the cluster scope'
        in everything.plain
    )
    assert "pattern-operator-view" in everything.plain
    assert (own.status, "mine" in own.plain) == (200, True)
    assert [each.status for each in others] == [403, 403, 403]
    assert not any(f'"/patterns/{other}/secret-name"' in each.text for each in others)


async def test_buttons_are_for_what_the_user_may_do(running, cluster, server):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    looks, patches = running.browser(), running.browser()
    await looks.sign_in(await cluster.user(namespace, "get", "list", "watch"))
    await patches.sign_in(await cluster.user(namespace, "get", "list", "watch", "patch"))

    seen, changed = await looks.get(f"/patterns/{namespace}/web"), await patches.get(f"/patterns/{namespace}/web")
    assert "/do/suspend" not in seen.text
    assert "Suspend (needs the right to patch this pattern)" in seen.plain
    assert "/do/suspend" in changed.text
    assert "/do/delete" not in changed.text


async def test_a_refusal_is_shown_in_the_servers_words(running, cluster):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    browser = running.browser()
    await browser.sign_in(await cluster.user(namespace, "get", "list"))

    answer = await browser.press(f"/patterns/{namespace}/web", f"/patterns/{namespace}/web/do/suspend")

    assert answer.status == 403
    assert 'cannot patch resource "designpatterns"' in answer.plain


@pytest.mark.parametrize(("action", "suspended"), [("suspend", True), ("resume", False)])
async def test_a_pattern_is_suspended_and_resumed(running, cluster, server, admin, action, suspended):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    body = f'{{"spec": {{"suspend": {str(not suspended).lower()}}}}}'.encode()
    where = {"namespace": namespace, "name": "web"}
    await objects.patch_merge(admin, DESIGN_PATTERN, body=body, field_manager="test", **where)
    browser = running.browser()
    await browser.sign_in(server.token)
    page = f"/patterns/{namespace}/web/do/{action}"

    asked = await browser.get(page)
    done = await browser.post(page, {"session_token": token_of(asked.text)})

    line = f'kubectl -n {namespace} patch dp web --type=merge -p \'{{"spec":{{"suspend":{str(suspended).lower()}}}}}\''
    assert line in asked.plain
    assert (done.status, done.headers["Location"]) == (303, f"/patterns/{namespace}/web?done={action}")
    pattern = await objects.get(admin, DESIGN_PATTERN, **where)
    assert pattern["spec"]["suspend"] is suspended
    assert f"The pattern is {action}" in (await browser.get(done.headers["Location"])).plain


async def test_a_reconcile_is_requested(running, cluster, server, admin):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    browser = running.browser()
    await browser.sign_in(server.token)

    done = await browser.press(f"/patterns/{namespace}/web", f"/patterns/{namespace}/web/do/reconcile")

    assert done.status == 303
    pattern = await objects.get(admin, DESIGN_PATTERN, namespace=namespace, name="web")
    assert pattern["metadata"]["annotations"]["pattern-operator.io/requestedAt"]


async def test_a_pattern_is_deleted(running, cluster, server, admin):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    browser = running.browser()
    await browser.sign_in(server.token)

    done = await browser.press(f"/patterns/{namespace}/web", f"/patterns/{namespace}/web/do/delete")

    assert (done.status, done.headers["Location"]) == (303, "/patterns?done=delete")
    with pytest.raises(ApiError, match="not found"):
        await objects.get(admin, DESIGN_PATTERN, namespace=namespace, name="web")


async def test_a_pattern_of_another_tool_can_only_be_reconciled(running, cluster, server, admin):
    namespace = await cluster.namespace()
    owned = {"labels": {"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux"}}
    await cluster.pattern(namespace, "web", **owned)
    browser = running.browser()
    await browser.sign_in(server.token)

    page = await browser.get(f"/patterns/{namespace}/web")
    refused = await browser.press(f"/patterns/{namespace}/web", f"/patterns/{namespace}/web/do/suspend")

    assert "The Flux Kustomization flux/shop manages this pattern" in page.plain
    assert "/do/suspend" not in page.text
    assert "/do/reconcile" in page.text
    assert refused.status == 409
    assert (await objects.get(admin, DESIGN_PATTERN, namespace=namespace, name="web"))["spec"]["suspend"] is False


async def test_nothing_can_be_changed_in_a_console_that_is_read_only(start, server, cluster, admin):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    running = await start(hosted(server.endpoint(), mode=Mode.READ_ONLY))
    browser = running.browser()
    await browser.sign_in(server.token)

    page = await browser.get(f"/patterns/{namespace}/web")
    refused = await browser.press(f"/patterns/{namespace}/web", f"/patterns/{namespace}/web/do/suspend")

    assert "/do/" not in page.text
    assert "(read-only)" in page.plain
    assert (refused.status, "this console is read-only" in refused.plain) == (409, True)
    assert (await objects.get(admin, DESIGN_PATTERN, namespace=namespace, name="web"))["spec"]["suspend"] is False


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": ""},
        {"Origin": "https://evil.example"},
        {"Origin": ""},
        {"Origin": "null"},
    ],
    ids=str,
)
async def test_a_form_of_another_site_changes_nothing(running, cluster, server, admin, headers):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    browser = running.browser()
    await browser.sign_in(server.token)

    refused = await browser.press(f"/patterns/{namespace}/web", f"/patterns/{namespace}/web/do/suspend", **headers)

    assert refused.status == 403
    assert (await objects.get(admin, DESIGN_PATTERN, namespace=namespace, name="web"))["spec"]["suspend"] is False


@pytest.mark.parametrize("form", [{}, {"session_token": ""}, {"session_token": "x" * 43}], ids=str)
async def test_a_form_without_the_session_token_changes_nothing(running, cluster, server, admin, form):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    browser, other = running.browser(), running.browser()
    await browser.sign_in(server.token)
    await other.sign_in(server.token)
    of_another = {"session_token": token_of((await other.get("/who-am-i")).text)}

    refused = [await browser.post(f"/patterns/{namespace}/web/do/suspend", each) for each in (form, of_another)]

    assert [each.status for each in refused] == [403, 403]
    assert (await objects.get(admin, DESIGN_PATTERN, namespace=namespace, name="web"))["spec"]["suspend"] is False


async def test_who_am_i_names_user_groups_and_rights(running, cluster):
    namespace = await cluster.namespace()
    browser = running.browser()
    await browser.sign_in(await cluster.user(namespace, "get", "list"))

    page = await browser.get(f"/who-am-i?namespace={namespace}")

    assert f"system:serviceaccount:{namespace}:user-" in page.plain
    assert f"system:serviceaccounts:{namespace}" in page.plain
    assert "see patterns list designpatterns.pattern-operator.io ✗ no ✓ yes" in page.plain
    assert "see patterns live watch designpatterns.pattern-operator.io ✗ no ✗ no" in page.plain


async def test_a_pattern_that_is_not_there_is_said(running, server):
    browser = running.browser()
    await browser.sign_in(server.token)

    page = await browser.get("/patterns/default/missing")

    assert (page.status, '"missing" not found' in page.plain) == (404, True)
