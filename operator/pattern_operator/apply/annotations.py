"""What an object asks for by an annotation: to be kept, or not to be applied. Ours, and those of other tools.

People publish manifests that they wrote for Helm, Argo CD, Flux or kapp: what these annotations mean there, they mean
here. Sources: Helm, "Tell Helm Not To Uninstall a Resource"; Argo CD, "Sync Options"; Flux, "Controlling the apply
behavior of resources"; kapp, "Apply"; sigs.k8s.io/cli-utils, pkg/common (kpt's as well). They stand on the live object,
and so are known after a restart too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.fields import text
from pattern_operator.api.names import DISABLED, PRUNE_ANNOTATION, SSA_ANNOTATION

IGNORE: Final = "Ignore"  # of SSA_ANNOTATION: the object is never applied
IF_ABSENT: Final = "IfAbsent"  # of SSA_ANNOTATION: the object is created, and then left to others

_LONGEST: Final = 1024  # characters of a list of options that are read


@dataclass(frozen=True, slots=True)
class Retention:
    """Whether an object stays when it leaves its pattern (``pruned``), and when the pattern is ``deleted``.

    ``asked`` is the annotation that asks for it, for messages.
    """

    asked: str = ""
    pruned: bool = False
    deleted: bool = False

    def __bool__(self) -> bool:
        return self.pruned or self.deleted


NO_RETENTION: Final = Retention()
_ALWAYS: Final = (  # annotation, value in small letters, words for messages
    (PRUNE_ANNOTATION, DISABLED, f"prune: {DISABLED}"),
    ("helm.sh/resource-policy", "keep", "helm.sh/resource-policy: keep"),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled", "kustomize.toolkit.fluxcd.io/prune: disabled"),
    ("kapp.k14s.io/delete-strategy", "orphan", "kapp.k14s.io/delete-strategy: orphan"),
    ("client.lifecycle.config.k8s.io/deletion", "detach", "client.lifecycle.config.k8s.io/deletion: detach"),
    ("cli-utils.sigs.k8s.io/on-remove", "keep", "cli-utils.sigs.k8s.io/on-remove: keep"),
)
_KEEPS: Final = {
    annotation: (value, Retention(words, pruned=True, deleted=True)) for annotation, value, words in _ALWAYS
}
_OPTIONS: Final = "argocd.argoproj.io/sync-options"
# Who would be asked to confirm a deletion is not there.
_OF_OPTIONS: Final = {
    (pruned, deleted): Retention(f"{_OPTIONS}: {words}", pruned=pruned, deleted=deleted)
    for pruned, deleted, words in (
        (True, False, "Prune=false"),
        (False, True, "Delete=false"),
        (True, True, "Prune=false,Delete=false"),
    )
}
_SSA: Final = (  # annotation, value in small letters (None: any), what it means
    (SSA_ANNOTATION, "ifabsent", IF_ABSENT),
    (SSA_ANNOTATION, "ignore", IGNORE),
    ("kustomize.toolkit.fluxcd.io/ssa", "ifnotpresent", IF_ABSENT),
    ("kustomize.toolkit.fluxcd.io/ssa", "ignore", IGNORE),
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled", IGNORE),
    ("kapp.k14s.io/noop", None, IGNORE),
    ("kapp.k14s.io/exists", None, IGNORE),
)


def retention_of(annotations: Mapping[str, object]) -> Retention:
    """Whether the object is to stay. Costs nothing where it has no annotation."""
    for name, (value, keep) in _KEEPS.items():
        if name in annotations and _said(annotations, name) == value:
            return keep
    if _OPTIONS not in annotations:
        return NO_RETENTION
    options = {each.strip() for each in _said(annotations, _OPTIONS).split(",")}
    pruned = not options.isdisjoint({"prune=false", "prune=confirm"})
    deleted = not options.isdisjoint({"delete=false", "delete=confirm"})
    return _OF_OPTIONS.get((pruned, deleted), NO_RETENTION)


def apply_policy_of(annotations: Mapping[str, object]) -> tuple[str, str]:
    """How the object asks to be applied (``IfAbsent``, ``Ignore`` or empty), and the annotation that asks for it."""
    for name, value, meaning in _SSA:
        if name in annotations and (value is None or _said(annotations, name) == value):
            said = f"ssa: {meaning}" if name == SSA_ANNOTATION else name
            return meaning, said
    return "", ""


def never_applied(annotations: Mapping[str, object]) -> str:
    """The words for an object that asks never to be applied; empty for every other one."""
    policy, said = apply_policy_of(annotations)
    return f"is never applied: it is annotated {said}" if policy == IGNORE else ""


def _said(annotations: Mapping[str, object], name: str) -> str:
    return text(annotations.get(name))[:_LONGEST].strip().lower()
