"""A kind on the API server: its path, and the labels its requests are counted under."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from pattern_operator.api.object import GroupKind
from pattern_operator.kube.errors import ApiError
from pattern_operator.quote import quoted

_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind in one version as the API server serves it; ``group`` of the core is empty."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def group_kind(self) -> GroupKind:
        """The kind, in whatever version."""
        return GroupKind(self.group, self.kind)

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the URL path of the collection, or of the object ``name``, or of a subresource of it.

        A namespaced kind without a namespace is the collection of all namespaces; the namespace of a cluster-scoped
        kind is left out, because an inventory may still have the one that a manifest named for a cluster-scoped kind.

        Raises:
            ApiError: 422 Invalid, without asking the server, for a name that would lead to another path
                (Kubernetes, "Path Segment Names").
        """
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{_segment(namespace)}" if self.namespaced and namespace else ""
        path = f"{root}{scope}/{self.plural}"
        if name:
            path += f"/{_segment(name)}"
        if subresource:
            path += f"/{subresource}"
        return path


def verb_and_resource(method: str, path: str, query: Mapping[str, str]) -> tuple[str, str]:
    """Name a request for people and metrics: verb and ``plural[.group][/subresource]``, never an object's name."""
    segments = [segment for segment in path.split("/") if segment]
    match segments:
        case ["api"] | ["apis"] | ["apis", _]:
            return method.lower(), "discovery"
        case ["api", _, *rest]:
            group = ""
        case ["apis", group, _, *rest]:
            pass
        case _:
            return method.lower(), "nonresource"
    match rest:
        case ["namespaces", _, plural, *tail] if plural not in ("status", "finalize"):
            pass
        case [plural, *tail]:
            pass
        case _:
            return method.lower(), "discovery"
    subresource = f"/{tail[1]}" if len(tail) > 1 else ""
    title = (f"{plural}.{group}" if group else plural) + subresource
    if method in _VERBS:
        return _VERBS[method], title
    if query.get("watch") in ("1", "true"):
        return "watch", title
    return ("get" if tail else "list"), title


def _segment(name: str) -> str:
    if name in (".", "..") or "/" in name or "%" in name:
        message = f"{quoted(name)} cannot be the name of an object: it must not be '.' or '..' nor contain '/' or '%'"
        raise ApiError(code=422, reason="Invalid", message=message)
    return quote(name, safe=":")
