"""Verifies an entry of a transparency log: it is of a log that is trusted, it is proven, and it is about a signature.

What is present must hold: a promise, a proof or a checkpoint that is wrong is never made good by another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from pattern_operator.limits import MAX_PROOF
from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.outcome import LogEntry
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.protojson import (
    Message,
    bytes_field,
    bytes_list,
    int64_field,
    message,
    text_field,
)
from pattern_operator.verify.transparency.body import REKOR_V2_KINDS, LoggedSignature, check_body
from pattern_operator.verify.transparency.checkpoint import is_signed_by, is_signed_by_others, read_checkpoint
from pattern_operator.verify.transparency.merkle import HASH_SIZE, root_of
from pattern_operator.verify.transparency.promise import verify_promise
from pattern_operator.verify.trusted_root import Log

FIELDS: Final = (  # sigstore_rekor.proto, ``TransparencyLogEntry``
    "logIndex",
    "logId",
    "kindVersion",
    "integratedTime",
    "inclusionPromise",
    "inclusionProof",
    "canonicalizedBody",
)
_PROOF: Final = ("logIndex", "rootHash", "treeSize", "hashes", "checkpoint")
_LATEST: Final = 253_402_300_799  # the last second of the year 9999: no later one has a date


class Evidence(Enum):
    """What proves that an entry is in its log."""

    PROMISE = auto()  # a SET: classic cosign signatures have nothing else
    PROMISE_OR_PROOF = auto()  # bundles v0.1
    PROOF = auto()  # an inclusion proof with a checkpoint: bundles from v0.2 on


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The place in a tree, the root of the tree, the hashes between, and what the log signed; it may be empty."""

    index: int
    size: int
    root: bytes
    path: tuple[bytes, ...]
    checkpoint: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """An entry as it was read: nothing of it is believed. ``time`` is in Unix seconds, and zero where there is none."""

    log_id: bytes
    index: int
    kind: str
    version: str
    body: bytes = field(repr=False)
    time: int = 0
    promise: bytes | None = field(default=None, repr=False)
    proof: InclusionProof | None = None


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry that was verified, and the log that has it."""

    entry: LogEntry
    log: Log


def read_entry(entry: Message) -> ParsedEntry:
    """Take a ``TransparencyLogEntry`` apart; raises InvalidDocument for anything else."""
    kind = message(entry.get("kindVersion"), "kindVersion", fields=("kind", "version"))
    promise = None
    if "inclusionPromise" in entry:
        found = message(entry["inclusionPromise"], "inclusionPromise", fields=("signedEntryTimestamp",))
        promise = bytes_field(found, "signedEntryTimestamp")
    index, time = int64_field(entry, "logIndex"), int64_field(entry, "integratedTime")
    return ParsedEntry(
        log_id=bytes_field(message(entry.get("logId"), "logId", fields=("keyId",)), "keyId"),
        index=index,
        kind=text_field(kind, "kind"),
        version=text_field(kind, "version"),
        body=bytes_field(entry, "canonicalizedBody"),
        time=time,
        promise=promise,
        proof=_read_proof(entry["inclusionProof"]) if "inclusionProof" in entry else None,
    )


def verify_entry(
    parsed: ParsedEntry, *, logs: Sequence[Log], logged: LoggedSignature, evidence: Evidence
) -> ProvenEntry | Rejection:
    """Decide whether one of ``logs`` has the entry, and whether it is about ``logged``.

    ``LogEntry.integrated_at`` is set only where a promise of the log proves it, and the log was valid then. Where it is
    not set, the caller has to compare the validity of the log with the times that it knows.
    """
    log = next((each for each in logs if each.log_id == parsed.log_id), None)
    if log is None:
        return Rejection(f"has an entry of a log that is not trusted ({parsed.log_id.hex()[:12]})")
    wrong = _wrong_time(parsed) or _wrong_promise(parsed, log) or _wrong_proof(parsed, log)
    wrong = wrong or _without(evidence, parsed)
    if wrong is None:
        wrong = check_body(parsed.body, kind=parsed.kind, version=parsed.version, logged=logged)
    if wrong is not None:
        return Rejection(wrong)
    integrated_at = datetime.fromtimestamp(parsed.time, UTC) if parsed.promise is not None else None
    if integrated_at is not None and not log.valid.contains(integrated_at):
        return Rejection("has an entry of a time when its log was not to be believed any more, or not yet")
    # The index over all shards of the log is only proven by a promise; a proof is about the index in one of them.
    index = parsed.index if parsed.promise is not None or parsed.proof is None else parsed.proof.index
    return ProvenEntry(LogEntry(log.log_id.hex(), index, integrated_at), log)


def _read_proof(value: object) -> InclusionProof:
    proof = message(value, "inclusionProof", fields=_PROOF)
    checkpoint = ""
    if "checkpoint" in proof:
        checkpoint = text_field(message(proof["checkpoint"], "checkpoint", fields=("envelope",)), "envelope")
    root, path = bytes_field(proof, "rootHash"), bytes_list(proof, "hashes", most=MAX_PROOF)
    if any(len(each) != HASH_SIZE for each in (root, *path)):
        raise InvalidDocument(f"has an inclusion proof with a hash that does not have {HASH_SIZE} bytes")
    return InclusionProof(int64_field(proof, "logIndex"), int64_field(proof, "treeSize"), root, path, checkpoint)


def _wrong_time(parsed: ParsedEntry) -> str | None:
    """Whichever format it is of."""
    if parsed.index >= 0 and 0 <= parsed.time <= _LATEST:
        return None
    return "has a log entry with a negative index, or a time that is none"


def _wrong_promise(parsed: ParsedEntry, log: Log) -> str | None:
    if parsed.promise is None:
        return None
    if (parsed.kind, parsed.version) in REKOR_V2_KINDS:
        return "has a promise for an entry of a kind that no log gives one for"
    holds = verify_promise(
        parsed.promise,
        key=log.key,
        log_id=parsed.log_id,
        index=parsed.index,
        time=parsed.time,
        body=parsed.body,
    )
    return None if holds else "has a signed entry timestamp that the log did not sign"


def _wrong_proof(parsed: ParsedEntry, log: Log) -> str | None:
    proof = parsed.proof
    if proof is None:
        return None
    if root_of(parsed.body, index=proof.index, size=proof.size, path=proof.path) != proof.root:
        return "has an inclusion proof that does not fit its entry"
    in_one_tree = log.origin != "" or (parsed.kind, parsed.version) in REKOR_V2_KINDS
    if proof.index > parsed.index or (in_one_tree and proof.index != parsed.index):
        return "has an inclusion proof for another index"  # the log's own, which counts all shards, is not smaller
    if not proof.checkpoint:  # anybody can make a tree: the log signs its root
        return "has an inclusion proof without a checkpoint, in a tree that the log did not sign"
    try:
        checkpoint = read_checkpoint(proof.checkpoint)
    except InvalidDocument as error:
        return str(error)
    if not is_signed_by(checkpoint, log):
        return "has a checkpoint that the log did not sign"
    if (parsed.kind, parsed.version) not in REKOR_V2_KINDS and is_signed_by_others(checkpoint, log):
        return "has a checkpoint with a signature of somebody else, which no log of its kind has"
    if (checkpoint.size, checkpoint.root) != (proof.size, proof.root):
        return "has a checkpoint of another tree than its inclusion proof"
    return None


def _without(evidence: Evidence, parsed: ParsedEntry) -> str | None:
    """Say what is missing; what is there was found to hold."""
    match evidence:
        case Evidence.PROMISE if parsed.promise is None:
            return "has no signed entry timestamp of the log"
        case Evidence.PROMISE_OR_PROOF if parsed.promise is None and parsed.proof is None:
            return "has neither a signed entry timestamp nor an inclusion proof with a checkpoint"
        case Evidence.PROOF if parsed.proof is None:
            return "has no inclusion proof with a checkpoint"
        case _:
            return None
