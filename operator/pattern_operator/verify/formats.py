"""The signature formats that are understood: what a module for one provides, and the table of them.

How the signatures of a format are found in a registry is in ``source.signatures.formats``: a new one is added in both.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.verify import bundle, cosign
from pattern_operator.verify.parsed_signature import ParsedSignature, Rejection


class Format(Protocol):
    """What a module for one signature format provides."""

    def read(self, signature: Signature) -> ParsedSignature | Rejection:
        """Parse the signature, and trust nothing in it."""

    def check_payload(
        self, parsed: ParsedSignature, *, digest: Digest, repository: Repository | None
    ) -> Rejection | None:
        """Why a payload with a valid signature is not about the digest; None when it is."""


FORMATS: Final[Mapping[SignatureFormat, Format]] = {
    SignatureFormat.COSIGN: cosign,
    SignatureFormat.BUNDLE: bundle,
}
