"""Whether a write was refused because somebody was faster. The code 409 alone does not say so.

Source: Kubernetes, apimachinery ``pkg/api/errors`` (``NewConflict``, ``NewAlreadyExists``), which the API server calls
where an object has another resourceVersion (apiserver, ``registry/generic/registry/store.go``), where there is none of
a UID (``endpoints/handlers/patch.go``), and where a precondition does not hold (``registry/rest/delete.go``,
``storage/etcd3``). Quota admission answers in the same way about its own object. An admission webhook may deny with any
code, reason and details; its words begin with its name (``ApiError.is_denial``).
"""

import re
from http import HTTPStatus
from typing import Final

from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.message_formats import ANOTHER, MODIFIED
from pattern_operator.kube.resource import Resource

_OF_OBJECT: Final = r'(?P<resource>\S+) "(?P<name>[^"\s]+)"'
_CONFLICT: Final = re.compile(rf"Operation cannot be fulfilled on {_OF_OBJECT}: (?:{MODIFIED}|{ANOTHER})")
_EXISTS: Final = re.compile(rf"(?:object is being deleted: )?{_OF_OBJECT} already exists")


def is_optimistic_lock(error: ApiError) -> bool:
    """Whether an object was changed meanwhile, be it the one that was to be written or the quota that counts it."""
    return error.code == HTTPStatus.CONFLICT and _CONFLICT.match(error.message) is not None


def is_overtaken(error: ApiError, resource: Resource, name: str) -> bool:
    """Whether the object ``name`` is not what the write was made for: it was changed, replaced, made, or is gone."""
    if error.code == HTTPStatus.CONFLICT:
        found = _CONFLICT.match(error.message) or _EXISTS.match(error.message)
        return found is not None and found.group("name") == name and found.group("resource") in _names_of(resource)
    # Another UID than the object has is first of all an invalid change of it.
    is_another = error.code == HTTPStatus.UNPROCESSABLE_ENTITY and any(c.field == "metadata.uid" for c in error.causes)
    return is_another and not error.is_denial


def is_field_conflict(error: ApiError) -> bool:
    """Whether other field managers have fields of the object, which is there then (``NewApplyConflict``)."""
    held = any(cause.reason == "FieldManagerConflict" for cause in error.causes)
    return error.code == HTTPStatus.CONFLICT and held and not error.is_denial


def _names_of(resource: Resource) -> tuple[str, str]:
    """How the API server names it: by its plural, and by its kind where it is deleted (``schema.GroupResource``)."""
    group = f".{resource.group}" if resource.group else ""
    return f"{resource.plural}{group}", f"{resource.kind}{group}"
