"""Every reason of a condition, an event, a metric or a command line error.

Reasons are public names and are never changed. The sentence of each is its documentation, and ends in the next step.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A CamelCase word for programs; ``description`` is the sentence for people."""

    description: str

    def __new__(cls, value: str, description: str) -> "Reason":
        """Make a member of the public word and the sentence that documents it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    # --- well, or in progress ---------------------------------------------------------------------------------
    READY = "Ready", "The desired revision runs and is healthy."
    PROGRESSING = "Progressing", "The operator is working on it, or waits for objects to become healthy."
    SUSPENDED = "Suspended", "`spec.suspend` is true: nothing is pulled or applied until it is false."
    DELETING = "Deleting", "The pattern is being deleted; its objects go first."
    PRUNING = (
        "Pruning",
        "The desired state runs; objects that left the pattern are being deleted, and not all are gone.",
    )
    SUCCEEDED = "Succeeded", "The stage succeeded."
    NO_POLICY = "NoPolicy", "No signature is required: add `spec.verify.authorities` to require one."
    NOT_REACHED = "NotReached", "An earlier stage failed, so this one did not run for the new revision."
    UNHEALTHY = "Unhealthy", "At least one object failed; the message names it and its state."
    WAITING_FOR_HEALTH = "WaitingForHealth", "Objects are applied and not all are healthy yet."
    HEALTH_TIMEOUT = "HealthTimeout", "Objects did not become healthy within `spec.timeout`."
    DRIFTED = (
        "Drifted",
        "Somebody changed an applied object, and it is not repaired: as the spec says, or after many repairs.",
    )
    DRIFT_RESOLVED = "DriftResolved", "Objects that had drifted and were not repaired are as applied again."
    UPDATED = "Updated", "A revision was applied: which one replaced which, and what changed in the cluster."
    DRIFT_REPAIRED = "DriftRepaired", "Somebody changed or deleted an applied object; it was applied again."

    # --- source -----------------------------------------------------------------------------------------------------
    INVALID_SPEC = "InvalidSpec", "The spec is invalid, although the schema admits it; correct the spec."
    INVALID_REFERENCE = (
        "InvalidReference",
        "The url, the ref or a range of versions cannot be read; correct `spec.source` or `dependsOn`.",
    )
    ARTIFACT_NOT_FOUND = "ArtifactNotFound", "There is no such repository, tag or digest (at a terminal: no such file)."
    NO_MATCHING_VERSION = "NoMatchingVersion", "No tag of the repository is in the semver range."
    VERSION_WITHDRAWN = (
        "VersionWithdrawn",
        "The version that runs left the registry's list and is kept; to go back, change `spec.source.ref`.",
    )
    AUTHENTICATION_FAILED = "AuthenticationFailed", "The registry refused the credentials; correct the Secret."
    AUTHENTICATION_REQUIRED = "AuthenticationRequired", "The registry wants credentials: set `spec.source.secretRef`."
    ACCESS_DENIED = "AccessDenied", "The credentials are known and not allowed to read this repository."
    SECRET_NOT_FOUND = "SecretNotFound", "A Secret or ConfigMap that the spec names does not exist; create it."
    SECRET_INVALID = "SecretInvalid", "A Secret or ConfigMap does not contain what it should; correct its data."
    REGISTRY_UNAVAILABLE = "RegistryUnavailable", "The registry did not answer, or answered with a server error."
    REGISTRY_THROTTLED = "RegistryThrottled", "The registry asked to slow down (429); it is retried later."
    ADDRESS_REFUSED = (
        "AddressRefused",
        "The registry, or a host that it names, has an address that the operator does not connect to.",
    )
    TLS_FAILED = "TLSFailed", "The registry's certificate was refused, or it speaks plain http (`insecure: true`)."
    DIGEST_MISMATCH = "DigestMismatch", "The content that the registry sent does not have its digest: do not trust it."
    SIZE_MISMATCH = "SizeMismatch", "The content that the registry sent is not as long as its descriptor says."
    ARTIFACT_TOO_LARGE = "ArtifactTooLarge", "The artifact exceeds a limit of the operator; the message names it."
    ARTIFACT_UNSUPPORTED = "ArtifactUnsupported", "The artifact has a format that the operator does not support."
    ARCHIVE_REFUSED = "ArchiveRefused", "The layer is not a safe archive: links, odd names or a decompression bomb."
    LAYER_NOT_FOUND = "LayerNotFound", "No layer or file fits `spec.source.layer`."
    CACHE_UNAVAILABLE = "CacheUnavailable", "The cache directory cannot be read or written; see the message."

    # --- verify -----------------------------------------------------------------------------------------------------
    SIGNATURE_MISSING = "SignatureMissing", "A signature is required and the artifact has none; sign it."
    SIGNATURE_UNTRUSTED = "SignatureUntrusted", "The artifact is signed, but by none of the required authorities."
    SIGNATURE_OF_ANOTHER_ARTIFACT = (
        "SignatureOfAnotherArtifact",
        "A valid signature by a required authority, but of another digest: it was copied here.",
    )
    SIGNATURE_INVALID = "SignatureInvalid", "What the registry has as a signature cannot be read as one."
    KEY_INVALID = "KeyInvalid", "A key of `spec.verify` is not a public key the operator can use; correct it."
    REVOCATION_UNKNOWN = (
        "RevocationUnknown",
        "Who issued a certificate did not say whether it is revoked; it is asked again. See `notation.revocation`.",
    )
    SIGNATURE_TOO_OLD = "SignatureTooOld", "The newest signature is older than the policy's `maxAge`; sign it again."
    POLICY_INVALID = (
        "PolicyInvalid",
        "A TrustPolicy cannot be used, so nothing meets it; correct it or its Secret.",
    )
    POLICY_WARNING = (
        "PolicyWarning",
        "A TrustPolicy with `mode: Warn` is not met, or a level only logs what is wrong; it is applied all the same.",
    )
    NO_TRUST_POLICY = "NoTrustPolicy", "Nothing is required of the artifact, and the operator admits nothing unsigned."
    DOWNGRADE_REFUSED = (
        "DowngradeRefused",
        "The tag or range leads back to an artifact that ran or was signed before; see `allowDowngrade`.",
    )
    TOO_MANY_SIGNATURES = "TooManySignatures", "More signatures than the operator tries; remove the surplus."

    # --- render -----------------------------------------------------------------------------------------------------
    NOT_A_PATTERN = "NotAPattern", "The artifact contains neither a Meshery design nor Kubernetes manifests."
    DOCUMENT_INVALID = "DocumentInvalid", "A file of the artifact is not valid YAML or JSON."
    KUSTOMIZATION_INVALID = (
        "KustomizationInvalid",
        "The kustomization cannot be built as it is published; the message names the file and the field.",
    )
    KUSTOMIZE_FAILED = "KustomizeFailed", "`kustomize` cannot build the kustomization; the message has its words."
    PATCH_INVALID = (
        "PatchInvalid",
        "A patch, image or name of `spec.render` cannot be used, or matches nothing; correct it.",
    )
    PARAMETERS_NOT_FOUND = (
        "ParametersNotFound",
        "A Secret or ConfigMap of `spec.render.valuesFrom`, or its key, does not exist; create it, or set `optional`.",
    )
    PARAMETERS_INVALID = (
        "ParametersInvalid",
        "The parameters cannot be read, or the pattern does not take them; correct `spec.render` or what it names.",
    )
    NOTHING_TO_DEPLOY = "NothingToDeploy", "The artifact renders to no object at all."
    COMPONENTS_REFUSED = "ComponentsRefused", "Components cannot be rendered; correct them or set `onInvalid: Skip`."
    CHART_INVALID = (
        "ChartInvalid",
        "The Helm chart cannot be rendered as it is published: it is a library, or lacks its dependencies.",
    )
    CHART_FAILED = "ChartFailed", "`helm` cannot render the chart with these parameters; the message has its words."
    PROGRAM_MISSING = (
        "ProgramMissing",
        "The artifact needs `helm` or `kustomize`, and there is none: see `--helm` and `--kustomize`.",
    )
    TOO_MANY_OBJECTS = "TooManyObjects", "The pattern renders to more objects than the operator takes."
    RESOURCE_LIMIT_EXCEEDED = (
        "ResourceLimitExceeded",
        "Unpacking or rendering the artifact takes more memory or time than one pattern may use; split it.",
    )

    # --- rollout ----------------------------------------------------------------------------------------------------
    EMPTY_UPDATE = (
        "EmptyUpdate",
        "The update renders to no object, which would remove everything; set `spec.apply.allowEmpty` if it is meant.",
    )

    CONTAINS_ITSELF = (
        "ContainsItself",
        "The pattern contains a DesignPattern that is this one, or contains it, or makes patterns without end.",
    )

    DEPENDENCY_NOT_READY = (
        "DependencyNotReady",
        "A DesignPattern that this one depends on is not there, not Ready, or of another version; it is waited for.",
    )
    DEPENDENCY_CYCLE = (
        "DependencyCycle",
        "The pattern depends on itself, or on what it contains, through what the message names; take one away.",
    )

    HEALTH_CHECK_INVALID = (
        "HealthCheckInvalid",
        "An expression of a health check cannot be evaluated: the message names it, and the place in it.",
    )

    # --- hooks ------------------------------------------------------------------------------------------------------
    HOOK_RUNNING = "HookRunning", "A hook of the chart runs; what comes after it waits until it is over."
    HOOK_FAILED = (
        "HookFailed",
        "A hook of the chart failed, or its object is another's; a change, or a requested reconcile, runs it again.",
    )

    # --- apply ------------------------------------------------------------------------------------------------------
    APPLY_FAILED = "ApplyFailed", "The API server refused at least one object; the message has its words."
    MODIFIED = (
        "Modified",
        "Somebody else changed the DesignPattern, or its status, while it was written. It is retried.",
    )
    CONFLICT = "Conflict", "Another field manager has a field with another value; see `spec.apply.conflicts`."
    OWNED_BY_ANOTHER_PATTERN = "OwnedByAnotherPattern", "Another DesignPattern owns this object: it carries its label."
    OWNER_LABEL_REMOVED = (
        "OwnerLabelRemoved",
        "Admission takes the pattern's label off an object that is applied; correct the mutating webhook or policy.",
    )
    ALREADY_EXISTS = (
        "AlreadyExists",
        "An object existed before the pattern, and `spec.apply.adopt` does not let the pattern have it.",
    )
    MANAGED_BY_ANOTHER_TOOL = (
        "ManagedByAnotherTool",
        "Helm, Argo CD, Flux or another tool manages the object; remove it from one of the two.",
    )
    KEPT = (
        "Kept",
        "An object left the pattern, or the pattern was deleted, and it is kept in the cluster; the message says why.",
    )
    NOT_IN_INVENTORY = (
        "NotInInventory",
        "An object carries the pattern's label and the pattern does not have it; delete it, or take the label off.",
    )
    KIND_NOT_FOUND = "KindNotFound", "The API server has no such kind: its CRD is missing. Applied when it appears."
    FORBIDDEN = "Forbidden", "An account lacks a right, or does not exist; the message names it and the verbs."
    SERVICE_ACCOUNT_REQUIRED = (
        "ServiceAccountRequired",
        "This operator applies nothing with its own rights; set `spec.apply.serviceAccountName`.",
    )
    CROSS_NAMESPACE = (
        "CrossNamespace",
        "The pattern contains, or depends on, a DesignPattern of another namespace, which is not allowed; remove it.",
    )
    PROTECTED_OBJECT = (
        "ProtectedObject",
        "The pattern contains an object of the operator itself (its namespace, Lease, CRDs, RBAC); remove it.",
    )
    PRUNE_FAILED = "PruneFailed", "An object that left the pattern could not be deleted."
    DELETION_FAILED = (
        "DeletionFailed",
        "Objects could not be deleted; the message names them and how to keep them in the cluster.",
    )
    INVENTORY_TOO_LARGE = (
        "InventoryTooLarge",
        "The names of the objects do not fit into status, even compressed; nothing was changed. Split the pattern.",
    )
    STATUS_TOO_LARGE = (
        "StatusTooLarge",
        "The API server takes no resource of this size; make spec and annotations smaller, or split the pattern.",
    )
    INVALID_STATUS = "InvalidStatus", "Somebody changed what only the operator writes; the message says what."
    API_SERVER_UNAVAILABLE = "ApiServerUnavailable", "The API server did not answer; it is retried."
    RUN_TIMEOUT = "RunTimeout", "A run took too long; the message names the stage. It is retried."

    # --- the command line -------------------------------------------------------------------------------------------
    PATTERN_NOT_FOUND = "PatternNotFound", "There is no such DesignPattern; `patternctl get -A` lists all there are."

    KUBECONFIG_INVALID = (
        "KubeconfigInvalid",
        "There is no kubeconfig, or it cannot be used; see `--kubeconfig` and `--context`.",
    )
    DOCKER_CONFIG_INVALID = (
        "DockerConfigInvalid",
        "The config of `docker login`, or a credential helper that it names, cannot be used.",
    )

    # --- the operator itself ----------------------------------------------------------------------------------------
    OPERATOR_BUSY = (
        "OperatorBusy",
        "Patterns use all processes, memory, ports or files of the operator; it is retried.",
    )
    INTERNAL_ERROR = "InternalError", "A defect of the operator; please report the message and the log."
