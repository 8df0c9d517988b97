"""Whether a kind is really gone, or only not shown: what discovery lacks while an API server starts is not gone.

``/apis`` answers 200 without the groups of CRDs until the API server has read them, and a request to them gets 404
meanwhile. What there is to serve stands in the CustomResourceDefinitions and the APIServices, which are ordinary
objects in etcd: a kind is gone only when none of them speaks of it. Where they cannot be read, it is unknown.

Source: kube-aggregator, ``pkg/controllers/autoregister``: APIServices of the server's own groups are labelled
``onstart``, those made for CRDs ``true``; an aggregated server's carry no such label. ``pkg/apis/apiregistration/
validation``: the name of each is ``<version>.<group>``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, mapping_at, mappings_at, text_at
from pattern_operator.kube import objects
from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.session import Session
from pattern_operator.kube.wellknown import API_SERVICE, CRD

_AUTOMANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"


async def is_gone(session: Session, resource: Resource) -> bool:
    """Whether the API server has ``resource`` no more in its version; False also where that is unknown."""
    try:
        definition = await _definition(session, f"{resource.plural}.{resource.group}")
        if definition is not None:
            return not any(
                text_at(version, "name") == resource.version and version.get("served") is True
                for version in mappings_at(definition, "spec", "versions")
            )
        # The server's own group, or an aggregated one: neither loses a kind while it is registered.
        name = f"{resource.version}.{resource.group}"
        return name not in [each async for each in _registered(session)]
    except ApiError:
        return False


class Definitions:
    """What the CustomResourceDefinitions and APIServices say, for one look at however many kinds.

    It costs one list of the names of each of the two, and one request for each definition of a group that is asked
    about. What could not be read is not asked for again in the same look.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = asyncio.Lock()
        self._found: dict[tuple[str, str], frozenset[str] | ApiError] = {}

    async def is_kind_gone(self, *, group: str, kind: str, listed: bool) -> bool:
        """Whether no version of a kind is served any more; ``listed``: discovery shows the group, without the kind.

        Raises:
            ApiError: the server could not be asked.
        """
        async with self._lock:
            if kind in await self._once(("kinds of a group", group), lambda: self._kinds_of(group)):
                return False
            return listed or group not in await self._once(("groups", ""), lambda: _registered_groups(self._session))

    async def _once(self, question: tuple[str, str], ask: Callable[[], Awaitable[frozenset[str]]]) -> frozenset[str]:
        if question not in self._found:
            try:
                self._found[question] = await ask()
            except ApiError as error:
                self._found[question] = error
        answer = self._found[question]
        if isinstance(answer, ApiError):
            raise answer.with_traceback(None)
        return answer

    async def _kinds_of(self, group: str) -> frozenset[str]:
        """The kinds that the definitions of a group define."""
        names = await self._once(("definitions", ""), self._names)
        of_group = sorted(each for each in names if each.partition(".")[2] == group)
        definitions = [await _definition(self._session, each) for each in of_group]
        return frozenset(text_at(mapping_at(each, "spec"), "names", "kind") for each in definitions)

    async def _names(self) -> frozenset[str]:
        return frozenset([each async for each in crd_names(self._session)])


async def crd_names(session: Session) -> AsyncIterator[str]:
    """The names of all CustomResourceDefinitions, ``<plural>.<group>``; raises ApiError."""
    async for item in objects.each_metadata(session, CRD):
        yield ObjectMeta.of(item).name


async def is_established_crd(session: Session, name: str) -> bool:
    """Whether the API server is to serve what this CustomResourceDefinition defines; raises ApiError."""
    definition = await _definition(session, name)
    conditions = mappings_at(definition, "status", "conditions")
    return any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions)


def is_missing(error: ApiError, name: str) -> bool:
    """Whether the API server says that there is no object of this name, and not only that nothing is at the path."""
    return error.code == 404 and error.about == name and not error.is_denial


async def _definition(session: Session, name: str) -> dict[str, Any] | None:
    try:
        return await objects.get(session, CRD, namespace="", name=name)
    except ApiError as error:
        if is_missing(error, name):
            return None
        raise


async def _registered_groups(session: Session) -> frozenset[str]:
    """The groups of which an APIService was not made for CRDs."""
    return frozenset([each.partition(".")[2] async for each in _registered(session)])


async def _registered(session: Session) -> AsyncIterator[str]:
    """The names of the APIServices that were not made for CRDs, ``<version>.<group>``."""
    async for item in objects.each_metadata(session, API_SERVICE):
        meta = ObjectMeta.of(item)
        if text_at(meta.raw, "labels", _AUTOMANAGED) != "true":
            yield meta.name
