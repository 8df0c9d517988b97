"""Role bindings of the designer: subjects that are only a name, and the group written with its version.

Relationships leave a stub ``{name: x}`` in ``subjects`` each time an edge is drawn, beside the complete subject. A stub
alone is completed from the ServiceAccount of that name in a RoleBinding only: in a ClusterRoleBinding a guess would
give away the cluster.
"""

from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.api.fields import array, mapping, mappings, text
from pattern_operator.api.repair import Repair
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.kinds import RBAC_GROUP

_BINDINGS: Final = frozenset({"ClusterRoleBinding", "RoleBinding"})
_ACCOUNT: Final = "ServiceAccount"

Accounts = dict[str, set[str]]


def repair_bindings(components: Iterable[WorkingComponent]) -> None:
    """Repair roleRef and subjects of every binding; what stays incomplete is found by ``required``."""
    included = [component for component in components if not component.excluded]
    accounts: Accounts = {}
    for component in included:
        if component.kind == _ACCOUNT and component.api_version == "v1":
            accounts.setdefault(str(component.metadata["name"]), set()).add(str(component.metadata["namespace"]))
    for component in included:
        if component.kind in _BINDINGS and component.api_version.startswith(f"{RBAC_GROUP}/"):
            _mend_groups(component)
            _drop_stubs(component)
            _complete(component, accounts)


def _mend_groups(component: WorkingComponent) -> None:
    """``rbac.authorization.k8s.io/v1`` is an apiVersion; the field wants the group."""
    places = [("roleRef", mapping(component.body.get("roleRef")))]
    places += [
        (f"subjects[{index}]", mapping(item)) for index, item in enumerate(array(component.body.get("subjects")))
    ]
    for path, place in places:
        group = text(place.get("apiGroup"))
        if group.startswith(f"{RBAC_GROUP}/"):
            place["apiGroup"] = RBAC_GROUP
            component.note(
                Repair.CORRECT_ROLE_GROUP, f"{path}.apiGroup read as {RBAC_GROUP}: the group, without its version"
            )


def _drop_stubs(component: WorkingComponent) -> None:
    subjects = array(component.body.get("subjects"))
    said = {text(subject.get("name")) for subject in mappings(subjects) if subject.get("kind")}
    kept: list[Any] = []
    for subject in subjects:
        if _is_stub(subject):
            if subject["name"] in said:
                continue
            said.add(subject["name"])
        kept.append(subject)
    if len(kept) < len(subjects):
        component.note(
            Repair.DROP_SUBJECT_STUBS,
            f"subjects: {len(subjects) - len(kept)} that are only a name left out: another says as much",
        )
        component.body["subjects"] = kept


def _complete(component: WorkingComponent, accounts: Accounts) -> None:
    """Say which account is meant, where the design leaves one possibility.

    A RoleBinding that names kind and name is complete: the API server assumes the binding's own namespace.
    """
    for index, subject in enumerate(mappings(component.body.get("subjects"))):
        home = _home(accounts.get(text(subject.get("name")), set()), beside=text(component.metadata.get("namespace")))
        if home is None or subject.get("namespace"):
            continue
        source = "taken from the pattern's ServiceAccount of that name"
        if _is_stub(subject) and component.kind == "RoleBinding":
            subject |= {"kind": _ACCOUNT, "namespace": home}
            component.note(Repair.COMPLETE_SUBJECTS, f"subjects[{index}].kind and namespace {source}")
        elif subject.get("kind") == _ACCOUNT and component.kind == "ClusterRoleBinding":
            subject["namespace"] = home
            component.note(Repair.COMPLETE_SUBJECTS, f"subjects[{index}].namespace {source}")


def _home(homes: set[str], *, beside: str) -> str | None:
    """The namespace of the account that is meant: the binding's own, else the only one; None when it is not clear."""
    if beside in homes:
        return beside
    return next(iter(homes)) if len(homes) == 1 else None


def _is_stub(subject: Any) -> bool:
    return isinstance(subject, dict) and set(subject) == {"name"} and isinstance(subject["name"], str)
