"""A signature is known by all of it that decides what it proves, and by nothing else."""

from dataclasses import replace

from pattern_operator.api.artifact import Signature, SignatureFormat

SIGNATURE = Signature(SignatureFormat.COSIGN, "here", "application/json", b"payload", {"a": "1", "b": "2"})


def test_a_signature_is_known_by_what_it_proves_wherever_it_is():
    same = [
        replace(SIGNATURE, where="there"),
        replace(SIGNATURE, annotations={"b": "2", "a": "1"}),
    ]
    others = [
        replace(SIGNATURE, format=SignatureFormat.BUNDLE),
        replace(SIGNATURE, media_type="text/plain"),
        replace(SIGNATURE, payload=b"payloaD"),
        replace(SIGNATURE, annotations={"a": "2", "b": "2"}),
        replace(SIGNATURE, annotations={"a": "1"}),
        replace(SIGNATURE, annotations={}),
    ]

    assert {each.digest for each in same} == {SIGNATURE.digest}
    assert len({SIGNATURE.digest, *(each.digest for each in others)}) == len(others) + 1
    assert len(SIGNATURE.digest) == 64
