"""Who the operator is to the API server: the user name that its credentials stand for, and what that user may do.

Source: Kubernetes documentation, "SelfSubjectReview" (authentication.k8s.io/v1, since 1.28) and
"SelfSubjectAccessReview" (authorization.k8s.io/v1); every authenticated user may ask both (ClusterRole
system:basic-user).
"""

from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson

from pattern_operator.api.fields import MAX_WORD, list_at, text_at
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
MAX_GROUPS: Final = 1_000  # of a user that are told; directories of large companies give people some hundreds
_REFUSED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who somebody is to the API server (authentication.k8s.io/v1, UserInfo); the UID may be empty."""

    name: str
    uid: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may want to do (authorization.k8s.io/v1, ResourceAttributes); empty names and namespaces are all.

    ``resource`` is the plural, ``subresource`` such as ``log``.
    """

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


async def user_info(session: Session) -> UserInfo:
    """Who the user of ``session`` is; a name that is empty: the server does not tell it.

    Raises:
        ApiError: the server could not be asked, or does not know the user (401).
    """
    answer = _entry(_entry(await _ask(session, _PATH, _BODY), "status"), "userInfo")
    groups = (each[:MAX_WORD] for each in list_at(answer, "groups")[:MAX_GROUPS] if isinstance(each, str))
    return UserInfo(text_at(answer, "username")[:MAX_WORD], text_at(answer, "uid")[:MAX_WORD], tuple(groups))


async def may(session: Session, access: Access) -> bool:
    """Whether the user of ``session`` may do it; False where the server does not tell it.

    Raises:
        ApiError: the server could not be asked.
    """
    attributes = {name: value for name, value in asdict(access).items() if value}
    body = {**_ACCESS_BODY, "spec": {"resourceAttributes": attributes}}
    return _entry(_entry(await _ask(session, _ACCESS_PATH, body), "status"), "allowed") is True


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
