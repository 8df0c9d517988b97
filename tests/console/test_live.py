"""Pages that are live, on a real API server: one watch a user, and an end to it when the user may not look any more."""

import pytest
from tests.console.conftest import hosted, within
from tests.kube.conftest import Door

from pattern_operator.console import pattern_view
from pattern_operator.kube.wellknown import DESIGN_PATTERN

SOON = 30.0  # seconds that a busy machine is given; what is measured is measured by what was asked, not by the clock


@pytest.fixture
def short_watches(monkeypatch):
    """Watches of a second, so that a test does not wait for 40."""
    monkeypatch.setattr(pattern_view, "WATCH_SECONDS", (2, 2))


async def test_a_change_is_sent_to_who_looks(running, cluster, server):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    browser = running.browser()
    await browser.sign_in(server.token)

    async with (
        browser.stream(f"/patterns/stream?namespace={namespace}") as listed,
        browser.stream(f"/patterns/{namespace}/web/stream") as shown,
    ):
        await within(SOON, listed.until("part", "Unknown"))
        await within(SOON, listed.until("live"))
        await within(SOON, shown.until("live"))
        await cluster.report(namespace, "web", message="just written")
        await within(SOON, listed.until("part", "✓", "Applied"))
        await within(SOON, shown.until("part", "just written"))


async def test_a_pattern_that_is_deleted_leaves_the_list(running, cluster, server, admin):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    browser = running.browser()
    await browser.sign_in(server.token)

    async with browser.stream(f"/patterns/stream?namespace={namespace}") as listed:
        await within(SOON, listed.until("part", "web"))
        await admin.request("DELETE", DESIGN_PATTERN.path(namespace=namespace, name="web"))
        await within(SOON, listed.until("part", "No pattern"))


async def test_ten_tabs_are_one_watch(running, cluster, server):
    namespace = await cluster.namespace()
    browser = running.browser()
    await browser.sign_in(server.token)
    asked = []
    (session,) = running.console.sessions._sessions.values()
    stream = session.user.session.stream

    def counted(*given, **named):
        asked.append(given)
        return stream(*given, **named)

    session.user.session.stream = counted

    for _ in range(10):
        page = await browser.get(f"/patterns?namespace={namespace}")
        assert page.status == 200
    async with browser.stream("/patterns/stream") as one, browser.stream("/patterns/stream?page=2") as other:
        await within(SOON, one.until("live"))
        await within(SOON, other.until("live"))

    assert len(asked) == 1


async def test_revoked_rights_end_the_stream_and_what_was_known_is_forgotten(short_watches, running, cluster):
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    browser = running.browser()
    await browser.sign_in(await cluster.user(namespace, "get", "list", "watch"))

    async with browser.stream(f"/patterns/stream?namespace={namespace}") as listed:
        await within(SOON, listed.until("part", "web"))
        await cluster.revoke(namespace)
        message = await within(SOON, listed.until("forbidden"))

        assert "cannot" in message
        assert await within(SOON, listed.next()) == ("end", "")
    assert (await browser.get(f"/patterns?namespace={namespace}")).status == 403


async def test_who_signs_out_is_told_in_every_tab(running, server):
    browser = running.browser()
    await browser.sign_in(server.token)

    async with browser.stream("/patterns/stream") as one:
        await within(SOON, one.until("live"))
        assert (await browser.press("/who-am-i", "/sign-out")).status == 200
        await within(SOON, one.until("signed-out"))
    assert (await browser.get("/patterns")).status == 401
    async with browser.stream("/patterns/stream") as one:
        assert await one.next() == ("signed-out", "")


async def test_an_api_server_that_is_away_is_said_and_comes_back_by_itself(monkeypatch, start, server, cluster):
    monkeypatch.setattr(pattern_view, "LAST_BACK_OFF", 0.5)
    namespace = await cluster.namespace()
    await cluster.pattern(namespace, "web")
    door = Door(port=server.port)
    await door.open()
    running = await start(hosted(server.endpoint(port=door.port)))
    browser = running.browser()
    await browser.sign_in(server.token)

    async with browser.stream(f"/patterns/stream?namespace={namespace}") as listed:
        await within(SOON, listed.until("live"))
        await door.close()
        await within(SOON, listed.until("part", "cannot be asked", "web"))
        await within(SOON, listed.until("not-live", "cannot be reached"))
        await door.open()
        await within(SOON, listed.until("live"))
    await door.close()
