"""How much of what claims to sign is read at once, and kept."""

from collections import deque
from dataclasses import replace

from pattern_operator.api.artifact import Descriptor, SignatureFormat
from pattern_operator.api.reference import Digest
from pattern_operator.limits import MAX_SIGNATURE_BLOB, MAX_SIGNATURES_SIZE
from pattern_operator.source.signatures.budget import MAX_REQUESTS, SignatureBudget, SignatureLayer


def layers(number: int) -> deque[SignatureLayer]:
    descriptor = Descriptor("application/json", Digest.of(b"x"), 1)
    return deque(SignatureLayer(descriptor, SignatureFormat.BUNDLE, f"{each}") for each in range(number))


def test_no_more_are_read_at_once_than_there_are_requests():
    waiting = layers(MAX_REQUESTS + 2)

    batches = [len(SignatureBudget().next_batch(waiting)) for _ in range(3)]

    assert batches == [MAX_REQUESTS, 2, 0]


def test_a_layer_as_large_as_a_signature_may_be_counts_and_one_that_is_not_read_does_not():
    large = Descriptor("application/json", Digest.of(b"x"), MAX_SIGNATURE_BLOB)
    many = MAX_SIGNATURES_SIZE // MAX_SIGNATURE_BLOB
    assert many < MAX_REQUESTS

    def read(descriptor: Descriptor) -> int:
        layer = SignatureLayer(descriptor, SignatureFormat.COSIGN, "x")
        return len(SignatureBudget().next_batch(deque([layer] * MAX_REQUESTS)))

    assert read(large) == many
    assert read(replace(large, size=MAX_SIGNATURE_BLOB + 1)) == MAX_REQUESTS
