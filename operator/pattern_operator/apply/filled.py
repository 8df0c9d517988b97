"""What a manifest writes empty and the cluster fills: sent, each apply would undo what the cluster writes there.

An empty value of these fields says the same as none, so they are left out, and server-side apply makes them nobody's
of ours (Kubernetes documentation, "Server-Side Apply"). ``storageClassName: ""`` and its like mean something, and stay.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.object import Body, ObjectKey

EACH: Final = "[]"  # in a path: each entry of a list


def _always(_: Any) -> bool:
    return True


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list) and not value)


def _is_blank_in_base64(value: Any) -> bool:
    """Whether the bytes are none but white space, as ``Cg==`` is, which charts write to have any."""
    if not isinstance(value, str):
        return value is None
    try:
        # The API server reads base64 over line breaks, as Go does.
        return not base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True).strip()
    except (binascii.Error, ValueError):
        return False  # for the API server to refuse


@dataclass(frozen=True, slots=True)
class Filled:
    """A field of a kind that is left out where its value is ``empty``, in objects that ``where`` is true of; ``why``:
    who fills it."""

    group: str
    kind: str
    path: tuple[str, ...]
    why: str
    empty: Callable[[Any], bool] = _is_empty
    where: Callable[[Body], bool] = _always


def _is_aggregated(body: Body) -> bool:
    return isinstance(body.get("aggregationRule"), dict)


_INJECTED: Final = "cert-manager's cainjector and controllers like it write the authority there"
FILLED: Final = (
    Filled(
        *("rbac.authorization.k8s.io", "ClusterRole", ("rules",)),
        why="a controller writes the rules of the roles that aggregationRule selects over whatever is there",
        empty=_always,
        where=_is_aggregated,
    ),
    *(
        Filled(group, kind, path, why=_INJECTED, empty=_is_blank_in_base64)
        for group, kind, path in (
            (
                "admissionregistration.k8s.io",
                "ValidatingWebhookConfiguration",
                ("webhooks", EACH, "clientConfig", "caBundle"),
            ),
            (
                "admissionregistration.k8s.io",
                "MutatingWebhookConfiguration",
                ("webhooks", EACH, "clientConfig", "caBundle"),
            ),
            ("apiregistration.k8s.io", "APIService", ("spec", "caBundle")),
            (
                "apiextensions.k8s.io",
                "CustomResourceDefinition",
                ("spec", "conversion", "webhook", "clientConfig", "caBundle"),
            ),
        )
    ),
    Filled(
        "", "PersistentVolumeClaim", ("spec", "volumeName"), why="binding writes the volume, which then is for life"
    ),
    Filled("", "Pod", ("spec", "nodeName"), why="the scheduler writes the node, which then is for life"),
    Filled("", "Pod", ("spec", "serviceAccountName"), why="admission writes the account, which then is for life"),
    Filled("", "Pod", ("spec", "serviceAccount"), why="its older name, which admission writes too"),
    Filled("", "Service", ("spec", "clusterIP"), why="the API server allocates the address, which then is for life"),
    Filled("", "Service", ("spec", "clusterIPs"), why="the API server allocates the addresses"),
    Filled("", "ServiceAccount", ("imagePullSecrets",), why="OpenShift writes its own, and the list has one owner"),
    Filled("", "Endpoints", ("subsets",), why="a controller writes the addresses of the Service's pods"),
)


def without_filled(body: Body, *, key: ObjectKey) -> Body:
    """The object without the fields of ``FILLED`` that it writes empty; ``body`` itself is not changed."""
    for each in FILLED:
        if (each.group, each.kind) == (key.group, key.kind) and each.where(body):
            body = _without(body, each.path, each.empty)
    return body


def _without(value: Any, path: tuple[str, ...], empty: Callable[[Any], bool]) -> Any:
    """``value`` without what is at ``path``, where that is empty; what has another shape is left as it is."""
    name, rest = path[0], path[1:]
    if name == EACH:
        return [_without(each, rest, empty) for each in value] if isinstance(value, list) else value
    if not isinstance(value, dict) or name not in value:
        return value
    if rest:
        return {**value, name: _without(value[name], rest, empty)}
    return {key: child for key, child in value.items() if key != name} if empty(value[name]) else value
