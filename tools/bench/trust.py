"""The row about trust: what it takes until every pattern knows that a policy covers it, or that its key is gone."""

import asyncio
import base64
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from tests.testbed.repository import Repository
from tools.bench.cluster import MERGE, Cluster, gather
from tools.bench.meters import Meters

from pattern_operator.api.reference import Digest
from pattern_operator.sign.bundle import MEDIA_TYPE, Statement, sign_statement
from pattern_operator.sign.private_key import PrivateKey

DONE_WITHIN = 900.0  # seconds for all patterns of a change
SECRETS = "/api/v1/namespaces/pattern-operator-system/secrets"
POLICIES = "/apis/pattern-operator.io/v1alpha1/trustpolicies"
NAME = "bench"  # of the policy, and of the Secret with its key


@dataclass(frozen=True, slots=True)
class TrustRow:
    """Patterns that run come to be covered by a policy, lose its key, and get it back.

    ``patterns`` is where they are at the API server, ``names`` are theirs; the artifact of each is in ``registry``
    (host:port) as ``bench/<name>:<tag>``.
    """

    cluster: Cluster
    meters: Meters
    say: Callable[[str], None]
    registry: str
    patterns: str
    names: Sequence[str]
    tag: str

    async def measure(self) -> dict[str, Any]:
        """The figures; nothing of the policy is left."""
        key, stranger = PrivateKey.generate(), PrivateKey.generate()
        self.say(f"trust: signing {len(self.names)} artifacts")
        await gather(lambda name: asyncio.to_thread(self._sign, name, key), self.names)
        await self.cluster.send("POST", SECRETS, {"metadata": {"name": NAME}, **_data(key)})

        async def cover() -> None:
            await self.cluster.send("POST", POLICIES, self._policy())

        async def hold(key: PrivateKey) -> None:
            await self.cluster.send("PATCH", f"{SECRETS}/{NAME}", _data(key), content_type=MERGE)

        figures = {
            "row": "trust",
            "patterns": len(self.names),
            "covered": await self._timed("a policy covers them", cover, _is_proven),
            "lost": await self._timed("its key is another one", lambda: hold(stranger), _is_refused),
            "regained": await self._timed("its key is back", lambda: hold(key), _is_proven),
        }
        await self.cluster.send("DELETE", f"{POLICIES}/{NAME}")
        await self._until(_is_free)
        return figures

    async def _timed(self, what: str, change: Callable[[], Any], says: Callable[[dict[str, Any]], bool]) -> Any:
        """Seconds until every pattern ``says`` so after ``change``, and what they cost."""
        self.say(f"trust: {what}")
        begun, started = self.meters.begin(), time.perf_counter()
        await change()
        await self._until(says)
        seconds = round(time.perf_counter() - started, 2)
        return {"seconds": seconds, **self.meters.since(begun, patterns=len(self.names))}

    async def _until(self, says: Callable[[dict[str, Any]], bool]) -> None:
        waiting = set(self.names)
        async with asyncio.timeout(DONE_WITHIN), aclosing(self.cluster.at(self.patterns).follow()) as events:
            async for event in events:
                if event is None:
                    waiting = set(self.names)
                    continue
                name, status = event["object"]["metadata"]["name"], event["object"].get("status", {})
                (waiting.discard if says(status) else waiting.add)(name)
                if not waiting:
                    return

    def _sign(self, name: str, key: PrivateKey) -> None:
        """Sign the artifact of a pattern as ``patternctl sign`` does."""
        repository = Repository(self.registry, f"bench/{name}", f"http://{self.registry}")
        digest = Digest.of(repository.manifest(self.tag).body)
        bundle = sign_statement(Statement(digest), key=key)
        repository.push(None, [(MEDIA_TYPE, bundle)], artifact_type=MEDIA_TYPE, subject=str(digest))

    def _policy(self) -> dict[str, Any]:
        authority = {"name": "bench", "key": {"secretRef": {"name": NAME}}}
        return {
            "apiVersion": "pattern-operator.io/v1alpha1",
            "kind": "TrustPolicy",
            "metadata": {"name": NAME},
            "spec": {"match": [{"url": f"oci://{self.registry}/bench/**"}], "authorities": [authority]},
        }


def _data(key: PrivateKey) -> dict[str, Any]:
    return {"data": {"cosign.pub": base64.b64encode(key.public_pem).decode()}}


def _verified(status: dict[str, Any]) -> str:
    return next((each["status"] for each in status.get("conditions", ()) if each["type"] == "Verified"), "")


def _is_proven(status: dict[str, Any]) -> bool:
    """Whether it says who signed it, for the policy."""
    return _verified(status) == "True" and any(NAME in each.get("policies", ()) for each in status["verifiedBy"])


def _is_refused(status: dict[str, Any]) -> bool:
    return _verified(status) == "False"


def _is_free(status: dict[str, Any]) -> bool:
    """Whether no policy asks for anything any more."""
    return _verified(status) == "Unknown"
