"""Who the operator is to the API server: the user name that its credentials stand for, and what that user may do.

Source: Kubernetes documentation, "SelfSubjectReview" (authentication.k8s.io/v1, since 1.28) and
"SelfSubjectAccessReview" (authorization.k8s.io/v1); every authenticated user may ask both (ClusterRole
system:basic-user).
"""

from http import HTTPStatus
from typing import Any, Final

import orjson

from pattern_operator.kube.decode import read_object
from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.session import Session

_PATH: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_BODY: Final = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
_ACCESS_PATH: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
# Server-side apply is a patch; in a review "*" stands for all groups, kinds and namespaces.
_EVERYTHING: Final = {"verb": "patch", "group": "*", "resource": "*"}
_ACCESS_BODY: Final = {
    "apiVersion": "authorization.k8s.io/v1",
    "kind": "SelfSubjectAccessReview",
    "spec": {"resourceAttributes": _EVERYTHING},
}
_REFUSED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


async def user_name(session: Session) -> str:
    """The user name at the API server; empty where the server does not tell it.

    Raises:
        ApiError: the server could not be asked.
    """
    answer = await _ask(session, _PATH, _BODY)
    name = _entry(_entry(_entry(answer, "status"), "userInfo"), "username")
    return name if isinstance(name, str) else ""


async def can_patch_everything(session: Session) -> bool:
    """Whether the user may patch objects of every kind in every namespace; False where the server does not tell it.

    Raises:
        ApiError: the server could not be asked.
    """
    answer = await _ask(session, _ACCESS_PATH, _ACCESS_BODY)
    return _entry(_entry(answer, "status"), "allowed") is True


async def _ask(session: Session, path: str, body: dict[str, Any]) -> Any:
    """The server's answer to a review, or None where it takes none."""
    try:
        return await read_object(await session.request("POST", path, body=orjson.dumps(body)))
    except ApiError as error:
        if error.code in _REFUSED:
            return None
        raise


def _entry(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, dict) else None
