"""What a signer signs beside the payload: the scheme, the times, and what a verifier must understand.

Source: signature-specification.md, "Signed Attributes"; which of them must be critical, and which belong to which
scheme, is the same in both kinds of envelope.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.encoding import quoted

PREFIX: Final = "io.cncf.notary."
SIGNING_SCHEME: Final = f"{PREFIX}signingScheme"
SIGNING_TIME: Final = f"{PREFIX}signingTime"
AUTHENTIC_SIGNING_TIME: Final = f"{PREFIX}authenticSigningTime"
EXPIRY: Final = f"{PREFIX}expiry"
TIMESTAMP: Final = f"{PREFIX}timestampSignature"  # not signed
_SIGNING_AGENT: Final = f"{PREFIX}signingAgent"  # not signed
_PLUGIN: Final = f"{PREFIX}verificationPlugin"  # and verificationPluginMinVersion
_UNDERSTOOD: Final = frozenset({SIGNING_SCHEME, SIGNING_TIME, AUTHENTIC_SIGNING_TIME, EXPIRY})


class SigningScheme(StrEnum):
    """Who vouches for the time of signing."""

    X509 = "notary.x509"  # the signer alone; a timestamp may
    SIGNING_AUTHORITY = "notary.x509.signingAuthority"  # the authority that signs for a publisher


@dataclass(frozen=True, slots=True)
class SignedAttributes:
    """The attributes of a signature. ``signing_time`` may be believed of a signing authority alone."""

    scheme: SigningScheme
    signing_time: datetime
    expiry: datetime | None


def read_attributes(
    protected: Mapping[str, object], *, critical: Sequence[object], read_time: Callable[[object], datetime]
) -> SignedAttributes:
    """Take the attributes from the protected header of an envelope.

    ``critical`` are those that the header says must be understood; ``read_time`` reads a time as the envelope has it.

    Raises:
        InvalidDocument: one is missing, does not belong to the scheme, is not marked as critical although it must be,
            or must be understood and is not; the message is a clause that says which.
    """
    scheme = _scheme(protected.get(SIGNING_SCHEME))
    _check_critical(protected, critical)
    _require_critical(SIGNING_SCHEME, critical)
    authority = scheme is SigningScheme.SIGNING_AUTHORITY
    own, foreign = (AUTHENTIC_SIGNING_TIME, SIGNING_TIME) if authority else (SIGNING_TIME, AUTHENTIC_SIGNING_TIME)
    if own not in protected or foreign in protected:
        raise InvalidDocument(f"does not have {own}, and not {foreign}, as {scheme} demands")
    if authority:
        _require_critical(AUTHENTIC_SIGNING_TIME, critical)
    signing_time, expiry = read_time(protected[own]), None
    if EXPIRY in protected:
        _require_critical(EXPIRY, critical)
        expiry = read_time(protected[EXPIRY])
        if expiry <= signing_time:
            raise InvalidDocument("expires before it was made")
    return SignedAttributes(scheme, signing_time, expiry)


def check_unsigned(unsigned: Mapping[Any, object]) -> None:
    """Refuse names in the unsigned header that belong into the signed one, and a signing agent that is not text.

    The name of an agent is compared as notation reads it, to whose JSON capitals are the same.

    Raises:
        InvalidDocument: there is one.
    """
    for name, value in unsigned.items():
        if name in _UNDERSTOOD:
            raise InvalidDocument(f"has {name} outside of what is signed")
        if isinstance(name, str) and name.lower() == _SIGNING_AGENT.lower() and not isinstance(value, str):
            raise InvalidDocument("has a signing agent that is not text")


def _scheme(value: object) -> SigningScheme:
    try:
        return SigningScheme(value) if isinstance(value, str) else SigningScheme("")
    except ValueError as error:
        raise InvalidDocument(f"has the signing scheme {quoted(value)}, which is not known") from error


def _check_critical(protected: Mapping[str, object], critical: Sequence[object]) -> None:
    """Refuse what must be understood and is not, also where a plugin would understand it: there are none."""
    if plugin := next((name for name in protected if name.startswith(_PLUGIN)), None):
        raise InvalidDocument(f"asks for a verification plugin ({quoted(plugin)}), and there are none")
    names = [name for name in critical if isinstance(name, str)]
    if len(names) != len(critical) or len(set(names)) != len(names):
        raise InvalidDocument("names a critical attribute twice, or one that is not text")
    if unknown := next((name for name in names if name not in _UNDERSTOOD), None):
        raise InvalidDocument(f"has a critical attribute {quoted(unknown)} that is not understood")
    if absent := next((name for name in names if name not in protected), None):
        raise InvalidDocument(f"names a critical attribute {absent} that it does not have")


def _require_critical(name: str, critical: Sequence[object]) -> None:
    if name not in critical:
        raise InvalidDocument(f"does not mark {name} as critical")
