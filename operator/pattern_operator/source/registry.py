"""A client of one repository of a registry, which tells nobody else who we are and believes nothing it is sent.

Protocol: OCI distribution-spec 1.1. Own code on aiohttp, for oras-py checks no digest, trusts any token service and
waits for ever.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference, Repository
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.executors import Executors, run_in
from pattern_operator.limits import KIB, MAX_MANIFEST
from pattern_operator.source import failure
from pattern_operator.source import manifest as manifests
from pattern_operator.source.challenge import Challenge, parse_challenges
from pattern_operator.source.credentials import DOCKER_HUB_HOSTS, Credential, Credentials
from pattern_operator.source.document import shown
from pattern_operator.source.paging import next_page
from pattern_operator.source.readers import Readers
from pattern_operator.source.redirect import REDIRECTS, redirected
from pattern_operator.source.tokens import Grant, Scope, TokenCache
from pattern_operator.source.tokenservice import fetch_token
from pattern_operator.source.transport import TIMEOUT, Answer, Transport, read, utc_now

_PIECE: Final = 256 * KIB  # of a blob: small enough not to hold the event loop
_FOREVER: Final = float("inf")  # Basic credentials do not expire


@dataclass(frozen=True, slots=True)
class Content:
    """The raw bytes of a manifest, the digest computed from them, and what the registry calls them."""

    body: bytes = field(repr=False)
    digest: Digest
    media_type: str


class Registry:
    """Asks for, and sends, what one repository holds. As many at once as you like, in one event loop.

    Every request may raise:
        Stalled: AUTHENTICATION_REQUIRED, AUTHENTICATION_FAILED, ACCESS_DENIED, ARTIFACT_NOT_FOUND, TLS_FAILED, or
            ARTIFACT_UNSUPPORTED for what no registry answers.
        Transient: REGISTRY_THROTTLED (with ``retry_after`` where the registry says so), REGISTRY_UNAVAILABLE.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        http: aiohttp.ClientSession,
        credentials: Credentials | None,
        scheme: Literal["https", "http"],
        tokens: TokenCache,
        user_agent: str,
        executors: Executors,
        readers: Readers | None = None,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        hub = repository.host.lower() in DOCKER_HUB_HOSTS
        self.repository = repository
        self.executors = executors
        self._name = f"library/{repository.name}" if hub and "/" not in repository.name else repository.name
        self._home = URL(f"{scheme}://{'registry-1.docker.io' if hub else repository.host}")
        self._base = self._home / "v2" / self._name
        self._credentials = credentials
        self._tokens = tokens
        self._readers = readers or Readers()
        self._transport = Transport(http=http, user_agent=user_agent, timeout=timeout, now=now)

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """Where the content lies, for the cache: nobody but this registry is believed about it."""
        return str(self._base)

    async def digest_of(self, tag: str) -> Digest:
        """The digest that ``tag`` names now: one HEAD, and a GET where the registry does not say it in a header."""
        digest = await self._head(tag, what=self.what(f"tag {tag}"))
        return digest or (await self.manifest(tag)).digest

    async def ensure_readable(self, digest: Digest) -> None:
        """Make sure that we may see the manifest: one HEAD, unless the registry has shown it to us before."""
        if self._readers.was_shown(await self._scope("GET"), digest):
            return
        shown = await self._head(str(digest), what=self.what(f"manifest {digest}"))
        if shown != digest:
            await self.manifest(digest)

    async def _head(self, reference: str, *, what: str) -> Digest | None:
        """What a HEAD says of the manifest; None where only a GET can tell."""
        answer = await self.ask(
            "HEAD", f"manifests/{reference}", what=what, headers={"Accept": manifests.ACCEPT}, expect=()
        )
        if answer.status in (400, 405, 501):  # a HEAD that some proxies do not let through
            return None
        if answer.status != 200:
            raise await self._refused(answer, what=what)
        try:
            digest = Digest.parse(answer.headers.get("Docker-Content-Digest", ""))
        except InvalidReference:
            return None
        self._readers.show(await self._scope("HEAD"), digest)
        return digest

    async def manifest(self, reference: str | Digest) -> Content:
        """The manifest of a tag or digest.

        Raises:
            Stalled: DIGEST_MISMATCH: it is not what the digest, or the registry's own header, names.
        """
        what = self.what(f"manifest {reference}")
        answer = await self.ask(
            "GET", f"manifests/{reference}", what=what, headers={"Accept": manifests.ACCEPT}, limit=MAX_MANIFEST
        )
        named = str(reference) if isinstance(reference, Digest) else answer.headers.get("Docker-Content-Digest", "")
        try:
            wanted = Digest.parse(named)
        except InvalidReference:
            wanted = Digest.of(answer.body)
        found = Digest.of(answer.body, wanted.algorithm)
        if found != wanted:
            raise failure.another_digest(what, wanted=wanted, found=found)
        self._readers.show(await self._scope("GET"), found)
        return Content(answer.body, found, answer.headers.get("Content-Type", ""))

    async def blob(self, descriptor: Descriptor) -> bytes:
        """The bytes that ``descriptor`` names, in memory: for what is small; raises as ``download``."""
        pieces: list[bytes] = []

        async def write(piece: bytes) -> None:
            pieces.append(piece)

        await self.download(descriptor, write=write)
        return b"".join(pieces)

    async def download(self, descriptor: Descriptor, *, write: Callable[[bytes], Awaitable[None]]) -> None:
        """Hand the bytes that ``descriptor`` names to ``write``, piece by piece; stop at the first byte too many.

        They are what the digest names only once this returns.

        Raises:
            Stalled: SIZE_MISMATCH, DIGEST_MISMATCH.
        """
        digest, size = descriptor.digest, descriptor.size
        what = self.what(f"blob {digest}")
        piece, state, length = bytearray(), hashlib.new(digest.algorithm), 0
        async with self._exchange("GET", self._base / "blobs" / str(digest), what=what) as response:
            if response.status != 200:
                raise await self._refused(await read(response, what=what, limit=0), what=what)
            async for chunk in response.content.iter_any():
                piece += chunk
                length += len(chunk)
                state.update(chunk)
                if length > size:
                    raise failure.another_size(what, size=size, found=f"more than {size}")
                if len(piece) >= _PIECE:
                    await write(bytes(piece))
                    piece.clear()
        if length < size:
            raise failure.another_size(what, size=size, found=str(length))
        found = Digest(digest.algorithm, state.hexdigest())
        if found != digest:
            raise failure.another_digest(what, wanted=digest, found=found)
        await write(bytes(piece))

    async def pages(self, path: str, *, what: str, most: int) -> AsyncIterator[Answer]:
        """The answers of a listing, following ``Link`` in the same repository; ``what`` names it in messages.

        Raises:
            Stalled: ARTIFACT_TOO_LARGE: more than ``most`` pages.
            Transient: REGISTRY_UNAVAILABLE: the pages run in a circle, or lead elsewhere.
        """
        url: URL | None = self._url(path)
        seen: set[URL] = set()
        while url is not None:
            seen.add(url)
            if len(seen) > most:
                raise Stalled(
                    reason=Reason.ARTIFACT_TOO_LARGE, message=f"{what}: there are more than {most} pages of it."
                )
            answer = await self.ask("GET", url, what=what, limit=MAX_MANIFEST)
            yield answer
            url = next_page(answer, base=self._base, seen=seen, what=what)

    # --- the one way out --------------------------------------------------------------------------------------------

    async def ask(
        self,
        method: str,
        path: str | URL,
        *,
        what: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = MAX_MANIFEST,
        expect: tuple[int, ...] = (200,),
    ) -> Answer:
        """Send one request, to a path below the repository or to a URL that the registry gave; read it whole.

        ``expect`` names the statuses that are no error; empty: all.
        """
        async with self._exchange(method, self._url(path), what=what, headers=headers, body=body) as response:
            answer = await read(response, what=what, limit=limit)
        if expect and answer.status not in expect:
            raise await self._refused(answer, what=what)
        return answer

    def what(self, thing: str) -> str:
        """``thing`` of this repository, for messages."""
        return f"{self.repository}: {thing}"

    def _url(self, path: str | URL) -> URL:
        return path if isinstance(path, URL) else URL(f"{self._base}/{path}", encoded=True)

    @asynccontextmanager
    async def _exchange(
        self, method: str, url: URL, *, what: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request, say who we are when the registry asks, and follow it where it sends us."""
        scope = await self._scope(method)
        grant, fresh = self._tokens.get(scope), False
        redirects = 0
        while True:
            sent = dict(headers or {})
            at_home = url.origin() == self._home.origin()
            if grant is not None and at_home:
                sent["Authorization"] = grant.authorization
            async with self._transport.send(method, url, what=what, headers=sent, body=body) as response:
                if response.status in REDIRECTS:
                    redirects += 1
                    url = redirected(response, method=method, count=redirects, what=what)
                    continue
                challenges = parse_challenges(response.headers.getall("WWW-Authenticate", []))
                if response.status != 401 or not at_home or fresh or not challenges:
                    yield response
                    return
            grant = await self._authenticate(challenges, scope=scope, failed=grant, what=what)
            fresh = True

    # --- who we are -------------------------------------------------------------------------------------------------

    async def _scope(self, method: str) -> Scope:
        action = "pull" if method in ("GET", "HEAD") else "pull,push"
        return Scope(str(self._home), self._name, action, await self._credential())

    async def _credential(self) -> Credential | None:
        if self._credentials is None:
            return None
        host, name = self.repository.host, self._name
        if self._credentials.ask_helper is None:
            return self._credentials.for_host(host, name)
        return await run_in(self.executors.names, self._credentials.for_host, host, name)

    async def _authenticate(
        self, challenges: list[Challenge], *, scope: Scope, failed: Grant | None, what: str
    ) -> Grant:
        async with self._tokens.lock(scope):
            known = self._tokens.get(scope)
            if known is not None and known is not failed:
                return known  # someone else asked while we waited
            if failed is not None:
                self._tokens.forget(scope, failed)
            return await self._grant(challenges, scope=scope, what=what)

    async def _grant(self, challenges: list[Challenge], *, scope: Scope, what: str) -> Grant:
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        credential = scope.credential
        if (bearer := by_scheme.get("bearer")) is not None:
            token = await fetch_token(
                bearer,
                registry=self._home,
                credential=credential,
                scope=f"repository:{self._name}:{scope.action}",
                transport=self._transport,
                what=what,
            )
            return self._tokens.put(scope, f"Bearer {token.value}", seconds=token.seconds)
        if "basic" in by_scheme and (credential is None or not credential.identity_token):
            if credential is None:
                raise self._transport.refused(Answer(401, CIMultiDict(), b"", self._home), what=what, identified=False)
            return self._tokens.put(scope, credential.basic, seconds=_FOREVER)
        raise Stalled(
            reason=Reason.AUTHENTICATION_FAILED,
            message=f"{what}: the registry asks for {shown(', '.join(by_scheme))}, and there are credentials only for "
            "Basic (username and password) and Bearer: correct source.secretRef.",
        )

    async def _refused(self, answer: Answer, *, what: str) -> PatternError:
        if answer.url.origin() != self._home.origin() and answer.status < 500 and answer.status != 429:
            return Transient(  # what another host says proves nothing about us or the artifact
                reason=Reason.REGISTRY_UNAVAILABLE,
                message=f"{what}: the registry sent us to {answer.url.host}, which answered {answer.status}; it is "
                "asked again later.",
            )
        credential = await self._credential()
        secrets = credential.secrets if credential is not None else ()
        for action in ("pull", "pull,push"):
            if (grant := self._tokens.get(Scope(str(self._home), self._name, action, credential))) is not None:
                secrets += (grant.authorization.partition(" ")[2],)
        return self._transport.refused(answer, what=what, identified=credential is not None, secrets=secrets)
