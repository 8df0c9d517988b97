"""The way out where a field that the API server filled in by itself, and nobody holds, blocks a change.

A Deployment without ``strategy`` is given ``rollingUpdate``. When a later version says ``type: Recreate``, that is
refused: server-side apply removes only fields that the applier held (Kubernetes documentation, "Server-Side Apply"), so
neither leaving the field out nor ``rollingUpdate: null`` helps. Tried with Kubernetes 1.37: so it is with Deployment
Recreate, StatefulSet OnDelete, and a volume that had no source; Services, DaemonSets, probes and other volumes pass.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

import orjson

from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply.adoption import GUARDED
from pattern_operator.apply.existing import quoted
from pattern_operator.apply.immutable import says_immutable
from pattern_operator.apply.replaced_fields import Blocked, HeldField
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.status_message import StatusCause
from pattern_operator.quote import first_few

_NAMED: Final = 3  # fields that a message names
_ONE_OF: Final = re.compile(r"may not specify more than 1 (?:volume|handler) type")
_ONLY_FOR: Final = re.compile(r"only allowed for updateStrategy")
_PATH: Final = re.compile(r"\w+(?:\.\w+|\[\d+\])*")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class _Patch:
    """A change that removes what was filled in, and says in the same request what the manifest wants."""

    field: str
    patch: Body


_PATCHES: Final = {
    ("apps", "Deployment"): _Patch(
        "spec.strategy.rollingUpdate", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}
    ),
    ("apps", "StatefulSet"): _Patch(
        "spec.updateStrategy.rollingUpdate", {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}}
    ),
}
_KEEPS_PODS: Final = frozenset({("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet")})


def explain_defaulted_fields(failure: ApplyFailure, error: ApiError, *, body: Body) -> ApplyFailure:
    """``failure`` with the way out, where the server refused a field that the manifest ``body`` does not have."""
    if (failure.key.group, failure.key.kind) in GUARDED or says_immutable(error.message):
        return failure
    if isinstance(error, Blocked) and error.held:
        return replace(failure, message=f"{_held(failure.key, error.held)}. It says: {failure.message}")
    fields = list(dict.fromkeys(cause.field for cause in error.causes if _is_left_over(cause, body)))
    if not fields:
        return failure
    named = first_few(fields, _NAMED)
    message = (
        f"{_way_out(failure.key, fields)}. A default of the API server is in the way at {named}, and"
        f" no manifest can remove it. It says: {failure.message}"
    )
    return replace(failure, message=message)


def _is_left_over(cause: StatusCause, body: Body) -> bool:
    if _ONE_OF.search(cause.message):
        return _has_one(body, cause.field)
    if not _PATH.fullmatch(cause.field):  # a key of a map stands in it, or it was masked
        return False
    forbidden = cause.reason == "FieldValueForbidden" or _ONLY_FOR.search(cause.message) is not None
    return forbidden and _at(body, cause.field) is None


def _has_one(body: object, path: str) -> bool:
    """Whether the manifest itself names one source only where the server found several."""
    holder = _at(body, path.rpartition(".")[0])
    return isinstance(holder, dict) and len([name for name in holder if name != "name"]) == 1


def _at(body: object, path: str) -> object:
    """What the manifest says at ``path``; None where it says nothing, or null."""
    for name, index in _STEP.findall(path):
        if index:
            body = body[int(index)] if isinstance(body, list) and int(index) < len(body) else None
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


def _held(key: ObjectKey, held: tuple[HeldField, ...]) -> str:
    """Who has set what is in the way, and how it goes: only what nobody holds is the API server's own."""
    managers = " and ".join(dict.fromkeys(quoted(each.manager) for each in held))
    fields = ", ".join(dict.fromkeys(each.field for each in held))
    kind, where = _named(key)
    return (
        f"Remove {fields} (kubectl edit {kind} {where}), which does not go together"
        f" with the manifest: field manager {managers} has set it, and must not set it again"
    )


def _way_out(key: ObjectKey, fields: list[str]) -> str:
    kind, where = _named(key)
    known = _PATCHES.get(key.group_kind)
    anew = f"kubectl delete {kind} {where}"
    if key.group_kind in _KEEPS_PODS:
        anew += " --cascade=orphan"
    if known is not None and fields == [known.field]:
        patch = orjson.dumps(known.patch).decode()
        return f"Run once: kubectl patch {kind} {where} --type=merge -p '{patch}'; or recreate it: {anew}"
    return f"Recreate it: {anew}"


def _named(key: ObjectKey) -> tuple[str, str]:
    """The kind, and the name with its namespace, as kubectl takes them."""
    kind = f"{key.kind.lower()}.{key.group}" if key.group else key.kind.lower()
    return kind, f"{key.name} -n {key.namespace}" if key.namespace else key.name
