"""Which namespace each object goes to, and what it takes for the rest of the pattern to find it there.

A namespaced object goes to ``targetNamespace``; without that to the namespace it names; and if it names none, to the
pattern's own, where Meshery would take ``default``. Namespaces themselves are objects of the pattern, but for
``default``, ``kube-*`` and the pattern's own: deleting one of those with the pattern would take more than it brought.
With ``targetNamespace`` only that one is, where the artifact has it. With ``createNamespace`` those that are needed and
not there are made.
"""

from collections.abc import Iterable, Sequence

from pattern_operator.api.object import OF_CREATE_NAMESPACE, Object, is_protected_namespace
from pattern_operator.quote import quoted
from pattern_operator.render.cause import Cause
from pattern_operator.render.draft import Draft
from pattern_operator.render.kinds import Scopes, is_built_in
from pattern_operator.render.names import made_valid
from pattern_operator.render.options import Options
from pattern_operator.render.references import references

_NAMESPACE = "Namespace"
_MESHERY_DEFAULT = "default"  # where Meshery puts what names no namespace; references are written with that in mind


def place(drafts: Iterable[Draft], *, options: Options) -> None:
    """Give each draft its namespace, or none where its kind has none; settle Namespaces that are not to be owned."""
    waiting = [draft for draft in drafts if not draft.settled]
    scopes = Scopes(draft.body for draft in waiting)
    for draft in waiting:
        if draft.kind == _NAMESPACE and is_built_in(draft.api_version, _NAMESPACE):
            _settle_namespace(draft, options=options)
        if not scopes.is_namespaced(draft.api_version, draft.kind, hint=draft.namespaced):
            _without_namespace(draft)
        else:
            _with_namespace(draft, options=options)


def follow(drafts: Iterable[Draft], *, options: Options) -> None:
    """Let references that carry a namespace follow the objects of the pattern that went to another one.

    Subjects of role bindings, services behind webhooks and API services, claims of volumes.
    """
    waiting = [draft for draft in drafts if not draft.settled]
    went = _went(waiting, options=options)
    for draft in waiting:
        if not is_built_in(draft.api_version, draft.kind):
            continue
        for reference in references(draft.body):
            new = went.get((reference.kind, reference.name, reference.namespace))
            if reference.namespace and new is not None and new != reference.namespace:
                reference.holder["namespace"] = new
                where = reference.path.removesuffix("name") + "namespace"
                draft.repairs.append(f"{where} follows {reference.kind} {reference.name} to {new}")


def created_namespaces(objects: Sequence[Object], *, options: Options) -> tuple[Object, ...]:
    """The Namespaces that objects go to and the pattern does not bring, where ``createNamespace`` asks for them."""
    if not options.create_namespace:
        return ()
    brought = {each.key.name for each in objects if (each.key.group, each.key.kind) == ("", _NAMESPACE)}
    needed = {each.key.namespace for each in objects} - brought - {"", options.default_namespace}
    return tuple(
        Object.of({"apiVersion": "v1", "kind": _NAMESPACE, "metadata": {"name": name}}, component=OF_CREATE_NAMESPACE)
        for name in sorted(needed)
        if not is_protected_namespace(name)
    )


def _settle_namespace(draft: Draft, *, options: Options) -> None:
    name = str(draft.metadata.get("name"))
    if is_protected_namespace(name):
        draft.skip(
            Cause.PROTECTED_NAMESPACE,
            f"namespace {name} is used as it is, and never owned: its labels and annotations are not set",
        )
    elif name == options.default_namespace:
        draft.skip(
            Cause.PROTECTED_NAMESPACE,
            f"namespace {name} is the pattern's own: it is used as it is, its labels and annotations are not set",
        )
    elif options.target_namespace and name != options.target_namespace:
        draft.skip(
            Cause.TARGET_NAMESPACE,
            f"namespace {name} is left out: spec.render.targetNamespace is {options.target_namespace}",
        )


def _without_namespace(draft: Draft) -> None:
    if draft.origin:
        draft.repairs.append(f"metadata.namespace left out: {draft.kind} is cluster-scoped")
    draft.origin = None


def _with_namespace(draft: Draft, *, options: Options) -> None:
    own = made_valid(draft.origin, kind=_NAMESPACE) if draft.origin else options.default_namespace
    if own is None:
        draft.refuse(Cause.INVALID_NAME, f"{quoted(draft.origin)} is no name of a namespace; correct it")
        return
    if draft.origin and own != draft.origin:
        draft.repairs.append(f"metadata.namespace {quoted(draft.origin)} made {quoted(own)}")
    draft.metadata["namespace"] = options.target_namespace or own


def _went(drafts: list[Draft], *, options: Options) -> dict[tuple[str, str, str], str]:
    """Where each namespaced object went: (kind, name, namespace as references have it) to its namespace now."""
    went: dict[tuple[str, str, str], str] = {}
    for draft in drafts:
        if draft.origin and "namespace" in draft.metadata:
            went[draft.kind, str(draft.metadata["name"]), draft.origin] = str(draft.metadata["namespace"])
    for draft in drafts:  # what is told about one that names its namespace counts for more
        if not draft.origin and "namespace" in draft.metadata:
            for assumed in (_MESHERY_DEFAULT, options.default_namespace):
                went.setdefault((draft.kind, str(draft.metadata["name"]), assumed), str(draft.metadata["namespace"]))
    return went
