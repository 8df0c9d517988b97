"""How much of what claims to sign is read at once, and kept."""

from collections import deque
from dataclasses import replace

from pattern_operator.api.artifact import Descriptor, Signature, SignatureFormat
from pattern_operator.api.reference import Digest
from pattern_operator.limits import MAX_SIGNATURE_BLOB, MAX_SIGNATURES, MAX_SIGNATURES_SIZE
from pattern_operator.source.signatures.budget import MAX_REQUESTS, SignatureBudget, SignatureLayer


def layers(number: int) -> deque[SignatureLayer]:
    descriptor = Descriptor("application/json", Digest.of(b"x"), 1)
    return deque(SignatureLayer(descriptor, SignatureFormat.BUNDLE, f"{each}") for each in range(number))


def test_no_more_are_read_at_once_than_there_are_requests():
    waiting = layers(MAX_REQUESTS + 2)

    batches = [len(SignatureBudget().next_batch(waiting)) for _ in range(3)]

    assert batches == [MAX_REQUESTS, 2, 0]


def test_what_is_too_large_to_be_read_takes_no_room():
    large = Descriptor("application/json", Digest.of(b"x"), MAX_SIGNATURE_BLOB + 1)
    budget = SignatureBudget(size=MAX_SIGNATURES_SIZE)

    assert budget.next_batch(deque([SignatureLayer(large, SignatureFormat.COSIGN, "x")]))
    assert not budget.full


def test_it_is_full_only_when_there_is_no_room_for_the_first_that_waits():
    waiting = deque(replace(each, form=SignatureFormat.COSIGN) for each in layers(2))
    budget = SignatureBudget(signatures=MAX_SIGNATURES - 1)

    assert len(budget.next_batch(waiting)) == 1
    assert not budget.full

    budget.signatures += 1
    assert not budget.next_batch(waiting)
    assert budget.full


def test_a_signature_that_fills_the_room_is_kept_and_the_next_is_not():
    budget = SignatureBudget(size=MAX_SIGNATURES_SIZE - 1)
    signature = Signature(SignatureFormat.BUNDLE, "x", "application/json", b"x")

    assert budget.take(signature)
    assert not budget.full

    assert not budget.take(signature)
    assert budget.full


def test_a_layer_as_large_as_a_signature_may_be_counts_and_one_that_is_not_read_does_not():
    large = Descriptor("application/json", Digest.of(b"x"), MAX_SIGNATURE_BLOB)
    many = MAX_SIGNATURES_SIZE // MAX_SIGNATURE_BLOB
    assert many < MAX_REQUESTS

    def read(descriptor: Descriptor) -> int:
        layer = SignatureLayer(descriptor, SignatureFormat.COSIGN, "x")
        return len(SignatureBudget().next_batch(deque([layer] * MAX_REQUESTS)))

    assert read(large) == many
    assert read(replace(large, size=MAX_SIGNATURE_BLOB + 1)) == MAX_REQUESTS
