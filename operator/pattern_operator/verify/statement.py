"""Reads in-toto statements: what is said of which artifacts.

Formats: in-toto attestation, spec/v1/statement.md and spec/v0.1.0/statement.md, spec/v1/digest_set.md.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.artifact import SIGNATURE_PREDICATE
from pattern_operator.api.reference import Digest, InvalidReference
from pattern_operator.limits import MAX_SUBJECTS
from pattern_operator.strict_json import InvalidDocument, read_bounded
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.outcome import Statement
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.subject import HASHES, Subject

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
TYPES: Final = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement about the artifact, and the annotations that it has for it: cosign puts them into the subject."""

    statement: Statement
    annotations: Mapping[str, str] = field(default_factory=dict)


def read_statement(payload: bytes, subject: Subject) -> SignedStatement | Rejection:
    """Read a statement whose signature holds, and that must be about ``subject``.

    What the predicate means is not looked at: see ``not_an_approval``.
    """
    try:
        statement = read_bounded(payload)
        if statement.get("_type") not in TYPES:
            return Rejection(f"is a statement of type {quoted(statement.get('_type'))} and not {TYPES[0]}")
        kind = statement.get("predicateType")
        if not isinstance(kind, str) or not kind:
            raise InvalidDocument("has no predicateType")
        subjects = _subjects(statement)
    except InvalidDocument as error:
        return Rejection(f"has a statement that {error}")
    named = next((each for each in subjects if _is_about(each.digests, subject)), None)
    if named is None:
        return _of_another(subjects)
    predicate = json.dumps(statement.get("predicate"), ensure_ascii=False, separators=(",", ":"))
    return SignedStatement(Statement(kind, predicate.encode()), named.annotations)


def not_an_approval(statement: Statement) -> Rejection | None:
    """Why a statement does not say that its signer approves the artifact; None when it does.

    Only the predicate that cosign signs with does: the report of a scan that failed is a statement about it too.
    """
    if statement.predicate_type == SIGNATURE_PREDICATE:
        return None
    return Rejection(f"states {quoted(statement.predicate_type)}, which is not an approval: {SIGNATURE_PREDICATE} is")


@dataclass(frozen=True, slots=True)
class _Subject:
    digests: Mapping[str, object]  # by the name of the algorithm
    annotations: Mapping[str, str]


def _subjects(statement: Mapping[str, object]) -> list[_Subject]:
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or not subjects:
        raise InvalidDocument("has no subject")
    if len(subjects) > MAX_SUBJECTS:
        raise InvalidDocument(f"has more than {MAX_SUBJECTS} subjects")
    return [_subject(each) for each in subjects]


def _subject(value: object) -> _Subject:
    digests = value.get("digest") if isinstance(value, dict) else None
    annotations = (value.get("annotations") if isinstance(value, dict) else None) or {}
    if not isinstance(digests, dict):
        raise InvalidDocument("has a subject without digest")
    if not isinstance(annotations, dict):
        raise InvalidDocument("has a subject with annotations that are not an object")
    return _Subject(digests, {name: text for name, text in annotations.items() if isinstance(text, str)})


def _is_about(digests: Mapping[str, object], subject: Subject) -> bool:
    """Whether the digest of the artifact is there, and no other one that is known contradicts it."""
    if digests.get(subject.digest.algorithm) != subject.digest.hex:
        return False
    known = {name: value.hex() for name in HASHES if (value := subject.hash(name)) is not None}
    return all(digests.get(name, value) == value for name, value in known.items())


def _of_another(subjects: Sequence[_Subject]) -> Rejection:
    for each in subjects:
        for algorithm, digits in each.digests.items():
            try:
                another = Digest.parse(f"{algorithm}:{digits}")
            except InvalidReference:
                continue
            return Rejection(f"signs {another}", about_another=another)
    return Rejection("signs no digest that is known")
