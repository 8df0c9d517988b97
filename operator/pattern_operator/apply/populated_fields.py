"""What a manifest writes empty and the cluster fills: sent, each apply would undo what the cluster writes there.

An empty value of these fields says the same as none, so they are left out, and server-side apply makes them nobody's
of ours (Kubernetes documentation, "Server-Side Apply"). ``storageClassName: ""`` and its like mean something, and stay.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.fields import mapping_at, text_at
from pattern_operator.api.object import Body, ObjectKey

EACH: Final = "[]"  # in a path: each entry of a list


def _always(_: Any) -> bool:
    return True


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list) and not value)


def _is_zero(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value == 0)


def _is_empty_selector(value: Any) -> bool:
    """Whether a label selector selects by nothing: ``{}``, or with empty parts."""
    return value is None or (isinstance(value, dict) and not any(value.values()))


def _is_blank_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


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
class PopulatedField:
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


def _is_of_an_account(body: Body) -> bool:
    return body.get("type") == "kubernetes.io/service-account-token"


def _is_generated(body: Body) -> bool:
    """Whether the selector of a Job is the API server's to write."""
    return mapping_at(body, "spec").get("manualSelector") is not True


def _wants_trusted_bundle(body: Body) -> bool:
    return text_at(body, "metadata", "labels", "config.openshift.io/inject-trusted-cabundle") == "true"


def _wants_service_authority(body: Body) -> bool:
    return text_at(body, "metadata", "annotations", "service.beta.openshift.io/inject-cabundle") == "true"


_INJECTED: Final = "cert-manager's cainjector and controllers like it write the authority there"
POPULATED_FIELDS: Final = (
    PopulatedField(
        *("rbac.authorization.k8s.io", "ClusterRole", ("rules",)),
        why="a controller writes the rules of the roles that aggregationRule selects over whatever is there",
        empty=_always,
        where=_is_aggregated,
    ),
    *(
        PopulatedField(group, kind, path, why=_INJECTED, empty=_is_blank_in_base64)
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
    PopulatedField(
        "", "PersistentVolumeClaim", ("spec", "volumeName"), why="binding writes the volume, which then is for life"
    ),
    PopulatedField("", "Pod", ("spec", "nodeName"), why="the scheduler writes the node, which then is for life"),
    PopulatedField(
        "", "Pod", ("spec", "serviceAccountName"), why="admission writes the account, which then is for life"
    ),
    PopulatedField("", "Pod", ("spec", "serviceAccount"), why="its older name, which admission writes too"),
    PopulatedField(
        "", "Pod", ("spec", "priorityClassName"), why="admission writes the default class, which then is for life"
    ),
    PopulatedField(
        *("batch", "Job", ("spec", "selector")),
        why="the API server writes a selector of its own, which then is for life",
        empty=_is_empty_selector,
        where=_is_generated,
    ),
    *(
        PopulatedField(
            *("", "Secret", ("data", name)),
            why="a controller writes the token of the account, and what belongs to it",
            empty=_is_blank_in_base64,
            where=_is_of_an_account,
        )
        for name in ("token", "ca.crt", "namespace")
    ),
    PopulatedField(
        *("", "ConfigMap", ("data", "ca-bundle.crt")),
        why="OpenShift's network operator writes the trusted authorities there",
        empty=_is_blank_text,
        where=_wants_trusted_bundle,
    ),
    PopulatedField(
        *("", "ConfigMap", ("data", "service-ca.crt")),
        why="OpenShift's service-ca operator writes its authority there",
        empty=_is_blank_text,
        where=_wants_service_authority,
    ),
    *(
        PopulatedField(
            *("", "Service", path), why="the API server allocates the port, and goes on with the same", empty=_is_zero
        )
        for path in (("spec", "ports", EACH, "nodePort"), ("spec", "healthCheckNodePort"))
    ),
    PopulatedField("", "Service", ("spec", "ipFamilies"), why="the API server writes the families of the cluster"),
    PopulatedField(
        "", "Service", ("spec", "clusterIP"), why="the API server allocates the address, which then is for life"
    ),
    PopulatedField("", "Service", ("spec", "clusterIPs"), why="the API server allocates the addresses"),
    PopulatedField("", "ServiceAccount", ("secrets",), why="a controller writes the tokens of the account there"),
    PopulatedField(
        "", "ServiceAccount", ("imagePullSecrets",), why="OpenShift writes its own, and the list has one owner"
    ),
    PopulatedField("", "Endpoints", ("subsets",), why="a controller writes the addresses of the Service's pods"),
)


def without_populated_fields(body: Body, *, key: ObjectKey) -> Body:
    """The object without the fields of ``POPULATED_FIELDS`` that it writes empty; ``body`` itself is not changed."""
    for each in POPULATED_FIELDS:
        if (each.group, each.kind) == key.group_kind and each.where(body):
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
    return {key: managed for key, managed in value.items() if key != name} if empty(value[name]) else value
