"""Role bindings of the designer: subjects that are only a name, and the group written with its version.

Relationships leave a stub ``{name: x}`` in ``subjects`` each time an edge is drawn, beside the complete subject. A stub
alone is completed from the ServiceAccount of that name in a RoleBinding only: in a ClusterRoleBinding a guess would
give away the cluster.
"""

from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.render.draft import Draft
from pattern_operator.render.kinds import RBAC_GROUP
from pattern_operator.render.shape import items, mapping, mappings, text

_BINDINGS: Final = frozenset({"ClusterRoleBinding", "RoleBinding"})
_ACCOUNT: Final = "ServiceAccount"

Accounts = dict[str, set[str]]


def repair_bindings(drafts: Iterable[Draft]) -> None:
    """Mend roleRef and subjects of every binding; what stays incomplete is found by ``required``."""
    waiting = [draft for draft in drafts if not draft.settled]
    accounts: Accounts = {}
    for draft in waiting:
        if draft.kind == _ACCOUNT and draft.api_version == "v1":
            accounts.setdefault(str(draft.metadata["name"]), set()).add(str(draft.metadata["namespace"]))
    for draft in waiting:
        if draft.kind in _BINDINGS and draft.api_version.startswith(f"{RBAC_GROUP}/"):
            _mend_groups(draft)
            _drop_stubs(draft)
            _complete(draft, accounts)


def _mend_groups(draft: Draft) -> None:
    """``rbac.authorization.k8s.io/v1`` is an apiVersion; the field wants the group."""
    places = [("roleRef", mapping(draft.body.get("roleRef")))]
    places += [(f"subjects[{index}]", mapping(item)) for index, item in enumerate(items(draft.body.get("subjects")))]
    for path, place in places:
        group = text(place.get("apiGroup"))
        if group.startswith(f"{RBAC_GROUP}/"):
            place["apiGroup"] = RBAC_GROUP
            draft.repairs.append(f"{path}.apiGroup read as {RBAC_GROUP}: the group, without its version")


def _drop_stubs(draft: Draft) -> None:
    subjects = items(draft.body.get("subjects"))
    said = {text(subject.get("name")) for subject in mappings(subjects) if subject.get("kind")}
    kept: list[Any] = []
    for subject in subjects:
        if _is_stub(subject):
            if subject["name"] in said:
                continue
            said.add(subject["name"])
        kept.append(subject)
    if len(kept) < len(subjects):
        draft.repairs.append(
            f"subjects: {len(subjects) - len(kept)} that are only a name left out: another says as much"
        )
        draft.body["subjects"] = kept


def _complete(draft: Draft, accounts: Accounts) -> None:
    """Say which account is meant, where the design leaves one possibility.

    A RoleBinding that names kind and name is complete: the API server assumes the binding's own namespace.
    """
    for index, subject in enumerate(mappings(draft.body.get("subjects"))):
        home = _home(accounts.get(text(subject.get("name")), set()), beside=text(draft.metadata.get("namespace")))
        if home is None or subject.get("namespace"):
            continue
        source = "taken from the pattern's ServiceAccount of that name"
        if _is_stub(subject) and draft.kind == "RoleBinding":
            subject |= {"kind": _ACCOUNT, "namespace": home}
            draft.repairs.append(f"subjects[{index}].kind and namespace {source}")
        elif subject.get("kind") == _ACCOUNT and draft.kind == "ClusterRoleBinding":
            subject["namespace"] = home
            draft.repairs.append(f"subjects[{index}].namespace {source}")


def _home(homes: set[str], *, beside: str) -> str | None:
    """The namespace of the account that is meant: the binding's own, else the only one; None when it is not clear."""
    if beside in homes:
        return beside
    return next(iter(homes)) if len(homes) == 1 else None


def _is_stub(subject: Any) -> bool:
    return isinstance(subject, dict) and set(subject) == {"name"} and isinstance(subject["name"], str)
