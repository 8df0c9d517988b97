"""Who was shown a manifest: no credentials get what only others were shown."""

import pytest
from tests.source.fake_registry import NAME

from pattern_operator.api.reference import Digest
from pattern_operator.source import Credential, PullRecords
from pattern_operator.source.registry.token_cache import Scope

ONE, OTHER = Digest.of(b"one"), Digest.of(b"other")
ALICE = Scope("https://registry.example", NAME, "pull", Credential("alice", "wonderland"))


@pytest.mark.parametrize(
    ("reader", "digest", "shown"),
    [
        pytest.param(ALICE, ONE, True, id="the same"),
        pytest.param(ALICE, OTHER, False, id="another manifest"),
        pytest.param(Scope(ALICE.registry, NAME, "pull", None), ONE, False, id="nobody"),
        pytest.param(Scope(ALICE.registry, NAME, "pull", Credential("alice", "guess")), ONE, False, id="a thief"),
        pytest.param(
            Scope(ALICE.registry, "team/other", "pull", ALICE.credential), ONE, False, id="another repository"
        ),
        pytest.param(Scope("http://registry.example", NAME, "pull", ALICE.credential), ONE, False, id="another scheme"),
    ],
)
def test_a_manifest_was_shown_to_exactly_who_asked_for_it(reader: Scope, digest: Digest, shown: bool):
    pull_records = PullRecords()

    pull_records.record(ALICE, ONE)

    assert pull_records.allows(reader, digest) is shown


def test_only_so_many_are_remembered_the_latest_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pattern_operator.source.registry.pull_records._MAX_RECORDS", 2)
    pull_records, third = PullRecords(), Digest.of(b"third")

    pull_records.record(ALICE, ONE)
    pull_records.record(ALICE, OTHER)
    pull_records.allows(ALICE, ONE)
    pull_records.record(ALICE, third)

    assert [pull_records.allows(ALICE, digest) for digest in (ONE, OTHER, third)] == [True, False, True]


def test_what_is_shown_again_is_remembered_longer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pattern_operator.source.registry.pull_records._MAX_RECORDS", 2)
    pull_records = PullRecords()

    for digest in (ONE, OTHER, ONE, Digest.of(b"third")):
        pull_records.record(ALICE, digest)

    assert pull_records.allows(ALICE, ONE)
