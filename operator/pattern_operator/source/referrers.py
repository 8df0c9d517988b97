"""What claims to sign an artifact, wherever in its repository that may lie.

Places: cosign's tag ``sha256-<hex>.sig`` (cosign, specs/SIGNATURE_SPEC.md), and the referrers of the artifact
(OCI distribution-spec 1.1, "Listing Referrers" and "Referrers Tag Schema"). An error is never "unsigned": only a 404
is, and only from the registry itself. A single one that cannot be read neither hides the others nor counts: it is
handed on without payload, says in ``where`` what is wrong with it, and is refused by ``verify``.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from pattern_operator.aio import run_all
from pattern_operator.api.artifact import Descriptor, Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import (
    MAX_REFERRER_MANIFEST,
    MAX_REFERRER_PAGES,
    MAX_REFERRERS,
    MAX_SIGNATURE_BLOB,
    MAX_SIGNATURE_MANIFEST,
    MAX_SIGNATURES,
    MAX_SIGNATURES_SIZE,
)
from pattern_operator.source.failure import not_a_manifest
from pattern_operator.source.manifest import Manifest, parse_index, parse_manifest
from pattern_operator.source.pace import Deadline
from pattern_operator.source.registry import Content, Registry
from pattern_operator.source.transport import Answer

BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
COSIGN: Final = "application/vnd.dev.cosign.artifact.sig.v1+json"

_FORMATS: Final = {BUNDLE: SignatureFormat.BUNDLE, COSIGN: SignatureFormat.COSIGN}
_AT_ONCE: Final = 8  # requests; signatures are small, and registries slow down who asks for more
_MAX_TAG: Final = 128
_UNREADABLE: Final = frozenset(
    {
        Reason.ARTIFACT_NOT_FOUND,
        Reason.ARTIFACT_TOO_LARGE,
        Reason.ARTIFACT_UNSUPPORTED,
        Reason.DIGEST_MISMATCH,
        Reason.SIZE_MISMATCH,
    }
)


async def signatures(digest: Digest, *, registry: Registry) -> tuple[Signature, ...]:
    """Everything in the repository that claims to sign ``digest``; empty only when it is proven that there is nothing.

    All of it within the time of a look-up.

    Raises:
        Stalled: TOO_MANY_SIGNATURES: more than ``MAX_SIGNATURES``. And what ``Registry`` raises.
        Transient: the registry could not be asked, which says nothing about signatures.
    """
    finder = _Finder(digest, registry, asyncio.Semaphore(_AT_ONCE))
    async with Deadline.after(
        registry.pace.lookup, what=registry.what(f"finding the signatures of {digest}"), waits=registry.waits
    ).kept():
        places = await run_all([finder.tagged(), finder.referring()])
    found = [signature for place in places for signature in place]
    _refuse_too_many(len(found), digest=digest)
    return tuple(found)


@dataclass(slots=True)
class _Finder:
    """Looks for the signatures of one digest, in all places, and counts them before it reads them."""

    digest: Digest
    registry: Registry
    turns: asyncio.Semaphore
    found: int = 0
    size: int = 0

    async def tagged(self) -> list[Signature]:
        """The layers of cosign's tag."""
        tag = f"{self.digest.algorithm}-{self.digest.hex}.sig"
        if len(tag) > _MAX_TAG:  # of a sha512, for which there can be no such tag
            return []
        try:
            content = await self.registry.manifest(tag, limit=MAX_SIGNATURE_MANIFEST)
        except Stalled as error:
            if error.reason is Reason.ARTIFACT_NOT_FOUND:
                return []
            return [_unreadable(tag, error, form=SignatureFormat.COSIGN)]
        try:
            manifest = await self._manifest(content, what=f"tag {tag}")
        except Stalled as error:
            return [_unreadable(tag, error, form=SignatureFormat.COSIGN)]
        return await self._layers(manifest, form=SignatureFormat.COSIGN, where=tag)

    async def referring(self) -> list[Signature]:
        """The signatures among the referrers, by the API or, where the registry has none, by the fallback tag."""
        try:
            listed = await self._listed()
        except Stalled as error:
            if error.reason is not Reason.ARTIFACT_NOT_FOUND:
                raise
            listed = None
        if listed is None:
            tag = f"{self.digest.algorithm}-{self.digest.hex[:64]}"  # at most 64 digits, "Referrers Tag Schema"
            try:
                listed = await self._tagged_index(tag)
            except Stalled as error:
                return [_unreadable(tag, error, form=SignatureFormat.BUNDLE)]
        wanted = {entry.digest: entry for entry in listed if entry.artifact_type in _FORMATS}
        _refuse_too_many(len(wanted), digest=self.digest)
        found = await run_all([self._referrer(entry) for entry in wanted.values()])
        return [signature for each in found for signature in each]

    async def _listed(self) -> list[Descriptor]:
        what = self.registry.what(f"referrers of {self.digest}")
        found: list[Descriptor] | None = None
        pages = self.registry.pages(f"referrers/{self.digest}", what=what, most=MAX_REFERRER_PAGES)
        try:
            async for page in pages:
                entries = await self._entries(page, what=what)
                found = [*(found or []), *entries]
                if len(found) > MAX_REFERRERS:
                    raise _too_many(f"more than {MAX_REFERRERS} referrers", digest=self.digest)
        except Stalled as error:
            if error.reason is Reason.ARTIFACT_NOT_FOUND and found is not None:  # a list that ends in the middle
                raise Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=f"{what}: a page of it is gone.") from error
            raise
        return found or []

    async def _entries(self, page: Answer, *, what: str) -> tuple[Descriptor, ...]:
        """The descriptors of a page; nothing of it is quoted where another host than the registry gave it."""
        content_type = page.headers.get("Content-Type", "")
        try:
            return await self.registry.compute(
                len(page.body), parse_index, page.body, content_type=content_type, what=what
            )
        except Stalled as error:
            if page.foreign and error.reason is Reason.ARTIFACT_UNSUPPORTED:
                raise not_a_manifest(what, host=page.host) from None
            raise

    async def _tagged_index(self, tag: str) -> list[Descriptor]:
        try:
            content = await self.registry.manifest(tag)
        except Stalled as error:
            if error.reason is Reason.ARTIFACT_NOT_FOUND:
                return []
            raise
        what = self.registry.what(f"tag {tag}")
        found = await self.registry.compute(
            len(content.body), parse_index, content.body, content_type=content.media_type, what=what
        )
        return list(found)

    async def _referrer(self, entry: Descriptor) -> list[Signature]:
        form, where = _FORMATS[entry.artifact_type or ""], f"referrer {entry.digest}"
        try:
            async with self.turns:
                content = await self.registry.manifest(entry.digest, limit=MAX_REFERRER_MANIFEST)
            manifest = await self._manifest(content, what=where)
        except Stalled as error:
            return [_unreadable(where, error, form=form)]
        if manifest.subject is None or manifest.subject.digest != self.digest:
            return [_placeholder(f"{where} (it refers to another artifact)", form=form)]
        if form is SignatureFormat.BUNDLE and [layer.media_type for layer in manifest.layers] != [BUNDLE]:
            return [_placeholder(f"{where} (it has not exactly one layer, a bundle)", form=form)]
        return await self._layers(manifest, form=form, where=where)

    def _count(self, size: int) -> None:
        """Count what is kept of signatures, before it is: many that are each in their limit are too much as well."""
        self.size += size
        if self.size > MAX_SIGNATURES_SIZE:
            raise _too_many(f"signatures of more than {MAX_SIGNATURES_SIZE} bytes", digest=self.digest)

    async def _manifest(self, content: Content, *, what: str) -> Manifest:
        self._count(len(content.body))
        return await self.registry.compute(
            len(content.body),
            parse_manifest,
            content.body,
            content_type=content.media_type,
            what=self.registry.what(what),
            max_layers=MAX_REFERRERS,
        )

    async def _layers(self, manifest: Manifest, *, form: SignatureFormat, where: str) -> list[Signature]:
        self.found += len(manifest.layers)
        _refuse_too_many(self.found, digest=self.digest)
        numbered = enumerate(manifest.layers, start=1)
        one = form is SignatureFormat.BUNDLE
        return await run_all(
            [self._layer(layer, form=form, where=where if one else f"{where} layer {n}") for n, layer in numbered]
        )

    async def _layer(self, layer: Descriptor, *, form: SignatureFormat, where: str) -> Signature:
        if layer.size > MAX_SIGNATURE_BLOB:
            return _placeholder(f"{where} (it has {layer.size} bytes, more than any signature)", form=form)
        self._count(layer.size)
        try:
            async with self.turns:
                payload = await self.registry.blob(layer)
        except Stalled as error:
            return _unreadable(where, error, form=form)
        return Signature(form, where, layer.media_type, payload, layer.annotations)


def _unreadable(where: str, error: Stalled, *, form: SignatureFormat) -> Signature:
    """Hand on what cannot be read; what says that *we* may not look, or that there is too much, is raised again."""
    if error.reason not in _UNREADABLE:
        raise error
    return _placeholder(f"{where} ({error.reason})", form=form)


def _placeholder(where: str, *, form: SignatureFormat) -> Signature:
    return Signature(form, where, media_type="", payload=b"")


def _refuse_too_many(number: int, *, digest: Digest) -> None:
    if number > MAX_SIGNATURES:
        raise _too_many(f"{number} signatures, and at most {MAX_SIGNATURES} are tried", digest=digest)


def _too_many(counted: str, *, digest: Digest) -> Stalled:
    return Stalled(
        reason=Reason.TOO_MANY_SIGNATURES,
        message=f"{digest} has {counted}: remove those that are not needed from the registry.",
    )
