"""What proves a signature besides its key: log entries and timestamps, and the times that they prove."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pattern_operator.verify.authority import LogPolicy, TimestampPolicy
from pattern_operator.verify.outcome import LogEntry
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.sigstore.material import Material
from pattern_operator.verify.timestamp import Encoding, verify_timestamp
from pattern_operator.verify.transparency.body import LoggedSignature, Verifier
from pattern_operator.verify.transparency.log_entry import ProvenEntry, verify_entry
from pattern_operator.verify.trusted_root import Authority


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven of a signature: entries of logs, the timestamps that hold, and all times that these prove."""

    entries: tuple[LogEntry, ...] = ()
    timestamps: tuple[bytes, ...] = field(default=(), repr=False)
    times: tuple[datetime, ...] = ()


def prove(
    material: Material,
    *,
    verifiers: tuple[Verifier, ...],
    log: LogPolicy | None,
    timestamp: TimestampPolicy | None,
    now: datetime,
) -> Proof | Rejection:
    """Verify the log entries and timestamps of ``material``, whose signature is verified with one of ``verifiers``.

    Every entry must hold, and each must be another one; without a ``log`` they are not looked at. A timestamp that does
    not hold counts for nothing. A log that proves no time itself must have been valid at all times that are proven, or
    now where there is none: a key that was given up proves nothing new.
    """
    entries = _entries(material, verifiers, log)
    if isinstance(entries, Rejection):
        return entries
    stamped = _stamped(material, timestamp)
    if timestamp is not None and timestamp.required and not stamped:
        return Rejection("has no timestamp of a timestamp authority that is trusted")
    promised = [each.entry.integrated_at for each in entries if each.entry.integrated_at is not None]
    times = (*stamped.values(), *promised)
    for each in entries:
        if each.entry.integrated_at is None and not all(each.log.valid.contains(time) for time in times or (now,)):
            return Rejection("has an entry of a log that was not to be believed at the time of the signature")
    return Proof(tuple(each.entry for each in entries), tuple(stamped), times)


def _entries(
    material: Material, verifiers: tuple[Verifier, ...], log: LogPolicy | None
) -> Sequence[ProvenEntry] | Rejection:
    if log is None:
        return ()
    if log.required and not material.entries:
        return Rejection("has no entry of a transparency log, and one is required")
    logged = LoggedSignature(material.content, material.signature, verifiers)
    if len({(each.log_id, each.body) for each in material.entries}) < len(material.entries):
        return Rejection("has the same log entry twice")  # with a promise or without, whichever index it names
    found: list[ProvenEntry] = []
    for parsed in material.entries:
        proven = verify_entry(parsed, logs=log.logs, logged=logged, evidence=material.evidence)
        if isinstance(proven, Rejection):
            return proven
        found.append(proven)
    if len({(each.entry.log_id, each.entry.index) for each in found}) < len(found):
        return Rejection("has the same log entry twice")
    return found


def _stamped(material: Material, timestamp: TimestampPolicy | None) -> dict[bytes, datetime]:
    """Find the timestamps that hold, and their times."""
    if timestamp is None:
        return {}
    times = {token: _time_of(token, material.signature, timestamp.authorities) for token in material.timestamps}
    return {token: time for token, time in times.items() if time is not None}


def _time_of(token: bytes, signature: bytes, authorities: Sequence[Authority]) -> datetime | None:
    """The time that one of ``authorities`` stamped ``signature`` at; None where none of them did.

    The first certificate of an authority is the one that it stamps with, where it is not a CA: then no other counts.
    """
    for authority in authorities:
        first, root = authority.certificates[0], authority.certificates[-1]
        stamp = verify_timestamp(
            token, signature, encoding=Encoding.RESPONSE, roots=[root], intermediates=authority.certificates[:-1]
        )
        if isinstance(stamp, Rejection) or not authority.valid.contains(stamp.time):
            continue
        if first.is_authority or stamp.chain[0] == first:
            return stamp.time
    return None
