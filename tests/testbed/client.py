"""A client of the API server for what tests do to a cluster: no process for each request, one connection for all.

Where kubectl is what is tested, tests run kubectl (``tests.testbed.kubectl``). What is written here is written as
kubectl does it: with its names of field managers, and checked by the server as strictly.
"""

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from tests.testbed.errors import KubectlFailed
from tests.testbed.kubeconfig import Kubeconfig

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
ANSWERS = 60.0  # seconds that the server has for an answer
NOT_READY = 0.2  # seconds until a request is sent again that was one too many, or came while storage is prepared
JSON: Final = "application/json"
NONE: Final[Mapping[str, str]] = {}
MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"


class Refused(KubectlFailed):
    """The API server refused a request, or did not answer; the message is its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Served:
    """Where a kind is served."""

    prefix: str  # of the version: ``/api/v1``, ``/apis/apps/v1``
    plural: str
    namespaced: bool

    def path(self, name: str = "", *, namespace: str) -> str:
        """The path of an object, or of all in a namespace."""
        place = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{self.prefix}{place}/{self.plural}{f'/{quote(name)}' if name else ''}"


class Client:
    """One user of one API server. Kinds are named as for kubectl: ``designpattern``, ``dp``, ``widgets.x.io``.

    Each thread has a connection of its own, which is opened when it is needed.
    """

    def __init__(self, kubeconfig: Kubeconfig) -> None:
        self._kubeconfig = kubeconfig
        self._local = threading.local()
        self._served: dict[str, Served] = {}

    # --- one object -------------------------------------------------------------------------------------------------

    def get(self, kind: str, name: str, *, namespace: str) -> Any:
        """The object, None where there is none.

        Raises:
            Refused: the kind is not served, or the server refuses to say.
        """
        try:
            return self._ask("GET", self._kind(kind).path(name, namespace=namespace))
        except Refused as refused:
            if refused.code == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def find(self, kind: str, *, namespace: str, **selectors: str) -> list[Any]:
        """The objects of a kind, or of several with commas between, by ``labelSelector`` and ``fieldSelector``."""
        query = f"?{urlencode(selectors)}" if selectors else ""
        paths = [self._kind(each).path(namespace=namespace) + query for each in kind.split(",")]
        return [each for path in paths for each in self._ask("GET", path)["items"]]

    def create(self, body: Mapping[str, Any]) -> Any:
        """Create an object."""
        path = self._of(body).path(namespace=_namespace(body))
        return self._ask("POST", f"{path}?fieldManager=kubectl-create", body)

    def apply(self, *bodies: Mapping[str, Any]) -> None:
        """Apply objects as ``kubectl apply --server-side --force-conflicts``, one after the other."""
        for body in bodies:
            path = self._of(body).path(body["metadata"]["name"], namespace=_namespace(body))
            query = "fieldManager=kubectl&force=true&fieldValidation=Strict"
            self._ask("PATCH", f"{path}?{query}", body, content=APPLY)

    def patch(self, kind: str, name: str, change: Mapping[str, Any], *, namespace: str, manager: str) -> Any:
        """Merge a change into an object."""
        path = self._kind(kind).path(name, namespace=namespace)
        return self._ask("PATCH", f"{path}?fieldManager={manager}&fieldValidation=Strict", change, content=MERGE)

    def delete(self, kind: str, name: str, *, namespace: str) -> None:
        """Delete an object, and what hangs on it behind; its end is not waited for."""
        self._ask("DELETE", self._kind(kind).path(name, namespace=namespace), {"propagationPolicy": "Background"})

    def may(self, verb: str, resource: str, *, namespace: str, who: str) -> bool:
        """Whether the user ``who`` may do it, as ``kubectl auth can-i --as`` asks; ``resource`` is with its group."""
        plural, _, group = resource.partition(".")
        asked = {"verb": verb, "resource": plural, "group": group, "namespace": namespace}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        allowed: bool = self._ask(
            "POST", path, {**review, "spec": {"resourceAttributes": asked}}, headers={"Impersonate-User": who}
        )["status"]["allowed"]
        return allowed

    def until(
        self, kind: str, name: str, done: Callable[[Any], object], *, namespace: str, seconds: float = 60.0
    ) -> Any:
        """Watch one object until ``done`` is true of it, and return it; of an absent or deleted one it gets None.

        Raises:
            Refused: it did not come so far in time; the message holds how it stood last.
        """
        deadline = time.monotonic() + seconds
        while True:
            path = f"{self._kind(kind).path(namespace=namespace)}?fieldSelector={quote(f'metadata.name={name}')}"
            now = self._ask("GET", path)
            last = next(iter(now["items"]), None)
            if last is not None:  # entries of a list name neither
                last = {"apiVersion": now["apiVersion"], "kind": now["kind"].removesuffix("List"), **last}
            if done(last):
                return last
            version = now["metadata"]["resourceVersion"]
            for last in self._watch(f"{path}&watch=1&resourceVersion={version}", until=deadline):
                if done(last):
                    return last
            if time.monotonic() >= deadline:
                said = f"{kind} {namespace}/{name} is not so after {seconds} s: {json.dumps(last)[:6000]}"
                raise Refused(0, said)

    def _watch(self, path: str, *, until: float) -> Iterator[Any]:
        """Yield the object after each change, None once it is deleted, until the server ends it or it is time.

        A watch that the server does not begin, for instance while it takes a changed definition, is one that ended:
        who asks again gets the objects, or why there are none.
        """
        with closing(self._connect()) as connection:
            try:
                connection.request("GET", path, headers=self._headers())
                answer = connection.getresponse()
                if answer.status != http.HTTPStatus.OK:
                    time.sleep(NOT_READY)  # nothing tells of it
                    return
                while (left := until - time.monotonic()) > 0:
                    connection.sock.settimeout(left)
                    line = answer.readline()
                    event = json.loads(line) if line.endswith(b"\n") else {"type": "ERROR"}
                    if event["type"] == "ERROR":  # the server ended it, or what it should begin with is too old
                        return
                    yield None if event["type"] == "DELETED" else event["object"]
            except (OSError, http.client.HTTPException):
                return  # the time is over, or the server has gone: who asks again is told

    # --- kinds ------------------------------------------------------------------------------------------------------

    def _kind(self, kind: str) -> Served:
        """Where a kind is served; one that is not known is looked for again.

        Raises:
            Refused: it is not served.
        """
        name = kind.lower()
        if name not in self._served:
            self._served = self._discover()
        if name not in self._served:
            raise Refused(404, f'the server doesn\'t have a resource type "{kind}"')
        return self._served[name]

    def _of(self, body: Mapping[str, Any]) -> Served:
        return self._kind(f"{body['apiVersion']}/{body['kind']}")

    def _discover(self) -> dict[str, Served]:
        """Every name of every kind; of two that share a name the first group has it, as the server sorts them."""
        found: dict[str, Served] = {}
        for path in ("/api", "/apis"):
            for group in self._ask("GET", path, headers={"Accept": DISCOVERY})["items"]:
                for version in group["versions"]:
                    for resource in version.get("resources", ()):
                        _add(found, resource, group=group["metadata"].get("name", ""), version=version["version"])
        return found

    # --- requests ---------------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content: str = JSON,
        headers: Mapping[str, str] = NONE,
    ) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        said = {**self._headers(), "Accept": JSON, "Content-Type": content, **headers}
        try:
            code, answer = self._answered(method, path, sent, said)
        except (OSError, http.client.HTTPException) as error:
            self._close()
            raise Refused(0, f"The connection to the server was refused or broke: {error}") from error
        read: Any = json.loads(answer) if answer.startswith(b"{") else {"message": answer.decode(errors="replace")}
        if code == http.HTTPStatus.NOT_FOUND and not (read.get("details") or {}).get("name"):
            self._served = {}  # the kind is not served any more, or in another version
        if code >= http.HTTPStatus.BAD_REQUEST:
            raise Refused(code, f"{method} {path.partition('?')[0]}: {read.get('reason')}: {read.get('message')}")
        return read

    def _answered(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send a request, and again while the server says that it is not ready for it, as client-go does."""
        deadline = time.monotonic() + ANSWERS
        while True:
            code, answer = self._exchange(method, path, body, headers)
            if code != http.HTTPStatus.TOO_MANY_REQUESTS or time.monotonic() > deadline:
                return code, answer
            time.sleep(NOT_READY)  # nothing tells of it

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send a request; where the server has closed the connection meanwhile, over a new one."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            try:
                return _exchange(connection, method, path, body, headers)
            except (ConnectionError, http.client.BadStatusLine, ssl.SSLError):
                self._close()
        self._local.connection = self._connect()
        return _exchange(self._local.connection, method, path, body, headers)

    def _connect(self) -> http.client.HTTPSConnection:
        server = urlsplit(self._kubeconfig.server)
        trusted = ssl.create_default_context(cafile=self._kubeconfig.ca)
        return http.client.HTTPSConnection(server.hostname or "", server.port, timeout=ANSWERS, context=trusted)

    def _close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
        self._local.connection = None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._kubeconfig.token}", "User-Agent": "pattern-operator-tests"}


def _exchange(
    connection: http.client.HTTPSConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, bytes]:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _add(found: dict[str, Served], resource: Mapping[str, Any], *, group: str, version: str) -> None:
    api_version = f"{group}/{version}" if group else version
    prefix = f"/apis/{api_version}" if group else f"/api/{version}"
    kind = resource["responseKind"]["kind"]
    served = Served(prefix, resource["resource"], resource["scope"] == "Namespaced")
    short = (resource.get("singularResource", ""), kind, *resource.get("shortNames", ()))
    long = (f"{api_version}/{kind}", f"{served.plural}.{version}.{group}", f"{served.plural}.{group}", served.plural)
    for name in (*long, *short):
        found.setdefault(name.lower(), served)


def _namespace(body: Mapping[str, Any]) -> str:
    return str(body["metadata"].get("namespace", "default"))
