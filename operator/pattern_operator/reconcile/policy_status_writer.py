"""Writes the status of TrustPolicies: when it changed, and each at most once in a few seconds."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Final, NoReturn

import msgspec

from pattern_operator.api.trust_policy import TrustPolicyStatus
from pattern_operator.api.verification import Requirement, UnusablePolicy, VerificationPolicy
from pattern_operator.conditions.answer import Conditions
from pattern_operator.errors import PatternError, Transient
from pattern_operator.executors import run_in
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import ApiError, Session
from pattern_operator.kube.objects import MERGE_PATCH
from pattern_operator.kube.wellknown import TRUST_POLICY
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of
from pattern_operator.reconcile.policies import Policies
from pattern_operator.reconcile.policy_status import policy_status
from pattern_operator.reconcile.policy_store import KnownPolicy, PolicyKey
from pattern_operator.reconcile.trust_policies import AT_ONCE, TrustPolicies
from pattern_operator.reconcile.verdicts import Verdicts
from pattern_operator.verify.usable import policy_errors

GATHER: Final = 1.0  # seconds from a change until it is written: one change of a policy changes many verdicts
REST: Final = 4.0  # seconds after that until more is written: while a thousand patterns are judged, few writes
AGAIN: Final = 30.0  # seconds until what could not be read or written is tried again

logger = logging.getLogger(__name__)


class PolicyStatusWriter:
    """Tells each policy whether it can be used, and how its patterns stand."""

    def __init__(
        self,
        session: Session,
        *,
        trust: TrustPolicies,
        policies: Policies,
        patterns: PatternStore,
        verdicts: Verdicts,
        conditions: Conditions,
        cpu: Executor,
        now: Callable[[], datetime],
        report: Callable[[Mapping[str, TrustPolicyStatus]], None],
    ) -> None:
        """``report`` is told the status of every policy, by its name, whenever one may have changed."""
        self._session = session
        self._trust = trust
        self._policies = policies
        self._patterns = patterns
        self._verdicts = verdicts
        self._conditions = conditions
        self._cpu = cpu
        self._now = now
        self._report = report

    async def run(self, errors: InternalErrors) -> NoReturn:
        """Write until cancelled."""
        retry = False
        while True:
            try:
                async with asyncio.timeout(AGAIN if retry else None):
                    await self._trust.changed.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(GATHER)
            self._trust.changed.clear()
            retry = True
            with errors.contain("policy_status"):
                retry = not await self.write_all()
            await asyncio.sleep(REST)

    async def write_all(self) -> bool:
        """Write each status that is another now; whether all are written, and known."""
        covered = await self._covered()
        whole, statuses = True, dict[str, TrustPolicyStatus]()
        for policy in self._trust.policies:
            requirement, error = await self._requirement(policy)
            keys = covered.get(policy.key, ())
            counts, failing = self._verdicts.count(requirement, keys), self._verdicts.failing(requirement, keys)
            status = policy_status(policy, counts, error, failing=failing, now=self._now())
            statuses[policy.key.name] = status
            whole = not isinstance(error, Transient) and whole
            if status != policy.status:
                whole = await self._write(policy, status) and whole
        self._report(statuses)
        return whole

    async def _covered(self) -> dict[PolicyKey, list[PatternKey]]:
        """The patterns that each policy covers."""
        found: dict[PolicyKey, list[PatternKey]] = {}
        looked, globs = 0, self._trust.policies.globs
        for pattern in self._patterns:
            for policy in self._trust.known_covering(pattern):
                found.setdefault(policy.key, []).append(key_of(pattern))
            looked += globs
            if looked >= AT_ONCE:
                looked = 0
                await asyncio.sleep(0)
        return found

    async def _requirement(
        self, policy: KnownPolicy
    ) -> tuple[Requirement | UnusablePolicy | None, PatternError | None]:
        """What the policy requires, as far as that is known, and why nothing can meet it; None where it can be used."""
        requirement = None
        try:
            requirement = await self._policies.requirement(policy)
            errors = partial(policy_errors, VerificationPolicy((requirement,)), conditions=self._conditions)
            found = await run_in(self._cpu, errors)
        except Transient as error:
            return requirement, error
        return requirement, found[0][1] if found else None

    async def _write(self, policy: KnownPolicy, status: TrustPolicyStatus) -> bool:
        # A merge patch: what is not in it stays as it is, so numbers that are 0 now are written, too, and no names.
        counts = {field: getattr(status.patterns, field) for field in status.patterns.__struct_fields__}
        none = {"failingPatterns": None, "authorities": None}
        written = {**none, **msgspec.to_builtins(status), "patterns": counts}
        body = msgspec.json.encode({"metadata": {"uid": policy.uid}, "status": written})
        path = TRUST_POLICY.path(name=policy.key.name, subresource="status")
        try:
            await self._session.request("PATCH", path, body=body, content_type=MERGE_PATCH)
        except ApiError as error:
            if error.code == 404:  # it is gone, and so is its status
                return True
            logger.warning("status of policy not written: policy=%s: %s", policy.key.name, error)
            return False
        return True
