"""Whether the operator has rights of its own that it is not to have: where each pattern has to name an account.

An installation with fewer rights does not take away what an earlier one gave: ``kubectl apply`` deletes nothing. Looked
at once, when the operator begins to work.
"""

from typing import Final

from pattern_operator.apply.operator_rbac import CLUSTER_ROLE_BINDING
from pattern_operator.apply.protected import Protected
from pattern_operator.kube import Session, can_patch_everything

OF_DEFAULT: Final = "pattern-operator-applier"  # the ClusterRoleBinding of manifests/default, to cluster-admin


async def excess_permissions(session: Session, *, protected: Protected) -> str:
    """What the operator may do although patterns have to name an account, and the way out; empty where it may not.

    ``protected`` knows the bindings of the operator's account (``operator_rbac``).

    Raises:
        ApiError: the API server could not be asked.
    """
    if not await can_patch_everything(session):
        return ""
    user = protected.user or protected.account.user
    fact = f"{user} may change objects of every kind and namespace, although --require-service-account is set"
    if (CLUSTER_ROLE_BINDING.kind, OF_DEFAULT) in protected.rbac:
        way_out = f"kubectl delete clusterrolebinding {OF_DEFAULT} (manifests/default made it)"
    else:
        way_out = "look for what binds it to cluster-admin: kubectl get clusterrolebindings -o wide"
    return f"{fact}: {way_out}, and restart the operator"
