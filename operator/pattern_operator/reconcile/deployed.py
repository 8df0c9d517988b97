"""Which artifacts the cluster has objects of: what runs, and an update of which some objects were applied. Pure.

What runs is judged by the policies that cover the repository that it came from, whatever the spec names by now, and a
verdict on an artifact that is not deployed takes nothing away.
"""

from collections.abc import Iterator
from contextlib import suppress

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import InvalidReference, Repository, Revision
from pattern_operator.reconcile.deployed_artifact import DeployedArtifact
from pattern_operator.reconcile.spec_digest import was_asked_by


def whole(pattern: DesignPattern) -> DeployedArtifact | None:
    """What runs; None where nothing does, or it is not known where it came from."""
    status = pattern.status
    url = status.repository or (
        pattern.spec.source.url if was_asked_by(pattern.spec, status.last_applied_state) else ""
    )
    return _artifact(url, status.revision, status.signatures)


def part(pattern: DesignPattern) -> DeployedArtifact | None:
    """The artifact of which some objects are there, and not all; None as for ``whole``."""
    status = pattern.status
    url = status.applying_repository or (
        pattern.spec.source.url if was_asked_by(pattern.spec, status.applying_state) else ""
    )
    return _artifact(url, status.applying_revision, status.applying_signatures)


def is_from(pattern: DesignPattern, repository: Repository) -> bool:
    """Whether it is the repository that the spec names."""
    with suppress(InvalidReference):
        return Repository.parse(pattern.spec.source.url) == repository
    return False


def deployed(pattern: DesignPattern) -> Iterator[DeployedArtifact]:
    """Both, as far as there are."""
    yield from (each for each in (whole(pattern), part(pattern)) if each is not None)


def _artifact(url: str, revision: str, signatures: tuple[str, ...]) -> DeployedArtifact | None:
    if not url or not revision:
        return None
    with suppress(InvalidReference):
        return DeployedArtifact(Repository.parse(url), Revision.parse(revision), frozenset(signatures))
    return None
