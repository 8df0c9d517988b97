"""``status`` of a DesignPattern: what runs, whether it is healthy, and if not why. Only the operator writes it."""

from typing import Annotated, Self

from msgspec import Meta, field

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.condition import Condition
from pattern_operator.api.health_check import MAX_HEALTH_CHECKS, HealthCheck


class InventoryEntry(ApiStruct, frozen=True):
    """One object that this pattern owns, or is about to make."""

    id: Annotated[str, Meta(description="`namespace_name_group_kind`, as in Flux's inventories.")]
    v: Annotated[str, Meta(description="The version of the API group.")]
    pending: Annotated[
        bool | None,
        Meta(
            description="True while the operator is about to make it, or could not find out whether it has: it may not"
            " exist, and may be another's. The owner label of the object decides."
        ),
    ] = None  # and not false, which the API server would write into each entry


class Inventory(ApiStruct, frozen=True):
    """The objects that this pattern owns in the cluster, or is about to make."""

    count: Annotated[int, Meta(description="How many objects, those that are pending included.")] = 0
    entries: Annotated[
        tuple[InventoryEntry, ...], Meta(description="The objects; absent where `compressed` has them.")
    ] = ()
    compressed: Annotated[
        str,
        Meta(
            description="Entries of more than 512 KiB: the same JSON, compressed with zlib, in base64. `patternctl get"
            " NAME -o yaml` shows the entries."
        ),
    ] = ""

    @classmethod
    def of(cls, entries: tuple[InventoryEntry, ...]) -> Self:
        """The inventory with these entries."""
        return cls(count=len(entries), entries=entries)


class RefusedComponent(ApiStruct, frozen=True):
    """A component that could not be rendered."""

    name: Annotated[str, Meta(description="Name of the component.")]
    kind: Annotated[str, Meta(description="Kind of the component.")]
    reason: Annotated[str, Meta(description="Why, in one word.")]
    message: Annotated[str, Meta(description="Why, in a sentence.")] = ""
    where: Annotated[str, Meta(description="File, line and position in it, as far as they are known.")] = ""


class SkippedComponent(ApiStruct, frozen=True):
    """A component that was skipped."""

    name: Annotated[str, Meta(description="Name of the component.")]
    kind: Annotated[str, Meta(description="Kind of the component.")]
    reason: Annotated[str, Meta(description="Why, in one word.")]


class GeneratedComponent(ApiStruct, frozen=True):
    """A component with fields that a chart makes up."""

    name: Annotated[str, Meta(description="Name of the component.")]
    kind: Annotated[str, Meta(description="Kind of the component.")]
    message: Annotated[str, Meta(description="Which fields these are, and how long they are kept.")] = ""


class RepairCount(ApiStruct, frozen=True):
    """How often one repair was made."""

    name: Annotated[str, Meta(description="Its name, such as `MakeNameValid`.")]
    count: Annotated[int, Meta(description="How often.")]


class RenderStatus(ApiStruct, frozen=True):
    """The result of rendering the revision that was last attempted."""

    format: Annotated[str, Meta(description="What the artifact is, such as `Meshery` or `Manifests`.")] = ""
    name: Annotated[str, Meta(description="The name that the design gives itself.")] = ""
    version: Annotated[str, Meta(description="The version that the design gives itself.")] = ""
    rendered: Annotated[int, Meta(description="Components that became objects.")] = 0
    skipped: Annotated[int, Meta(description="Components with nothing to apply: annotations, aliases, duplicates.")] = 0
    refused: Annotated[int, Meta(description="Components that cannot be rendered.")] = 0
    refusals: Annotated[
        tuple[RefusedComponent, ...], Meta(description="The refused components, the first 50 of them.")
    ] = ()
    skips: Annotated[
        tuple[SkippedComponent, ...],
        Meta(description="The skipped components, without annotations (drawings), the first 50 of them."),
    ] = ()
    generated: Annotated[
        tuple[GeneratedComponent, ...],
        Meta(
            description="Components with fields that come out differently each time, or with another version of helm"
            " (`NotDeterministic`), such as a password that a chart makes up, and with what helm or kustomize write of"
            " themselves (`BuildMetadata`), the first 50 of them. What was applied first is kept until something of the"
            " chart or its parameters changes."
        ),
    ] = ()
    repairs: Annotated[
        tuple[str, ...], Meta(description="The repairs made to the artifact's components, the first 50 of them.")
    ] = ()
    repair_counts: Annotated[
        tuple[RepairCount, ...], Meta(description="How many repairs of each name were made to all of them.")
    ] = ()


