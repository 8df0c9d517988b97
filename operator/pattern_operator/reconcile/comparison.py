"""What the objects were like when they were applied, as status keeps it: so that a restart finds drift, and sends
nothing that is as it was. Pure.

Of each object it is the fingerprint of the fields that our apply owns (``apply.managed``), which needs no artifact to
be compared; of all together a digest of what was sent, which tells whether anything else is to be sent now.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.object import Object
from pattern_operator.api.status import InventoryEntry, Status
from pattern_operator.apply import FINGERPRINT_BYTES, Owner, add_owner_metadata
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.finished import is_run_record

_UNKNOWN: Final = bytes(FINGERPRINT_BYTES)  # of an object that others may change, or that was not compared
_NOTHING: Final = "-"  # in place of the digest: what was sent is not all of what is wanted


@dataclass(frozen=True, slots=True)
class Comparison:
    """``sent`` is a digest of all that was sent, empty where it is not known; ``fingerprints`` are by inventory id."""

    sent: str = ""
    fingerprints: Mapping[str, bytes] = field(default_factory=dict)


def sent_digest(objects: Iterable[Object], *, owner: Owner) -> str:
    """What stands for all that is sent to apply ``objects``; empty where one of them cannot be sent."""
    whole = hashlib.sha256()
    for each in sorted(objects, key=lambda each: each.key):
        try:
            body = apply_body(add_owner_metadata(each, owner=owner))
        except ValueError:
            return ""
        whole.update(f"{each.key} {len(body)} ".encode())
        whole.update(body)
    return whole.hexdigest()[:24]


def packed(comparison: Comparison, entries: Iterable[InventoryEntry]) -> str:
    """``comparison`` as status keeps it: the digest, and the fingerprints in the order of the inventory.

    Without the digest nothing is to be compared, and only the marks of what ends by itself (``finished``) are kept.
    """
    known = comparison.fingerprints
    if not comparison.sent:
        known = {name: piece for name, piece in known.items() if is_run_record(piece, entry=name)}
    listed = [known.get(each.id, _UNKNOWN) for each in entries]
    if all(each == _UNKNOWN for each in listed):
        return ""
    return f"{comparison.sent or _NOTHING}:{base64.b64encode(b''.join(listed)).decode()}"


def marks_of(status: Status, entries: Iterable[InventoryEntry]) -> str:
    """What ``status`` knows of the objects that end by themselves, for these entries: all else is under way."""
    return packed(Comparison(fingerprints=unpacked(status).fingerprints), entries)


def with_marks(status: Status, comparison: Comparison) -> Comparison:
    """What ``status`` knows, with what ``comparison`` has learned of the objects that end by themselves."""
    before, known = unpacked(status), comparison.fingerprints
    marks = {name: piece for name, piece in known.items() if is_run_record(piece, entry=name)}
    return Comparison(before.sent, {**before.fingerprints, **marks})


def unpacked(status: Status) -> Comparison:
    """What status keeps; nothing where it is of another inventory, or where somebody else wrote it."""
    sent, _, text = status.fingerprints.partition(":")
    entries = status.inventory.entries
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Comparison()
    if not sent or len(raw) != len(entries) * FINGERPRINT_BYTES:
        return Comparison()
    pieces = (raw[at : at + FINGERPRINT_BYTES] for at in range(0, len(raw), FINGERPRINT_BYTES))
    known = ((each.id, piece) for each, piece in zip(entries, pieces, strict=True))
    return Comparison("" if sent == _NOTHING else sent, {name: piece for name, piece in known if piece != _UNKNOWN})
