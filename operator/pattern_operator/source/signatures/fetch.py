"""What claims to sign an artifact, wherever in its repository that may lie.

Places: cosign's tag ``sha256-<hex>.sig`` (cosign, specs/SIGNATURE_SPEC.md), and the referrers of the artifact
(``referrers``). An error is never "unsigned": only a 404 is, and only from the registry itself. A place that cannot be
asked hides no other: it matters where what was found does not prove enough. A single one that cannot be read neither
hides the others nor counts: it is handed on without payload, says in ``where`` what is wrong with it, and is refused by
``verify``.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.aio import run_all
from pattern_operator.api.artifact import Descriptor, Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.limits import (
    MAX_REFERRER_MANIFEST,
    MAX_REFERRERS,
    MAX_SIGNATURE_BLOB,
    MAX_SIGNATURE_MANIFEST,
    MAX_SIGNATURES,
    MAX_SIGNATURES_SIZE,
)
from pattern_operator.source.manifest import Manifest, parse_manifest
from pattern_operator.source.registry.client import FetchedManifest, RepositoryClient
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.signatures.budget import MAX_REQUESTS, SignatureBudget, SignatureLayer
from pattern_operator.source.signatures.formats import BUNDLES, format_of_manifest, format_of_type, reading_order
from pattern_operator.source.signatures.in_toto import is_other_statement
from pattern_operator.source.signatures.referrers import FallbackTag, list_referrers

_ENOUGH: Final = 4  # failures after which no more referrers are asked for: the others would fail alike
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
_NOT_PROVEN: Final = frozenset(
    {
        Reason.SIGNATURE_MISSING,
        Reason.SIGNATURE_UNTRUSTED,
        Reason.SIGNATURE_INVALID,
        Reason.SIGNATURE_OF_ANOTHER_ARTIFACT,
    }
)


@dataclass(frozen=True, slots=True)
class FetchedSignatures:
    """What claims to sign an artifact, and what hides more of it; without both, it is proven that there is nothing."""

    signatures: tuple[Signature, ...] = ()
    failures: tuple[PatternError, ...] = ()

    def explain(self, refusal: Stalled) -> PatternError:
        """The error where ``verify`` refuses what was found: a failure to ask, if there was one, is never "unsigned".

        One that may pass comes first.
        """
        if refusal.reason not in _NOT_PROVEN or not self.failures:
            return refusal
        failure = min(self.failures, key=lambda each: not isinstance(each, Transient))
        message = f"{failure.message} So far {refusal.message}"
        if isinstance(failure, Transient):
            return Transient(reason=failure.reason, message=message, retry_after=failure.retry_after)
        return Stalled(reason=failure.reason, message=message)


async def fetch_signatures(digest: Digest, *, registry: RepositoryClient) -> FetchedSignatures:
    """Everything in the repository that claims to sign ``digest``, within the time of a look-up.

    Attestations are handed on too, a few of them, marked as such: they never count as signatures.
    """
    deadline = Deadline.after(
        registry.timeouts.lookup, context=registry.context(f"finding the signatures of {digest}"), waits=registry.waits
    )
    finder = _Finder(digest, registry, asyncio.Semaphore(MAX_REQUESTS), deadline, SignatureBudget())
    tagged, referring = await run_all([finder.found(finder.tagged()), finder.found(finder.referring())])
    failures = [*tagged.failures, *referring.failures]
    if finder.budget.full:
        counted = f"more than {MAX_SIGNATURES} signatures, or more than {MAX_SIGNATURES_SIZE} bytes of them"
        message = f"{digest} has {counted}: remove those that are not needed from the registry."
        failures.append(Stalled(reason=Reason.TOO_MANY_SIGNATURES, message=message))
    return FetchedSignatures((*tagged.signatures, *referring.signatures), tuple(failures))


@dataclass(frozen=True, slots=True)
class _Place:
    """What is to be read in one place, what there cannot be read, and what could not be asked.

    ``order``: the ``reading_order`` of its layers among those of other places.
    """

    layers: tuple[SignatureLayer, ...] = ()
    unreadable: tuple[Signature, ...] = ()
    failures: tuple[PatternError, ...] = ()
    order: int = 0


@dataclass(slots=True)
class _Finder:
    """Looks for the signatures of one digest, in all places, and counts them as it reads them."""

    digest: Digest
    registry: RepositoryClient
    turns: asyncio.Semaphore
    deadline: Deadline
    budget: SignatureBudget
    failed: int = field(default=0)  # requests for referrers

    async def tagged(self) -> _Place:
        """The layers of cosign's tag."""
        tag = f"{self.digest.algorithm}-{self.digest.hex}.sig"
        if len(tag) > _MAX_TAG:  # of a sha512, for which there can be no such tag
            return _Place()
        try:
            async with self.deadline.enforced():
                content = await self.registry.manifest(tag, limit=MAX_SIGNATURE_MANIFEST)
        except PatternError as error:
            missing = error.reason is Reason.ARTIFACT_NOT_FOUND
            return _Place() if missing else _failed(tag, error, form=SignatureFormat.COSIGN)
        if content.digest == self.digest:  # a registry that reads the tag as the digest
            return _Place()
        try:
            manifest = await self._manifest(content, context=f"tag {tag}")
        except Stalled as error:
            return _failed(tag, error, form=SignatureFormat.COSIGN)
        return _Place(_layers(manifest, form=SignatureFormat.COSIGN, where=tag))

    async def referring(self) -> _Place:
        """The signatures among the referrers, those first that say that they are one."""
        listed = await list_referrers(self.digest, registry=self.registry, deadline=self.deadline)
        if isinstance(listed, FallbackTag):
            return _failed(listed.name, listed.refusal, form=SignatureFormat.BUNDLE)
        places = await run_all([self._referrer(entry) for entry in listed.entries])
        places.sort(key=lambda place: place.order)
        return _Place(
            tuple(layer for place in places for layer in place.layers),
            tuple(signature for place in places for signature in place.unreadable),
            (*listed.failures, *(failure for place in places for failure in place.failures)),
        )

    async def _referrer(self, entry: Descriptor) -> _Place:
        """What a referrer holds. Its type is that of its manifest where none is listed."""
        form, where = format_of_type(entry.artifact_type or ""), f"referrer {entry.digest}"
        try:
            async with self.turns:
                if self.failed >= _ENOUGH:
                    return _Place()
                async with self.deadline.enforced():
                    content = await self.registry.manifest(entry.digest, limit=MAX_REFERRER_MANIFEST)
            manifest = await self._manifest(content, context=where)
        except PatternError as error:
            if form is None and error.reason in _UNREADABLE - {Reason.DIGEST_MISMATCH}:
                return _Place()  # gone, an index, or larger than any signature: not one, and nobody called it one
            place = _failed(where, error, form=form or SignatureFormat.BUNDLE)
            self.failed += len(place.failures)
            return place
        form = form or format_of_manifest(manifest)
        if form is None:
            return _Place()
        if manifest.subject is None or manifest.subject.digest != self.digest:
            return _Place(unreadable=(_placeholder(f"{where} (it refers to another artifact)", form=form),))
        if form is SignatureFormat.BUNDLE and [layer.media_type in BUNDLES for layer in manifest.layers] != [True]:
            says = f"{where} (it has not exactly one layer, a bundle)"
            return _Place(unreadable=(_placeholder(says, form=form),))
        return _Place(_layers(manifest, form=form, where=where), order=reading_order(manifest))

    async def _manifest(self, content: FetchedManifest, *, context: str) -> Manifest:
        return await self.registry.offload(
            len(content.body),
            parse_manifest,
            content.body,
            content_type=content.media_type,
            context=self.registry.context(context),
            max_layers=MAX_REFERRERS,
        )

    async def found(self, looking: Awaitable[_Place]) -> FetchedSignatures:
        """The signatures of one place, read as soon as it is known, in their order, until there are too many of them.

        Only the content of a bundle tells whether it is one, so of attestations each is read, and few are kept.
        """
        place = await looking
        waiting, kept, failures = deque(place.layers), list[Signature](), list(place.failures)
        while waiting and (batch := self.budget.next_batch(waiting)):
            for found in await run_all([self._layer(layer) for layer in batch]):
                if isinstance(found, PatternError):
                    failures.append(found)
                elif self.budget.take(found):
                    kept.append(found)
        return FetchedSignatures((*kept, *place.unreadable[:MAX_SIGNATURES]), tuple(failures))

    async def _layer(self, layer: SignatureLayer) -> Signature | PatternError:
        descriptor = layer.descriptor
        if descriptor.size > MAX_SIGNATURE_BLOB:
            says = f"{layer.where} (it has {descriptor.size} bytes, more than any signature)"
            return _placeholder(says, form=layer.form)
        try:
            async with self.turns, self.deadline.enforced():
                payload = await self.registry.blob(descriptor)
        except PatternError as error:
            unreadable = isinstance(error, Stalled) and error.reason in _UNREADABLE
            return _placeholder(f"{layer.where} ({error.reason})", form=layer.form) if unreadable else error
        attestation = layer.form is SignatureFormat.BUNDLE and await self.registry.offload(
            len(payload), is_other_statement, payload
        )
        return Signature(
            layer.form, layer.where, descriptor.media_type, payload, descriptor.annotations, attestation=attestation
        )


def _layers(manifest: Manifest, *, form: SignatureFormat, where: str) -> tuple[SignatureLayer, ...]:
    one = form is SignatureFormat.BUNDLE
    numbered = enumerate(manifest.layers, start=1)
    return tuple(SignatureLayer(layer, form, where if one else f"{where} layer {number}") for number, layer in numbered)


def _failed(where: str, error: PatternError, *, form: SignatureFormat) -> _Place:
    """What cannot be read is a signature that says so; what says that *we* may not look, or not now, is a failure."""
    if isinstance(error, Stalled) and error.reason in _UNREADABLE:
        return _Place(unreadable=(_placeholder(f"{where} ({error.reason})", form=form),))
    return _Place(failures=(error,))


def _placeholder(where: str, *, form: SignatureFormat) -> Signature:
    return Signature(form, where, media_type="", payload=b"")
