"""What claims to sign an artifact, wherever in its repository that may lie.

Places: cosign's tag ``sha256-<hex>.sig`` (cosign, specs/SIGNATURE_SPEC.md), the referrers of the artifact
(``referrers``), and, where attestations are asked for, the tag ``sha256-<hex>.att`` (specs/ATTESTATION_SPEC.md). An
error is never "unsigned": only a 404 is, and only from the registry itself. A place that cannot be asked hides no
other: it matters where what was found does not prove enough. A single one that cannot be read neither hides the others
nor counts: it is handed on without payload, says in ``where`` what is wrong with it, and is refused by ``verify``.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Set
from dataclasses import dataclass, field, replace
from typing import Final

from pattern_operator.aio import run_all
from pattern_operator.api.artifact import Descriptor, Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.limits import (
    MAX_ASKED_ATTESTATIONS,
    MAX_REFERRER_MANIFEST,
    MAX_REFERRERS,
    MAX_SIGNATURE_BLOB,
    MAX_SIGNATURE_MANIFEST,
    MAX_SIGNATURES,
    MAX_SIGNATURES_SIZE,
    MAX_UNLIKELY_REFERRERS,
)
from pattern_operator.source.manifest import Manifest, parse_manifest
from pattern_operator.source.registry.client import FetchedManifest
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.signatures.budget import MAX_REQUESTS, SignatureBudget, SignatureLayer
from pattern_operator.source.signatures.fetched import FetchedSignatures
from pattern_operator.source.signatures.formats import (
    DSSE_ENVELOPE,
    LAYER_PREDICATE_HINT,
    PREDICATE_HINT,
    UNLIKELY,
    format_of_manifest,
    format_of_type,
    only_layer,
    rank_of_hint,
)
from pattern_operator.source.signatures.in_toto import predicate_of
from pattern_operator.source.signatures.place import SignatureSource
from pattern_operator.source.signatures.referrers import NOTHING_ELSE, FallbackTag, list_referrers

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


async def fetch_signatures(
    digest: Digest, *, registry: SignatureSource, predicates: Set[str] = NOTHING_ELSE
) -> FetchedSignatures:
    """Everything in the repository that claims to sign ``digest``, within the time of a look-up.

    Attestations of ``predicates``, in-toto predicate types, are looked for as well. Of others a few are handed on, for
    messages. All are marked by what they say that they state: none counts as a signature.
    """
    deadline = Deadline.after(
        registry.timeouts.lookup, context=registry.context(f"finding the signatures of {digest}"), waits=registry.waits
    )
    finder = _Finder(
        digest, registry, asyncio.Semaphore(MAX_REQUESTS), deadline, predicates, SignatureBudget(predicates)
    )
    places = [finder.signatures(), finder.referring()]
    if predicates:
        places.append(finder.attestations())
    found = await run_all([finder.found(place) for place in places])
    failures = [failure for each in found for failure in each.failures]
    if finder.budget.full:
        counted = f"more than {MAX_SIGNATURES} signatures, or more than {MAX_SIGNATURES_SIZE} bytes of them"
        message = f"{digest} has {counted}: remove those that are not needed from the registry."
        failures.append(Stalled(reason=Reason.TOO_MANY_SIGNATURES, message=message))
    if finder.budget.full_of_attestations:
        counted = f"more than {MAX_ASKED_ATTESTATIONS} attestations of the types that are asked for, or more than"
        message = f"{digest} has {counted} {MAX_SIGNATURES_SIZE} bytes of them: remove old ones from the registry."
        failures.append(Stalled(reason=Reason.TOO_MANY_SIGNATURES, message=message))
    signatures = tuple(signature for each in found for signature in each.signatures)
    target = None
    if any(signature.format is SignatureFormat.NOTATION and signature.payload for signature in signatures):
        try:
            target = await finder.target()
        except PatternError as error:
            failures.append(error)
    return FetchedSignatures(signatures, tuple(failures), sum(each.passed_over for each in found), target)


@dataclass(frozen=True, slots=True)
class _Place:
    """What is to be read in one place, what there cannot be read, and what could not be asked.

    ``rank``: when its layers are read, among those of other places (``formats.rank_of_hint``).
    """

    layers: tuple[SignatureLayer, ...] = ()
    unreadable: tuple[Signature, ...] = ()
    failures: tuple[PatternError, ...] = ()
    passed_over: int = 0
    rank: int = 0


@dataclass(slots=True)
class _Finder:
    """Looks for the signatures of one digest, in all places, and counts them as it reads them."""

    digest: Digest
    registry: SignatureSource
    turns: asyncio.Semaphore
    deadline: Deadline
    predicates: Set[str]
    budget: SignatureBudget
    failed: int = field(default=0)  # requests for referrers

    async def signatures(self) -> _Place:
        """The layers of cosign's tag of signatures."""
        return await self._tagged(f"{self.digest.algorithm}-{self.digest.hex}.sig")

    async def _tagged(self, tag: str) -> _Place:
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

    async def attestations(self) -> _Place:
        """The envelopes of cosign's tag of attestations: those first that state what is asked for."""
        found = await self._tagged(f"{self.digest.algorithm}-{self.digest.hex}.att")
        envelopes = [layer for layer in found.layers if layer.descriptor.media_type == DSSE_ENVELOPE]
        ranked = [(self._rank(each.descriptor.annotations.get(LAYER_PREDICATE_HINT, "")), each) for each in envelopes]
        ranked.sort(key=lambda pair: pair[0])
        likely = [layer for rank, layer in ranked if rank < UNLIKELY]
        unlikely = [layer for rank, layer in ranked if rank >= UNLIKELY]
        passed_over = max(len(unlikely) - MAX_UNLIKELY_REFERRERS, 0)
        kept = (*likely, *unlikely[:MAX_UNLIKELY_REFERRERS])
        return replace(found, layers=kept, passed_over=passed_over)

    def _rank(self, hint: str) -> int:
        return rank_of_hint(hint, predicates=self.predicates)

    async def target(self) -> Descriptor:
        """The descriptor of the artifact itself, of the bytes that the registry has under the digest."""
        async with self.deadline.enforced():
            content = await self.registry.manifest(self.digest)
        return Descriptor(content.media_type, content.digest, len(content.body))

    async def referring(self) -> _Place:
        """The signatures among the referrers, those first that say that they are one.

        Of what says in its manifest that it states something that nobody asked for, a few are read.
        """
        listed = await list_referrers(
            self.digest, registry=self.registry, deadline=self.deadline, predicates=self.predicates
        )
        if isinstance(listed, FallbackTag):
            return _failed(listed.name, listed.refusal, form=SignatureFormat.BUNDLE)
        places = await run_all([self._referrer(entry) for entry in listed.entries])
        places.sort(key=lambda place: place.rank)
        likely = [layer for place in places if place.rank < UNLIKELY for layer in place.layers]
        unlikely = [layer for place in places if place.rank >= UNLIKELY for layer in place.layers]
        return _Place(
            (*likely, *unlikely[:MAX_UNLIKELY_REFERRERS]),
            tuple(signature for place in places for signature in place.unreadable),
            (*listed.failures, *(failure for place in places for failure in place.failures)),
            listed.passed_over + max(len(unlikely) - MAX_UNLIKELY_REFERRERS, 0),
        )

    async def _referrer(self, entry: Descriptor) -> _Place:
        """What a referrer holds. Its type is that of its manifest, where this tells one."""
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
        form = format_of_manifest(manifest, listed=form)
        attests = any(layer.media_type == DSSE_ENVELOPE for layer in manifest.layers)
        if form is None or (attests and not self.predicates):
            return _Place()
        if manifest.subject is None or manifest.subject.digest != self.digest:
            return _Place(unreadable=(_placeholder(where, "it refers to another artifact", form=form),))
        if (only := only_layer(form)) is not None and [each.media_type in only[0] for each in manifest.layers] != [
            True
        ]:
            why = f"it has not exactly one layer, {only[1]}"
            return _Place(unreadable=(_placeholder(where, why, form=form),))
        rank = self._rank(manifest.annotations.get(PREDICATE_HINT, ""))
        return _Place(_layers(manifest, form=form, where=where), rank=rank)

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
        return FetchedSignatures((*kept, *place.unreadable[:MAX_SIGNATURES]), tuple(failures), place.passed_over)

    async def _layer(self, layer: SignatureLayer) -> Signature | PatternError:
        descriptor = layer.descriptor
        if descriptor.size > MAX_SIGNATURE_BLOB:
            why = f"it has {descriptor.size} bytes, and at most {MAX_SIGNATURE_BLOB} are read"
            return _placeholder(layer.where, why, form=layer.form)
        try:
            async with self.turns, self.deadline.enforced():
                payload = await self.registry.blob(descriptor)
        except PatternError as error:
            unreadable = isinstance(error, Stalled) and error.reason in _UNREADABLE
            return _placeholder(layer.where, _broken(error), form=layer.form) if unreadable else error
        predicate = await self.registry.offload(len(payload), predicate_of, payload, media_type=descriptor.media_type)
        return Signature(
            layer.form, layer.where, descriptor.media_type, payload, descriptor.annotations, predicate_type=predicate
        )


def _layers(manifest: Manifest, *, form: SignatureFormat, where: str) -> tuple[SignatureLayer, ...]:
    one = only_layer(form) is not None
    numbered = enumerate(manifest.layers, start=1)
    return tuple(SignatureLayer(layer, form, where if one else f"{where} layer {number}") for number, layer in numbered)


def _failed(where: str, error: PatternError, *, form: SignatureFormat) -> _Place:
    """What cannot be read is a signature that says so; what says that *we* may not look, or not now, is a failure."""
    if isinstance(error, Stalled) and error.reason in _UNREADABLE:
        return _Place(unreadable=(_placeholder(where, _broken(error), form=form),))
    return _Place(failures=(error,))


def _broken(error: PatternError) -> str:
    return f"the registry does not have what its manifest says ({error.reason})"


def _placeholder(where: str, why: str, *, form: SignatureFormat) -> Signature:
    return Signature(form, where, media_type="", payload=b"", unread=why)
