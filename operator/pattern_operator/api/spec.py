"""``spec`` of a DesignPattern: the desired state.

The descriptions are those of the CRD and docs/designpattern.md. Rules that a schema cannot express are CEL, with
messages that say what is right.
"""

from typing import Annotated

from msgspec import Meta, field

from pattern_operator.api.apply_spec import Apply
from pattern_operator.api.base import ApiStruct
from pattern_operator.api.dependency import Dependencies
from pattern_operator.api.render_spec import Render
from pattern_operator.api.requirements_spec import REQUIREMENTS_RULES, Requirements
from pattern_operator.api.types import (
    DigestText,
    Duration,
    FilePath,
    HostPort,
    MediaType,
    Regex,
    ResourceName,
    TagOrVersion,
    Url,
    VersionRange,
    cel,
)


class LocalReference(ApiStruct, frozen=True):
    """The name of a resource in the namespace of the DesignPattern."""

    name: Annotated[ResourceName, Meta(description="Name of the resource, in the namespace of the DesignPattern.")]


class Ref(ApiStruct, frozen=True):
    """Which artifact of the repository: a tag, a semver range, or a digest, which may be set together with a tag."""

    tag: Annotated[
        TagOrVersion | None,
        Meta(
            description="The tag to pull, or the version that it stands for: of `1.2.3+b` that is `1.2.3_b`. Looked up"
            " again each `interval`, unless `digest` is set too."
        ),
    ] = None
    semver: Annotated[
        VersionRange | None,
        Meta(
            description="The range of versions of which the highest tag is pulled, compared as Helm and Flux do:"
            " `>=1.4 <2`, `1.x`, `~1.4.2`, `^1`. Pre-releases only match where a bound names one, as in `>=1.0.0-0`."
        ),
    ] = None
    semver_filter: Annotated[
        Regex | None,
        Meta(description="A regular expression (RE2 syntax, searched) that a tag must match to be considered."),
    ] = None
    digest: Annotated[
        DigestText | None,
        Meta(
            description="The digest of the manifest to pull. With a tag, the digest is pulled and the tag is the"
            " name of the version."
        ),
    ] = None


class Layer(ApiStruct, frozen=True):
    """Which layer of the artifact contains the pattern, and where in it."""

    media_type: Annotated[
        MediaType | None,
        Meta(
            description="The media type of the layer to use. Default: every layer that contains YAML, JSON or a tar,"
            " except SBOMs, attestations and signatures."
        ),
    ] = None
    path: Annotated[
        FilePath | None,
        Meta(
            description="The file or directory inside the layer. Default: `design.yml`, `.yaml` or `.json` if there"
            " is one, else every YAML and JSON file."
        ),
    ] = None


class Source(ApiStruct, frozen=True):
    """Where the pattern comes from."""

    url: Annotated[
        Url, Meta(description="The repository: `oci://host[:port]/repository`, with neither tag nor digest.")
    ]
    ref: Annotated[
        Ref,
        Meta(
            description="Which artifact of the repository. Of an image index, the one manifest that is not an"
            " attestation is taken."
        ),
        cel(
            (
                "has(self.tag) || has(self.semver) || has(self.digest)",
                "ref needs one of tag, semver or digest, as in ref: {tag: 1.4.2}",
            ),
            (
                "!has(self.semver) || (!has(self.tag) && !has(self.digest))",
                "ref.semver stands alone: remove it, or tag and digest",
            ),
            ("!has(self.semverFilter) || has(self.semver)", "ref.semverFilter only goes with ref.semver"),
        ),
    ]
    secret_ref: Annotated[
        LocalReference | None,
        Meta(description="A Secret of type `kubernetes.io/dockerconfigjson` with the credentials of the registry."),
    ] = None
    token_service: Annotated[
        HostPort | None,
        Meta(
            description="The registry's token service, `host[:port]`, where it is in a domain of another owner than the"
            " registry: it may then receive the credentials. One of the same owner need not be named. Without a port it"
            " is the one of https; for an `insecure` registry it may speak plain http on the named port."
        ),
    ] = None
    insecure: Annotated[bool, Meta(description="Speak plain http to the registry, as to one on localhost.")] = False
    layer: Annotated[Layer | None, Meta(description="Which layer contains the pattern, and where in it.")] = None


class Verify(Requirements, frozen=True):
    """What must be verified before anything of the artifact is applied."""


class Rollout(ApiStruct, frozen=True):
    """Which revision may be applied when."""

    history_limit: Annotated[
        int, Meta(description="How many applied revisions `status.history` keeps.", ge=0, le=10)
    ] = 5


class Spec(ApiStruct, frozen=True):
    """The desired state."""

    source: Annotated[Source, Meta(description="Where the pattern comes from.")]
    interval: Annotated[
        Duration, Meta(description="How often a tag or semver range is looked up in the registry (one HEAD).")
    ] = "5m"
    retry_interval: Annotated[
        Duration,
        Meta(description="The longest delay between retries after a transient failure; the first is about 1 s."),
    ] = "2m"
    timeout: Annotated[
        Duration, Meta(description="How long objects may take to become healthy before Ready is False (HealthTimeout).")
    ] = "5m"
    suspend: Annotated[
        bool, Meta(description="Do nothing: neither look up, nor apply, nor repair. Deleting still works.")
    ] = False
    verify: Annotated[
        Verify | None,
        Meta(description="What must be verified about the artifact, beside every TrustPolicy that matches it."),
        REQUIREMENTS_RULES,
    ] = None
    depends_on: Annotated[
        Dependencies | None,
        Meta(
            description="DesignPatterns that must be Ready before a new version or spec of this one is applied, beside"
            " those that the artifact's `pattern.yaml` names. What runs is not touched by them, and deletion does not"
            " follow their order."
        ),
    ] = None
    render: Annotated[Render, Meta(description="How the artifact becomes objects.")] = field(default_factory=Render)
    apply: Annotated[Apply, Meta(description="How the objects are applied.")] = field(default_factory=Apply)
    rollout: Annotated[Rollout, Meta(description="Which revision may be applied when.")] = field(
        default_factory=Rollout
    )
