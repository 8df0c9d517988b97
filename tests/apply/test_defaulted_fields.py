"""Fields that the API server filled in, and nobody holds: named, with a way out that really is one."""

import shlex
from typing import Any

import pytest
from tests.apply.harness import Harness, owner

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.defaulted_fields import explain_defaulted_fields
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.kube import ApiError
from pattern_operator.kube.status_message import StatusCause

WEB = ObjectKey("apps", "Deployment", "team", "web")
FORBIDDEN = StatusCause("spec.strategy.rollingUpdate", "FieldValueForbidden", "Forbidden: may not be specified")


def explain(*causes: StatusCause, body: dict[str, Any], key: ObjectKey = WEB, message: str = "is invalid") -> str:
    error = ApiError(code=422, reason="Invalid", message=message, causes=causes)
    return explain_defaulted_fields(ApplyFailure(key, Reason.APPLY_FAILED, message), error, body=body).message


def workload(kind: str, namespace: str, **spec: Any) -> Object:
    name = "web"
    container = {"name": "a", "image": "registry.example/a:1", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    volume = spec.pop("volume", {"emptyDir": {}})
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], "volumes": [{"name": "v", **volume}]},
    }
    if kind == "StatefulSet":
        spec["serviceName"] = name
    body = {"selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return Object.of(
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": body,
        }
    )


@pytest.mark.parametrize(
    ("kind", "before", "after", "field"),
    [
        pytest.param(
            "Deployment", {}, {"strategy": {"type": "Recreate"}}, "spec.strategy.rollingUpdate", id="Recreate"
        ),
        pytest.param(
            "StatefulSet",
            {},
            {"updateStrategy": {"type": "OnDelete"}},
            "spec.updateStrategy.rollingUpdate",
            id="OnDelete",
        ),
    ],
)
async def test_the_command_in_the_message_lets_the_change_pass(
    harness: Harness, kubectl: Any, namespace: str, kind: str, before: dict[str, Any], after: dict[str, Any], field: str
):
    team = owner()
    await harness.apply(workload(kind, namespace, **before), by=team)

    refused = await harness.apply(workload(kind, namespace, **after), by=team)
    (failure,) = refused.failures
    command = failure.message.removeprefix("Run once: ").partition("; or ")[0]
    kubectl(*shlex.split(command)[1:])
    applied = await harness.apply(workload(kind, namespace, **after), by=team)

    assert failure.message.startswith(f"Run once: kubectl patch {kind.lower()}.apps web -n {namespace} --type=merge")
    assert f"is in the way at {field}, " in failure.message
    assert "--cascade=orphan" in failure.message
    assert applied.failures == ()


async def test_a_volume_that_had_no_source_is_made_anew(harness: Harness, kubectl: Any, namespace: str):
    team = owner()
    await harness.apply(workload("Deployment", namespace, volume={}), by=team)
    desired = workload("Deployment", namespace, volume={"configMap": {"name": "x"}})

    refused = await harness.apply(desired, by=team)
    (failure,) = refused.failures
    command = failure.message.removeprefix("Recreate it: ").partition(". A default of")[0]
    kubectl(*shlex.split(command)[1:])
    applied = await harness.apply(desired, by=team)

    assert command == f"kubectl delete deployment.apps web -n {namespace} --cascade=orphan"
    assert "may not specify more than 1 volume type" in failure.message
    assert applied.failures == ()


