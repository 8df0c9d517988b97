"""What a signature comes down to in every format, and how a signature says no.

What goes wrong with one signature is a value, not an exception: another signature beside it may be good, so the
policy looks at all of them before it decides.
"""

from dataclasses import dataclass, field

from pattern_operator.api.reference import Digest


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature that could be read: nothing in it is believed before ``signature`` fits a demanded key.

    ``message`` is what the signature is over. ``payload`` is the part of the message that says what is signed, and is
    parsed only after the signature is known to be good. ``hint`` is the key that the signature says it is made with, as
    the format has it: for messages alone.
    """

    message: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a signature does not count: a clause that follows its name, as in "is not made by this key".

    ``about_another`` is set where the signature itself is good and by a demanded key, but of this other digest.
    ``key_is_right``: a demanded key made it, or so it says, and what it signs is not what it should be.
    """

    why: str
    about_another: Digest | None = None
    key_is_right: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable(Refusal):
    """What lies in place of a signature is none: whoever's key is tried, nothing can be checked."""
