"""What rendering puts right in a component: each repair by name, and what the docs say of it.

A repair that ``needs_consent`` could change what is meant: it is made only where ``spec.render.repairs`` names it.
Every other one is exact, and always made. All of them are reported.
"""

from dataclasses import dataclass
from enum import StrEnum


class Repair(StrEnum):
    """A CamelCase word for programs and for ``spec.render.repairs``; it stays once it is published.

    ``description`` says what is done, ``why`` why that is safe, or what to know before one allows it, ``example`` is
    what a report says of one.
    """

    description: str
    why: str
    example: str

    def __new__(cls, value: str, description: str, why: str, example: str) -> "Repair":
        """Join the public word and the sentences that document it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        member.why = why
        member.example = example
        return member

    @property
    def needs_consent(self) -> bool:
        """Whether it is made only where ``spec.render.repairs`` names it."""
        return self in CONSENTED

    # --- always made: exact ---------------------------------------------------------------------------------------
    UNSPACE_FIELD_NAMES = (
        "UnspaceFieldNames",
        "Spaces are taken out of field names: `match Labels` is read as `matchLabels`.",
        "No field of Kubernetes has a space in its name; Meshery's designer shows them so. Exact for every name found"
        " in 456 designs but `CA Bundle`, which is `caBundle`.",
        "spec.selector.match Labels read as matchLabels",
    )
    MERGE_SPACED_FIELDS = (
        "MergeSpacedFields",
        "A field that is written with and without spaces is read once.",
        "Only where both say the same; otherwise the component is refused.",
        "spec.selector.matchLabels read once: it is written twice, with and without spaces, the same",
    )
    DROP_NULL_FIELDS = (
        "DropNullFields",
        "Fields that are null are left out, in kinds of Kubernetes itself.",
        "There a null says nothing. In labels, annotations, data and selectors it is a value, and stays.",
        "spec.replicas left out: null",
    )
    READ_NULL_CONFIGURATION = (
        "ReadNullConfiguration",
        "`configuration: null` is read as empty.",
        "What the kind requires is looked for afterwards, as in every other component.",
        "configuration null read as empty",
    )
    DROP_KIND_SUFFIX = (
        "DropKindSuffix",
        "`.K8s` is taken off the kind.",
        "The oldest designs write it so, and no kind of Kubernetes has a dot in its name.",
        "kind Deployment.K8s read as Deployment",
    )
    SET_BUILT_IN_API_VERSION = (
        "SetBuiltInApiVersion",
        "The apiVersion of a built-in kind is filled in.",
        "Only for kinds that Kubernetes itself serves, in a model that is Kubernetes' own or not said.",
        "apiVersion apps/v1 taken from the built-in kind",
    )
    MAKE_NAME_VALID = (
        "MakeNameValid",
        "A displayName that is not a name is made one: small letters, `-` for what is not allowed.",
        "The same name always becomes the same, nothing is cut, and references follow it.",
        "metadata.name 'Web Settings' made 'web-settings'",
    )
    FOLLOW_RENAMED = (
        "FollowRenamed",
        "A reference follows the component whose name was made valid.",
        "Only where one component bore that name, and in fields that name objects of that kind.",
        "spec.template.spec.volumes follows ConfigMap 'Web Settings' to 'web-settings'",
    )
    PREFER_DISPLAY_NAME = (
        "PreferDisplayName",
        "The displayName is taken, where the configuration has another name.",
        "Meshery does the same; references may use either name, and follow.",
        "metadata.name of the configuration, 'other', gives way to the displayName",
    )
    MAKE_NAMESPACE_VALID = (
        "MakeNamespaceValid",
        "A namespace that is not a name is made one, as names are.",
        "The Namespace of the design with that name becomes the same.",
        "metadata.namespace 'My Team' made 'my-team'",
    )
    SET_NAMESPACE_FROM_PARENT = (
        "SetNamespaceFromParent",
        "A component without a namespace goes to the Namespace it is drawn inside of.",
        "Only where it is drawn inside one (relationship `hierarchical/parent/inventory`).",
        "metadata.namespace 'shop' taken from the Namespace that it is drawn inside of",
    )
    DROP_NAMESPACE = (
        "DropNamespace",
        "The namespace of an object of a cluster-scoped kind is left out.",
        "The API server knows no such thing.",
        "metadata.namespace left out: ClusterRole is cluster-scoped",
    )
    FOLLOW_MOVED = (
        "FollowMoved",
        "The namespace in a reference follows the object that it names.",
        "Only to an object of the same pattern.",
        "subjects[0].namespace follows ServiceAccount robot to target",
    )
    DROP_CAPTURED_METADATA = (
        "DropCapturedMetadata",
        "`uid`, `resourceVersion`, `ownerReferences` and other metadata of a cluster are left out.",
        "Only a cluster writes them, and in another one they name nothing.",
        "metadata.uid, metadata.resourceVersion left out: of the cluster it was captured from",
    )
    DROP_STATUS = (
        "DropStatus",
        "A `status` at the top of an object is left out.",
        "Only at the top: a cluster writes it. A field `status` below that is kept.",
        "status left out: a cluster writes it",
    )
    DROP_CAPTURED_FIELDS = (
        "DropCapturedFields",
        "Fields, labels, annotations and finalizers that a cluster has written are left out.",
        "What an author may choose too goes only from an object that bears marks of a cluster.",
        "spec.nodeName left out: a cluster writes that",
    )
    DROP_SUBJECT_STUBS = (
        "DropSubjectStubs",
        "A subject of a binding that is only a name is left out.",
        "Only beside the complete subject of that name.",
        "subjects: 1 that are only a name left out: another says as much",
    )
    COMPLETE_SUBJECTS = (
        "CompleteSubjects",
        "Kind or namespace of a subject are taken from the design's ServiceAccount of that name.",
        "Only where there is one such account, and never the kind in a ClusterRoleBinding.",
        "subjects[0].kind and namespace taken from the pattern's ServiceAccount of that name",
    )
    CORRECT_ROLE_GROUP = (
        "CorrectRoleGroup",
        "`rbac.authorization.k8s.io/v1` as an apiGroup is read as the group.",
        "The field takes a group, and no group has a slash in it.",
        "roleRef.apiGroup read as rbac.authorization.k8s.io: the group, without its version",
    )
    DROP_CONTAINER_STUBS = (
        "DropContainerStubs",
        "A container with ports only is left out.",
        "Only where a complete container has those ports.",
        "spec.template.spec.containers: 1 with ports only left out, another has them",
    )
    MERGE_LIST_ENTRIES = (
        "MergeListEntries",
        "An entry of a list that repeats another is left out.",
        "Only where it has the same key and says no more; server-side apply would refuse both.",
        "spec.ports: 1 left out that repeat another and say no more",
    )
    # --- told: nothing is changed ---------------------------------------------------------------------------------
    RESOLVE_REFERENCES = (
        "ResolveReferences",
        "`$(#ref.<path>)` is replaced by what the design has at that path.",
        "The author wrote the reference; one that names nothing is refused.",
        "spec.ports[0].port: $(#ref.<path>) replaced by what the design has there",
    )
    IGNORE_DEPENDENCIES = (
        "IgnoreDependencies",
        "A name in `dependsOn` that no object of the design bears, or several do, orders nothing.",
        "The object is the same; only the order of the first apply is that of the kinds.",
        "dependsOn 'grafana' orders nothing: no component of the design bears that name",
    )
    KEEP_REMOVED_VERSIONS = (
        "KeepRemovedVersions",
        "A version that Kubernetes no longer serves is kept, and told.",
        "An old cluster may serve it; a new one refuses the object.",
        "kept as it is, though CronJob of batch/v1beta1 was removed from Kubernetes in 1.25: write batch/v1",
    )
    READ_KEYS_AS_KUBECTL = (
        "ReadKeysAsKubectl",
        "A key that YAML reads as another (`on` as `true`) is read as kubectl reads it, and told.",
        "kubectl applies the same.",
        "data.on read as the key true, as by kubectl: quote it where it is meant as written",
    )
    # --- made only with consent: it may change what is meant ------------------------------------------------------
    SET_SELECTOR_FROM_TEMPLATE = (
        "SetSelectorFromTemplate",
        "A selector that is absent, or does not match the Pod template, is made of the template's labels.",
        "It selects other Pods than what was written, and cannot be changed once the object exists.",
        "spec.selector.matchLabels set to the labels of spec.template.metadata",
    )
    NAME_CONTAINERS = (
        "NameContainers",
        "A container without a name is named after its image.",
        "The name shows in logs and probes, and a strategic merge patch goes by it.",
        "spec.containers[0].name set to web-app, after its image",
    )
    NAME_PORTS = (
        "NamePorts",
        "The ports of a Service with several are named `port-<number>`, where they have no name.",
        "Ingresses and ServiceMonitors may refer to ports by name.",
        "spec.ports[0].name set to port-80",
    )


CONSENTED = frozenset({Repair.SET_SELECTOR_FROM_TEMPLATE, Repair.NAME_CONTAINERS, Repair.NAME_PORTS})
"""The repairs that ``spec.render.repairs`` may name."""


@dataclass(frozen=True, slots=True)
class MadeRepair:
    """One repair of one component: its name, and a sentence that names the field and no value."""

    name: Repair
    message: str

    def __str__(self) -> str:
        return self.message
