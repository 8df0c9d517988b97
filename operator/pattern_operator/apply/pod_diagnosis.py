"""Looks at the pods of one workload, in the name of the pattern's account, to say why the workload is not healthy.

Two requests at most, and one page of pods: enough to find a cause that all of them share. Nothing is watched.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from pattern_operator.api.fields import MAX_NAME, has_condition, list_at, mapping_at, mappings_at, text, texts
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.pod_cause import first_cause
from pattern_operator.kube import ApiError, Discovery, KindNotFound, Resource, Session, objects

POD: Final = Resource("", "v1", "Pod", "pods", namespaced=True)
MAX_PODS: Final = 20  # that are looked at
MAX_TERMS: Final = 20  # of a selector; more than any workload has
WORKLOADS: Final = frozenset(
    {
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("batch", "Job"),
    }
)


async def diagnose_pods(session: Session, discovery: Discovery, key: ObjectKey, *, impersonate: str | None) -> str:
    """The cause that the workload's pods show, or the right that is missing to see one; empty where nothing is known.

    Never raises for what a server answers: why something is not healthy is worth no failure.
    """
    try:
        resource = await discovery.find(group=key.group, kind=key.kind)
        body = await objects.get(session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate)
        selector = selector_of(body)
        if _is_suspended(body):
            return "it is suspended (spec.suspend: true), and makes no pods until somebody resumes it"
        if not selector or _rests(body):
            return ""
        pods = await objects.list_page(
            session, POD, namespace=key.namespace, label_selector=selector, limit=MAX_PODS, impersonate=impersonate
        )
    except KindNotFound:
        return ""
    except ApiError as error:
        if error.code == HTTPStatus.FORBIDDEN and impersonate is not None:
            return f"(grant the pattern's ServiceAccount list on pods in {key.namespace} to see why)"
        return ""
    if not pods and has_condition(body, "ReplicaFailure"):
        return ""  # its health has the words of who refuses them
    if not pods:
        command = f"kubectl describe {key.kind.lower()} -n {key.namespace} {key.name}"
        if has_condition(body, "Failed"):  # Kubernetes documentation, "Job termination and cleanup"
            return f"it has no pods: those that run are deleted when a Job fails. {command} shows whether it had any"
        return f"it has no pods: {command} shows whether a quota, pod security or a webhook refuses them"
    return first_cause(pods)


def _rests(workload: object) -> bool:
    """Whether it has no pods to look for, because nobody is to make any: its health says so, or another controller."""
    spec = mapping_at(workload, "spec")
    managed = text(spec.get("managedBy"))  # of a Job (KEP-4368)
    return spec.get("paused") is True or managed not in ("", "kubernetes.io/job-controller")


def _is_suspended(workload: object) -> bool:
    return mapping_at(workload, "spec").get("suspend") is True  # of a Job


def selector_of(workload: object) -> str:
    """``spec.selector`` as the API server takes it in a query; empty where it cannot be written or selects all."""
    selector = mapping_at(workload, "spec", "selector")
    terms = [f"{name}={value}" for name, value in sorted(texts(selector.get("matchLabels")).items())]
    for each in mappings_at(selector, "matchExpressions"):
        term = _term(each)
        if not term:
            return ""
        terms.append(term)
    long = len(terms) > MAX_TERMS or any(len(each) > 4 * MAX_NAME for each in terms)
    return "" if long else ",".join(terms)


def _term(expression: Mapping[str, Any]) -> str:
    name, values = text(expression.get("key")), ",".join(text(each) for each in list_at(expression, "values"))
    match expression.get("operator"):
        case "In":
            return f"{name} in ({values})"
        case "NotIn":
            return f"{name} notin ({values})"
        case "Exists":
            return name
        case "DoesNotExist":
            return f"!{name}"
    return ""