class VerifiedBy(ApiStruct, frozen=True):
    """An authority that signed the digest."""

    authority: Annotated[str, Meta(description="Its name.")]
    format: Annotated[str, Meta(description="The format of its signature, such as `cosign` or `bundle`.")]
    where: Annotated[str, Meta(description="Where the signature is in the registry.")]
    key_id: Annotated[str, Meta(description="The SHA-256 of the public key (SPKI) that signed it, in hex.")] = ""
    identity: Annotated[
        str, Meta(description="Whom the certificate names that signed it: an e-mail address, a URI or a subject.")
    ] = ""
    issuer: Annotated[
        str, Meta(description="Who says that it is the identity: an OIDC issuer, or the subject of a root.")
    ] = ""
    log_index: Annotated[int | None, Meta(description="The index of its entry in the transparency log.")] = None
    signed_at: Annotated[str, Meta(description="When it was signed, as a log or a timestamp authority proves.")] = ""
    policies: Annotated[tuple[str, ...], Meta(description="The TrustPolicies that it helps to meet.")] = ()


class HistoryEntry(ApiStruct, frozen=True):
    """A revision that was applied."""

    revision: Annotated[str, Meta(description="`<tag>@<digest>`.")]
    version: Annotated[str, Meta(description="The name of the version.")] = ""
    applied_at: Annotated[str, Meta(description="When it was applied.")] = ""
    verified_by: Annotated[tuple[str, ...], Meta(description="The authorities that signed it.")] = ()


class HooksStatus(ApiStruct, frozen=True):
    """How far the hooks of the chart are: of the moment that is under way, or was last."""

    run: Annotated[
        str,
        Meta(description="The run of hooks: the label `pattern-operator.io/hook` of their objects begins with it."),
    ] = ""
    state: Annotated[str, Meta(description="A digest of what was asked for: the artifact, and how to render it.")] = ""
    applied: Annotated[str, Meta(description="That digest of what was applied last: it runs no hook again.")] = ""
    event: Annotated[str, Meta(description="The moment, such as `pre-install`; empty where no hook is to be run.")] = ""
    phase: Annotated[str, Meta(description="`Pending`, `Running`, `Succeeded` or `Failed`.")] = ""
    completed: Annotated[int, Meta(description="How many hooks of this moment ended well.")] = 0
    hook: Annotated[
        str, Meta(description="The hook that runs, is about to be made, or failed: `namespace_name_group_kind`.")
    ] = ""
    uid: Annotated[str, Meta(description="The UID of its object, once that is known.")] = ""
    started_at: Annotated[str, Meta(description="Since when it runs: `spec.timeout` counts from there.")] = ""
    request: Annotated[str, Meta(description="The `pattern-operator.io/requestedAt` of the run.")] = ""
    generation: Annotated[int, Meta(description="The generation of the spec when the run began.")] = 0
    delete: Annotated[bool, Meta(description="Whether the chart has hooks for its deletion.")] = False
    message: Annotated[str, Meta(description="Why the last hook failed.")] = ""