def service(namespace: str, **spec: Any) -> Object:
    metadata = {"name": "s", "namespace": namespace}
    return Object.of({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def probed(namespace: str, **probe: Any) -> Object:
    made = workload("Deployment", namespace)
    made.body["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = probe
    return made


PORTS = [{"port": 80}]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            lambda ns: workload("DaemonSet", ns),
            lambda ns: workload("DaemonSet", ns, updateStrategy={"type": "OnDelete"}),
            id="DaemonSet OnDelete",
        ),
        pytest.param(
            lambda ns: workload("Deployment", ns, volume={"configMap": {"name": "x"}}),
            lambda ns: workload("Deployment", ns, volume={"emptyDir": {}}),
            id="another volume",
        ),
        pytest.param(
            lambda ns: workload("Deployment", ns, volume={"emptyDir": {}}),
            lambda ns: workload("Deployment", ns, volume={"secret": {"secretName": "x"}}),
            id="a volume in place of an empty one",
        ),
        pytest.param(
            lambda ns: probed(ns, httpGet={"port": 80}), lambda ns: probed(ns, exec={"command": ["a"]}), id="probe"
        ),
        pytest.param(
            lambda ns: service(ns, ports=PORTS),
            lambda ns: service(ns, type="ExternalName", externalName="a.example"),
            id="ExternalName",
        ),
        pytest.param(
            lambda ns: service(ns, ports=PORTS, sessionAffinity="ClientIP"),
            lambda ns: service(ns, ports=PORTS, sessionAffinity="None"),
            id="affinity",
        ),
        pytest.param(
            lambda ns: service(ns, ports=PORTS, type="NodePort"), lambda ns: service(ns, ports=PORTS), id="NodePort"
        ),
    ],
)
async def test_changes_that_the_api_server_makes_room_for_by_itself_pass(
    harness: Harness, namespace: str, before: Any, after: Any
):
    team = owner()
    await harness.apply(before(namespace), by=team)

    applied = await harness.apply(after(namespace), by=team)

    assert applied.failures == ()


def test_a_field_that_the_manifest_has_is_for_its_author_to_correct():
    body = {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}}

    assert explain(FORBIDDEN, body=body) == "is invalid"


@pytest.mark.parametrize(
    "cause",
    [
        StatusCause("spec.template.spec.containers", "FieldValueRequired", "Required value"),
        StatusCause("spec.replicas", "FieldValueInvalid", "Invalid value: must be greater than or equal to 0"),
        StatusCause("metadata.annotations[a.b/c]", "FieldValueForbidden", "Forbidden: may not be set"),
        StatusCause("", "FieldValueForbidden", "Forbidden: may not be set"),
    ],
)
def test_what_is_refused_for_another_reason_is_said_as_before(cause: StatusCause):
    assert explain(cause, body={"spec": {}}) == "is invalid"


def test_nobody_is_told_to_delete_what_holds_data():
    claim = ObjectKey("", "PersistentVolumeClaim", "team", "data")

    assert (
        explain(StatusCause("spec.x", "FieldValueForbidden", "Forbidden"), body={"spec": {}}, key=claim) == "is invalid"
    )


def test_a_field_that_cannot_be_changed_keeps_its_own_next_step():
    message = "spec.x: Forbidden: field is immutable"

    assert explain(StatusCause("spec.x", "FieldValueForbidden", "Forbidden"), body={}, message=message) == message


@pytest.mark.parametrize("body", [{}, {"spec": None}, {"spec": []}, {"spec": {"strategy": "Recreate"}}])
def test_a_manifest_of_any_shape_is_looked_at(body: dict[str, Any]):
    assert explain(FORBIDDEN, body=body).startswith("Run once: kubectl patch deployment.apps web -n team")


def test_several_fields_are_named_and_the_rest_is_counted():
    causes = [StatusCause(f"spec.x{number}", "FieldValueForbidden", "Forbidden") for number in range(5)]

    told = explain(*causes, body={})

    assert "spec.x0, spec.x1, spec.x2 and 2 more" in told
    assert told.startswith("Recreate it: kubectl delete deployment.apps web -n team --cascade=orphan")


ONE_OF = StatusCause(
    "spec.template.spec.volumes[0].configMap",
    "FieldValueForbidden",
    "Forbidden: may not specify more than 1 volume type",
)


def volumes(*given: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"volumes": list(given)}}}}


@pytest.mark.parametrize(
    ("body", "explained"),
    [
        (volumes({"name": "v", "emptyDir": {}}), True),
        (volumes({"name": "v", "emptyDir": {}, "configMap": {}}), False),
        (volumes({"name": "v"}), False),
        (volumes(), False),
        ({"spec": []}, False),
    ],
    ids=["one source", "two sources", "none", "no such volume", "of another shape"],
)
def test_a_second_source_that_the_manifest_has_not_is_of_the_server(body: dict[str, Any], explained: bool):
    assert ("A default of the API server is in the way" in explain(ONE_OF, body=body)) is explained
