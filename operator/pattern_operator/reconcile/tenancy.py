"""In whose name a pattern acts, and whose DesignPatterns it may hold: the administrator's policy for tenants. Pure.

It follows Flux's multi-tenancy lockdown (fluxcd.io, "Multi-tenancy lockdown"): ``--default-service-account`` and
``--no-cross-namespace-refs``. A namespace is the boundary between tenants: who may write DesignPatterns in it may use
each of its ServiceAccounts, as who may create Pods there does.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pattern_operator.api.account import ServiceAccount, is_account_name
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import GROUP
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """What the command line says of all patterns. ``own_user`` is the operator's user name at the API server.

    ``default_service_account`` is the account, in the namespace of a pattern, of patterns that name none.
    ``require_service_account``: nothing is read, applied or deleted for a pattern with the operator's own account.
    ``cross_namespace``: whether a pattern may hold objects of the operator's kinds for other namespaces.
    """

    default_service_account: str | None = None
    require_service_account: bool = False
    cross_namespace: bool = True
    own_user: str = ""


def account_of(pattern: DesignPattern, *, tenancy: Tenancy) -> str | None:
    """The user in whose name everything of a pattern is done, or None for the operator's own.

    Raises:
        Stalled: the pattern has to name an account and does not, or names one that it may not have.
    """
    metadata, spec = pattern.metadata, pattern.spec.apply
    title = f"DesignPattern {metadata.namespace}/{metadata.name}"
    name = spec.service_account_name or tenancy.default_service_account
    if not name:
        if tenancy.require_service_account:
            raise Stalled(
                reason=Reason.SERVICE_ACCOUNT_REQUIRED,
                message=f"{title} names no ServiceAccount, and this operator applies nothing with its own rights: set"
                f" spec.apply.serviceAccountName to a ServiceAccount of namespace {metadata.namespace} that has the"
                " rights its objects need.",
            )
        return None
    if not is_account_name(name):
        raise Stalled(
            reason=Reason.INVALID_SPEC,
            message=f"{title}: spec.apply.serviceAccountName is not the name of a ServiceAccount: correct it; small"
            " letters, digits, - and . are allowed.",
        )
    user = ServiceAccount(metadata.namespace, name).user
    if tenancy.require_service_account and user == tenancy.own_user:
        raise Stalled(
            reason=Reason.SERVICE_ACCOUNT_REQUIRED,
            message=f"{title} is to act as {name}, which is the operator's own ServiceAccount: set"
            " spec.apply.serviceAccountName to another one, made for this pattern.",
        )
    return user


def check_namespaces(objects: Iterable[Object], *, pattern: DesignPattern, tenancy: Tenancy) -> None:
    """Refuse objects of the operator's own kinds that are for another namespace than the pattern's.

    ``objects`` are scoped. Every kind of the group counts, a cluster-scoped one too, because it is in no namespace.

    Raises:
        Stalled: there is one, and the operator runs with ``--no-cross-namespace``.
    """
    if tenancy.cross_namespace:
        return
    own = pattern.metadata.namespace
    astray = sorted(each.key.display_name for each in objects if each.key.group == GROUP and each.key.namespace != own)
    if astray:
        more = f" and {len(astray) - 1} more are" if len(astray) > 1 else " is"
        raise Stalled(
            reason=Reason.CROSS_NAMESPACE,
            message=f"{astray[0]}{more} not of namespace {own}, and this operator allows only those of the pattern's"
            f" own namespace (--no-cross-namespace); nothing was applied. Remove it from the artifact, or apply it as"
            " somebody who may write to its namespace.",
        )
