"""A client of one repository of a registry, which tells nobody else who we are and believes nothing it is sent.

Protocol: OCI distribution-spec 1.1. Own code on aiohttp, because oras-py checks no digest, trusts any token service and
waits forever (measured in docs/adr/0010).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, ParamSpec, TypeVar

from yarl import URL

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference, Repository
from pattern_operator.errors import Stalled
from pattern_operator.executors import Executors
from pattern_operator.limits import MAX_LISTING, MAX_MANIFEST
from pattern_operator.source import manifest as manifests
from pattern_operator.source.credentials.config_keys import DOCKER_HUB_HOSTS
from pattern_operator.source.credentials.docker_config import Credentials
from pattern_operator.source.offload import offload
from pattern_operator.source.origin import Origin, Scheme
from pattern_operator.source.registry import errors
from pattern_operator.source.registry.auth import AuthClient
from pattern_operator.source.registry.authenticator import Authenticator
from pattern_operator.source.registry.blob_download import BlobDownload
from pattern_operator.source.registry.connections import ConnectionWaits
from pattern_operator.source.registry.network import Network
from pattern_operator.source.registry.paging import next_page
from pattern_operator.source.registry.pull_records import PullRecords
from pattern_operator.source.registry.timeouts import DEFAULT_TIMEOUTS, Timeouts
from pattern_operator.source.registry.token_cache import TokenCache
from pattern_operator.source.registry.transport import (
    DIRECT,
    Hop,
    Response,
    Transport,
    utc_now,
)
from pattern_operator.source.registry.web_page import is_web_page

# To a HEAD: some proxies do not let it through, some registries answer 404 to it; only a GET proves an absence.
_NO_HEAD: Final = frozenset({400, 404, 405, 406, 410, 501})
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FetchedManifest:
    """The raw bytes of a manifest, the digest computed from them, and what the registry calls them."""

    body: bytes = field(repr=False)
    digest: Digest
    media_type: str


class RepositoryClient:
    """Asks for, and sends, what one repository holds. As many at once as you like, in one event loop.

    ``tenant`` is the namespace that its connections, and its files in the cache, count for, the same for all who have
    none; ``executors`` are those of the tenant. ``waits`` knows how long its requests waited for connections.

    Every request may raise:
        Stalled: AUTHENTICATION_REQUIRED, AUTHENTICATION_FAILED, ACCESS_DENIED, ARTIFACT_NOT_FOUND, TLS_FAILED, or
            ARTIFACT_UNSUPPORTED for what no registry answers.
        Transient: REGISTRY_THROTTLED (with ``retry_after`` where the registry says so), REGISTRY_UNAVAILABLE.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        network: Network,
        credentials: Credentials | None,
        scheme: Scheme,
        tokens: TokenCache,
        user_agent: str,
        executors: Executors,
        token_service: str | None = None,
        pull_records: PullRecords | None = None,
        tenant: str = "",
        waits: ConnectionWaits | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        origin = Origin.named(repository.host, scheme=scheme)
        hub = origin.authority in DOCKER_HUB_HOSTS
        name = f"library/{repository.name}" if hub and "/" not in repository.name else repository.name
        self.repository = repository
        self.executors = executors
        self.tenant = tenant
        self.listed = 0  # tags that were listed, for whoever asks again
        self.timeouts = timeouts
        home = URL(f"{scheme}://registry-1.docker.io") if hub else origin.url
        self._base = home / "v2" / name
        self._pull_records = pull_records or PullRecords()
        self.waits = waits or ConnectionWaits()
        self._transport = Transport(
            network=network, tenant=tenant, waits=self.waits, user_agent=user_agent, timeouts=timeouts, now=now
        )
        self._auth = AuthClient(
            home=home,
            transport=self._transport,
            authenticator=Authenticator(
                home=home,
                host=repository.host,
                name=name,
                credentials=credentials,
                token_service=token_service,
                tokens=tokens,
                transport=self._transport,
                executors=executors,
            ),
            executors=executors,
        )

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def cache_scope(self) -> str:
        """Where the content lies, for the cache: nobody but this registry is believed about it."""
        return str(self._base)

    async def resolve_tag(self, tag: str) -> Digest:
        """The digest that ``tag`` names now: one HEAD, and a GET where the registry does not say it in a header."""
        context = self.context(f"tag {tag}")
        digest = await self._head(tag, context=context)
        return digest or (await self.manifest(tag, context=f"{context} (GET manifest {tag})")).digest

    async def ensure_readable(self, digest: Digest, *, tag: str = "") -> None:
        """Make sure that we may see the manifest, as ``manifest_of``: one HEAD, unless it was shown to us before."""
        if self._pull_records.allows(await self._auth.scope("GET"), digest):
            return
        shown = await self._head(str(digest), context=self.context(f"manifest {digest}"))
        if shown != digest:
            await self.manifest_of(digest, tag=tag)

    async def _head(self, reference: str, *, context: str) -> Digest | None:
        """What a HEAD says of the manifest; None where only a GET can tell."""
        answer = await self.request(
            "HEAD", f"manifests/{reference}", context=context, headers={"Accept": manifests.ACCEPT}, expect=()
        )
        if answer.status in _NO_HEAD:
            return None
        if answer.status != 200:
            raise await self._auth.error_of(answer, context=context)
        if answer.foreign:  # its header would be told as the digest, and only a manifest may
            return None
        try:
            digest = Digest.parse(answer.headers.get("Docker-Content-Digest", ""))
        except InvalidReference:
            return None
        self._pull_records.record(await self._auth.scope("HEAD"), digest)
        return digest

    async def manifest(
        self, reference: str | Digest, *, limit: int = MAX_MANIFEST, context: str = ""
    ) -> FetchedManifest:
        """The manifest of a tag or digest, of at most ``limit`` bytes; ``context`` names it in messages.

        Raises:
            Stalled: DIGEST_MISMATCH: it is not what the digest, or the registry's own header, names.
        """
        context = context or self.context(f"manifest {reference}")
        answer = await self.request(
            "GET", f"manifests/{reference}", context=context, headers={"Accept": manifests.ACCEPT}, limit=limit
        )
        content_type = answer.headers.get("Content-Type", "")
        if is_web_page(answer.body, content_type=content_type):
            raise errors.not_content(context, host=answer.host, foreign=answer.foreign)
        if answer.foreign and not isinstance(reference, Digest):
            await self._refuse_what_is_not_a_manifest(answer, content_type=content_type, context=context)
        named = str(reference) if isinstance(reference, Digest) else answer.headers.get("Docker-Content-Digest", "")
        try:
            wanted = Digest.parse(named)
        except InvalidReference:
            wanted = await self.offload(len(answer.body), Digest.of, answer.body)
        found = await self.offload(len(answer.body), Digest.of, answer.body, wanted.algorithm)
        if found != wanted:
            raise errors.digest_mismatch(context, wanted=wanted, found=None if answer.foreign else found)
        self._pull_records.record(await self._auth.scope("GET"), found)
        return FetchedManifest(answer.body, found, "" if answer.foreign else content_type)

    async def manifest_of(self, digest: Digest, *, tag: str = "") -> FetchedManifest:
        """The manifest of ``digest``, by ``tag`` where the registry has the tag and not the digest.

        Some proxy caches do not give by its digest what they give by its tag (zot #2584, harbor #18565).

        Raises:
            Transient: REGISTRY_UNAVAILABLE: it has another one under the tag.
        """
        try:
            return await self.manifest(digest)
        except Stalled as refusal:
            if refusal.reason is not Reason.ARTIFACT_NOT_FOUND or not tag:
                raise
            try:
                tagged = await self.manifest(tag)
            except Stalled:
                raise refusal from None  # the tag is not there either, or not what it is called
        if tagged.digest.algorithm != digest.algorithm:
            found = await self.offload(len(tagged.body), Digest.of, tagged.body, digest.algorithm)
            tagged = replace(tagged, digest=found)
        if tagged.digest != digest:
            context = self.context(f"manifest {digest}")
            raise errors.not_by_digest(context, wanted=digest, tag=tag, found=tagged.digest)
        self._pull_records.record(await self._auth.scope("GET"), digest)
        return tagged

    async def _refuse_what_is_not_a_manifest(self, answer: Response, *, content_type: str, context: str) -> None:
        """Let another host tell the digest of a tag only by a manifest: else we would tell the hash of anything."""
        if not await self.offload(len(answer.body), manifests.is_manifest, answer.body, content_type=content_type):
            raise errors.not_a_manifest(context, host=answer.host)

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
        context, url = self.context(f"blob {descriptor.digest}"), self._base / "blobs" / str(descriptor.digest)
        async with self._auth.send("GET", url, context=context) as (response, foreign):
            if response.status != 200:
                answer = await self._transport.read(response, context=context, limit=0, foreign=foreign)
                raise await self._auth.error_of(answer, context=context)
            download = BlobDownload(descriptor, response, context=context, foreign=foreign)
            await download.read(self._transport.chunks(response, size=descriptor.size, context=context), write=write)
        await download.finish(write=write)

    async def pages(self, path: str, *, context: str, most: int) -> AsyncIterator[Response]:
        """The answers of a listing, following ``Link`` in the same repository; ``context`` names it in messages.

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
                    reason=Reason.ARTIFACT_TOO_LARGE, message=f"{context}: there are more than {most} pages of it."
                )
            answer = await self.request("GET", url, context=context, limit=MAX_LISTING)
            yield answer
            url = next_page(answer, base=self._base, seen=seen, context=context)

    # --- all requests -----------------------------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        path: str | URL,
        *,
        context: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = MAX_MANIFEST,
        expect: tuple[int, ...] = (200,),
        given_by: Response | None = None,
    ) -> Response:
        """Send one request, to a path below the repository or to a URL that an answer gave; read it whole.

        ``expect`` names the statuses that are not errors; empty: all. ``given_by`` is the answer that gave the URL.
        """
        url, hop = self._url(path), DIRECT
        if given_by is not None:
            hop = Hop(given_by.address_space, foreign=self._auth.is_foreign(url)).to(url, source=given_by.url)
        answer = await self._auth.request(
            method, url, context=context, limit=limit, headers=headers, body=body, hop=hop
        )
        if expect and answer.status not in expect:
            raise await self._auth.error_of(answer, context=context)
        return answer

    async def offload(self, size: int, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do ``work`` on ``size`` bytes that the registry sent, off the event loop where it may take long."""
        return await offload(self.executors.cpu, size, work, *args, **kwargs)

    def context(self, thing: str) -> str:
        """``thing`` of this repository, for messages."""
        return f"{self.repository}: {thing}"

    def _url(self, path: str | URL) -> URL:
        return path if isinstance(path, URL) else URL(f"{self._base}/{path}", encoded=True)
