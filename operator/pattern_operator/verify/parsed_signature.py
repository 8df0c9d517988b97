"""What every format reads a signature into, and why a signature is rejected.

What goes wrong with one signature is a value, not an exception: another signature beside it may be good, so the
policy looks at all of them before it decides.
"""

from dataclasses import dataclass, field

from pattern_operator.api.reference import Digest


@dataclass(frozen=True, slots=True)
class ParsedSignature:
    """A signature that could be read: nothing in it is believed before ``signature`` fits a required key.

    ``message`` is what the signature is over. ``payload`` is the part of the message that says what is signed, and is
    parsed only after the signature is known to be good. ``hint`` is the key that the signature says it is made with, as
    the format has it: for messages alone.
    """

    message: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a signature does not count: a clause that follows its name, as in "is not made by this key".

    ``about_another`` is the digest that was signed, where a required key signed another artifact. ``key_is_right``: the
    signature is by a required key, or says so, and what it signs is wrong. ``fits_no_key``: it is not made with any of
    the keys that it was tried with.
    """

    why: str
    about_another: Digest | None = None
    key_is_right: bool = False
    fits_no_key: bool = False


@dataclass(frozen=True, slots=True)
class MalformedSignature(Rejection):
    """Cannot be parsed as a signature, so that no key can be tried."""
