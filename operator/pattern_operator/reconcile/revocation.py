"""Which certificates their issuers have revoked: asked where a policy wants to know, remembered until answers end.

OCSP is asked first, a CRL where it says nothing that can be believed (``verify.x509.revocation`` judges). Who cannot be
asked is not asked again for a minute, so that a responder that is gone does not hold up every run.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from weakref import WeakValueDictionary

from pattern_operator.aio import run_all
from pattern_operator.errors import PatternError
from pattern_operator.executors import Executors, run_in
from pattern_operator.limits import (
    FAILED_REVOCATION_SECONDS,
    LONGEST_REVOCATION_SECONDS,
    MAX_REVOCATION_CHECKS,
    MAX_REVOCATION_MEMORY,
)
from pattern_operator.verify.x509.revocation import RevocationAnswer, RevocationCheck, Status, Unknown, judge

Answers = Mapping[RevocationCheck, RevocationAnswer]
_AT_ONCE: Final = 4


class RevocationSource(Protocol):
    """Where answers come from."""

    async def answers(self, checks: Sequence[RevocationCheck], *, tenant: str) -> Answers:
        """What the issuers say, as far as they could be asked; ``tenant`` is the namespace that it is asked for."""


class Offline:
    """Asks nobody, so that nothing is known."""

    async def answers(self, checks: Sequence[RevocationCheck], *, tenant: str) -> Answers:
        """Nothing."""
        return {}


OFFLINE: Final = Offline()


class IssuerPort(Protocol):
    """Who sends the requests."""

    async def ocsp(self, url: str, request: bytes, *, tenant: str) -> bytes: ...  # noqa: D102 - see IssuerClient
    async def crl(self, url: str, *, tenant: str) -> bytes: ...  # noqa: D102 - see IssuerClient


@dataclass(frozen=True, slots=True)
class _Remembered:
    answer: RevocationAnswer
    until: datetime
    size: int  # bytes


class IssuerAnswers:
    """Asks issuers, and remembers what they said: at most ``memory`` bytes of it, the least used forgotten first.

    ``now`` gives the time. For one event loop.
    """

    def __init__(
        self,
        issuers: IssuerPort,
        *,
        executors: Executors,
        now: Callable[[], datetime],
        memory: int = MAX_REVOCATION_MEMORY,
    ) -> None:
        self._issuers = issuers
        self._executors = executors
        self._now = now
        self._memory = memory
        self._size = 0
        self._known: OrderedDict[RevocationCheck, _Remembered] = OrderedDict()
        self._turns: WeakValueDictionary[RevocationCheck, asyncio.Lock] = WeakValueDictionary()

    async def answers(self, checks: Sequence[RevocationCheck], *, tenant: str) -> Answers:
        """As ``RevocationSource.answers``: of the first ``MAX_REVOCATION_CHECKS``, each asked once at a time."""
        asked = list(dict.fromkeys(checks))[:MAX_REVOCATION_CHECKS]
        turns = asyncio.Semaphore(_AT_ONCE)

        async def answered(check: RevocationCheck) -> RevocationAnswer:
            async with turns:
                return await self._answer(check, tenant=tenant)

        return dict(zip(asked, await run_all([answered(check) for check in asked]), strict=True))

    async def _answer(self, check: RevocationCheck, *, tenant: str) -> RevocationAnswer:
        turn = self._turns.setdefault(check, asyncio.Lock())
        async with turn:
            known = self._known.get(check)
            if known is not None and self._now() < known.until:
                self._known.move_to_end(check)
                return known.answer
            answer, status = await self._ask(check, tenant=tenant)
            self._remember(check, answer, until=self._until(status))
            return answer

    async def _ask(self, check: RevocationCheck, *, tenant: str) -> tuple[RevocationAnswer, Status]:
        answer = RevocationAnswer()
        request = check.ocsp_request() if check.ocsp else b""
        for url in check.ocsp:
            with suppress(PatternError):  # what is not known is for the policy to judge
                answer = RevocationAnswer(await self._issuers.ocsp(url, request, tenant=tenant))
            status = judge(check, answer, now=self._now())
            if not isinstance(status, Unknown):
                return answer, status
        for url in check.crls:
            with suppress(PatternError):
                content = await self._issuers.crl(url, tenant=tenant)
                answer = RevocationAnswer(answer.ocsp, {url: content})
            status = await run_in(self._executors.of(tenant).cpu, judge, check, answer, now=self._now())
            if not isinstance(status, Unknown):
                return answer, status
        return answer, judge(check, answer, now=self._now())

    def _until(self, status: Status) -> datetime:
        """When to ask again: when the answer says so, and not later than in a day: keys are lost at any time."""
        now = self._now()
        if isinstance(status, Unknown):
            return now + timedelta(seconds=FAILED_REVOCATION_SECONDS)
        return min(status.until, now + timedelta(seconds=LONGEST_REVOCATION_SECONDS))

    def _remember(self, check: RevocationCheck, answer: RevocationAnswer, *, until: datetime) -> None:
        self._forget(check)
        size = len(answer.ocsp or b"") + sum(map(len, answer.crls.values())) + len(check.certificate.der)
        self._known[check] = _Remembered(answer, until, size)
        self._size += size
        while self._size > self._memory:
            self._forget(next(iter(self._known)))

    def _forget(self, check: RevocationCheck) -> None:
        known = self._known.pop(check, None)
        self._size -= known.size if known is not None else 0
