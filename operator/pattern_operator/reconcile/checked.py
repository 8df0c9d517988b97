"""The verdict on an artifact that is remembered, with the signatures it is by. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from pattern_operator.api.reference import Digest, Repository
from pattern_operator.api.verification import VerificationPolicy, VerificationResult
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.source import FetchedSignatures


@dataclass(frozen=True, slots=True)
class SignedArtifact:
    """An artifact in its repository, as somebody with these credentials sees it (the digest of their docker config)."""

    repository: Repository
    digest: Digest
    login: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on an artifact by a policy, which has the generation of each TrustPolicy and all trust material.

    ``signatures`` are those that it is by, where they are few: another policy can be tried on them. Without ``result``
    the artifact does not pass, and only they are remembered. Without ``policy`` somebody asked to look again: they are
    for nothing but what the registry does not have any longer.
    """

    artifact: SignedArtifact
    policy: VerificationPolicy | None
    result: VerificationResult | None
    signatures: FetchedSignatures | None = None

    def is_of(self, desired: DesiredState, *, login: str, now: datetime) -> bool:
        """Whether it is the verdict on ``desired``, and still holds."""
        artifact = SignedArtifact(desired.repository, desired.revision.digest, login)
        if self.result is None or (self.artifact, self.policy) != (artifact, desired.policy):
            return False
        return self.result.until is None or now < self.result.until

    def is_about(self, desired: DesiredState) -> bool:
        """Whether it is a verdict on the artifact of ``desired``, by whatever policy and credentials."""
        artifact = (desired.repository, desired.revision.digest)
        return (self.artifact.repository, self.artifact.digest) == artifact

    def unjudged(self) -> "Checked":
        """Without the verdict: what was read is judged anew."""
        return replace(self, result=None)

    def asked_again(self) -> "Checked":
        """Somebody asks to look again: the registry has to be asked first."""
        return replace(self, policy=None)

    def of(self, artifact: SignedArtifact) -> FetchedSignatures:
        """The signatures of ``artifact`` that are at hand, whatever was asked for then."""
        found = self.signatures if self.artifact == artifact else None
        return found if found is not None else FetchedSignatures()

    def held(self, artifact: SignedArtifact, policy: VerificationPolicy) -> FetchedSignatures | None:
        """The signatures of ``artifact`` that are at hand, where nothing else was asked for by then."""
        is_all = self.policy is not None and policy.predicates <= self.policy.predicates
        return self.signatures if self.artifact == artifact and is_all else None
