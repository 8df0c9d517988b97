"""``patternctl console`` as a person runs it: its address first, one sign-in, this machine only, ended by Ctrl-C."""

import http.client
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from tests.cli.program import Patternctl

ENDS_WITHIN = 60.0


@pytest.fixture
def program(patternctl, kubectl):
    """patternctl for a user who has a kubeconfig."""
    return Patternctl(patternctl.home, {"KUBECONFIG": str(kubectl.kubeconfig.path)})


@contextmanager
def opened(program, *arguments) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address that a console prints first, and its process."""
    command = program.command("console", "--no-browser", *arguments)
    with subprocess.Popen(command, env=program.environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield running.stdout.readline().strip(), running
        finally:
            running.kill()


def get(url, path="", **headers):
    """The status of an answer, its cookie, and its text."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=ENDS_WITHIN)
    connection.request("GET", path or f"{parts.path}?{parts.query}", headers=headers)
    answer = connection.getresponse()
    found = answer.status, (answer.headers["Set-Cookie"] or "").partition(";")[0], answer.read().decode()
    connection.close()
    return found


def test_the_link_signs_in_once_and_ctrl_c_ends_it(program, known, pattern, namespace):
    pattern("web")
    with opened(program, "-n", namespace) as (url, running):
        assert urlsplit(url).hostname == "127.0.0.1"
        first = get(url)
        second = get(url)
        page = get(url, f"/patterns?namespace={namespace}", Cookie=first[1])
        nobody = get(url, "/patterns")
        running.send_signal(signal.SIGINT)
        code = running.wait(ENDS_WITHIN)

    assert (first[0], second[0], nobody[0]) == (200, 401, 401)
    assert "used already" in second[2]
    assert (page[0], f"/patterns/{namespace}/web" in page[2]) == (200, True)
    assert code == 130


def test_another_host_is_refused_and_the_link_still_good(program, known):
    with opened(program) as (url, _):
        port = urlsplit(url).port
        refused = [get(url, Host=host)[0] for host in (f"evil.example:{port}", "127.0.0.1", "localhost:1", "")]
        by_name = get(url, Host=f"localhost:{port}")

    assert refused == [403] * len(refused)
    assert by_name[0] == 200


def test_only_this_machine_reaches_it(program):
    for address in ("0.0.0.0", "192.0.2.1", "::", "localhost.example", ""):  # noqa: S104 - it is what is refused
        done = program("console", "--no-browser", "--address", address)

        assert (done.code, "is not a loopback address" in done.err) == (2, True), address


def test_a_port_that_is_taken_is_said(program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = program("console", "--no-browser", "--port", port)

    assert (done.code, f"127.0.0.1:{port}: Address already in use" in done.err) == (1, True)


@pytest.mark.parametrize("port", ["-1", "65536", "http", "1.5"])
def test_what_is_not_a_port_is_refused(patternctl, port):
    done = patternctl("console", "--port", port)

    assert done.code == 2


def test_without_a_kubeconfig_it_says_so(patternctl):
    done = patternctl("console", "--no-browser")

    assert (done.code, "no API server is known" in done.err) == (1, True)
