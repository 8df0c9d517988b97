"""Assigns each object its namespace, and updates the references to it.

A namespaced object goes to ``targetNamespace``; without that to the namespace it names; and if it names none, to the
pattern's own, where Meshery would take ``default``. Namespaces themselves are objects of the pattern, but for
``default``, ``kube-*`` and the pattern's own: deleting one of those with the pattern would take more than it brought.
With ``targetNamespace`` only that one is, where the artifact has it. With ``createNamespace`` those that are needed and
not there are made.
"""

from collections.abc import Iterable, Sequence

from pattern_operator.api.object import OF_CREATE_NAMESPACE, Object, is_protected_namespace
from pattern_operator.api.repair import Repair
from pattern_operator.quote import quoted
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.kinds import Scopes, is_built_in
from pattern_operator.render.names import made_valid
from pattern_operator.render.options import Options
from pattern_operator.render.references import references

_NAMESPACE = "Namespace"
_MESHERY_DEFAULT = "default"  # where Meshery puts what names no namespace; references are written with that in mind


def assign_namespaces(components: Iterable[WorkingComponent], *, options: Options) -> None:
    """Give each component its namespace, or none where its kind has none; skip Namespaces that must not be owned."""
    included = [component for component in components if not component.excluded]
    scopes = Scopes(component.body for component in included)
    for component in included:
        if component.kind == _NAMESPACE and is_built_in(component.api_version, _NAMESPACE):
            _exclude_namespace(component, options=options)
        if not scopes.is_namespaced(component.api_version, component.kind, hint=component.namespaced):
            _without_namespace(component)
        else:
            _with_namespace(component, options=options)


def keep_namespaces(components: Iterable[WorkingComponent], *, options: Options) -> None:
    """As ``assign_namespaces``, for what a program wrote: no name is made valid, and nothing is put in another order.

    ``targetNamespace`` moves also what is written; without it what is written stays.
    """
    included = [component for component in components if not component.excluded]
    scopes = Scopes(component.body for component in included)
    for component in included:
        metadata = component.metadata
        if component.kind == _NAMESPACE and is_built_in(component.api_version, _NAMESPACE):
            _exclude_namespace(component, options=options)
        if scopes.is_namespaced(component.api_version, component.kind, hint=component.namespaced):
            metadata["namespace"] = options.target_namespace or component.source_namespace or options.default_namespace
        else:
            _without_namespace(component)
            metadata.pop("namespace", None)


def update_references(components: Iterable[WorkingComponent], *, options: Options) -> None:
    """Update references with a namespace to objects of the pattern that were assigned another one.

    Subjects of role bindings, services behind webhooks and API services, claims of volumes.
    """
    included = [component for component in components if not component.excluded]
    went = _went(included, options=options)
    for component in included:
        if not is_built_in(component.api_version, component.kind):
            continue
        for reference in references(component.body):
            new = went.get((reference.kind, reference.name, reference.namespace))
            if reference.namespace and new is not None and new != reference.namespace:
                reference.holder["namespace"] = new
                where = reference.path.removesuffix("name") + "namespace"
                component.note(Repair.FOLLOW_MOVED, f"{where} follows {reference.kind} {reference.name} to {new}")


def created_namespaces(objects: Sequence[Object], *, options: Options) -> tuple[Object, ...]:
    """The Namespaces of objects that are not in the pattern, where ``createNamespace`` is set."""
    if not options.create_namespace:
        return ()
    brought = {each.key.name for each in objects if (each.key.group, each.key.kind) == ("", _NAMESPACE)}
    needed = {each.key.namespace for each in objects} - brought - {"", options.default_namespace}
    return tuple(
        Object.of({"apiVersion": "v1", "kind": _NAMESPACE, "metadata": {"name": name}}, component=OF_CREATE_NAMESPACE)
        for name in sorted(needed)
        if not is_protected_namespace(name)
    )


def _exclude_namespace(component: WorkingComponent, *, options: Options) -> None:
    name = str(component.metadata.get("name"))
    if is_protected_namespace(name):
        component.skip(
            ComponentReason.PROTECTED_NAMESPACE,
            f"namespace {name} is used as it is, and never owned: its labels and annotations are not set",
        )
    elif name == options.default_namespace:
        component.skip(
            ComponentReason.PROTECTED_NAMESPACE,
            f"namespace {name} is the pattern's own: it is used as it is, its labels and annotations are not set",
        )
    elif options.target_namespace and name != options.target_namespace:
        component.skip(
            ComponentReason.TARGET_NAMESPACE,
            f"namespace {name} is left out: spec.render.targetNamespace is {options.target_namespace}",
        )


def _without_namespace(component: WorkingComponent) -> None:
    if component.source_namespace:
        component.note(Repair.DROP_NAMESPACE, f"metadata.namespace left out: {component.kind} is cluster-scoped")
    component.source_namespace = None


def _with_namespace(component: WorkingComponent, *, options: Options) -> None:
    if component.source_namespace is None and component.home is not None:
        component.note(
            Repair.SET_NAMESPACE_FROM_PARENT,
            f"metadata.namespace {quoted(component.home)} taken from the Namespace that it is drawn inside of",
        )
        component.source_namespace = component.home
    own = (
        made_valid(component.source_namespace, kind=_NAMESPACE)
        if component.source_namespace
        else options.default_namespace
    )
    if own is None:
        component.refuse(
            ComponentReason.INVALID_NAME,
            f"{quoted(component.source_namespace)} is not a name of a namespace; correct it",
        )
        return
    if component.source_namespace and own != component.source_namespace:
        component.note(
            Repair.MAKE_NAMESPACE_VALID, f"metadata.namespace {quoted(component.source_namespace)} made {quoted(own)}"
        )
    component.metadata["namespace"] = options.target_namespace or own


def _went(components: list[WorkingComponent], *, options: Options) -> dict[tuple[str, str, str], str]:
    """Where each namespaced object went: (kind, name, namespace as references have it) to its namespace now."""
    went: dict[tuple[str, str, str], str] = {}
    for component in components:
        if component.source_namespace and "namespace" in component.metadata:
            went[component.kind, str(component.metadata["name"]), component.source_namespace] = str(
                component.metadata["namespace"]
            )
    for component in components:  # a component that names its namespace takes precedence
        if not component.source_namespace and "namespace" in component.metadata:
            for assumed in (_MESHERY_DEFAULT, options.default_namespace):
                went.setdefault(
                    (component.kind, str(component.metadata["name"]), assumed), str(component.metadata["namespace"])
                )
    return went
