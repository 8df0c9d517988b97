"""CustomResourceDefinitions of a pattern: the kinds that they define, and the wait until these are served."""

import asyncio
import contextlib
import re
from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.aio import background_task
from pattern_operator.api.fields import ObjectMeta, conditions_of, has_condition, mapping_at, mappings, text, text_at
from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply.wave import is_of_the_server
from pattern_operator.kube import ApiError, Projection, Reflector, Resource, Session, WatchEvent
from pattern_operator.kube.wellknown import CRD

PATIENCE: Final = 10.0  # seconds; one server needs 20 ms, several of them up to 5 s (apiextensions "establishing")
_LABEL: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"  # RFC 1123
_PLURAL: Final = re.compile(_LABEL)
_GROUP: Final = re.compile(f"{_LABEL}([.]{_LABEL})+")
CrdKinds = dict[tuple[str, str, str], Resource]  # by group, version and kind


def is_crd(key: ObjectKey) -> bool:
    """Whether the object is a CustomResourceDefinition."""
    return key.group_kind == (CRD.group, CRD.kind)


def kinds_of_crds(objects: Iterable[Object]) -> CrdKinds:
    """The kinds that CRDs among ``objects`` define; an invalid one is left to the API server to refuse.

    Group and plural become parts of a URL, so they must be what the API server itself takes (apiextensions/v1,
    ``ValidateCustomResourceDefinition``); and nobody defines a kind in a group that the API server has of its own.
    """
    found: CrdKinds = {}
    for each in objects:
        if is_crd(each.key):
            found |= {(r.group, r.version, r.kind): r for r in _defined(mapping_at(each.body, "spec"))}
    return found


def _defined(spec: Any) -> list[Resource]:
    match spec:
        case {
            "group": str(group),
            "names": {"plural": str(plural), "kind": str(kind)},
            "versions": list(versions),
        } if _PLURAL.fullmatch(plural) and _GROUP.fullmatch(group) and not is_of_the_server(group):
            return [
                Resource(group, name, kind, plural, namespaced=text_at(spec, "scope") == "Namespaced")
                for version in mappings(versions)
                if version.get("served") is True and _PLURAL.fullmatch(name := text_at(version, "name"))
            ]
        case _:
            return []


def is_established(body: object) -> bool:
    """Whether the API server serves what the CRD defines (CustomResourceDefinitionStatus, ``Established``)."""
    return has_condition(body, "Established")


def has_conflict(body: object) -> bool:
    """Whether another CRD has the names of this one, so that it is not served (``NamesAccepted`` is False)."""
    return any(
        (text(each.get("type")), text(each.get("status"))) == ("NamesAccepted", "False") for each in conditions_of(body)
    )


async def until_established(names: Iterable[str], *, session: Session, owner: str) -> None:
    """Watch the CRDs of these names, which carry the owner's label, until each is served, or has a name conflict.

    Gives up in silence when the time is over or they cannot be watched: applying their objects then says what is wrong.
    """
    missing = set(names)
    done = asyncio.Event()

    def changed(change: WatchEvent) -> None:
        if is_established(change.object) or has_conflict(change.object):
            missing.discard(ObjectMeta.of(change.object).name)
        if not missing:
            done.set()

    def failed(_: ApiError) -> None:
        done.set()

    watch = Reflector(
        session,
        CRD,
        projection=Projection.FULL,
        label_selector=f"{OWNER_LABEL}={owner}",
        on_change=changed,
        on_problem=failed,
    )
    async with background_task(watch.run(), name="watch-established"):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await done.wait()
