"""What a run holds open: closed after those that use it, with what they left to be written."""

import json

from aiohttp import web
from tests.kube.fake_apiserver import serving
from tests.reconcile.pattern import pattern
from tests.test_manager import settings

from pattern_operator.api.reference import Digest
from pattern_operator.executors import Executors
from pattern_operator.manager import Process
from pattern_operator.resources import Resources
from pattern_operator.shutdown import Shutdown
from pattern_operator.source import DiskCache

SCOPE = "https://registry.example/v2/team/web"


async def test_the_last_events_and_contents_are_written_when_it_is_closed(tmp_path):
    written = list[str]()

    async def answer(request: web.Request) -> web.Response:
        written.append(json.loads(await request.read())["note"])
        return web.json_response({}, status=201)

    with Executors.open() as executors:
        process = Process(settings(tmp_path), executors, Shutdown(grace=60.0, exit_process=lambda _: None))
        async with serving(answer) as session, Resources.open(process, session) as resources:
            resources.recorder.event(pattern(), kind="Normal", reason="Ready", action="health", note="it runs")
            await resources.cache.put(Digest.of(b"small"), b"small", scope=SCOPE)

        disk = DiskCache(process.settings.cache_directory, max_size=2**20, disk=executors.disk)
        kept = await disk.get(Digest.of(b"small"), scope=SCOPE)

    assert written == ["it runs"]
    assert kept == b"small"
