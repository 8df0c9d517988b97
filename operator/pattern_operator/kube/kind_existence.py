"""Whether a kind is really gone, or only not shown: what discovery lacks while an API server starts is not gone.

``/apis`` answers 200 without the groups of CRDs until the API server has read them, and a request to them gets 404
meanwhile. What there is to serve stands in the CustomResourceDefinitions and the APIServices, which are ordinary
objects in etcd: a kind is gone only when none of them speaks of it. Where they cannot be read, it is unknown.

Source: kube-aggregator, ``pkg/controllers/autoregister``: APIServices of the server's own groups are labelled
``onstart``, those made for CRDs ``true``; an aggregated server's carry no such label.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, mapping_at, mappings_at, text_at
from pattern_operator.kube import objects
from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.pagination import Page
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.session import Session
from pattern_operator.kube.wellknown import API_SERVICE, CRD

_AUTOMANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"
_PAGE: Final = 500


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
        return not await _is_registered(session, resource.group, version=resource.version)
    except ApiError:
        return False


async def is_kind_gone(session: Session, *, group: str, kind: str, listed: bool) -> bool:
    """Whether no version of a kind is served any more; ``listed``: discovery shows the group, without the kind.

    Raises:
        ApiError: the server could not be asked.
    """
    async for name in crd_names(session):
        if name.partition(".")[2] == group and _defines(await _definition(session, name), kind):
            return False
    return listed or not await _is_registered(session, group)


async def crd_names(session: Session) -> AsyncIterator[str]:
    """The names of all CustomResourceDefinitions, ``<plural>.<group>``; raises ApiError."""
    token = ""
    while True:
        answer = await objects.list_metadata(session, CRD, limit=_PAGE, token=token)
        page = Page.of(answer, after=token)
        for item in page.items:
            yield ObjectMeta.of(item).name
        if not page.more:
            return
        token = page.more


async def is_established_crd(session: Session, name: str) -> bool:
    """Whether the API server is to serve what this CustomResourceDefinition defines; raises ApiError."""
    definition = await _definition(session, name)
    conditions = mappings_at(definition, "status", "conditions")
    return any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions)


def is_missing(error: ApiError, name: str) -> bool:
    """Whether the API server says that there is no object of this name, and not only that nothing is at the path."""
    return error.code == 404 and error.about == name and not error.is_denial


def _defines(definition: Any, kind: str) -> bool:
    return text_at(mapping_at(definition, "spec"), "names", "kind") == kind


async def _definition(session: Session, name: str) -> dict[str, Any] | None:
    try:
        return await objects.get(session, CRD, namespace="", name=name)
    except ApiError as error:
        if is_missing(error, name):
            return None
        raise


async def _is_registered(session: Session, group: str, *, version: str = "") -> bool:
    """Whether an APIService that was not made for CRDs has the group (in this version)."""
    for each in await objects.list_(session, API_SERVICE):
        spec = mapping_at(each, "spec")
        same = text_at(spec, "group") == group and version in ("", text_at(spec, "version"))
        if same and text_at(ObjectMeta.of(each).raw, "labels", _AUTOMANAGED) != "true":
            return True
    return False
