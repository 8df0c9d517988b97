"""Checkpoints: the log's signature on the size and root of its tree.

Formats: c2sp.org/signed-note and c2sp.org/tlog-checkpoint; rekor, pkg/util/checkpoint.go and signed_note.go.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pattern_operator.limits import MAX_CHECKPOINT, MAX_NOTE_SIGNATURES
from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.encoding import decode_base64
from pattern_operator.verify.key import verify_signature
from pattern_operator.verify.transparency.merkle import HASH_SIZE
from pattern_operator.verify.trusted_root import Log

_SIGNATURE: Final = re.compile("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)")  # an em dash, a name and base64
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_HINT: Final = 4  # bytes of the id of a key, before the signature
_TREE: Final = " - "  # Rekor v1: "rekor.sigstore.dev - 2605736670972794746" is the tree, signed as rekor.sigstore.dev


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A line of signature: who is said to have signed, the beginning of the id of the key, and the signature."""

    name: str
    hint: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that is not verified: ``text`` is what is signed."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: tuple[NoteSignature, ...]


def read_checkpoint(note: str) -> Checkpoint:
    """Take a signed note apart: origin, size and root, further lines, an empty line, and lines of signatures.

    Raises:
        InvalidDocument: it is anything else.
    """
    if len(note) > MAX_CHECKPOINT:
        raise InvalidDocument(f"has a checkpoint of more than {MAX_CHECKPOINT} characters")
    if any(letter != "\n" and not letter.isprintable() for letter in note):
        raise InvalidDocument("has a checkpoint with characters that are not printed")
    text, empty, rest = note.partition("\n\n")
    lines = text.split("\n")
    if not empty or "\n\n" in rest or not rest.endswith("\n") or len(lines) < 3:
        raise InvalidDocument("has a checkpoint without text and signatures")
    origin, size, root = lines[:3]
    if not origin or not _SIZE.fullmatch(size):
        raise InvalidDocument("has a checkpoint without origin or size")
    try:
        hashed = decode_base64(root)
    except InvalidDocument as error:
        raise InvalidDocument(f"has a checkpoint with a root hash that {error}") from error
    if len(hashed) != HASH_SIZE:
        raise InvalidDocument("has a checkpoint without root hash")
    return Checkpoint(origin, int(size), hashed, f"{text}\n".encode(), _signatures(rest))


def is_signed_by(checkpoint: Checkpoint, log: Log) -> bool:
    """Whether the log itself signed the checkpoint; what witnesses and unknown keys signed decides nothing.

    A line is the log's when it has its name and the beginning of the id of its key. All such lines must hold.
    """
    if log.origin and checkpoint.origin != log.origin:
        return False
    own = _lines_of(log, checkpoint)
    return bool(own) and all(verify_signature(log.key, each.signature, checkpoint.text) for each in own)


def is_signed_by_others(checkpoint: Checkpoint, log: Log) -> bool:
    """Whether it has a line that is not the log's. Rekor v1 has no witnesses, and cosign refuses any other line."""
    return len(_lines_of(log, checkpoint)) < len(checkpoint.signatures)


def _lines_of(log: Log, checkpoint: Checkpoint) -> Sequence[NoteSignature]:
    name = log.origin or checkpoint.origin.partition(_TREE)[0]
    return [each for each in checkpoint.signatures if each.name == name and each.hint == log.log_id[:_HINT]]


def _signatures(lines: str) -> tuple[NoteSignature, ...]:
    found: list[NoteSignature] = []
    for line in lines.removesuffix("\n").split("\n"):
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise InvalidDocument("has a checkpoint with a line that is not a signature")
        raw = decode_base64(match[2])
        if len(raw) <= _HINT:
            raise InvalidDocument("has a checkpoint with an empty signature")
        found.append(NoteSignature(match[1], raw[:_HINT], raw[_HINT:]))
        if len(found) > MAX_NOTE_SIGNATURES:
            raise InvalidDocument(f"has a checkpoint with more than {MAX_NOTE_SIGNATURES} signatures")
    return tuple(found)
