"""``spec.apply`` of a DesignPattern: how its objects are applied, and kept as applied."""

from typing import Annotated, Literal

from msgspec import Meta

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.health_check import HealthChecks
from pattern_operator.api.types import KindName, Namespace, Pointer, ResourceName


class IgnoreTarget(ApiStruct, frozen=True):
    """Which objects of the pattern: those that match every field that is set."""

    group: Annotated[
        Annotated[str, Meta(max_length=253)] | None,
        Meta(description="The API group, such as `apps`; empty text is the core group. Default: any."),
    ] = None
    version: Annotated[KindName | None, Meta(description="The version in the artifact, as `v1`. Default: any.")] = None
    kind: Annotated[KindName | None, Meta(description="The kind, such as `Deployment`. Default: any.")] = None
    name: Annotated[ResourceName | None, Meta(description="The name. Default: any.")] = None
    namespace: Annotated[Namespace | None, Meta(description="The namespace. Default: any.")] = None


class IgnoreDifferences(ApiStruct, frozen=True):
    """Fields that others write: they are applied when the object is created, and never again."""

    paths: Annotated[
        tuple[Pointer, ...],
        Meta(
            description="JSON pointers (RFC 6901) into the object as the artifact has it, such as `/spec/replicas`. An"
            " entry of a list is named by its index, as in `/webhooks/0/clientConfig/caBundle`.",
            min_length=1,
            max_length=32,
        ),
    ]
    target: Annotated[
        IgnoreTarget | None, Meta(description="Which objects of the pattern. Default: all that have such fields.")
    ] = None


class Apply(ApiStruct, frozen=True):
    """How the objects are applied, and kept as applied."""

    service_account_name: Annotated[
        ResourceName | None,
        Meta(
            description="The ServiceAccount, in the namespace of the DesignPattern, that is impersonated to apply"
            " and delete objects. Default: the one of the operator's `--default-service-account`, else the operator's"
            " own, unless the operator runs with `--require-service-account`."
        ),
    ] = None
    prune: Annotated[bool, Meta(description="Delete objects that left the pattern.")] = True
    allow_empty: Annotated[
        bool, Meta(description="Let an update that renders to no object at all remove every object.")
    ] = False
    conflicts: Annotated[
        Literal["Fail", "Take"],
        Meta(
            description="What happens when another field manager has a field with another value on an object that"
            " this pattern does not own yet: `Fail` reports it, `Take` takes the field over. `adopt` decides whether"
            " the pattern may own the object at all."
        ),
    ] = "Fail"
    adopt: Annotated[
        Literal["Never", "IfUnowned", "Always"],
        Meta(
            description="What happens with an object of the pattern that existed before it. `Never`: the pattern fails"
            " with AlreadyExists. `IfUnowned`: the object is applied and owned, unless it has a controller; a"
            " Namespace, CustomResourceDefinition, PersistentVolumeClaim or PersistentVolume is used as it is instead,"
            " neither changed nor owned. `Always`: those are applied and owned too. An adopted object is annotated"
            " `pattern-operator.io/adopted` and is kept when the pattern is deleted. An object that Helm, Argo CD,"
            " Flux or another DesignPattern manages is never adopted."
        ),
    ] = "IfUnowned"
    create_namespace: Annotated[
        bool,
        Meta(
            description="Create the namespaces of the pattern's objects (`render.targetNamespace`, or those that"
            " objects name) that do not exist and are not in the pattern. A namespace that was created is deleted"
            " with the pattern, unless it contains objects of others; one that exists is used as it is."
        ),
    ] = False
    ignore_differences: Annotated[
        Annotated[tuple[IgnoreDifferences, ...], Meta(max_length=16)] | None,
        Meta(
            description="Fields of the pattern's objects that others write, such as an autoscaler `spec.replicas`. They"
            " are applied when the object is created. After that they are neither compared nor repaired, and the"
            " operator is not a manager of them, so that nobody has a conflict."
        ),
    ] = None
    drift_policy: Annotated[
        Literal["Repair", "Report"],
        Meta(
            description="What happens when somebody changes an applied object: `Repair` applies it again, `Report` only"
            " reports it."
        ),
    ] = "Repair"
    health_checks: Annotated[
        HealthChecks | None,
        Meta(
            description="How objects of some kinds are judged, in place of the built-in way: CEL over the object. They"
            " win over those of the artifact's `pattern.yaml` for the same kind."
        ),
    ] = None
    wait: Annotated[bool, Meta(description="Whether Ready also means that every object is healthy.")] = True
    deletion_policy: Annotated[
        Literal["Delete", "Orphan"],
        Meta(description="What happens to the objects when the DesignPattern is deleted."),
    ] = "Delete"
