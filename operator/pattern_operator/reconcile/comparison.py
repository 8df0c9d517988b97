"""What the objects were like when they were applied, as status keeps it: so that a restart finds drift, and sends
nothing that is as it was. Pure.

Of each object it is the fingerprint of the fields that our apply owns (``apply.managed``), which needs no artifact to
be compared; of all together a digest of what was sent, which tells whether anything else is to be sent now. What was
sent of each is known as long as the process lives (``apply.managed``), and after a restart once the digest of all of
them was found to be the same.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.status import InventoryEntry, Status
from pattern_operator.apply import FINGERPRINT_BYTES, Owner, add_owner_metadata
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.finished import is_run_record, record_without_content
from pattern_operator.apply.ignore_differences import decode_rules, formerly_applied, pointers_of
from pattern_operator.apply.replicas import scaled_in

_UNKNOWN: Final = bytes(FINGERPRINT_BYTES)  # of an object that others may change, or that was not compared
_EACH_BYTES: Final = 16
_NOTHING: Final = "-"  # in place of the digest: what was sent is not all of what is wanted


@dataclass(frozen=True, slots=True)
class Comparison:
    """``sent`` is ``Sent.whole``, empty where it is not known; ``fingerprints`` are by inventory id."""

    sent: str = ""
    fingerprints: Mapping[str, bytes] = field(default_factory=dict)

    def without_digests(self) -> "Comparison":
        """Without what is computed from values of objects: only how those stand that end by themselves."""
        marks = ((name, record_without_content(piece, entry=name)) for name, piece in self.fingerprints.items())
        return Comparison(fingerprints={name: mark for name, mark in marks if mark is not None})


@dataclass(frozen=True, slots=True)
class Sent:
    """What stands for what is sent to apply objects.

    ``whole`` is of all of them, as status keeps it; empty where one cannot be sent. ``each`` is of one, and of how it
    is sent: by which account, and what of it is left to others. Of ``conflicts`` and ``adopt`` it says nothing, because
    they are about objects that are not the pattern's yet, and these are not known as sent.
    """

    whole: str = ""
    each: Mapping[ObjectKey, bytes] = field(default_factory=dict)


def sent_of(
    objects: Iterable[Object], *, owner: Owner, ignored: Iterable[IgnoreDifferences] = (), account: str | None = None
) -> Sent:
    """What stands for what is sent for ``owner`` by ``account``, with these fields left to others."""
    objects = sorted(objects, key=lambda each: each.key)
    rules, scaled = decode_rules(ignored), scaled_in(objects)
    whole, is_whole, digests = hashlib.sha256(), True, dict[ObjectKey, bytes]()
    for each in objects:
        key = each.key
        try:
            body = apply_body(add_owner_metadata(each, owner=owner))
        except ValueError:
            is_whole = False
            continue
        whole.update(f"{key} {len(body)} ".encode())
        whole.update(body)
        left = (*pointers_of(rules, each), *formerly_applied(rules, each))
        how = orjson.dumps([account, (key.group, key.kind, key.namespace, key.name) in scaled, left])
        digests[key] = hashlib.blake2b(b"%d %b%b" % (len(how), how, body), digest_size=_EACH_BYTES).digest()
    return Sent(whole.hexdigest()[:24] if is_whole else "", digests)


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
