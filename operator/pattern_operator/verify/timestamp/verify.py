"""Decides whether a timestamp token was made for a message, by a TSA that is trusted: RFC 3161 section 2.4.2.

Strict: one signer, a signed signing-certificate attribute of version 2 (RFC 5816), SHA-256 or better everywhere, and a
certificate that is for timestamps alone (section 2.3), whose path to a root is valid at the time that is stated.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives import hashes

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.key import verify_as
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.timestamp.algorithms import hash_of
from pattern_operator.verify.timestamp.signed_data import Encoding, Token, read_token
from pattern_operator.verify.timestamp.structures import Accuracy
from pattern_operator.verify.x509.certificate import UNREADABLE, Certificate
from pattern_operator.verify.x509.chain import Chain, find_chain
from pattern_operator.verify.x509.purpose import Purpose

_MOST_INACCURATE: Final = timedelta(days=1)  # TSAs state seconds
_FRACTIONS: Final = range(1, 1000)  # of milli- and microseconds, RFC 3161 section 2.4.2


@dataclass(frozen=True, slots=True)
class StampedDigest:
    """The digest of a message that is not at hand; ``algorithm`` as hashlib names it."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A timestamp that was verified. ``chain`` is the path from the certificate of the TSA to its root."""

    time: datetime
    accuracy: timedelta
    chain: Chain = field(repr=False)

    @property
    def earliest(self) -> datetime:
        """The beginning of the interval in which the stamp was made."""
        try:
            return self.time - self.accuracy
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)

    @property
    def latest(self) -> datetime:
        """The end of that interval."""
        try:
            return self.time + self.accuracy
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)


def verify_timestamp(
    timestamp: bytes,
    stamped: bytes | StampedDigest,
    *,
    encoding: Encoding,
    roots: Sequence[Certificate],
    intermediates: Sequence[Certificate] = (),
) -> Timestamp | Rejection:
    """Verify that ``timestamp`` was made for ``stamped``, a message or its digest, by a TSA of ``roots``.

    ``intermediates`` are further certificates, not trusted: also that of the TSA, where the token does not bring it.
    Total: whatever the bytes are, what fails is a ``Rejection``, a clause that follows the name of the timestamp.
    """
    try:
        token = read_token(timestamp, encoding=encoding)
        accuracy = _accuracy(token.info.accuracy)
        _check_imprint(token, stamped)
        signer = _signer(token, [*token.certificates, *intermediates])
        _check_signature(token, signer)
    except InvalidDocument as error:
        return Rejection(str(error))
    except UNREADABLE:  # of names, cryptography checks the types of values when it makes objects of them
        return Rejection("has a name or a number that cannot be read")
    time = token.time
    known = [each for each in (*token.certificates, *intermediates) if each != signer]
    chain = find_chain(signer, roots=roots, intermediates=known, at=time, purpose=Purpose.TIME_STAMPING)
    if isinstance(chain, Rejection):
        return chain
    if not all(any(_digest(method, each) == stated for each in chain) for method, stated in token.further):
        return Rejection("states that it is verified with a certificate that is not in its chain")
    if token.signing_time is not None and not signer.is_valid_at(token.signing_time):
        return Rejection("states a signing time at which the certificate of the TSA was not valid")
    return Timestamp(time, accuracy, chain)


def _check_imprint(token: Token, stamped: bytes | StampedDigest) -> None:
    imprint = token.info.imprint
    name = hash_of(imprint.algorithm, name="message digest algorithm").name
    if isinstance(stamped, bytes):
        digest = hashlib.new(name, stamped).digest()
    elif stamped.algorithm == name:
        digest = stamped.digest
    else:
        raise InvalidDocument(f"stamps a {name} digest, and the {stamped.algorithm} one is known")
    if not hmac.compare_digest(imprint.digest, digest):
        raise InvalidDocument("was made for another message")


def _signer(token: Token, certificates: Sequence[Certificate]) -> Certificate:
    """The certificate that the signer states to be its own: by hash, and by issuer and serial wherever they stand."""
    wanted = token.certificate_id
    named = next((each for each in certificates if _digest(token.certificate_hash, each) == wanted.hash), None)
    if named is None:
        raise InvalidDocument("is signed with a certificate that is not known")
    if not _is_named(named, token.signer.issuer.public_bytes(), token.signer.serial):
        raise InvalidDocument("names another signer than its signed attributes do")
    if (stated := wanted.issuer_serial) is not None and not (
        len(stated.issuer) == 1 and _is_named(named, stated.issuer[0].public_bytes(), stated.serial)
    ):
        raise InvalidDocument("states another issuer and serial number than its certificate has")
    return named


def _is_named(certificate: Certificate, issuer: bytes, serial: int) -> bool:
    return certificate.issuer.public_bytes() == issuer and certificate.parsed.serial_number == serial


def _digest(method: hashes.HashAlgorithm, certificate: Certificate) -> bytes:
    return hashlib.new(method.name, certificate.der).digest()


def _check_signature(token: Token, signer: Certificate) -> None:
    if signer.key is None:
        raise InvalidDocument(f"is signed with a key that {signer.key_weakness}")
    if hashlib.new(token.digest.name, token.content).digest() != token.message_digest:
        raise InvalidDocument("has another content than the one that was signed")
    if not verify_as(signer.key, token.algorithm, token.signature, token.signed):
        raise InvalidDocument("has a signature that does not fit its certificate")


def _accuracy(stated: Accuracy | None) -> timedelta:
    if stated is None:
        return timedelta()
    fractions = [each for each in (stated.milliseconds, stated.microseconds) if each is not None]
    seconds = stated.seconds or 0
    if not 0 <= seconds <= _MOST_INACCURATE.total_seconds() or any(each not in _FRACTIONS for each in fractions):
        raise InvalidDocument("states an accuracy that is not valid, or is more than a day")
    return timedelta(seconds=seconds, milliseconds=stated.milliseconds or 0, microseconds=stated.microseconds or 0)
