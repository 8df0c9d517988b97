"""Who was shown a manifest: no credentials get what only others were shown."""

import pytest
from tests.source.fake_registry import NAME

from pattern_operator.api.reference import Digest
from pattern_operator.source import Credential, Readers
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
    readers = Readers()

    readers.show(ALICE, ONE)

    assert readers.was_shown(reader, digest) is shown


def test_only_so_many_are_remembered_the_latest_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pattern_operator.source.registry.pull_records._MAX_READERS", 2)
    readers, third = Readers(), Digest.of(b"third")

    readers.show(ALICE, ONE)
    readers.show(ALICE, OTHER)
    readers.was_shown(ALICE, ONE)
    readers.show(ALICE, third)

    assert [readers.was_shown(ALICE, digest) for digest in (ONE, OTHER, third)] == [True, False, True]
