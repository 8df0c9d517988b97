"""Of which artifacts the cluster has objects is read from status, and of what is not known nothing is said."""

from typing import Any

import pytest
from tests.reconcile.pattern import NEWER, REVISION, pattern

from pattern_operator.api.reference import Repository
from pattern_operator.api.status import Status
from pattern_operator.reconcile.deployed import deployed, is_from, part, whole
from pattern_operator.reconcile.deployed_artifact import DeployedArtifact
from pattern_operator.reconcile.reached import state_of

WEB, ELSEWHERE = Repository("registry.example", "web"), Repository("registry.example", "elsewhere")
RUNS = Status(revision=str(REVISION), repository=ELSEWHERE.url, signatures=("aa",))
BEGUN = Status(applying_revision=str(NEWER), applying_repository=ELSEWHERE.url, applying_signatures=("bb",))
SPEC = {"source": {"url": WEB.url, "ref": {"tag": "1.0.0"}}}


def test_what_runs_and_what_was_begun_come_from_where_status_says_whatever_the_spec_names():
    runs, begun = pattern(spec=SPEC, status=RUNS), pattern(spec=SPEC, status=BEGUN)

    assert list(deployed(runs)) == [DeployedArtifact(ELSEWHERE, REVISION, frozenset({"aa"}))]
    assert list(deployed(begun)) == [DeployedArtifact(ELSEWHERE, NEWER, frozenset({"bb"}))]
    assert (is_from(runs, WEB), is_from(runs, ELSEWHERE)) == (True, False)


def test_of_a_status_of_an_older_version_the_spec_that_was_applied_says_where_it_came_from():
    spec = pattern(spec=SPEC).spec
    state = state_of(spec, "policy")
    old: dict[str, Any] = {"revision": str(REVISION), "applying_revision": str(NEWER)}
    known = pattern(spec=SPEC, status=Status(**old, last_applied_state=state, applying_state=state))
    edited = pattern(spec={"source": {**SPEC["source"], "url": ELSEWHERE.url}}, status=known.status)

    assert list(deployed(known)) == [DeployedArtifact(WEB, REVISION), DeployedArtifact(WEB, NEWER)]
    assert list(deployed(edited)) == []


@pytest.mark.parametrize(
    "status",
    [
        Status(),
        Status(repository=WEB.url),
        Status(revision="nonsense", repository=WEB.url),
        Status(revision=str(REVISION), repository="oci://"),
        Status(revision=str(REVISION)),
    ],
    ids=["nothing", "no revision", "no such revision", "no such repository", "no repository"],
)
def test_what_cannot_be_read_is_not_deployed(status: Status):
    found = pattern(spec=SPEC, status=status)

    assert (whole(found), part(found)) == (None, None)


def test_an_artifact_is_the_same_by_whatever_tag_and_not_in_another_repository():
    artifact = DeployedArtifact(WEB, REVISION)

    assert artifact.is_of(WEB, REVISION)
    assert not artifact.is_of(WEB, NEWER)
    assert not artifact.is_of(ELSEWHERE, REVISION)
