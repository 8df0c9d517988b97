"""A gate in the API server's way: an admission webhook that holds what it is told to hold until it is opened.

With it a test can stop the operator in the very middle of an apply, as often as it likes, without luck.
"""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.testbed.authority import Authority, Certificate
from tests.testbed.kubectl import Kubectl

PATIENCE = 25.0  # seconds that a request is held at most; the API server gives a webhook 30
SEEN = 60.0  # seconds to wait for a request to come
ROOT_CA = "kube-root-ca.crt"  # the controller manager writes it a while after the namespace was made


class Webhook(Protocol):
    """Judges what is written; ``in_force`` is set by the first that comes by."""

    in_force: threading.Event

    def admit(self, review: dict[str, Any]) -> dict[str, Any]:
        """Answer an AdmissionReview."""
        ...


class Denier:
    """Refuses the objects whose name begins with ``prefix``, and quotes them whole in what it says."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.in_force = threading.Event()

    def admit(self, review: dict[str, Any]) -> dict[str, Any]:
        """Answer an AdmissionReview: no text of a webhook is the API server's own, however it is phrased."""
        self.in_force.set()
        request = review["request"]
        response: dict[str, Any] = {"uid": request["uid"], "allowed": not request["name"].startswith(self.prefix)}
        if not response["allowed"]:
            quoted = json.dumps({key: each for key, each in request["object"].items() if key != "metadata"})
            words = (
                f"spec.x: Invalid value: {quoted}: field is immutable, see {base64.b64encode(quoted.encode()).decode()}"
            )
            response["status"] = {"code": 422, "reason": "Invalid", "message": words}
        return {**review, "response": response}


class Gate:
    """Holds the writes of objects called ``name``; ``written`` are all that came by, as user and name.

    A write that changes nothing comes by like any other. What Kubernetes itself writes into a namespace does not count.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.written: list[tuple[str, str]] = []
        self.in_force = threading.Event()
        self._reached = threading.Event()
        self._opened = threading.Event()

    def wait_reached(self) -> None:
        """Wait until somebody stands before the gate."""
        if not self._reached.wait(SEEN):
            raise TimeoutError(f"nobody wrote {self.name} within {SEEN} s")

    def open(self) -> None:
        """Let everybody through, from now on."""
        self._opened.set()

    def admit(self, review: dict[str, Any]) -> dict[str, Any]:
        """Answer an AdmissionReview, when it is time."""
        self.in_force.set()
        request = review["request"]
        if not request.get("dryRun") and request["name"] != ROOT_CA:
            self.written.append((request["userInfo"]["username"], request["name"]))
        if request["name"] == self.name:
            self._reached.set()
            self._opened.wait(PATIENCE)
        return {**review, "response": {"uid": request["uid"], "allowed": True}}


@contextmanager
def gate(name: str, *, namespace: str, kubectl: Kubectl, authority: Authority) -> Iterator[Gate]:
    """Put a gate before the ConfigMaps called ``name`` in ``namespace``; it is removed at the end."""
    made = Gate(name)
    with webhook(made, "configmaps", namespace=namespace, kubectl=kubectl, authority=authority):
        try:
            yield made
        finally:
            made.open()


@contextmanager
def webhook(made: Webhook, *resources: str, namespace: str, kubectl: Kubectl, authority: Authority) -> Iterator[None]:
    """Let ``made`` judge every write of these resources (of the core group) in ``namespace``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.socket = _tls(authority.serving("gate")).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    configuration = _configuration(namespace, resources, port=server.server_address[1], ca=authority.ca.read_bytes())
    kubectl.apply(configuration)
    try:
        _wait_in_force(made, kubectl, namespace)
        yield
    finally:
        kubectl("delete", "validatingwebhookconfiguration", configuration["metadata"]["name"])
        server.shutdown()
        server.server_close()


def _wait_in_force(made: Webhook, kubectl: Kubectl, namespace: str) -> None:
    """A webhook is in force a moment after it was made; nothing tells when but a write that it sees."""
    for attempt in range(50):
        kubectl("create", "configmap", f"probe-{attempt}", "--namespace", namespace, "--dry-run=server")
        if made.in_force.wait(0.1):
            return
    raise TimeoutError("the webhook is not in force after 50 writes")


def _handler(made: Webhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(made.admit(review)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            with suppress(OSError):  # the API server may have given up waiting
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    return Handler


def _tls(serving: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(serving.certificate, serving.key)
    return context


def _configuration(namespace: str, resources: tuple[str, ...], *, port: int, ca: bytes) -> dict[str, Any]:
    client = {"url": f"https://127.0.0.1:{port}/", "caBundle": base64.b64encode(ca).decode()}
    rule: dict[str, Any] = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]}
    rule["resources"] = list(resources)
    webhook = {
        "name": "gate.testbed.example",
        "clientConfig": client,
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 30,
        "failurePolicy": "Ignore",
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"gate-{namespace}"},
        "webhooks": [webhook],
    }
