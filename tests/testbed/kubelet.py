"""A kubelet that knows nothing but logs: what the API server asks when somebody reads the log of a container.

Source: kubernetes, ``pkg/kubelet/server`` (``/containerLogs/{namespace}/{pod}/{container}``).
"""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.testbed.authority import Authority


@dataclass
class Kubelet:
    """Serves ``logs``: bytes by namespace/pod/container. A log that is followed ends when ``ended`` is set."""

    port: int = 0
    logs: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    followed: threading.Event = field(default_factory=threading.Event)

    def node(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The Node whose kubelet it is, and the status of it."""
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
        }
        return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}, {"status": status}


@contextmanager
def kubelet(authority: Authority) -> Iterator[Kubelet]:
    """A kubelet on loopback, with a certificate of ``authority``."""
    here = Kubelet()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            here.asked.append((url.path, query))
            log = here.logs.get(url.path.removeprefix("/containerLogs/"))
            self.send_response(200 if log is not None else 404)
            self.end_headers()
            self.wfile.write(log or b"")
            self.wfile.flush()
            if "follow" in query:
                here.followed.set()
                here.ended.wait(30)

        def log_request(self, *_: Any) -> None: ...

    serving = authority.serving("kubelet")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(serving.certificate, serving.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        here.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
