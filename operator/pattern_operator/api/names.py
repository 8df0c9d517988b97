"""Public names: the API group, kinds, labels, annotations and the finalizer. They are never changed."""

from typing import Final

GROUP: Final = "pattern-operator.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "DesignPattern"
PLURAL: Final = "designpatterns"
TRUST_POLICY_KIND: Final = "TrustPolicy"
TRUST_POLICY_PLURAL: Final = "trustpolicies"

# On managed objects.
OWNER_LABEL: Final = f"{GROUP}/owner"
NAME_LABEL: Final = f"{GROUP}/name"  # for people to select by; nothing is decided by it
HOOK_LABEL: Final = f"{GROUP}/hook"  # of the object of a hook: in which run of hooks it was made
PATTERN_ANNOTATION: Final = f"{GROUP}/pattern"
ADOPTED_ANNOTATION: Final = f"{GROUP}/adopted"
PRUNE_ANNOTATION: Final = f"{GROUP}/prune"
RECONCILE_ANNOTATION: Final = f"{GROUP}/reconcile"
SSA_ANNOTATION: Final = f"{GROUP}/ssa"
DISABLED: Final = "disabled"
# On a DesignPattern.
REQUESTED_AT_ANNOTATION: Final = f"{GROUP}/requestedAt"
RELEASED_BY_ANNOTATION: Final = f"{GROUP}/releasedBy"  # the pattern that made it, and let it go
WRITE_AHEAD_ANNOTATION: Final = f"{GROUP}/writeAhead"
FINALIZER: Final = f"{GROUP}/finalizer"

FIELD_MANAGER: Final = "pattern-operator"
