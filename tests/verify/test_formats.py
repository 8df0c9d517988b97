"""The table of signature formats."""

import pytest
from tests.verify import notary
from tests.verify.signing import bundle, cosign

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.verify.formats import FORMATS
from pattern_operator.verify.parsed_signature import MalformedSignature, Rejection


def test_every_format_that_the_registry_is_searched_for_is_read():
    assert FORMATS.keys() == set(SignatureFormat)


ENVELOPE = Signature(SignatureFormat.NOTATION, "referrer sha256:0a", notary.JWS, notary.ALICE.jws())


@pytest.mark.parametrize("signature", [cosign(), bundle(), ENVELOPE], ids=["cosign", "bundle", "notation"])
def test_a_format_reads_its_own_signatures_and_not_those_of_another(signature):
    read = {form: read(signature) for form, read in FORMATS.items()}

    assert not isinstance(read.pop(signature.format), Rejection)
    assert all(isinstance(each, MalformedSignature) for each in read.values())
