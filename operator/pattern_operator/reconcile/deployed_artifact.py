"""An artifact of which the cluster has objects, and what is on record of who signed it. Pure."""

from dataclasses import dataclass

from pattern_operator.api.reference import Repository, Revision


@dataclass(frozen=True, slots=True)
class DeployedArtifact:
    """An artifact, the repository that it came from, and the digests of the signatures that it was verified by last."""

    repository: Repository
    revision: Revision
    signatures: frozenset[str] = frozenset()

    def is_of(self, repository: Repository, revision: Revision) -> bool:
        """Whether it is the artifact of ``revision`` in ``repository``, by whatever tag."""
        return (self.repository, self.revision.digest) == (repository, revision.digest)
