"""What no pattern may hold: the operator's own namespace, Lease, CRDs, RBAC and admission objects. Pure.

Whatever the operator may write for itself could otherwise be written by anyone's artifact: a Lease that another holds
stops it, a binding with its account as subject gives it rights, a CRD of its group changes what a pattern is. Objects
of other components are left to RBAC: what the applying account may write, its patterns may write.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.api.account import ServiceAccount
from pattern_operator.api.fields import list_at, mappings_at, text, text_at
from pattern_operator.api.names import GROUP
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled

NAME: Final = "pattern-operator"  # of the ServiceAccount, the Lease and the RBAC objects of manifests/
NAMESPACE: Final = "pattern-operator-system"
_LEASE: Final = ("coordination.k8s.io", "Lease")
_CRD: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")
_API_SERVICE: Final = ("apiregistration.k8s.io", "APIService")
_NAMESPACES: Final = frozenset({("", "Namespace"), ("project.openshift.io", "Project")})  # OpenShift has two names
# OpenShift serves RBAC under a second group; both lead to the same objects.
_RBAC: Final = frozenset({"rbac.authorization.k8s.io", "authorization.openshift.io"})
_BINDINGS: Final = frozenset({"ClusterRoleBinding", "RoleBinding"})
_ADMISSION: Final = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """The operator as objects of the cluster. ``user`` is its user name where it runs as no ServiceAccount.

    ``rbac`` are kinds and names of cluster-wide RBAC objects that are its own whatever their names (``operator_rbac``).
    """

    account: ServiceAccount = field(default=ServiceAccount(NAMESPACE, NAME))
    user: str = ""
    lease: tuple[str, str] = (NAMESPACE, NAME)  # namespace and name
    rbac: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, user: str, *, lease: tuple[str, str]) -> "Protected":
        """The operator with this user name at the API server; where it is unknown, that of the manifests."""
        account = ServiceAccount.of_user(user) or ServiceAccount(lease[0], NAME)
        return cls(account=account, user=user or account.user, lease=lease)

    def why(self, key: ObjectKey, body: Any = None) -> str:
        """Why no pattern may hold the object, as the end of a sentence; empty where it may.

        ``key`` is the one the object has in the cluster. Without ``body`` only the key decides.
        """
        kind = key.group_kind
        if kind == _LEASE and (key.namespace, key.name) == self.lease:
            return "is the Lease of the operator"
        if key.namespace == self.account.namespace and self._has_own_namespace:
            return f"is in {key.namespace}, the namespace of the operator"
        if key.namespace == self.account.namespace and self._is_reserved(key.name):
            return f"has a name that belongs to the operator's own objects in {key.namespace}"
        if kind in _NAMESPACES and key.name == self.account.namespace and self._has_own_namespace:
            return "is the namespace of the operator"
        if kind in (_CRD, _API_SERVICE) and _is_of_our_group(key.name):
            return f"defines the operator's own API group {GROUP}"
        if (key.group in _RBAC or key.group == _ADMISSION) and not key.namespace and self._is_reserved(key.name):
            return "has a name that belongs to the operator's own objects"
        if key.group in _RBAC and not key.namespace and (key.kind, key.name) in self.rbac:
            return "gives the operator its rights"
        if key.group in _RBAC and key.kind in _BINDINGS and self.binds(body):
            return f"gives rights to {self.account.user}, the operator's own account"
        return ""

    def check(self, objects: Iterable[Object]) -> None:
        """Refuse objects that no pattern may hold; ``objects`` are scoped.

        Raises:
            Stalled: there is one; the message names the first few.
        """
        found = sorted(f"{each.key.display_name} {why}" for each in objects if (why := self.why(each.key, each.body)))
        if found:
            more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
            raise Stalled(
                reason=Reason.PROTECTED_OBJECT,
                message=f"{found[0]}, so no pattern may contain it{more}; nothing was applied. Take it out of the"
                " artifact, or rename it there if only its name is taken.",
            )

    @property
    def _has_own_namespace(self) -> bool:
        """Whether the namespace is the operator's alone: one that runs beside a cluster may lease in ``default``."""
        return self.account.namespace != "default" and not self.account.namespace.startswith("kube-")

    def _is_reserved(self, name: str) -> bool:
        own = {NAME, self.account.name} - {"default"}  # the account that every namespace has names nothing
        return name in own or name.startswith(tuple(f"{each}-" for each in own)) or _is_of_our_group(name)

    def binds(self, body: Any) -> bool:
        """Whether a binding has the operator's account among its subjects, under any of the account's names."""
        return any(self._is_operator(each) for each in _subjects(body))

    def _is_operator(self, subject: tuple[str, str, str]) -> bool:
        kind, namespace, name = subject
        match kind:
            case "ServiceAccount":
                return (namespace, name) == (self.account.namespace, self.account.name)
            case "User" | "SystemUser":
                return name in (self.account.user, self.user)
            case "Group" | "SystemGroup":
                return name == f"system:serviceaccounts:{self.account.namespace}" and self._has_own_namespace
        return False


DEFAULT_PROTECTED: Final = Protected()


def _is_of_our_group(name: str) -> bool:
    """Whether the name ``<something>.<group>`` is of the operator's group, or of one below it."""
    return name.partition(".")[2] == GROUP or name.endswith(f".{GROUP}")


def _subjects(body: Any) -> Iterator[tuple[str, str, str]]:
    """Kind, namespace and name of each subject; what is not one is left for the API server to refuse."""
    here = text_at(body, "metadata", "namespace")
    for each in mappings_at(body, "subjects"):
        yield text_at(each, "kind"), text_at(each, "namespace") or here, text_at(each, "name")
    for kind, listed in (("User", "userNames"), ("Group", "groupNames")):  # authorization.openshift.io/v1
        for name in list_at(body, listed):
            yield kind, "", text(name)
