"""Which credentials a repository is asked with, and which tokens its token service gives for them.

A token service is asked only where credentials may be sent, also without any: what it answers goes to the registry, so
a registry must not choose from which host the operator takes it.
"""

import asyncio
from collections.abc import Iterable, Sequence

from multidict import CIMultiDict
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.executors import Executors
from pattern_operator.source.credentials.credential import Credential
from pattern_operator.source.credentials.docker_config import Credentials
from pattern_operator.source.known_words import known_word
from pattern_operator.source.registry.challenge import Challenge
from pattern_operator.source.registry.token_cache import FOREVER, CachedToken, Scope, TokenCache
from pattern_operator.source.registry.token_service import fetch_token
from pattern_operator.source.registry.transport import Hop, Response, Transport


class Authenticator:
    """Answers the challenges of one repository at ``home``; for one event loop, and as many requests as you like.

    ``host`` and ``name`` are what an entry of a docker config is looked up by. ``token_service`` is the one that the
    user named (``host[:port]``), beside those of the registry's owner.
    """

    def __init__(
        self,
        *,
        home: URL,
        host: str,
        name: str,
        credentials: Credentials | None,
        token_service: str | None,
        tokens: TokenCache,
        transport: Transport,
        executors: Executors,
    ) -> None:
        self._home = home
        self._host = host
        self._name = name
        self._credentials = credentials
        self._token_service = token_service
        self._tokens = tokens
        self._transport = transport
        self._executors = executors
        self._looked_up = asyncio.Lock()
        self._found: tuple[Credential | None] | None = None
        self._has_shown = False

    async def credential(self) -> Credential | None:
        """Our credentials there, if any; looked up once, because a helper may ask a person or run for seconds."""
        if self._credentials is None:
            return None
        async with self._looked_up:
            if self._found is None:
                self._found = (await self._credentials.find(self._host, self._name, scheme=self._home.scheme),)
        return self._found[0]

    @property
    def lacking(self) -> str:
        """Why we have no credentials there, where some were given: a sentence without its dot, else empty."""
        if self._credentials is None or self._found is None or self._found[0] is not None:
            return ""
        return self._credentials.lacking

    async def scope(self, method: str) -> Scope:
        """What a request with ``method`` needs a token for."""
        action = "pull" if method in ("GET", "HEAD") else "pull,push"
        return Scope(str(self._home), self._name, action, await self.credential(), self._token_service)

    async def has_token(self) -> bool:
        """Whether we hold, or held, anything that the registry could have been shown."""
        scopes = [await self.scope(method) for method in ("GET", "PUT")]
        return self._has_shown or any(self.known(scope) is not None for scope in scopes)

    def known(self, scope: Scope) -> CachedToken | None:
        """The token that we have for ``scope``, if it still holds."""
        return self._tokens.get(scope)

    def forget(self, scope: Scope, token: CachedToken) -> None:
        """Use ``token`` for ``scope`` no more; the registry was shown it all the same."""
        self._has_shown = True
        self._tokens.forget(scope, token)

    async def answer(
        self, challenges: Sequence[Challenge], *, scope: Scope, failed: CachedToken | None, hop: Hop, context: str
    ) -> CachedToken:
        """A token that may satisfy one of ``challenges``, of which ``failed`` did not.

        ``hop`` is the one to a token service, should there be one.

        Raises:
            Stalled: AUTHENTICATION_REQUIRED, AUTHENTICATION_FAILED, ACCESS_DENIED: there is none for us.
            Transient: the token service cannot be asked.
        """
        async with self._tokens.lock(scope):
            known = self._tokens.get(scope)
            if known is not None and known is not failed:
                return known  # someone else asked while we waited
            if failed is not None:
                self._tokens.forget(scope, failed)
            return await self._obtain(challenges, scope=scope, hop=hop, context=context)

    async def _obtain(self, challenges: Sequence[Challenge], *, scope: Scope, hop: Hop, context: str) -> CachedToken:
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        credential = scope.credential
        basic = "basic" in by_scheme and (credential is None or not credential.identity_token)
        if (bearer := by_scheme.get("bearer")) is not None:
            try:
                return await self._bearer(bearer, scope=scope, hop=hop, context=context)
            except Stalled as error:
                if not (basic and credential and error.reason is Reason.AUTHENTICATION_FAILED):
                    raise  # else the registry itself takes what its token service, or the way to it, does not
        if basic:
            if credential is None:
                answer = Response(401, CIMultiDict(), b"", self._home)
                raise self._transport.to_error(answer, context=context, identified=False, lacking=self.lacking)
            return self._tokens.put(scope, credential.basic, seconds=FOREVER)
        raise Stalled(
            reason=Reason.AUTHENTICATION_FAILED,
            message=f"{context}: the registry asks for {_schemes(by_scheme)}, and there are credentials only for "
            "Basic (username and password) and Bearer: correct source.secretRef.",
        )

    async def _bearer(self, bearer: Challenge, *, scope: Scope, hop: Hop, context: str) -> CachedToken:
        token = await fetch_token(
            bearer,
            registry=self._home,
            named=self._token_service,
            credential=scope.credential,
            lacking=self.lacking,
            scope=f"repository:{self._name}:{scope.action}",
            transport=self._transport,
            hop=hop,
            cpu=self._executors.cpu,
            context=context,
        )
        return self._tokens.put(scope, f"Bearer {token.value}", seconds=token.seconds)


def _schemes(named: Iterable[str]) -> str:
    """The schemes of a challenge, once each; one that nobody registered is not repeated."""
    return ", ".join(sorted({known_word(each, otherwise="a scheme that nobody registered") for each in named}))
