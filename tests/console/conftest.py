"""A console on a socket of its own, an API server with patterns, and users who may see one namespace each."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
import pytest
from tests.console.browser import Browser
from tests.kube.apiserver import ApiServer
from tests.testbed import operator
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import Kubectl
from tests.testbed.paths import ROOT

from pattern_operator.cli import yaml_output
from pattern_operator.console.serve import console_of, serving
from pattern_operator.console.settings import Address, ConsoleSettings, TokenSignIn
from pattern_operator.console.visit import Console
from pattern_operator.executors import Executors
from pattern_operator.kube import Endpoint, Session, objects
from pattern_operator.kube.endpoint import StaticAuth
from pattern_operator.kube.wellknown import DESIGN_PATTERN

ORIGIN = "https://patterns.example.com"
DIGEST = f"sha256:{'0a1b2c3d4e5f' * 5}6789"


@dataclass(frozen=True)
class Running:
    """A console that answers on ``port``."""

    console: Console
    port: int
    http: aiohttp.ClientSession

    def browser(self, **options: Any) -> Browser:
        """A browser of somebody who is not signed in."""
        return Browser(self.http, self.port, self.console.settings.address.origins[0], **options)


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Running]]]:
    """Start a console by settings; it ends with the test."""
    async with AsyncExitStack() as stack:
        executors = stack.enter_context(Executors.open())
        http = await stack.enter_async_context(
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0))
        )

        async def begin(settings: ConsoleSettings) -> Running:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            console = console_of(settings, cpu=executors.cpu, write_yaml=lambda value: yaml_output.dump(value, "yaml"))
            await stack.enter_async_context(serving(listener, console))
            return Running(console, listener.getsockname()[1], http)

        yield begin


def hosted(endpoint: Endpoint, **changes: Any) -> ConsoleSettings:
    """The settings of a console in a cluster, for users of the server of ``endpoint``."""

    def of(token: str) -> Endpoint:
        return replace(endpoint, authorization=StaticAuth(f"Bearer {token}"))

    return ConsoleSettings(**{"address": Address.of_url(ORIGIN), "sign_in": TokenSignIn(of), **changes})


@pytest.fixture(scope="module")
def server(testbed_state: Path, request: pytest.FixtureRequest) -> Iterator[ApiServer]:
    """An API server that knows DesignPatterns, and on which no operator works."""
    directory = testbed_state / f"console-{request.path.stem}"
    directory.mkdir()
    server = ApiServer.start(directory)
    admin = Kubeconfig(directory / "admin.kubeconfig", server.url, server.authority.ca, server.token, "admin").write()
    operator.install(ROOT / "crds", kubectl=Kubectl(admin, directory / "kubectl"))
    yield server
    server.stop()


@pytest.fixture
async def admin(server: ApiServer) -> AsyncIterator[Session]:
    """A session of an administrator."""
    async with Session.open(server.endpoint()) as session:
        yield session


@dataclass(frozen=True)
class Cluster:
    """What a test does to the cluster as its administrator."""

    session: Session

    async def namespace(self, *, prefix: str = "team") -> str:
        """A namespace of the test's own."""
        name = f"{prefix}-{uuid4().hex[:8]}"
        await self._create("/api/v1/namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
        return name

    async def pattern(self, namespace: str, name: str, **metadata: Any) -> dict[str, Any]:
        """A pattern that nobody has looked at yet."""
        body = {
            "apiVersion": "pattern-operator.io/v1alpha1",
            "kind": "DesignPattern",
            "metadata": {"name": name, "namespace": namespace, **metadata},
            "spec": {"source": {"url": "oci://registry.example/patterns/web", "ref": {"tag": "1.4.2"}}},
        }
        return await objects.create(
            self.session, DESIGN_PATTERN, body=orjson.dumps(body), namespace=namespace, field_manager="test"
        )

    async def report(self, namespace: str, name: str, *, ready: str = "True", message: str = "all is well") -> None:
        """Write a status as the operator does."""
        moment = "2026-01-01T00:00:00Z"
        condition = {"type": "Ready", "status": ready, "reason": "Applied", "message": message}
        status = {
            "observedGeneration": 1,
            "status": "Applied",
            "version": "1.4.2",
            "shortDigest": DIGEST[7:19],
            "signers": "release, audit",
            "conditions": [{**condition, "lastTransitionTime": moment}],
        }
        await objects.patch_merge(
            self.session,
            DESIGN_PATTERN,
            body=orjson.dumps({"status": status}),
            namespace=namespace,
            name=name,
            field_manager="test",
            subresource="status",
        )

    async def user(self, namespace: str, *verbs: str) -> str:
        """The token of a user who has these rights on the patterns of one namespace, and no others."""
        name = f"user-{uuid4().hex[:8]}"
        path, rbac = f"/api/v1/namespaces/{namespace}/serviceaccounts", "/apis/rbac.authorization.k8s.io/v1"
        await self._create(path, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
        rule = {"apiGroups": ["pattern-operator.io"], "resources": ["designpatterns"], "verbs": list(verbs)}
        kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
        await self._create(f"{rbac}/namespaces/{namespace}/roles", {**kind, "kind": "Role", "rules": [rule]})
        subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        binding = {**kind, "kind": "RoleBinding", "roleRef": reference, "subjects": [subject]}
        await self._create(f"{rbac}/namespaces/{namespace}/rolebindings", binding)
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        answer = await self._create(f"{path}/{name}/token", review)
        token: str = answer["status"]["token"]
        return token

    async def revoke(self, namespace: str) -> None:
        """Take all rights in a namespace away."""
        await self.session.request("DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings")

    async def _create(self, path: str, body: dict[str, Any]) -> Any:
        return orjson.loads(await self.session.request("POST", path, body=orjson.dumps(body)))


@pytest.fixture
def cluster(admin: Session) -> Cluster:
    """The cluster, for its administrator."""
    return Cluster(admin)


@pytest.fixture
async def running(start: Callable[..., Awaitable[Running]], server: ApiServer) -> Running:
    """A console in the cluster, to which users come with tokens of their own."""
    return await start(hosted(server.endpoint()))


async def within(seconds: float, work: Awaitable[Any]) -> Any:
    """The result of ``work``; a test that waits for longer fails."""
    async with asyncio.timeout(seconds):
        return await work
