"""Asks a real API server whether it would take an object: server-side apply, dryRun, strict."""

import copy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from tests.testbed.kubeconfig import Kubeconfig

from pattern_operator.api.object import Body

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: whether it admits the object, and its words when it does not."""

    admitted: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class DryRun:
    """A session to an API server; every object goes to ``namespace``, or to none where its kind has none."""

    session: aiohttp.ClientSession
    namespace: str
    resources: dict[tuple[str, str], tuple[str, bool]]  # apiVersion and kind -> plural, namespaced

    @classmethod
    @asynccontextmanager
    async def open(cls, kubeconfig: Kubeconfig, *, namespace: str) -> AsyncIterator["DryRun"]:
        """Connect, and learn from discovery which kinds there are."""
        tls = ssl.create_default_context(cafile=kubeconfig.ca)
        connector = aiohttp.TCPConnector(ssl=tls)
        headers = {"Authorization": f"Bearer {kubeconfig.token}"}
        async with aiohttp.ClientSession(kubeconfig.server, connector=connector, headers=headers) as session:
            yield cls(session, namespace, await _resources(session))

    async def apply(self, body: Body) -> Answer:
        """Apply ``body`` without keeping it; a kind that is not served is not admitted."""
        known = self.resources.get((body["apiVersion"], body["kind"]))
        if known is None:
            return Answer(admitted=False, message=f"no kind {body['kind']} in {body['apiVersion']}: its CRD is missing")
        plural, namespaced = known
        sent = copy.deepcopy(body)
        path = f"/{'apis' if '/' in body['apiVersion'] else 'api'}/{body['apiVersion']}"
        if namespaced:
            sent["metadata"]["namespace"] = self.namespace
            path += f"/namespaces/{self.namespace}"
        elif "namespace" in sent["metadata"]:
            return Answer(admitted=False, message="a cluster-scoped object has a namespace")
        return await self._patch(f"{path}/{plural}/{quote(sent['metadata']['name'])}", sent)

    async def _patch(self, path: str, body: Body) -> Answer:
        query = {"dryRun": "All", "force": "true", "fieldManager": "test", "fieldValidation": "Strict"}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        async with self.session.patch(path, params=query, data=orjson.dumps(body), headers=headers) as response:
            if response.status < 300:
                return Answer(admitted=True)
            answer = orjson.loads(await response.read())
            return Answer(admitted=False, message=f"{response.status}: {answer.get('message')}")


async def _resources(session: aiohttp.ClientSession) -> dict[tuple[str, str], tuple[str, bool]]:
    found: dict[tuple[str, str], tuple[str, bool]] = {}
    for root in ("/api", "/apis"):
        async with session.get(root, headers={"Accept": _DISCOVERY}) as response:
            groups: Any = orjson.loads(await response.read())
        for group in groups["items"]:
            name = group["metadata"].get("name")
            for version in group["versions"]:
                api_version = f"{name}/{version['version']}" if name else version["version"]
                for resource in version["resources"]:
                    key = (api_version, resource["responseKind"]["kind"])
                    found[key] = (resource["resource"], resource["scope"] == "Namespaced")
    return found
