"""How many signatures of one artifact are read, and how large they may be together: whoever may push chooses both."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.artifact import Descriptor, Signature, SignatureFormat
from pattern_operator.limits import MAX_ATTESTATIONS, MAX_SIGNATURE_BLOB, MAX_SIGNATURES, MAX_SIGNATURES_SIZE

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

    ``full``: there was one more than there is room for.
    """

    signatures: int = 0
    size: int = 0
    attestations: int = 0
    full: bool = False

    def next_batch(self, waiting: deque[SignatureLayer]) -> list[SignatureLayer]:
        """Take what is read next: a layer that certainly is a signature only where there is room for it."""
        batch: list[SignatureLayer] = []
        number, size = self.signatures, self.size
        while waiting and len(batch) < MAX_REQUESTS and not self.full:
            layer = waiting[0]
            size += layer.descriptor.size if layer.descriptor.size <= MAX_SIGNATURE_BLOB else 0
            number += 1
            certain = layer.form is SignatureFormat.COSIGN
            if (number > MAX_SIGNATURES or size > MAX_SIGNATURES_SIZE) and (certain or batch):
                self.full = certain and not batch
                break
            batch.append(waiting.popleft())
        return batch

    def take(self, signature: Signature) -> bool:
        """Whether to keep one: there is room for it. Of attestations the first ones are enough for a message."""
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
