"""Reads the logs of several containers side by side and prints their lines as they come."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from pattern_operator.aio import run_all
from pattern_operator.api.fields import ObjectMeta, integer, mappings_at, text
from pattern_operator.api.object import Body
from pattern_operator.cli import output, yaml_output
from pattern_operator.kube import ApiError, Session
from pattern_operator.kube.pod_logs import LogQuery, pod_log

MAX_FOLLOWED: Final = 50  # logs that are followed at once: each is a connection of the API server to a kubelet
_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True, slots=True, order=True)
class Container:
    """A container of a pod."""

    namespace: str
    pod: str
    name: str
    restarts: int = 0

    @property
    def prefix(self) -> str:
        """What stands before its lines: ``web-7d4b9/app``."""
        return f"{output.plain(self.pod)}/{output.plain(self.name)}"


def containers_of(pods: Iterable[Body]) -> list[Container]:
    """The containers of the pods, by pod, in the order in which a pod starts them."""
    return [each for pod in sorted(pods, key=_key) for each in _containers(pod)]


def _key(pod: Body) -> tuple[str, str]:
    meta = ObjectMeta.of(pod)
    return meta.namespace, meta.name


def _containers(pod: Body) -> Iterator[Container]:
    meta = ObjectMeta.of(pod)
    for field in _LISTS:
        statuses = mappings_at(pod, "status", f"{field.removesuffix('s')}Statuses")
        restarts = {text(each.get("name")): integer(each.get("restartCount")) for each in statuses}
        for each in mappings_at(pod, "spec", field):
            if name := text(each.get("name")):
                yield Container(meta.namespace, meta.name, name, restarts.get(name, 0))


async def print_logs(session: Session, containers: Sequence[Container], query: LogQuery, *, form: str) -> bool:
    """Print the logs, one after the other where they are not followed; whether all of them could be read."""
    if not query.follow:
        return all([await _print(session, each, query, form=form) for each in containers])
    if len(containers) > MAX_FOLLOWED:
        output.print_error(
            f"{len(containers)} logs are more than the {MAX_FOLLOWED} that are followed at once: choose some by -c"
        )
        return False
    return all(await run_all(_print(session, each, query, form=form) for each in containers))


async def _print(session: Session, container: Container, query: LogQuery, *, form: str) -> bool:
    """Print one log to its end; false, and why on standard error, where it cannot be read."""
    log = pod_log(session, namespace=container.namespace, pod=container.pod, container=container.name, query=query)
    try:
        async with aclosing(log) as lines:
            async for line in lines:
                _show(container, line.decode(errors="replace"), form=form)
                if query.follow:
                    output.flush()
    except ApiError as error:
        output.print_error(f"{container.prefix}: {output.plain(error.message)}")
        return False
    return True


def _show(container: Container, line: str, *, form: str) -> None:
    """Print a line; a program wrote it, and it commands no terminal."""
    if form == "json":
        value = {"namespace": container.namespace, "pod": container.pod, "container": container.name, "line": line}
        output.document(yaml_output.line(value))
    else:
        print(f"{output.colour(container.prefix, 'dim')} {_harmless(line)}")


def _harmless(line: str) -> str:
    """``line`` with its blanks and tabs as they are, and ``?`` for what commands a terminal."""
    kept = line.rstrip("\r\n")
    return kept if kept.isprintable() else "".join(each if each.isprintable() or each == "\t" else "?" for each in kept)
