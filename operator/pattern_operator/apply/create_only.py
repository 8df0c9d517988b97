"""An object is made by an apply that the API server refuses where there is one already, so nobody has to look before.

The apply has a ``metadata.resourceVersion`` that no object has. Source: Kubernetes, k8s.io/apiserver,
``registry/generic/registry/store.go`` (``Update``, which ``endpoints/handlers/patch.go`` sends applies through): where
the object exists, another version than its own is a Conflict, found before anything is written; where it does not, it
is created, and the version is cleared before it is stored (``storage/etcd3``, ``PrepareObjectForStorage``). It is none
of the fields that an apply owns (``managedfields``, ``stripMeta``). A UID cannot be used so: with one, what does not
exist is refused.

This holds for all kinds that are built in (Services since Kubernetes 1.23, kubernetes #106745) or that CRDs define,
whatever converts their versions (a conversion webhook may change labels and annotations only: apiextensions-apiserver,
``webhook_converter.go``); it was tried with 36 kinds of 1.37. An aggregated API server may do as it likes: there an
object is looked at first.
"""

from pattern_operator.apply.wave import is_of_the_server
from pattern_operator.kube import LocalApis, Resource


async def refuses_what_exists(resource: Resource, *, local: LocalApis) -> bool:
    """Whether an apply with ``NO_VERSION`` is known to be refused where an object of this kind exists."""
    return is_of_the_server(resource.group) or await local.serve(resource)
