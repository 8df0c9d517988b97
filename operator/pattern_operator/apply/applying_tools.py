"""Which field managers are tools that people apply manifests with: what these set is handed on to a pattern. Pure.

Source: Kubernetes documentation, "Server-Side Apply"; the names are those that kubectl, Helm, Flux and Argo CD give
themselves, and ``before-first-apply`` is what the API server calls all that was there.
"""

from typing import Final

from pattern_operator.api.fields import ManagedFieldsEntry

_BEFORE: Final = ("before-first-apply", "Update")
# Each of these wrote a whole manifest: what they have set and the pattern has not is what left the manifest.
_OF_WHOLE_MANIFESTS: Final = frozenset(
    {("kubectl-client-side-apply", "Update"), ("kubectl-create", "Update"), ("helm", "Update"), ("helm", "Apply")}
)
# And these wrote single fields by hand, everything that there was, or let others write beside them: of theirs only what
# the pattern has, too, is handed on.
_OF_FIELDS: Final = frozenset(
    {
        *(("kubectl", "Update"), ("kubectl", "Apply"), _BEFORE),
        *((f"kubectl-{verb}", "Update") for verb in ("replace", "edit", "patch", "label", "annotate", "set", "run")),
        *((f"kubectl-{verb}", "Update") for verb in ("expose", "autoscale", "rollout", "taint")),
        *(("kustomize-controller", "Apply"), ("helm-controller", "Apply"), ("helm-controller", "Update")),
        *(("argocd-controller", "Apply"), ("argocd-controller", "Update")),
        ("argocd-application-controller", "Update"),
    }
)


def is_older(entry: ManagedFieldsEntry) -> bool:
    """Whether an entry of managedFields is of a tool that people apply manifests with, and not of a subresource."""
    return not entry.subresource and (entry.name, entry.operation) in _OF_WHOLE_MANIFESTS | _OF_FIELDS


def is_of_whole_manifests(entry: ManagedFieldsEntry) -> bool:
    """Whether an entry is of a tool that wrote a whole manifest: what the pattern has not had left that."""
    return not entry.subresource and (entry.name, entry.operation) in _OF_WHOLE_MANIFESTS


def is_of_what_was_there(entry: ManagedFieldsEntry) -> bool:
    """Whether an entry is the API server's own, of all that an object had when its managedFields were cleared."""
    return not entry.subresource and (entry.name, entry.operation) == _BEFORE