class Status(ApiStruct, frozen=True):
    """The observed state, written by the operator alone."""

    observed_generation: Annotated[int, Meta(description="The generation of the spec that this status describes.")] = 0
    conditions: Annotated[
        tuple[Condition, ...],
        Meta(
            description="Ready, Reconciling, Stalled, and one for each stage: Fetched, Verified, Rendered, Applied,"
            " Healthy.",
            extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    status: Annotated[
        str, Meta(description="The state in one word: the reason of Ready. For the table of kubectl.")
    ] = ""
    version: Annotated[
        str, Meta(description="The version that runs: the tag, or else the version the design gives itself.")
    ] = ""
    design_version: Annotated[str, Meta(description="The version that the running design gives itself.")] = ""
    revision: Annotated[str, Meta(description="The revision that runs: `<tag>@<digest>`.")] = ""
    repository: Annotated[
        str,
        Meta(
            description="The repository that the running revision came from, `oci://host/path`: the TrustPolicies that"
            " cover it hold for what runs, whatever `spec.source.url` names by now."
        ),
    ] = ""
    digest: Annotated[str, Meta(description="The digest that runs.")] = ""
    short_digest: Annotated[str, Meta(description="Its first 12 digits, for the table of kubectl.")] = ""
    last_attempted_revision: Annotated[
        str, Meta(description="The revision that was last tried, whether it could be applied or not.")
    ] = ""
    last_applied_revision: Annotated[str, Meta(description="The revision that was last applied in full.")] = ""
    fingerprints: Annotated[
        str,
        Meta(
            description="Fingerprints of the objects as they were applied, so that drift is found after a restart too:"
            " a digest of what was sent, and of each object, in the order of the inventory, eight bytes: which fields"
            " the apply owns, and when it changed the object last."
        ),
    ] = ""
    last_applied_state: Annotated[
        str,
        Meta(
            description="A digest of what the spec asked for when it was last applied in full: the reference, the"
            " verification policy with its keys, and how to render and apply. Empty while something newer is applied."
        ),
    ] = ""
    applying_revision: Annotated[
        str,
        Meta(
            description="The revision of which some objects were applied and not all; empty once all of one is applied."
        ),
    ] = ""
    applying_state: Annotated[
        str,
        Meta(
            description="A digest of what the spec asked for when `applyingRevision` began to be applied, as in"
            " `lastAppliedState`."
        ),
    ] = ""
    applying_repository: Annotated[
        str, Meta(description="The repository of `applyingRevision`, as in `repository`.")
    ] = ""
    applying_signatures: Annotated[
        tuple[str, ...], Meta(description="The signatures of `applyingRevision`, as in `signatures`.")
    ] = ()
    verified_by: Annotated[
        tuple[VerifiedBy, ...], Meta(description="The authorities that signed the running revision.")
    ] = ()
    signatures: Annotated[
        tuple[str, ...],
        Meta(
            description="The SHA-256, in hex, of each signature by which the running revision was verified last. Where"
            " it does not pass any longer, `onFailure: Prune` deletes it only if all of these were read again."
        ),
    ] = ()
    signers: Annotated[
        str, Meta(description="The names of the authorities in `verifiedBy`. For the table of kubectl.")
    ] = ""
    inventory: Annotated[Inventory, Meta(description="The objects that this pattern owns, or is about to make.")] = (
        field(default_factory=Inventory)
    )
    render: Annotated[
        RenderStatus | None, Meta(description="The result of rendering the revision that was last attempted.")
    ] = None
    history: Annotated[tuple[HistoryEntry, ...], Meta(description="The revisions applied, latest first.")] = ()
    health_checks: Annotated[
        tuple[HealthCheck, ...],
        Meta(
            description="The health checks that the objects are judged by: those of the spec and of the artifact's"
            " `pattern.yaml` when they were last applied.",
            max_length=2 * MAX_HEALTH_CHECKS,
        ),
    ] = ()
    hooks: Annotated[HooksStatus | None, Meta(description="How far the hooks of the chart are.")] = None
    truncated: Annotated[
        tuple[str, ...],
        Meta(description="The lists and texts of this status that were cut, because a status may not be larger."),
    ] = ()
    last_handled_reconcile_at: Annotated[
        str,
        Meta(
            description="The value of `pattern-operator.io/requestedAt` that was last answered; of one longer than"
            " 1,024 characters its digest."
        ),
    ] = ""
