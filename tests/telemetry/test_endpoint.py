"""The process's own HTTP: metrics and probes, and nothing else."""

import aiohttp
import pytest

from pattern_operator.telemetry import Metrics, Probes


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
    probes = Probes(metrics=Metrics(), probe=lambda: probe)

    async with probes.serve(host="127.0.0.1", port=0) as port:
        answered = await get(f"http://127.0.0.1:{port}/{path}")

    assert answered[:2] == (status, text)


async def test_work_that_does_not_go_on_makes_the_process_fail_its_liveness_probe():
    probes = Probes(metrics=Metrics(), probe=lambda: (True, "works"), complaint=lambda: "no worker takes a pattern")

    async with probes.serve(host="127.0.0.1", port=0) as port:
        answered = await get(f"http://127.0.0.1:{port}/healthz")

    assert answered[:2] == (503, "no worker takes a pattern\n")


async def test_metrics_are_in_the_format_of_prometheus():
    probes = Probes(metrics=Metrics(), probe=lambda: (True, "works"))

    async with probes.serve(host="127.0.0.1", port=0) as port:
        _, text, content_type = await get(f"http://127.0.0.1:{port}/metrics")

    assert content_type == "text/plain"
    assert "# TYPE pattern_operator_api_requests_total counter" in text


async def get(url: str) -> tuple[int, str, str]:
    """Status, text and content type."""
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.text(), answer.content_type
