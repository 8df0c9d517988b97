"""What must be proven of an artifact, as users write it in ``spec.verify`` of a DesignPattern and in a TrustPolicy."""

from typing import Annotated, Final

from msgspec import Meta, field

from pattern_operator.api.authority_spec import AUTHORITY_RULES, Authority
from pattern_operator.api.base import StrictStruct
from pattern_operator.api.types import Duration, RepositoryPrefix, cel

Authorities = Annotated[
    tuple[Annotated[Authority, AUTHORITY_RULES], ...],
    Meta(
        description="Who is trusted to sign; `threshold` of these must have signed the digest.",
        min_length=1,
        max_length=16,
    ),
]


class RepositoryMirror(StrictStruct, frozen=True):
    """Repositories that are copies of others: what is under ``prefix`` was signed under ``of``."""

    prefix: Annotated[
        RepositoryPrefix,
        Meta(
            description="Where the copies are, as in `oci://mirror.example/patterns`: a repository, or what is before a"
            " `/` of one."
        ),
    ]
    of: Annotated[
        RepositoryPrefix,
        Meta(description="Where they were signed, as in `oci://registry.example/patterns`."),
    ]


class SignedRepository(StrictStruct, frozen=True):
    """Whether signatures must name the repository that the artifact is pulled from."""

    required: Annotated[
        bool,
        Meta(
            description="Refuse a signature that does not name the repository. Sigstore bundles and notation name none,"
            " so that only classic cosign signatures pass."
        ),
    ] = False
    mirrors: Annotated[
        tuple[RepositoryMirror, ...],
        Meta(description="Repositories whose signatures name another one.", max_length=32),
    ] = ()


class Requirements(StrictStruct, frozen=True):
    """What must be proven of an artifact."""

    authorities: Authorities
    threshold: Annotated[
        int,
        Meta(
            description="How many of the authorities must have signed, each with a key, identity or certificate of its"
            " own.",
            ge=1,
            le=16,
        ),
    ] = 1
    repository: Annotated[
        SignedRepository,
        Meta(description="Whether signatures must name the repository."),
        cel(
            (
                "!has(self.mirrors) || self.mirrors.size() == 0 || self.required",
                "repository.mirrors only goes with repository.required: true",
            )
        ),
    ] = field(default_factory=SignedRepository)
    max_age: Annotated[
        Duration | None,
        Meta(
            description="How old the newest of the signatures may be, by a time that a log or timestamp authority"
            " proves: when it is over, the artifact has to be signed again. A signature without such a time is refused."
        ),
    ] = None


# As ``verify.usable`` has it, which also tells of policies that were stored before there was a rule.
REQUIREMENTS_RULES: Final = cel(
    (
        "self.threshold <= self.authorities.size()",
        "threshold must not be more than the number of authorities: nothing could be verified",
    ),
    (
        "!has(self.maxAge) || self.authorities.exists(a, has(a.keyless) || has(a.transparencyLog) || has(a.timestamp)"
        " || has(a.notation) && a.notation.trustStores.exists(s, s.type != 'ca'))",
        "maxAge needs an authority whose signatures prove a time: keyless, one with transparencyLog or timestamp, or"
        " notation with a trust store of type tsa or signingAuthority",
    ),
    (
        "!has(self.repository) || !self.repository.required"
        " || self.authorities.filter(a, !has(a.notation) && !has(a.attestations)).size() >= self.threshold",
        "repository.required needs as many authorities as threshold says without notation and attestations: only"
        " plain signatures of classic cosign name a repository",
    ),
)
