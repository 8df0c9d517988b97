"""How many signatures of one artifact are read, and how large they may be together: whoever may push chooses both."""

from collections import deque
from collections.abc import Set
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.artifact import Descriptor, Signature, SignatureFormat
from pattern_operator.limits import (
    MAX_ASKED_ATTESTATIONS,
    MAX_ATTESTATIONS,
    MAX_SIGNATURE_BLOB,
    MAX_SIGNATURES,
    MAX_SIGNATURES_SIZE,
)
from pattern_operator.source.signatures.formats import DSSE_ENVELOPE

MAX_REQUESTS: Final = 8  # at once; signatures are small, and registries slow down who asks for more


@dataclass(frozen=True, slots=True)
class SignatureLayer:
    """A blob that may be a signature, and where it is."""

    descriptor: Descriptor
    form: SignatureFormat
    where: str


@dataclass(slots=True)
class SignatureBudget:
    """How many signatures there are so far, and how large they are; attestations count for neither.

    Attestations of ``predicates`` are asked for, and counted by themselves. ``full``, ``full_of_attestations``: there
    was one more than there is room for.
    """

    predicates: Set[str] = frozenset()
    signatures: int = 0
    size: int = 0
    attestations: int = 0
    asked: int = 0
    asked_size: int = 0
    full: bool = False
    full_of_attestations: bool = False

    def next_batch(self, waiting: deque[SignatureLayer]) -> list[SignatureLayer]:
        """Take what is read next: a layer that certainly is a signature only where there is room for it."""
        batch: list[SignatureLayer] = []
        number, size = self.signatures, self.size
        while waiting and len(batch) < MAX_REQUESTS and not self.full:
            layer = waiting[0]
            size += layer.descriptor.size if layer.descriptor.size <= MAX_SIGNATURE_BLOB else 0
            number += 1
            certain = layer.form is SignatureFormat.COSIGN and layer.descriptor.media_type != DSSE_ENVELOPE
            if (number > MAX_SIGNATURES or size > MAX_SIGNATURES_SIZE) and (certain or batch):
                self.full = certain and not batch
                break
            batch.append(waiting.popleft())
        return batch

    def take(self, signature: Signature) -> bool:
        """Whether to keep one: there is room for it. Of attestations that nobody asks for, the first ones are."""
        if signature.attestation and signature.predicate_type in self.predicates:
            return self._take_asked(len(signature.payload))
        if signature.attestation:
            self.attestations += 1
            return self.attestations <= MAX_ATTESTATIONS
        if not signature.payload:  # it cannot be read, and says so
            return True
        size = self.size + len(signature.payload)
        if self.full or self.signatures == MAX_SIGNATURES or size > MAX_SIGNATURES_SIZE:
            self.full = True
            return False
        self.signatures, self.size = self.signatures + 1, size
        return True

    def _take_asked(self, size: int) -> bool:
        if self.asked == MAX_ASKED_ATTESTATIONS or self.asked_size + size > MAX_SIGNATURES_SIZE:
            self.full_of_attestations = True
            return False
        self.asked, self.asked_size = self.asked + 1, self.asked_size + size
        return True
