"""Which kinds the API server has, and where: two requests for all of them.

What is not shown is not gone: an API server that starts shows no kinds of CRDs for a moment (``kind_existence``).
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from pattern_operator.aio import run_all
from pattern_operator.api.fields import list_at, mappings_at, text, text_at
from pattern_operator.api.object import GroupKind
from pattern_operator.kube.decode import read_list
from pattern_operator.kube.errors import GroupUnavailable, KindNotFound, not_served_yet
from pattern_operator.kube.kind_existence import Definitions, crd_names, is_established_crd
from pattern_operator.kube.kind_suggestion import ServedKinds
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.session import Session

# Aggregated discovery (KEP-3352), served since Kubernetes 1.27.
_ACCEPT: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_SEGMENT: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
# Aggregated APIs that compute what they show; that they are away, as they often are, hides nothing that is kept.
_COMPUTED: Final = frozenset({"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"})
MISS_INTERVAL: Final = 1.0  # seconds between re-reads for kinds that are not there: a thousand patterns may lack one


class Discovery:
    """The kinds of one API server. Known kinds cost nothing; an unknown one is looked for once a second at most."""

    def __init__(self, session: Session, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kinds: dict[GroupKind, tuple[Resource, ...]] = {}  # of a group and kind, preferred version first
        self._served = ServedKinds({})
        self._deletable: tuple[Resource, ...] = ()
        self._silent: frozenset[str] = frozenset()  # groups of aggregated servers that do not answer
        self._groups: frozenset[str] = frozenset()  # that are shown, with whatever kinds
        self._read_at: float | None = None
        self._invalidations = 0

    async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
        """Return where ``kind`` is served; ``version`` None takes the server's preferred one.

        Raises:
            KindNotFound: it is not served (in this version).
            GroupUnavailable: nobody can say whether it is served.
            ApiError: the server could not be asked.
        """
        found = self._look_up(group=group, kind=kind, version=version)
        # One caller reads; the others get what was known meanwhile, and do not wait for other kinds.
        if found is not None and (self._read_at is not None or self._lock.locked()):
            return found
        async with self._lock:
            found = self._look_up(group=group, kind=kind, version=version)
            if self._read_at is None or (found is None and self._may_read()):
                await self._read()
                found = self._look_up(group=group, kind=kind, version=version)
        if found is not None:
            return found
        if group in self._silent:
            raise GroupUnavailable(group)
        served = tuple(resource.api_version for resource in self._kinds.get(GroupKind(group, kind), ()))
        raise KindNotFound(group=group, version=version, kind=kind, served=served, kinds=self._served)

    async def kinds(self) -> tuple[Resource, ...]:
        """Every kind in every version that is known; asked for once, and again after a kind was looked for in vain.

        Raises:
            ApiError: the server could not be asked.
        """
        async with self._lock:
            if self._read_at is None:
                await self._read()
        return tuple(resource for resources in self._kinds.values() for resource in resources)

    async def deletable(self, *, group: str | None = None) -> tuple[Resource, ...]:
        """Every kind whose objects can be listed and deleted, in the preferred version of its group; read again.

        What can only be read is computed by an aggregated server (metrics, packages) and goes by itself. With ``group``
        only its kinds have to be known, and those of a group whose server is silent may be missing.

        Raises:
            GroupUnavailable: nobody can say which kinds a group has: ``group``, or any of them.
            ApiError: the server could not be asked.
        """
        async with self._lock:
            await self._read()
            needed = self._silent - _COMPUTED if group is None else self._silent & {group}
            if needed:
                raise GroupUnavailable(*sorted(needed))
            await self._check_definitions(group)
            return self._deletable

    async def _check_definitions(self, group: str | None) -> None:
        """Make sure that the kinds of all CRDs (of ``group``) are shown; raises ApiUnavailable otherwise."""
        shown = {(each.group, each.plural) for resources in self._kinds.values() for each in resources}
        async for name in crd_names(self._session):
            plural, _, its = name.partition(".")
            missing = (its, plural) not in shown and group in (None, its)
            if missing and await is_established_crd(self._session, name):
                raise not_served_yet(name)

    def definitions(self) -> Definitions:
        """What ``is_gone`` looks at, for all kinds of one pass: it is read once, when it is first needed."""
        return Definitions(self._session)

    async def is_gone(self, *, group: str, kind: str, definitions: Definitions) -> bool:
        """Whether a kind that ``find`` did not find is gone for certain; its objects went with it.

        Raises:
            ApiError: the server could not be asked.
        """
        listed = group in self._groups and group not in self._silent
        return await definitions.is_kind_gone(group=group, kind=kind, listed=listed)

    def invalidate(self, resource: Resource | None = None) -> None:
        """Read again at the next question: a CRD was created, deleted or changed its versions.

        Of ``resource`` nothing is known then; the other kinds stay known while it is read.
        """
        if resource is not None:
            self._kinds.pop(resource.group_kind, None)
        self._read_at = None
        self._invalidations += 1

    def _look_up(self, *, group: str, kind: str, version: str | None) -> Resource | None:
        resources = self._kinds.get(GroupKind(group, kind), ())
        return next((r for r in resources if version is None or r.version == version), None)

    def _may_read(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at >= MISS_INTERVAL

    async def _read(self) -> None:
        invalidations = self._invalidations
        core, groups = await run_all(self._session.request("GET", path, accept=_ACCEPT) for path in ("/api", "/apis"))
        kinds: dict[GroupKind, tuple[Resource, ...]] = {}
        documents = await read_list(core), await read_list(groups)
        deletable: dict[tuple[str, str], Resource] = {}
        for resource, verbs in (*_resources(documents[0]), *_resources(documents[1])):
            key = resource.group_kind
            kinds[key] = (*kinds.get(key, ()), resource)
            if verbs >= {"list", "delete"}:
                deletable.setdefault((resource.group, resource.plural), resource)
        self._kinds = kinds
        self._served = ServedKinds({key: resources[0].api_version for key, resources in kinds.items()})
        self._deletable = tuple(deletable.values())
        self._silent = frozenset(_silent(documents[1]))
        shown = (each for document in documents for each in mappings_at(document, "items"))
        self._groups = frozenset(text_at(each, "metadata", "name") for each in shown)
        # Told to forget while the answer was under way: the next miss reads again, at once.
        self._read_at = self._clock() if self._invalidations == invalidations else None


def _resources(document: dict[str, Any]) -> Iterator[tuple[Resource, frozenset[str]]]:
    """Walk an APIGroupDiscoveryList, resources with their verbs: versions stand in the server's order of preference."""
    for item in mappings_at(document, "items"):
        group = text_at(item, "metadata", "name")
        for version in mappings_at(item, "versions"):
            name = text_at(version, "version")
            for entry in mappings_at(version, "resources"):
                kind, plural = text_at(entry, "responseKind", "kind"), text_at(entry, "resource")
                # What an aggregated API server says of itself becomes a URL.
                if kind and all(_SEGMENT.fullmatch(each) for each in (group or "core", name, plural)):
                    namespaced = text_at(entry, "scope") == "Namespaced"
                    verbs = frozenset(text(each) for each in list_at(entry, "verbs"))
                    yield Resource(group=group, version=name, kind=kind, plural=plural, namespaced=namespaced), verbs


def _silent(document: dict[str, Any]) -> Iterator[str]:
    """The groups with a version that the aggregator could not ask (apidiscovery.k8s.io/v2, ``freshness: Stale``)."""
    for item in mappings_at(document, "items"):
        if any(text_at(version, "freshness") == "Stale" for version in mappings_at(item, "versions")):
            yield text_at(item, "metadata", "name")
