"""The log of a container, line by line, as the kubelet sends it through the API server.

Source: Kubernetes API reference, "read log of the specified Pod" (``GET .../pods/{name}/log``).
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from pattern_operator.kube.resource import Resource
from pattern_operator.kube.session import Session

MAX_LINE: Final = 16 * 1024  # bytes; container runtimes split lines there, and a longer one comes in pieces
ANY: Final = "*/*"
_POD: Final = Resource("", "v1", "Pod", "pods", namespaced=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which part of a log: its last ``tail`` lines (None: all), of the run before this one, and what comes later."""

    tail: int | None
    follow: bool
    previous: bool


def pod_log(
    session: Session, *, namespace: str, pod: str, container: str, query: LogQuery
) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a log, each without its line feed and of at most ``MAX_LINE`` bytes.

    Close it (``contextlib.aclosing``) to end what is followed. Raises ApiError as ``Session.stream``: there is no such
    pod or container, the container has not started (``BadRequest``), or the user has no right to it.
    """
    params = {"container": container}
    if query.tail is not None:
        params["tailLines"] = str(query.tail)
    if query.follow:
        params["follow"] = "true"
    if query.previous:
        params["previous"] = "true"
    path = _POD.path(namespace=namespace, name=pod, subresource="log")
    return session.stream(path, params=params, accept=ANY, longest=MAX_LINE)
