"""The process's own HTTP: metrics and probes, and nothing else."""

import asyncio
from types import SimpleNamespace

import aiohttp
import pytest

from pattern_operator.telemetry import HealthServer, Metrics
from pattern_operator.telemetry.connections import ConnectionLimiter


@pytest.mark.parametrize(
    ("path", "probe", "status", "text"),
    [
        ("healthz", (False, "starting"), 200, "ok\n"),
        ("readyz", (False, "starting"), 503, "starting\n"),
        ("readyz", (True, "works"), 200, "works\n"),
        ("", (True, "works"), 404, "404: Not Found"),
    ],
)
async def test_a_probe_says_how_it_stands(path, probe, status, text):
    probes = HealthServer(metrics=Metrics(), readiness=lambda: probe)

    async with probes.serve(host="127.0.0.1", port=0) as port:
        answered = await get(f"http://127.0.0.1:{port}/{path}")

    assert answered[:2] == (status, text)


async def test_work_that_does_not_go_on_makes_the_process_fail_its_liveness_probe():
    probes = HealthServer(
        metrics=Metrics(), readiness=lambda: (True, "works"), liveness_error=lambda: "no worker takes a pattern"
    )

    async with probes.serve(host="127.0.0.1", port=0) as port:
        answered = await get(f"http://127.0.0.1:{port}/healthz")

    assert answered[:2] == (503, "no worker takes a pattern\n")


async def test_metrics_are_in_the_format_of_prometheus():
    probes = HealthServer(metrics=Metrics(), readiness=lambda: (True, "works"))

    async with probes.serve(host="127.0.0.1", port=0) as port:
        _, text, content_type = await get(f"http://127.0.0.1:{port}/metrics")

    assert content_type == "text/plain"
    assert "# TYPE pattern_operator_api_requests_total counter" in text


async def get(url: str) -> tuple[int, str, str]:
    """Status, text and content type."""
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.text(), answer.content_type


async def opened(port: int, sent: bytes = b"GET /healthz HTTP/1.1\r\nX: ") -> asyncio.StreamReader:
    """A connection that has sent ``sent``, by default half of a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    HELD.append(writer)  # else it is closed by the garbage collector
    writer.write(sent)
    return reader


HELD: list[asyncio.StreamWriter] = []


async def ends(reader: asyncio.StreamReader) -> bool:
    """Whether the other side ends it within a moment."""
    try:
        async with asyncio.timeout(2):
            await reader.read()
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nX: "], ids=["nothing", "half a request"])
async def test_a_connection_that_brings_no_whole_request_is_closed(sent):
    probes = HealthServer(metrics=Metrics(), readiness=lambda: (True, "works"), request_seconds=0.2)

    async with probes.serve(host="127.0.0.1", port=0) as port:
        assert await ends(await opened(port, sent))


async def test_a_connection_ends_whatever_it_brings():
    probes = HealthServer(
        metrics=Metrics(), readiness=lambda: (True, "works"), connections=ConnectionLimiter(seconds=0.2)
    )

    async with probes.serve(host="127.0.0.1", port=0) as port:
        reader = await opened(port, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        assert await ends(reader)


async def test_who_holds_all_connections_keeps_no_probe_out():
    probes = HealthServer(metrics=Metrics(), readiness=lambda: (True, "works"), connections=ConnectionLimiter(most=8))

    async with probes.serve(host="127.0.0.1", port=0) as port:
        held = [await opened(port) for _ in range(20)]
        answered = await get(f"http://127.0.0.1:{port}/healthz")
        ended = await asyncio.gather(*map(ends, held))

    assert answered[:2] == (200, "ok\n")
    assert ended.count(False) == 7  # the newest; the probe took the place of the eighth


async def test_a_connection_that_was_closed_is_not_aborted_later():
    aborted: list[str] = []
    connection, transport = asyncio.BaseProtocol(), SimpleNamespace(abort=lambda: aborted.append("late"))
    limiter = ConnectionLimiter(seconds=0.01)
    over = asyncio.get_running_loop().create_future()

    limiter.add(connection, transport)  # type: ignore[arg-type] # a stand-in
    limiter.remove(connection)
    limiter.remove(connection)
    asyncio.get_running_loop().call_later(0.02, over.set_result, None)
    await over

    assert aborted == []


async def test_a_connection_that_answered_is_open_for_the_next_request():
    probes = HealthServer(metrics=Metrics(), readiness=lambda: (True, "works"))
    asked = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

    async with probes.serve(host="127.0.0.1", port=0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(asked)
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
        writer.close()
