"""Who the operator is to the API server: the user name that its credentials stand for.

Source: Kubernetes documentation, "SelfSubjectReview" (authentication.k8s.io/v1, since 1.28); every authenticated user
may ask it (ClusterRole system:basic-user).
"""

from http import HTTPStatus
from typing import Any, Final

import orjson

from pattern_operator.kube.failure import ApiError
from pattern_operator.kube.reading import read_object
from pattern_operator.kube.session import Session

_PATH: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_BODY: Final = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
_REFUSED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


async def user_name(session: Session) -> str:
    """The user name at the API server; empty where the server does not tell it.

    Raises:
        ApiError: the server could not be asked.
    """
    try:
        answer = await read_object(await session.request("POST", _PATH, body=orjson.dumps(_BODY)))
    except ApiError as error:
        if error.code in _REFUSED:
            return ""
        raise
    name = _entry(_entry(_entry(answer, "status"), "userInfo"), "username")
    return name if isinstance(name, str) else ""


def _entry(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, dict) else None
