"""Judges objects by the health checks of patterns, for the watches: it knows where checks and objects are to be had."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import orjson

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import HealthState
from pattern_operator.apply.managed.checks import CheckAnswer, Checks
from pattern_operator.errors import Stalled
from pattern_operator.health_checks.answer import Judged, NotNow
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.kube import ApiError, Discovery, KindNotFound, Session, objects
from pattern_operator.kube.kind_existence import is_missing
from pattern_operator.reconcile.pattern_store import PatternStore
from pattern_operator.reconcile.tenancy import Tenancy, account_of

_GONE: Final = CheckAnswer(
    HealthState.IN_PROGRESS, "was not there when its health check was to be evaluated", settled=False
)
_UNWRITABLE: Final = CheckAnswer(
    HealthState.FAILED, "cannot be judged by its health check, because it has too many levels"
)


class ObjectJudge:
    """The ``Judge`` of ``apply.managed.checks``. What status keeps of a pattern is what its objects were judged by."""

    def __init__(
        self,
        processes: CheckProcesses,
        *,
        patterns: PatternStore,
        session: Session,
        discovery: Discovery,
        tenancy: Tenancy,
    ) -> None:
        self._processes = processes
        self._patterns = patterns
        self._session = session
        self._discovery = discovery
        self._tenancy = tenancy

    def recall(self, owner: str) -> Checks | None:
        """The checks that the pattern with this owner id had when its status was written last."""
        pattern = self._pattern(owner)
        return None if pattern is None else pattern.status.health_checks

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        """Wait for the turn of the pattern's namespace; for none where there is no such pattern."""
        pattern = self._pattern(owner)
        if pattern is None:
            yield
            return
        async with self._processes.turn(pattern.metadata.namespace):
            yield

    async def judge(self, check: HealthCheck, key: ObjectKey, body: bytes | None, *, owner: str) -> CheckAnswer:
        """The health of an object by its check; it is read in the name of the pattern's account where there is no body.

        In a ``turn`` of the pattern. Total, but for defects.
        """
        pattern = self._pattern(owner)
        if pattern is None:
            return _GONE
        if body is None:
            read = await self._read(check, key, pattern)
            if isinstance(read, CheckAnswer):
                return read
            body = read
        found = await self._processes.judge(pattern.metadata.namespace, check, body)
        if isinstance(found, NotNow):
            return _not_now(found.why)
        return _answer(found)

    def _pattern(self, owner: str) -> DesignPattern | None:
        key = self._patterns.owned_by(owner)
        return None if key is None else self._patterns.get(key)

    async def _read(self, check: HealthCheck, key: ObjectKey, pattern: DesignPattern) -> bytes | CheckAnswer:
        """The object as JSON, in the version that its check is for."""
        try:
            account = account_of(pattern, tenancy=self._tenancy)
            resource = await self._discovery.find(group=key.group, kind=key.kind, version=check.version)
            body = await objects.get(
                self._session, resource, namespace=key.namespace, name=key.name, impersonate=account
            )
        except ApiError as error:
            if is_missing(error, key.name):
                return _GONE
            return _not_now(f"the object cannot be read ({error.message})")
        except KindNotFound:
            return _not_now(f"the API server does not have {check.api_version} {check.kind}")
        except Stalled as error:
            return _not_now(error.message)
        try:
            return orjson.dumps(body)
        except orjson.JSONEncodeError:
            return _UNWRITABLE


def _answer(found: Judged) -> CheckAnswer:
    return CheckAnswer(HealthState(found.state), found.fact)


def _not_now(why: str) -> CheckAnswer:
    return CheckAnswer(HealthState.IN_PROGRESS, f"its health check cannot be evaluated now: {why}", settled=False)
