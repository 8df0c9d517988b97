"""Why a component was skipped or refused: the values of ``ComponentReport.reason``, and what the docs say of each."""

from enum import StrEnum
from typing import Final

from pattern_operator.api.report import Outcome


class ComponentReason(StrEnum):
    """A CamelCase word for programs; ``description`` is the sentence for people. A word stays once it is published."""

    description: str

    def __new__(cls, value: str, description: str) -> "ComponentReason":
        """Join the public word and the sentence that documents it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    @property
    def outcome(self) -> Outcome:
        """Whether a component is skipped or refused for this reason, or rendered all the same."""
        if self in _TOLD:
            return Outcome.RENDERED
        return Outcome.SKIPPED if self in _NOTHING_TO_APPLY else Outcome.REFUSED

    # --- rendered, and there is something to tell --------------------------------------------------------------------
    NOT_DETERMINISTIC = (
        "NotDeterministic",
        "A part of it comes out differently each time, such as a generated password, or with another version of helm.",
    )

    BUILD_METADATA = (
        "BuildMetadata",
        "A part of it is what helm or kustomize write of themselves, such as their version.",
    )

    # --- refused: to apply it, something would have to be invented ----------------------------------------------------
    MISSING_API_VERSION = "MissingApiVersion", "It has no apiVersion, and its kind is none of Kubernetes' own."
    MISSING_KIND = "MissingKind", "It has no kind."
    MISSING_NAME = "MissingName", "It has no name; `generateName` names another object each time it is applied."
    INVALID_NAME = "InvalidName", "Its name or namespace is none that Kubernetes takes, and cannot be made one."
    NOT_TEXT = "NotText", "A field that must be text is a number or a boolean: put it in quotes."
    MISSING_REQUIRED_FIELD = "MissingRequiredField", "A field that its kind requires is absent or empty."
    CONFLICTING_FIELDS = "ConflictingFields", "One field is written in two ways, with different content."
    CONFLICTING_LIST_ENTRIES = "ConflictingListEntries", "Two entries of a list share their key and differ otherwise."
    DIFFERING_DUPLICATE = "DifferingDuplicate", "Two components render to one object with different content."
    SELECTOR_MISMATCH = "SelectorMismatch", "Its selector does not match the labels of its own Pod template."
    NOT_A_RESOURCE = "NotAResource", "Its kind is a request or an answer of the API, not something a cluster stores."
    UNRESOLVED_REFERENCE = (
        "UnresolvedReference",
        "It refers by `$(#ref.<path>)` to what is not in the design, to itself, or to too much.",
    )
    DEPENDENCY_CYCLE = "DependencyCycle", "Its `dependsOn` leads back to itself: nothing could be applied first."
    UNSUPPORTED_LANGUAGE = (
        "UnsupportedLanguage",
        "Its `format` asks for CUE or jsonnet, which the operator does not run: publish the values themselves.",
    )
    INVALID_DOCUMENT = "InvalidDocument", "It has not the shape of a Kubernetes object or of a component."
    ENCRYPTED = "Encrypted", "It is encrypted with SOPS; the operator has no keys, and decrypts nothing."

    # --- skipped: there is nothing to apply ---------------------------------------------------------------------------
    ANNOTATION = "Annotation", "A drawing in the design, not a resource."
    IGNORED = "Ignored", "The design says that it is ignored."
    FOREIGN_MODEL = (
        "ForeignModel",
        "Its model is not one of Kubernetes resources, so Meshery does not deploy it either.",
    )
    ALIAS = "Alias", "A view of the Pod template of a workload in the same design, which creates it itself."
    DUPLICATE = "Duplicate", "Another component renders to the very same object."
    HOOK = "Hook", "A hook or test of Helm or Argo CD (`helm.sh/hook`), which only that tool may create, at its moment."
    UNKNOWN_HOOK = (
        "UnknownHook",
        "A hook of a Helm chart at a moment that Helm does not know (`helm.sh/hook`): helm leaves it out.",
    )
    TEST_HOOK = "TestHook", "A test of a Helm chart (`helm.sh/hook: test`), which only `helm test` runs."
    USES_LOOKUP = (
        "UsesLookup",
        "A template of the chart that asks the cluster or DNS (`lookup`, `getHostByName`), and is told nothing.",
    )
    DELETED_BY_PATCH = "DeletedByPatch", "A patch of `spec.render.patches` deletes it."
    MATCHES_NOTHING = "MatchesNothing", "An image of `spec.render.images` that no object has."
    DEPRECATED = "Deprecated", "The author of the chart maintains it no longer (`deprecated: true`)."
    LOCAL_CONFIG = (
        "LocalConfig",
        "It configures a tool such as kpt (`config.kubernetes.io/local-config`, a Kptfile), and is not for a cluster.",
    )
    CONTROLLED = (
        "Controlled",
        "Another object of the artifact makes it (`metadata.ownerReferences`), such as a Pod's Job.",
    )
    PROTECTED_NAMESPACE = (
        "ProtectedNamespace",
        "The namespaces `default`, `kube-*` and the pattern's own are used, never owned.",
    )
    TARGET_NAMESPACE = (
        "TargetNamespace",
        "`spec.render.targetNamespace` is another namespace: nothing would go to this one.",
    )


_TOLD: Final = frozenset({ComponentReason.NOT_DETERMINISTIC, ComponentReason.BUILD_METADATA})
_NOTHING_TO_APPLY: Final = frozenset(
    {
        ComponentReason.ANNOTATION,
        ComponentReason.IGNORED,
        ComponentReason.FOREIGN_MODEL,
        ComponentReason.ALIAS,
        ComponentReason.DUPLICATE,
        ComponentReason.HOOK,
        ComponentReason.UNKNOWN_HOOK,
        ComponentReason.TEST_HOOK,
        ComponentReason.USES_LOOKUP,
        ComponentReason.DEPRECATED,
        ComponentReason.DELETED_BY_PATCH,
        ComponentReason.MATCHES_NOTHING,
        ComponentReason.LOCAL_CONFIG,
        ComponentReason.CONTROLLED,
        ComponentReason.PROTECTED_NAMESPACE,
        ComponentReason.TARGET_NAMESPACE,
    }
)

OF_NO_COMPONENT: Final = frozenset(
    {ComponentReason.USES_LOOKUP, ComponentReason.DEPRECATED, ComponentReason.MATCHES_NOTHING}
)
"""What rows say of the chart or of ``spec.render``, and not of a component."""
FOR_OTHER_TOOLS: Final = frozenset(
    {
        ComponentReason.HOOK,
        ComponentReason.UNKNOWN_HOOK,
        ComponentReason.TEST_HOOK,
        ComponentReason.LOCAL_CONFIG,
        ComponentReason.USES_LOOKUP,
        ComponentReason.DEPRECATED,
        ComponentReason.MATCHES_NOTHING,
    }
)
"""Skips that are reported one by one, because the author of the component may rely on it."""
