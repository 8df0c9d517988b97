"""What kopf is told of a watch: not what is known, and no error that would end the operator."""

import asyncio
from typing import Any

import orjson
import pytest
from tests.kube.fake_collection import Collection

from pattern_operator.kube import Session, kopf_watch
from pattern_operator.kube.kopf_watch import LAST_BACK_OFF, KopfWatch
from pattern_operator.kube.wellknown import DESIGN_PATTERN


def line(type_: str, *, version: str = "7", name: str = "web", uid: str = "u", **more: Any) -> bytes:
    metadata = {"name": name, "namespace": "team", "uid": uid, "resourceVersion": version}
    return orjson.dumps({"type": type_, "object": {"metadata": metadata, "spec": {"a": 1}, **more}})


def error(code: int, reason: str = "InternalError") -> bytes:
    status = {
        "kind": "Status",
        "code": code,
        "reason": reason,
        "message": "etcd event has no old value",
        "metadata": {},
    }
    return orjson.dumps({"type": "ERROR", "object": status})


@pytest.fixture
def watch() -> KopfWatch:
    """One that knows version 7 of ``team/web``."""
    watch = KopfWatch()
    watch.skip_known(lambda *seen: seen == ("team", "web", "u", "7"))
    return watch


def test_of_a_change_that_is_known_kopf_gets_the_version_alone_to_go_on_from(watch):
    assert orjson.loads(watch.take(line("MODIFIED"))) == {
        "type": "BOOKMARK",
        "object": {"metadata": {"resourceVersion": "7"}},
    }


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(line("MODIFIED", version="8"), id="of another version"),
        pytest.param(line("MODIFIED", uid="v"), id="of one that was created again"),
        pytest.param(line("MODIFIED", name="other"), id="of another pattern"),
        pytest.param(line("ADDED"), id="that it exists"),
        pytest.param(line("DELETED"), id="that it is gone"),
        pytest.param(b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}', id="a bookmark"),
        pytest.param(b'{"type":"PARTY","object":{}}', id="a type of a newer server"),
        pytest.param(error(410, "Expired"), id="410, which kopf knows"),
    ],
)
def test_everything_else_is_told_as_it_was_sent(watch, told):
    assert watch.take(told) == told


def test_without_anybody_who_knows_everything_is_told():
    assert KopfWatch().take(line("MODIFIED")) == line("MODIFIED")


@pytest.mark.parametrize(
    "sent",
    [
        error(500),
        error(403, "Forbidden"),
        b"<html>",
        b"[]",
        b"5",
        b'{"type":"ADDED"}',
        b'{"type":7,"object":{}}',
        b"\xff",
    ],
)
def test_whatever_kopf_would_die_of_becomes_a_410_and_is_logged_once(watch, sent, caplog):
    told = [orjson.loads(watch.take(sent)) for _ in range(3)]

    assert [(each["type"], each["object"]["code"]) for each in told] == [("ERROR", 410)] * 3
    assert caplog.text.count("the watch of DesignPatterns failed, listing again") == 1


def test_lists_wait_longer_with_each_failure_in_a_row_and_no_longer_after_a_good_event(watch):
    waits = []
    for _ in range(12):
        watch.take(error(500))
        waits.append(watch._back_off())
    watch.take(line("ADDED"))

    assert 0.1 <= waits[0] <= 0.2
    assert LAST_BACK_OFF / 2 <= waits[-1] <= LAST_BACK_OFF
    assert watch._failures == 0


async def test_the_list_after_a_failure_is_sent_only_after_its_pause(monkeypatch):
    monkeypatch.setattr(kopf_watch, "FIRST_BACK_OFF", 0.4)
    loop = asyncio.get_running_loop()

    async def seconds(session: Session) -> float:
        begun = loop.time()
        async with session.kopf_http.get(f"{session.server}{DESIGN_PATTERN.path()}", params={"limit": "500"}):
            return loop.time() - begun

    async with Collection(DESIGN_PATTERN).serve() as session:
        await seconds(session)  # the first connection takes its time
        healthy = await seconds(session)
        session.kopf_watch.take(error(500))
        after_a_failure = await seconds(session)

    assert healthy < 0.2 <= after_a_failure


def test_the_words_of_the_server_are_logged(watch, caplog):
    watch.take(error(500))

    assert "listing again: etcd event has no old value" in caplog.text


async def test_what_kopf_reads_of_a_watch_is_what_is_told_here():
    patterns = Collection(DESIGN_PATTERN)
    known = patterns.put("web")["metadata"]
    async with patterns.serve() as session:
        session.kopf_watch.skip_known(lambda *seen: seen[1:] == ("web", known["uid"], known["resourceVersion"]))
        params = {"watch": "true", "resourceVersion": "1"}
        async with session.kopf_http.get(f"{session.server}{DESIGN_PATTERN.path()}", params=params) as response:
            assert not response.content.at_eof()
            changed = patterns.put("web", spec={"a": 2})["metadata"]
            session.kopf_watch.skip_known(lambda *seen: seen[3] == changed["resourceVersion"])
            told = []
            async for each in response.content.iter_chunked(1024):
                told.append(orjson.loads(each)["type"])
                if told[-1] == "BOOKMARK":
                    break

    assert told == ["ADDED", "BOOKMARK"]
