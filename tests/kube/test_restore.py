"""etcd that is restored from a backup under a running watch: what is there then is told, although it is older."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from tests.kube.apiserver import ApiServer
from tests.kube.conftest import CONFIG_MAP, NAMESPACE
from tests.kube.test_reflector import Diary, drop, put
from tests.testbed import controlplane
from tests.testbed.http import answers

from pattern_operator.kube import Projection, Reflector, Session, objects


@pytest.fixture
def own_server(testbed_state: Path) -> Iterator[ApiServer]:
    """An API server that no other test uses: its state goes back."""
    directory = testbed_state / f"restored-{uuid4().hex[:8]}"
    directory.mkdir()
    server = ApiServer.start(directory)
    yield server
    server.stop()


def stop(server: ApiServer) -> None:
    server.kill()
    server.etcd.kill()


def start(server: ApiServer) -> None:
    server.etcd = server.etcd.again()
    client = next(str(each) for each in server.etcd.command if "--listen-client-urls" in str(each)).partition("=")[2]
    server.etcd.wait_until(lambda: answers(f"{client}/readyz"), seconds=controlplane.READY)
    server.start_again()


async def test_after_a_restore_the_watch_tells_what_is_there(own_server: ApiServer, tmp_path: Path):
    data, diary, restored = own_server.directory / "etcd", Diary(), list[str]()

    async with Session.open(own_server.endpoint()) as session:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
        await objects.create(session, NAMESPACE, body=orjson.dumps(body), namespace="", field_manager="test")
        for name in ("changed", "deleted", "same"):
            await put(session, "team", name, a="1")
        await asyncio.to_thread(stop, own_server)
        await asyncio.to_thread(shutil.copytree, data, tmp_path / "backup")
        await asyncio.to_thread(start, own_server)

        follower = Reflector(
            session,
            CONFIG_MAP,
            namespace="team",
            projection=Projection.METADATA,
            on_change=diary.change,
            on_restored=lambda: restored.append("yes"),
        )
        task = asyncio.create_task(follower.run())
        await follower.synced.wait()
        await put(session, "team", "changed", a="2")
        await drop(session, "team", "deleted")
        await put(session, "team", "newer", a="1")
        await diary.until(lambda: "ADDED newer" in diary.lines())
        before = len(diary.changes)
        await asyncio.to_thread(stop, own_server)
        await asyncio.to_thread(shutil.rmtree, data)
        await asyncio.to_thread(shutil.copytree, tmp_path / "backup", data)
        await asyncio.to_thread(start, own_server)
        await diary.until(lambda: "DELETED newer" in diary.lines())
        task.cancel()

    told = [line for line in diary.lines()[before:] if "kube-root-ca" not in line]
    assert restored == ["yes"]
    assert sorted(told) == ["ADDED deleted", "DELETED newer", "MODIFIED changed"]
