"""A client of one registry that authenticates: it decorates ``Transport``, as ``auth.Client`` of oras-go its client.

It answers challenges and follows redirects. Credentials and tokens go to the registry itself, and stay behind where it
sends us elsewhere (CVE-2018-18074).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import aiohttp
from yarl import URL

from pattern_operator.errors import PatternError
from pattern_operator.executors import Executors
from pattern_operator.source.offload import offload
from pattern_operator.source.origin import same_origin
from pattern_operator.source.registry.authenticator import Authenticator
from pattern_operator.source.registry.challenge import parse_challenges
from pattern_operator.source.registry.error_body import error_codes, error_text
from pattern_operator.source.registry.redirects import REDIRECTS, redirected
from pattern_operator.source.registry.token_cache import Scope
from pattern_operator.source.registry.transport import DIRECT, Hop, Response, Transport

_API: Final = "/v2/"  # in the path of all that is asked of a registry (distribution-spec 1.1, "Endpoints")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthClient:
    """Sends requests to the registry at ``home``, and to where it leads; for one event loop.

    Raises as ``Transport``, and what ``Authenticator.answer`` raises.
    """

    home: URL
    transport: Transport
    authenticator: Authenticator
    executors: Executors

    def is_foreign(self, url: URL) -> bool:
        """Whether ``url`` leads to another server than the registry."""
        return not same_origin(url, self.home)

    async def scope(self, method: str) -> Scope:
        """The user, and the actions, that a request with ``method`` is sent for."""
        return await self.authenticator.scope(method)

    @asynccontextmanager
    async def send(
        self,
        method: str,
        url: URL,
        *,
        context: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        hop: Hop = DIRECT,
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, bool]]:
        """Send a request, show a token when the registry asks for one, and follow its redirects.

        A token that is refused is never used again. With 403 a registry may mean the token as well as us: it expired or
        was withdrawn, or was given before a right was; so an older one is replaced once, as after 401.

        The answer, open during the block, and whether it is foreign: of another host than the registry.
        """
        scope = await self.scope(method)
        token, fresh = self.authenticator.known(scope), False
        redirects = 0
        while True:
            sent = dict(headers or {})
            is_registry = not self.is_foreign(url)
            if token is not None and is_registry:
                sent["Authorization"] = token.authorization
            async with self.transport.send(method, url, context=context, hop=hop, headers=sent, body=body) as response:
                if response.status in REDIRECTS:
                    redirects += 1
                    source, url = url, redirected(response, method=method, count=redirects, context=context)
                    hop = self.transport.next_hop(response, hop, foreign=self.is_foreign(url))
                    hop = hop.to(url, source=source)
                    continue
                if response.status == 403 and is_registry and token is not None and token.may_change:
                    self.authenticator.forget(scope, token)
                    if not fresh:
                        token = None  # the registry says then where to ask for another
                        continue
                challenges = parse_challenges(response.headers.getall("WWW-Authenticate", []))
                if response.status != 401 or not is_registry or fresh or not challenges:
                    yield response, hop.foreign
                    return
                to_service = self.transport.next_hop(response, hop, foreign=True)
            token = await self.authenticator.answer(
                challenges, scope=scope, failed=token, hop=to_service, context=context
            )
            fresh = True

    async def request(
        self,
        method: str,
        url: URL,
        *,
        context: str,
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        hop: Hop = DIRECT,
    ) -> Response:
        """Send a request as ``send`` does, and read the whole answer, of at most ``limit`` bytes."""
        async with self.send(method, url, context=context, headers=headers, body=body, hop=hop) as (response, foreign):
            return await self.transport.read(response, context=context, limit=limit, foreign=foreign)

    async def error_of(self, answer: Response, *, context: str) -> PatternError:
        """The error for an answer that is not a success.

        A server that was shown a secret may echo it in any disguise, so of its words only known codes are repeated.
        """
        if answer.status == 404 and not answer.foreign and _API not in answer.url.path:
            answer = replace(answer, foreign=True)  # as where we were sent to a page: it proves no absence
        identified = await self.authenticator.credential() is not None
        knows_secret = identified or await self.authenticator.has_token()
        read = error_codes if knows_secret else error_text
        said = await offload(self.executors.cpu, len(answer.body), read, answer.body)
        lacking = self.authenticator.lacking
        return self.transport.to_error(answer, context=context, identified=identified, said=said, lacking=lacking)
