"""The session of a command with the API server, and its errors in the terms of the command line."""

import argparse
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.reason import Reason
from pattern_operator.cli import output
from pattern_operator.cli.arguments import did_you_mean
from pattern_operator.cli.cluster import UsageError, check_name
from pattern_operator.errors import Stalled, Transient
from pattern_operator.executors import Executors
from pattern_operator.kube import ApiError, ApiUnavailable, CredentialsError, Endpoint, Session, load, objects
from pattern_operator.kube.wellknown import DESIGN_PATTERN


@dataclass(frozen=True, slots=True)
class Cluster:
    """An open session; ``namespace`` is the one that the command is about."""

    session: Session
    server: str
    namespace: str

    async def get(self, name: str) -> dict[str, Any]:
        """The DesignPattern of this name.

        Raises:
            Stalled: PATTERN_NOT_FOUND, with the name that may have been meant, KIND_NOT_FOUND or FORBIDDEN.
            Transient: API_SERVER_UNAVAILABLE.
        """

        check_name(name)
        with self.translated_errors("read"):
            try:
                return await objects.get(self.session, DESIGN_PATTERN, namespace=self.namespace, name=name)
            except ApiError as error:
                if error.code != HTTPStatus.NOT_FOUND or f'"{name}" not found' not in error.message:
                    raise
        raise Stalled(
            reason=Reason.PATTERN_NOT_FOUND,
            message=f"there is no DesignPattern {self.namespace}/{name} on {self.server}{await self._meant(name)}",
        )

    async def change(self, name: str, change: dict[str, Any]) -> dict[str, Any]:
        """Merge ``change`` into the DesignPattern of this name and return it; raises as ``get``."""

        check_name(name)
        with self.translated_errors("change"):
            return await objects.patch_merge(
                self.session,
                DESIGN_PATTERN,
                body=orjson.dumps(change),
                namespace=self.namespace,
                name=name,
                field_manager="patternctl",
            )

    async def _meant(self, name: str) -> str:
        """The name that may have been meant, or where a pattern of this name is, as far as RBAC allows."""

        try:
            here = await objects.list_(self.session, DESIGN_PATTERN, namespace=self.namespace)
            if words := did_you_mean(name, (ObjectMeta.of(each).name for each in here)):
                return words
            everywhere = await objects.list_(self.session, DESIGN_PATTERN, field_selector=f"metadata.name={name}")
        except ApiError:
            return "; `patternctl get -A` lists all there are"
        places = sorted(ObjectMeta.of(each).namespace for each in everywhere)
        if places:
            such = "one in namespace" if len(places) == 1 else "some in namespaces"
            return f"; there {'is' if len(places) == 1 else 'are'} {such} {', '.join(places[:5])}: name it with -n"
        return "; `patternctl get -A` lists all there are"

    @contextmanager
    def translated_errors(self, verb: str) -> Iterator[None]:
        """Raise an ApiError of the block as the error that the command line prints; ``verb`` is what was asked."""

        try:
            yield
        except ApiError as error:
            raise self.translate(error, verb=verb) from error

    def translate(self, error: ApiError, *, verb: str) -> Exception:
        """The error that the command line prints for an ApiError."""

        said = error.message.rstrip(".")
        if isinstance(error, ApiUnavailable):
            return Transient(reason=Reason.API_SERVER_UNAVAILABLE, message=said)
        match error.code:
            case HTTPStatus.NOT_FOUND:
                return Stalled(
                    reason=Reason.KIND_NOT_FOUND, message=f"{self.server} does not know the kind DesignPattern"
                )
            case HTTPStatus.UNAUTHORIZED:
                return Stalled(
                    reason=Reason.KUBECONFIG_INVALID,
                    message=f"{self.server} does not know who you are (401): log in to the cluster again, or correct"
                    " the user in the kubeconfig",
                )
            case HTTPStatus.FORBIDDEN:
                return Stalled(
                    reason=Reason.FORBIDDEN,
                    message=f"{self.server} does not let you {verb} patterns: {said}. Ask who runs the cluster for"
                    f" the ClusterRole pattern-operator-{'view' if verb == 'read' else 'edit'}",
                )
            case HTTPStatus.BAD_REQUEST:
                return UsageError(
                    f"{self.server} cannot read the selector ({said}): write a=b, a!=b or a in (b,c), joined by commas"
                )
        return Stalled(reason=Reason.APPLY_FAILED, message=f"{self.server} refused to {verb} the pattern: {said}")


async def endpoint_of(options: argparse.Namespace, *, disk: Executor) -> Endpoint:
    """The API server that the flags and the kubeconfig lead to.

    Raises:
        Stalled: KUBECONFIG_INVALID: there is none, or it cannot be used.
    """
    kubeconfig = Path(options.kubeconfig) if options.kubeconfig else None
    try:
        return await load(kubeconfig=kubeconfig, context=options.context, disk=disk)
    except CredentialsError as error:
        step = "" if "--kubeconfig" in str(error) else "; --kubeconfig and --context choose another"
        raise Stalled(reason=Reason.KUBECONFIG_INVALID, message=f"{error}{step}") from error


@asynccontextmanager
async def connected(options: argparse.Namespace) -> AsyncIterator[Cluster]:
    """The cluster of ``endpoint_of``, as long as the block runs; raises as that does."""
    with Executors.open() as executors:
        endpoint = await endpoint_of(options, disk=executors.disk)
        namespace = options.namespace or endpoint.namespace
        output.progress(f"asking {endpoint.server} for patterns")
        async with Session.open(endpoint) as session:
            yield Cluster(session, endpoint.server, "" if getattr(options, "all_namespaces", False) else namespace)
