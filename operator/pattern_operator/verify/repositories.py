"""Which repositories a signature may name where a policy requires that it names the one that it is found in.

Whoever controls a registry can serve an artifact of another repository there, with its signature; one that names its
repository (cosign, specs/SIGNATURE_SPEC.md, ``docker-reference``) does not count elsewhere, except in a mirror that the
policy lists. As ``remapIdentity`` of containers-policy.json(5): a prefix is replaced, so only the same name counts.
"""

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import InvalidReference, Repository
from pattern_operator.api.requirements_spec import SignedRepository
from pattern_operator.errors import Stalled


def to_be_named(rule: SignedRepository, repository: Repository | None) -> tuple[Repository, ...]:
    """The repositories of which a signature must name one; none where the policy does not ask for it.

    Raises:
        Stalled: INVALID_SPEC: a mirror of the policy is not a repository, or it is not known where the artifact is.
    """
    if not rule.required:
        return ()
    if repository is None:
        raise Stalled(
            reason=Reason.INVALID_SPEC,
            message="the policy requires that signatures name the repository, and it is not known here: verify the"
            " artifact by its oci:// reference.",
        )
    found = [repository]
    for mirror in rule.mirrors:
        prefix, of = mirror.prefix.rstrip("/"), mirror.of.rstrip("/")
        if repository.url == prefix or repository.url.startswith(f"{prefix}/"):
            found.append(_parse(of + repository.url.removeprefix(prefix)))
    return tuple(found)


def _parse(url: str) -> Repository:
    try:
        return Repository.parse(url)
    except InvalidReference as error:
        raise Stalled(
            reason=Reason.INVALID_SPEC, message=f"repository.mirrors: {error}. Correct the policy."
        ) from error
