"""The signature formats that are understood: what a module for one provides, and the table of them.

How the signatures of a format are found in a registry is in ``source.signatures.formats``: a new one is added in both.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.verify import bundle, cosign, mismatch
from pattern_operator.verify.authority import Authority
from pattern_operator.verify.key import PublicKey, verify_signature
from pattern_operator.verify.outcome import KeySigner, Outcome, Verified
from pattern_operator.verify.parsed_signature import ParsedSignature, Rejection
from pattern_operator.verify.subject import Subject


class ReadSignature(Protocol):
    """A signature that could be read; nothing in it is believed."""

    def verify(self, subject: Subject, authority: Authority, *, now: datetime) -> Outcome:
        """Whether it is by the authority and about the subject. Total: whatever is wrong is a Rejection."""


Reader = Callable[[Signature], ReadSignature | Rejection]


class _KeyFormat(Protocol):
    """What a module for a format that is signed with keys provides."""

    def read(self, signature: Signature) -> ParsedSignature | Rejection: ...
    def check_payload(
        self, parsed: ParsedSignature, *, digest: Digest, repository: Repository | None
    ) -> Rejection | None: ...


class _SignedWithKey:
    """A signature of a format that knows keys alone. What it says is looked at once, for however many authorities."""

    def __init__(self, parsed: ParsedSignature, form: _KeyFormat) -> None:
        self._parsed = parsed
        self._form = form
        self._content: dict[Subject, Rejection | None] = {}

    def verify(self, subject: Subject, authority: Authority, *, now: datetime) -> Outcome:
        """As ``ReadSignature.verify``."""
        key = next((it for it in authority.keys if _fits(it, self._parsed)), None)
        rejection = self._check_payload(subject)
        if key is None:
            return mismatch.explain(self._parsed, content=rejection, keys=authority.keys)
        if rejection is not None:
            why = f"is by {authority} and {rejection.why}"
            return replace(rejection, why=why, key_is_right=True)
        return Verified(KeySigner(hashlib.sha256(key.spki).hexdigest()))

    def _check_payload(self, subject: Subject) -> Rejection | None:
        """Why what is signed is not the subject; of several repositories one has to be named."""
        if subject not in self._content:
            rejections = [
                self._form.check_payload(self._parsed, digest=subject.digest, repository=each)
                for each in subject.repositories or (None,)
            ]
            self._content[subject] = None if None in rejections else rejections[0]
        return self._content[subject]


def _fits(key: PublicKey, parsed: ParsedSignature) -> bool:
    return verify_signature(key, parsed.signature, parsed.message)


def _reader(form: _KeyFormat) -> Reader:
    def read(signature: Signature) -> ReadSignature | Rejection:
        parsed = form.read(signature)
        return parsed if isinstance(parsed, Rejection) else _SignedWithKey(parsed, form)

    return read


FORMATS: Final[Mapping[SignatureFormat, Reader]] = {
    SignatureFormat.COSIGN: _reader(cosign),
    SignatureFormat.BUNDLE: _reader(bundle),
}
