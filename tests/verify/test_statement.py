import hashlib
import json

import pytest
from tests.verify.local_sigstore import SIGNED, statement

from pattern_operator.api.reference import Digest
from pattern_operator.verify.outcome import Statement
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.statement import SignedStatement, not_an_approval, read_statement
from pattern_operator.verify.subject import Subject

CONTENT = b"the artifact"
SUBJECT, ALONE = Subject.of(CONTENT), Subject(Digest.of(CONTENT))
SHA256, SHA512 = hashlib.sha256(CONTENT).hexdigest(), hashlib.sha512(CONTENT).hexdigest()


def about(*digests, **fields):
    document = json.loads(statement(f"sha256:{SHA256}"))
    if digests:
        document["subject"] = [{"digest": each} for each in digests]
    return json.dumps({**document, **fields}).encode()


@pytest.mark.parametrize("kind", ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"])
def test_both_versions_of_statements_are_read(kind):
    found = read_statement(about(_type=kind, predicate={"a": [1, "é"]}), ALONE)

    assert isinstance(found, SignedStatement)
    assert found.statement == Statement(SIGNED, '{"a":[1,"é"]}'.encode())


@pytest.mark.parametrize(
    ("digests", "subject", "is_about"),
    [
        ([{"sha256": SHA256}], ALONE, True),
        ([{"sha256": "0" * 64}, {"sha256": SHA256}], ALONE, True),
        ([{"sha256": SHA256, "sha512": SHA512}], SUBJECT, True),
        ([{"sha256": SHA256, "gitCommit": "0" * 40}], SUBJECT, True),
        ([{"sha256": SHA256, "sha512": "0" * 128}], SUBJECT, False),
        ([{"sha256": SHA256, "sha512": "0" * 128}], ALONE, True),  # what cannot be compared does not contradict
        ([{"sha256": SHA256.upper()}], ALONE, False),
        ([{"sha512": SHA512}], ALONE, False),
        ([{"sha512": SHA512}], Subject(Digest.of(CONTENT, "sha512")), True),
        ([{"SHA256": SHA256}], ALONE, False),
        ([{"sha256": [SHA256]}], ALONE, False),
    ],
)
def test_a_statement_is_about_the_digests_that_it_names_and_that_do_not_contradict(digests, subject, is_about):
    assert isinstance(read_statement(about(*digests), subject), SignedStatement) is is_about


def test_annotations_are_those_of_the_subject_that_is_the_artifact():
    own, other = {"digest": {"sha256": SHA256}}, {"digest": {"sha256": "0" * 64}}
    annotated = [{**other, "annotations": {"version": "2"}}, {**own, "annotations": {"version": "1", "count": 3}}]

    found = read_statement(about(subject=annotated), ALONE)

    assert isinstance(found, SignedStatement)
    assert found.annotations == {"version": "1"}
    assert isinstance(read_statement(about(subject=[{**own, "annotations": []}]), ALONE), SignedStatement)
    assert isinstance(read_statement(about(subject=[{**own, "annotations": [1]}]), ALONE), Rejection)


@pytest.mark.parametrize("predicate_type", ["https://slsa.dev/provenance/v1", SIGNED + "/", SIGNED.upper(), "x"])
def test_only_cosigns_own_predicate_approves(predicate_type):
    assert not_an_approval(Statement(SIGNED, b"{}")) is None
    rejection = not_an_approval(Statement(predicate_type, b"{}"))
    assert rejection is not None
    assert "is not an approval" in rejection.why
