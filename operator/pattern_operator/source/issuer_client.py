"""Asks the issuers of certificates which of them are revoked: OCSP by POST, CRLs by GET, both over plain http.

Formats: RFC 6960 appendix A, RFC 5280 section 4.2.1.13. The URLs stand in certificates whose chain is trusted: by an
administrator, or by a pattern's own policy, whose author could send the operator anywhere with a root of their own. So
for that one only public addresses are asked, and never a link-local one, where clouds keep the credentials of their
machines. No redirect is followed, and no credentials are sent. What comes is signed, and is for ``verify`` to judge.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.limits import CRL_SECONDS, MAX_CRL, MAX_OCSP_RESPONSE, OCSP_SECONDS
from pattern_operator.quote import quoted
from pattern_operator.source.registry.address_space import AddressSpace
from pattern_operator.source.registry.network import Network
from pattern_operator.source.registry.transport import Hop, Transport, place_of

_OK: Final = 200
_OCSP_REQUEST: Final = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


@dataclass(frozen=True, slots=True)
class IssuerClient:
    """Sends requests to issuers over ``network``; times are in seconds, for all of a request.

    ``reach`` is the least public address space that is asked.
    """

    network: Network
    user_agent: str
    reach: AddressSpace
    ocsp_seconds: float = OCSP_SECONDS
    crl_seconds: float = CRL_SECONDS

    async def ocsp(self, url: str, request: bytes, *, tenant: str) -> bytes:
        """The answer of an OCSP responder to a request in DER; ``tenant`` is whose connections it counts for.

        Raises:
            Stalled, Transient: it cannot be asked, answers too late, too much, or anything but 200.
        """
        asked = _Asked("POST", url, MAX_OCSP_RESPONSE, self.ocsp_seconds, request, _OCSP_REQUEST)
        return await self._ask(asked, tenant=tenant)

    async def crl(self, url: str, *, tenant: str) -> bytes:
        """A list of revoked certificates; raises as ``ocsp``."""
        return await self._ask(_Asked("GET", url, MAX_CRL, self.crl_seconds), tenant=tenant)

    async def _ask(self, asked: "_Asked", *, tenant: str) -> bytes:
        hop = Hop(max(self.reach, AddressSpace.HOST), foreign=True)
        transport = Transport(network=self.network, tenant=tenant, user_agent=self.user_agent)
        try:
            url = URL(asked.url)
        except ValueError as error:
            raise _unavailable(f"{quoted(asked.url)} in a certificate is not a URL") from error
        context = f"revocation at {place_of(url)}"
        try:
            async with (
                asyncio.timeout(asked.seconds),
                transport.send(
                    asked.method, url, context=context, hop=hop, headers=asked.headers, body=asked.body
                ) as response,
            ):
                answer = await transport.read(response, context=context, limit=asked.limit, foreign=True)
        except TimeoutError as error:
            raise _unavailable(f"{context}: no whole answer within {asked.seconds:.0f} s") from error
        if answer.status != _OK:
            raise _unavailable(f"{context}: the answer has status {answer.status}")
        return answer.body


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request: at most ``limit`` bytes of answer, within ``seconds``."""

    method: str
    url: str
    limit: int
    seconds: float
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


def _unavailable(what: str) -> Transient:
    return Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=f"{what}; it is retried later.")
