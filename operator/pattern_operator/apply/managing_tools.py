"""Which other tool manages an object, told by the marks that each of them leaves and looks for itself.

Two tools that apply one object undo each other's changes forever, and both delete it. Only the live object counts: a
rendered manifest may carry such marks too (``helm template`` prints some), and is ours all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.existing import Existing, quoted

_FLUX_OBJECT: Final = (
    "(1) annotate it kustomize.toolkit.fluxcd.io/prune: disabled in its source, and let Flux apply that; (2) take it"
    " out of the source; (3) remove its labels kustomize.toolkit.fluxcd.io/name and"
    " kustomize.toolkit.fluxcd.io/namespace"
)

# As docs/migrating.md, "Taking over a live Helm release". Without the annotations a chart's install hooks would run on
# what is there: they alone say that it was installed (``hooks.hook_objects``).
_HELM_RELEASE: Final = (
    "(2) delete its record, the Secrets with the labels owner=helm and name of the release; (3) remove the label"
    " app.kubernetes.io/managed-by{more} of its objects, and leave their annotations meta.helm.sh/release-name and"
    " meta.helm.sh/release-namespace: by them install hooks do not run again; docs/migrating.md has each step"
)


@dataclass(frozen=True, slots=True)
class ManagingTool:
    """What manages an object: ``name`` for people, such as ``the Helm release shop/web``, and how it can release it."""

    name: str
    advice: str


def managing_tool_of(existing: Existing, key: ObjectKey) -> ManagingTool | None:
    """The tool that manages the object, or None."""
    return next((found for look in _TOOLS if (found := look(existing, key)) is not None), None)


def _flux_kustomization(existing: Existing, _: ObjectKey) -> ManagingTool | None:
    # Flux, kustomize-controller: labels that its garbage collection selects by.
    name = existing.label("kustomize.toolkit.fluxcd.io/name")
    where = existing.label("kustomize.toolkit.fluxcd.io/namespace")
    return ManagingTool(f"the Flux Kustomization {_place(where, name)}", _FLUX_OBJECT) if name else None


def _flux_helm(existing: Existing, _: ObjectKey) -> ManagingTool | None:
    # Flux, helm-controller: labels that it adds to every object of a release.
    name = existing.label("helm.toolkit.fluxcd.io/name")
    where = existing.label("helm.toolkit.fluxcd.io/namespace")
    labels = ", helm.toolkit.fluxcd.io/name and helm.toolkit.fluxcd.io/namespace"
    advice = (
        "(1) suspend the HelmRelease, and then delete it: so it uninstalls nothing, and take its values along;"
        f" {_HELM_RELEASE.format(more=labels)}"
    )
    return ManagingTool(f"the Flux HelmRelease {_place(where, name)}", advice) if name else None


def _helm(existing: Existing, _: ObjectKey) -> ManagingTool | None:
    # Helm, pkg/action/validate.go: what it calls owned by a release has this label and both annotations.
    name = existing.annotation("meta.helm.sh/release-name")
    if not name or existing.label("app.kubernetes.io/managed-by") != "Helm":
        return None
    where = existing.annotation("meta.helm.sh/release-namespace")
    advice = f"(1) stop what upgrades it, and take its values along; {_HELM_RELEASE.format(more='')}"
    return ManagingTool(f"the Helm release {_place(where, name)}", advice)


def _argo(existing: Existing, key: ObjectKey) -> ManagingTool | None:
    # Argo CD, "Resource Tracking": <application>:<group>/<kind>:<namespace>/<name>. An annotation that names another
    # object was copied by a controller, and Argo CD itself takes no notice of it.
    application, _, rest = existing.annotation("argocd.argoproj.io/tracking-id").partition(":")
    what, _, who = rest.partition(":")
    namespace, _, name = who.rpartition("/")
    same = what == f"{key.group}/{key.kind}" and name == key.name and (namespace == key.namespace or not key.namespace)
    if not (application and same):
        # The older way is a label that anybody may set: Argo CD's must have written the object, too.
        application = existing.label("app.kubernetes.io/instance")
        if not any(each.startswith("argocd") for each in existing.managers):
            return None
    advice = (
        "(1) annotate it argocd.argoproj.io/sync-options: Prune=false in its source, and sync; (2) take it out of the"
        " source; (3) remove its annotation argocd.argoproj.io/tracking-id, and its label app.kubernetes.io/instance"
    )
    return ManagingTool(f"the Argo CD Application {quoted(application)}", advice) if application else None


def _marked(
    *, label: str = "", annotation: str = "", title: str
) -> Callable[[Existing, ObjectKey], ManagingTool | None]:
    """A tool that is told by one label or annotation."""
    mark = f"label {label}" if label else f"annotation {annotation}"

    def look(existing: Existing, _: ObjectKey) -> ManagingTool | None:
        value = existing.label(label) if label else existing.annotation(annotation)
        advice = f"let it leave the object in the cluster, and then remove the {mark}"
        return ManagingTool(f"{title} {quoted(value)}", advice) if value else None

    return look


_TOOLS: Final[tuple[Callable[[Existing, ObjectKey], ManagingTool | None], ...]] = (
    _flux_kustomization,
    _flux_helm,
    _helm,
    _argo,
    _marked(label="applyset.kubernetes.io/part-of", title="the ApplySet (kubectl apply --applyset)"),
    _marked(annotation="config.k8s.io/owning-inventory", title="the kpt inventory"),
    _marked(label="kapp.k14s.io/app", title="the kapp application"),
    _marked(annotation="objectset.rio.cattle.io/id", title="the Rancher object set"),
    _marked(label="olm.owner", title="the operator bundle (OLM)"),
    _marked(label="addonmanager.kubernetes.io/mode", title="the addon manager of the cluster, in the mode"),
)


def _place(namespace: str, name: str) -> str:
    return f"{quoted(namespace)}/{quoted(name)}" if namespace else quoted(name)
