"""What a signature is read into: nothing of an artifact is shown, and a malformed one is a rejection too."""

import dataclasses

import pytest

from pattern_operator.verify.parsed_signature import MalformedSignature, ParsedSignature, Rejection

SECRET = b"not to be shown"


def test_a_parsed_signature_shows_no_bytes_in_a_log():
    parsed = ParsedSignature(message=SECRET, signature=SECRET, payload=SECRET, hint="key")

    assert repr(parsed) == "ParsedSignature(hint='key')"


def test_a_parsed_signature_is_a_value():
    one, same = (ParsedSignature(message=b"m", signature=b"s", payload=b"p") for _ in range(2))

    assert one == same
    assert one.hint == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.payload = b"another"  # type: ignore[misc] # it is frozen: that is what is tested


@pytest.mark.parametrize("kind", [Rejection, MalformedSignature])
def test_a_rejection_neither_names_another_artifact_nor_the_right_key_unless_it_says_so(kind: type[Rejection]):
    rejection = kind("is not made by this key")

    assert isinstance(rejection, Rejection)
    assert (rejection.about_another, rejection.key_is_right) == (None, False)


def test_a_rejection_is_not_a_malformed_signature():
    assert not isinstance(Rejection("is made with another key"), MalformedSignature)
