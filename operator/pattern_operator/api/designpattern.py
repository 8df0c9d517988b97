"""The kind ``DesignPattern``: what users write in ``spec`` and read in ``status``.

The schema of the CRD and ``docs/designpattern.md`` are generated from these types and from nothing else (``make
crds``, ``make docs``). Rules that a schema cannot say are CEL, with messages that say what is right.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from pattern_operator.api.condition import Condition
from pattern_operator.api.text import (
    DataKey,
    DigestText,
    Duration,
    MediaType,
    Name,
    Namespace,
    Path,
    Pem,
    Range,
    Regex,
    Tag,
    Title,
    Url,
    cel,
)

GROUP: Final = "pattern-operator.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "DesignPattern"
PLURAL: Final = "designpatterns"

# Names that live on objects (design.md, "The kinds").
OWNER_LABEL: Final = f"{GROUP}/owner"
PATTERN_ANNOTATION: Final = f"{GROUP}/pattern"
PRUNE_ANNOTATION: Final = f"{GROUP}/prune"
RECONCILE_ANNOTATION: Final = f"{GROUP}/reconcile"
SSA_ANNOTATION: Final = f"{GROUP}/ssa"
DISABLED: Final = "disabled"
# Names that live on a DesignPattern.
REQUESTED_AT_ANNOTATION: Final = f"{GROUP}/requestedAt"
FINALIZER: Final = f"{GROUP}/finalizer"

FIELD_MANAGER: Final = "pattern-operator"


class _Camel(Struct, rename="camel", omit_defaults=True, kw_only=True, frozen=True):
    """What all types of the kind share: camelCase in YAML, immutable in the program."""


class LocalReference(_Camel, frozen=True):
    """The name of a resource in the namespace of the DesignPattern."""

    name: Annotated[Name, Meta(description="Name of the resource, in the namespace of the DesignPattern.")]


class KeyReference(_Camel, frozen=True):
    """One entry of a Secret or ConfigMap in the namespace of the DesignPattern."""

    name: Annotated[Name, Meta(description="Name of the Secret or ConfigMap, in the namespace of the DesignPattern.")]
    key: Annotated[DataKey, Meta(description="The entry of its data.")] = "cosign.pub"


class Ref(_Camel, frozen=True):
    """Which artifact of the repository: a tag, a semver range, or a digest, which may stand beside a tag."""

    tag: Annotated[
        Tag | None,
        Meta(description="The tag to pull. Looked up again each `interval`, unless `digest` stands beside it."),
    ] = None
    semver: Annotated[
        Range | None,
        Meta(
            description="The range of versions of which the highest tag is pulled, as npm, Helm and Flux write it."
            " Pre-releases only match a range that names one."
        ),
    ] = None
    semver_filter: Annotated[
        Regex | None,
        Meta(description="A regular expression (Python's `re`, searched) that a tag must match to be considered."),
    ] = None
    digest: Annotated[
        DigestText | None,
        Meta(
            description="The digest of the manifest to pull. Beside a tag, the digest is what is pulled and the tag is"
            " the version it is called."
        ),
    ] = None


class Layer(_Camel, frozen=True):
    """Which layer of the artifact holds the pattern, and where in it."""

    media_type: Annotated[
        MediaType | None,
        Meta(description="The media type of the layer to use. Default: every layer that holds YAML, JSON or a tar."),
    ] = None
    path: Annotated[
        Path | None,
        Meta(
            description="The file or directory inside the layer. Default: `design.yml` and its like where there is"
            " one, else every YAML and JSON file."
        ),
    ] = None


class Source(_Camel, frozen=True):
    """Where the pattern comes from."""

    url: Annotated[
        Url, Meta(description="The repository: `oci://host[:port]/repository`, with neither tag nor digest.")
    ]
    ref: Annotated[
        Ref,
        Meta(description="Which artifact of the repository."),
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
    insecure: Annotated[bool, Meta(description="Speak plain http to the registry, as to one on localhost.")] = False
    layer: Annotated[Layer | None, Meta(description="Which layer holds the pattern, and where in it.")] = None


class Key(_Camel, frozen=True):
    """A public key: exactly one of its text, a Secret entry or a ConfigMap entry."""

    data: Annotated[
        Pem | None,
        Meta(description="The public key itself: PEM of an ECDSA, RSA or Ed25519 key."),
    ] = None
    secret_ref: Annotated[KeyReference | None, Meta(description="A Secret entry that holds the PEM.")] = None
    config_map_ref: Annotated[KeyReference | None, Meta(description="A ConfigMap entry that holds the PEM.")] = None


class Authority(_Camel, frozen=True):
    """Someone whose signature counts."""

    key: Annotated[
        Key,
        Meta(description="The public key of the authority."),
        cel(
            (
                "[has(self.data), has(self.secretRef), has(self.configMapRef)].filter(x, x).size() == 1",
                "key needs exactly one of data, secretRef or configMapRef",
            )
        ),
    ]
    name: Annotated[
        Title | None,
        Meta(
            description="What the authority is called in `status.verifiedBy` and in messages. Default: the name of the"
            " Secret or ConfigMap, or the key's fingerprint."
        ),
    ] = None


class Verify(_Camel, frozen=True):
    """What must be proven about the artifact before anything of it is applied."""

    authorities: Annotated[
        tuple[Authority, ...],
        Meta(description="One of these must have signed the digest (cosign, with a key).", min_length=1, max_length=16),
    ]


class Render(_Camel, frozen=True):
    """How the artifact becomes Kubernetes objects."""

    format: Annotated[
        Literal["Auto", "Meshery", "Manifests"],
        Meta(description="What the artifact holds. `Auto` tells a Meshery design from plain manifests by its content."),
    ] = "Auto"
    target_namespace: Annotated[
        Namespace | None,
        Meta(
            description="Every namespaced object goes there. Without it, an object that names no namespace goes to the"
            " one of the DesignPattern."
        ),
    ] = None
    on_invalid: Annotated[
        Literal["Refuse", "Skip"],
        Meta(
            description="What becomes of the pattern when a component cannot be rendered: `Refuse` applies nothing,"
            " `Skip` applies the rest and says so."
        ),
    ] = "Refuse"


class Apply(_Camel, frozen=True):
    """How the objects are brought to the cluster, and kept there."""

    service_account_name: Annotated[
        Name | None,
        Meta(
            description="The ServiceAccount, in the namespace of the DesignPattern, in whose name objects are applied"
            " and deleted. Default: the operator's own."
        ),
    ] = None
    prune: Annotated[bool, Meta(description="Delete objects that left the pattern.")] = True
    allow_empty: Annotated[
        bool, Meta(description="Let an update that renders to no object at all remove every object.")
    ] = False
    conflicts: Annotated[
        Literal["Fail", "Take"],
        Meta(
            description="What happens when another field manager holds a field with another value on an object that"
            " this pattern does not own yet: `Fail` says so, `Take` takes the field over."
        ),
    ] = "Fail"
    drift_policy: Annotated[
        Literal["Repair", "Report"],
        Meta(description="What happens when somebody changes an applied object: put it right, or only say so."),
    ] = "Repair"
    wait: Annotated[bool, Meta(description="Whether Ready also means that every object is healthy.")] = True
    deletion_policy: Annotated[
        Literal["Delete", "Orphan"],
        Meta(description="What becomes of the objects when the DesignPattern is deleted."),
    ] = "Delete"


class Rollout(_Camel, frozen=True):
    """Which revision may go when."""

    history_limit: Annotated[
        int, Meta(description="How many applied revisions `status.history` keeps.", ge=0, le=10)
    ] = 5


class Spec(_Camel, frozen=True):
    """What is wanted."""

    source: Annotated[Source, Meta(description="Where the pattern comes from.")]
    interval: Annotated[
        Duration, Meta(description="How often a tag or semver range is looked up in the registry (one HEAD).")
    ] = "5m"
    retry_interval: Annotated[
        Duration,
        Meta(description="The longest pause between tries after a failure that may pass; the first is about 1 s."),
    ] = "2m"
    timeout: Annotated[
        Duration, Meta(description="How long objects may take to become healthy before Ready says HealthTimeout.")
    ] = "5m"
    suspend: Annotated[
        bool, Meta(description="Do nothing: neither look up, nor apply, nor repair. Deleting still works.")
    ] = False
    verify: Annotated[Verify | None, Meta(description="What must be proven about the artifact.")] = None
    render: Annotated[Render, Meta(description="How the artifact becomes objects.")] = field(default_factory=Render)
    apply: Annotated[Apply, Meta(description="How the objects are brought to the cluster.")] = field(
        default_factory=Apply
    )
    rollout: Annotated[Rollout, Meta(description="Which revision may go when.")] = field(default_factory=Rollout)


class InventoryEntry(_Camel, frozen=True):
    """One object that this pattern owns."""

    id: Annotated[str, Meta(description="`namespace_name_group_kind`, as in Flux's inventories.")]
    v: Annotated[str, Meta(description="The version of the API group.")]


class Inventory(_Camel, frozen=True):
    """The objects that this pattern owns in the cluster."""

    count: Annotated[int, Meta(description="How many objects.")] = 0
    entries: Annotated[tuple[InventoryEntry, ...], Meta(description="The objects.")] = ()


class RefusedComponent(_Camel, frozen=True):
    """A component that could not be rendered."""

    name: Annotated[str, Meta(description="Name of the component.")]
    kind: Annotated[str, Meta(description="Kind of the component.")]
    reason: Annotated[str, Meta(description="Why, in one word.")]
    message: Annotated[str, Meta(description="Why, in a sentence.")] = ""


class RenderStatus(_Camel, frozen=True):
    """What rendering made of the revision last attempted."""

    rendered: Annotated[int, Meta(description="Components that became objects.")] = 0
    skipped: Annotated[int, Meta(description="Components with nothing to apply: annotations, aliases, duplicates.")] = 0
    refused: Annotated[int, Meta(description="Components that cannot be rendered.")] = 0
    refusals: Annotated[
        tuple[RefusedComponent, ...], Meta(description="The refused components, the first 50 of them.")
    ] = ()
    repairs: Annotated[
        tuple[str, ...], Meta(description="What was put right in the artifact's components, the first 50 repairs.")
    ] = ()


class VerifiedBy(_Camel, frozen=True):
    """An authority that vouches for the digest."""

    authority: Annotated[str, Meta(description="Its name.")]
    format: Annotated[str, Meta(description="The format of its signature: `cosign` or `bundle`.")]
    where: Annotated[str, Meta(description="Where the signature lies in the registry.")]


class HistoryEntry(_Camel, frozen=True):
    """A revision that was applied."""

    revision: Annotated[str, Meta(description="`<tag>@<digest>`.")]
    version: Annotated[str, Meta(description="The version it is called.")] = ""
    applied_at: Annotated[str, Meta(description="When it was applied.")] = ""
    verified_by: Annotated[tuple[str, ...], Meta(description="The authorities that vouched for it.")] = ()


class Status(_Camel, frozen=True):
    """What is: written by the operator alone."""

    observed_generation: Annotated[int, Meta(description="The generation of the spec this status speaks of.")] = 0
    conditions: Annotated[
        tuple[Condition, ...],
        Meta(
            description="Ready, Reconciling, Stalled, and one for each stage: Fetched, Verified, Rendered, Applied,"
            " Healthy.",
            extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    status: Annotated[
        str, Meta(description="Where the pattern stands, in one word: the reason of Ready. For the table of kubectl.")
    ] = ""
    version: Annotated[
        str, Meta(description="The version that runs: the tag, or else the version the design gives itself.")
    ] = ""
    design_version: Annotated[str, Meta(description="The version that the running design gives itself.")] = ""
    revision: Annotated[str, Meta(description="The revision that runs: `<tag>@<digest>`.")] = ""
    digest: Annotated[str, Meta(description="The digest that runs.")] = ""
    short_digest: Annotated[str, Meta(description="Its first 12 digits, for the table of kubectl.")] = ""
    last_attempted_revision: Annotated[
        str, Meta(description="The revision that was last tried, whether it could be applied or not.")
    ] = ""
    last_applied_revision: Annotated[str, Meta(description="The revision that was last applied in full.")] = ""
    verified_by: Annotated[
        tuple[VerifiedBy, ...], Meta(description="The authorities that vouch for the running revision.")
    ] = ()
    inventory: Annotated[Inventory, Meta(description="The objects that this pattern owns.")] = field(
        default_factory=Inventory
    )
    render: Annotated[RenderStatus | None, Meta(description="What rendering made of the revision last attempted.")] = (
        None
    )
    history: Annotated[tuple[HistoryEntry, ...], Meta(description="The revisions applied, latest first.")] = ()
    last_handled_reconcile_at: Annotated[
        str, Meta(description="The value of `pattern-operator.io/requestedAt` that was last answered.")
    ] = ""


class Metadata(_Camel, frozen=True):
    """The parts of metadata that the operator reads."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


class DesignPattern(_Camel, frozen=True):
    """A pattern of Kubernetes resources from an OCI registry: pulled, verified, rendered, applied and kept so."""

    metadata: Metadata
    spec: Annotated[Spec, Meta(description="What is wanted.")]
    status: Annotated[Status, Meta(description="What is: written by the operator alone.")] = field(
        default_factory=Status
    )


def decode(body: dict[str, Any]) -> DesignPattern:
    """Read a resource as the API server gives it; raises msgspec.ValidationError for what the CRD would refuse."""
    return msgspec.convert(body, DesignPattern)
