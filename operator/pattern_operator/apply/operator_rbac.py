"""The cluster-wide RBAC objects that give the operator its rights, found by its account: they may have any name.

Looked for once, when the operator begins to work. RoleBindings are not: any tenant may bind the operator's account in a
namespace of its own, and must not keep others from the role that it names.
"""

import logging
from http import HTTPStatus
from typing import Final

from pattern_operator.api.fields import text_at
from pattern_operator.apply.protected import Protected
from pattern_operator.kube import ApiError, Resource, Session, objects

CLUSTER_ROLE_BINDING: Final = Resource(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    namespaced=False,
)

logger = logging.getLogger(__name__)


async def operator_rbac(session: Session, *, protected: Protected) -> frozenset[tuple[str, str]]:
    """Kind and name of each ClusterRoleBinding with the operator's account as a subject, and of the role it binds.

    Empty where the operator may not list them: then names alone decide.

    Raises:
        ApiError: the API server could not be asked.
    """
    try:
        bindings = await objects.list_(session, CLUSTER_ROLE_BINDING)
    except ApiError as error:
        if error.code not in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            raise
        logger.warning("the operator's own RBAC is known by its names alone: %s", error)
        return frozenset()
    ours = [each for each in bindings if protected.binds(each)]
    names = {(CLUSTER_ROLE_BINDING.kind, text_at(each, "metadata", "name")) for each in ours}
    return frozenset(names | {("ClusterRole", text_at(each, "roleRef", "name")) for each in ours})
