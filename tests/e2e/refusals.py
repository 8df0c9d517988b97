"""Patterns that fail while they hold planted secrets: refused by the API server, admission, a registry or a reader."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from tests.e2e.scenario import config_map, deployment
from tests.planted import PIN, Shape, environment, value
from tests.render.designs import DATA

CASES = DATA.parent / "field-cases"
INVENTED = {  # what the field cases call their secrets, and what is planted in their place
    "swordfish-4711": Shape.USERINFO,
    "trombone-1234": Shape.ENVIRONMENT,
    "trombone-5678": Shape.BEARER_TOKEN,
    "bassoon-2718": Shape.SECRET_DATA,
}
DOCKER = "kubernetes.io/dockerconfigjson"
Body = dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """A pattern that fails for ``reason``: ``before`` is what it applied well, and ``content`` what it holds now.

    ``says``: words of the message that tell the refusal that is meant. ``there``: what somebody else made before.
    ``text``: the artifact, where it is not an object. ``faults``: how the registry misbehaves, by what it is asked for.
    An empty ``reason`` is any. Each object is called as its pattern, so that none meets another's.
    """

    reason: str
    says: str
    content: tuple[Body, ...] = ()
    before: tuple[Body, ...] = ()
    there: tuple[Body, ...] = ()
    text: str = ""
    faults: tuple[Mapping[str, Any], ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)


def case(name: str, *path: str) -> tuple[Body, ...]:
    """The objects of a field case, with planted values in place of the invented ones."""
    return tuple(_plant(each) for each in yaml.safe_load_all((CASES / name).joinpath(*path).read_text()))


def _plant(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _plant(each) for key, each in found.items()}
    if isinstance(found, list):
        return [_plant(each) for each in found]
    if isinstance(found, str):
        for invented, shape in INVENTED.items():
            found = found.replace(invented, value(shape))
    return found


def pod_spec(**more: Any) -> Body:
    """A pod's spec full of secrets."""
    main = {"name": "main", "image": "registry.example/main:1", "env": environment()}
    return {"containers": [{**main, "args": [f"--password={value(Shape.ARGUMENT)}"], **more}]}


def workload(**main: Any) -> Body:
    """A Deployment whose container has these fields."""
    body = deployment("web")
    body["spec"]["template"]["spec"]["containers"][0].update(main)
    return body


def labelled(**labels: Any) -> Body:
    body = config_map("settings")
    body["metadata"]["labels"] = labels
    return body


def secret(**content: Any) -> Body:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, **content}


def hook(*resources: str) -> Body:
    """A webhook for these resources of a group that nobody has."""
    rule = {"apiGroups": ["no.such"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": resources}
    client = {"url": f"https://webhook.example/{value(Shape.BEARER_TOKEN)}"}
    webhook = {"name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "rules": [rule]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hook"},
        "webhooks": [{**webhook, "failurePolicy": "Ignore", "clientConfig": client}],
    }


def vault(group: str, **spec: Any) -> Body:
    return {"apiVersion": f"{group}/v1", "kind": "Vault", "metadata": {"name": "vault"}, "spec": spec}


def vaults(group: str) -> Body:
    """The kind Vault, each field of which has a rule that the API server quotes the value for."""
    text = {"type": "string"}
    quoting = {"rule": "self == ''", "messageExpression": "'it is ' + self + ', not empty'"}
    properties = {
        "pin": {"type": "integer", "maximum": 7},
        "code": {**text, "pattern": "^[a-z]$"},
        "short": {**text, "maxLength": 3},
        "mode": {**text, "enum": ["open", "shut"]},
        "list": {"type": "array", "maxItems": 1, "items": text},
        "told": {**text, "x-kubernetes-validations": [quoting]},
        "once": {**text, "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "once is once"}]},
        "date": {**text, "format": "date-time"},
    }
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "vaults", "singular": "vault", "kind": "Vault", "listKind": "VaultList"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"vaults.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def policy(name: str, *, resource: str, prefix: str, quoted: str) -> tuple[Body, ...]:
    """An admission policy that refuses each ``resource`` (group/plural) of this name's beginning, and quotes it."""
    api = {"apiVersion": "admissionregistration.k8s.io/v1"}
    group, _, plural = resource.rpartition("/")
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": [plural]}
    quote = f"'refused: ' + {quoted}.containers[0].env[0].value"
    refused = {"expression": f"!object.metadata.name.startsWith('{prefix}')", "messageExpression": quote}
    made = {"matchConstraints": {"resourceRules": [rule]}, "validations": [refused], "failurePolicy": "Fail"}
    bound = {"policyName": name, "validationActions": ["Deny"]}
    return (
        {**api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": made},
        {**api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": bound},
    )


def by_the_api_server(group: str) -> dict[str, Refused]:
    """What the API server itself refuses, and quotes."""
    failed = "ApplyFailed"
    job, pod = case("03-job-immutable-leak", "v1", "job.yaml")
    job2, pod2 = case("03-job-immutable-leak", "v2", "job.yaml")
    token, note = value(Shape.BEARER_TOKEN), value(Shape.ANNOTATION)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"}}
    never = {"restartPolicy": "Never"}
    cron["spec"] = {"schedule": token, "jobTemplate": {"spec": {"template": {"spec": {**pod_spec(), **never}}}}}
    kept = config_map("kept", password=value(Shape.CONFIG_MAP))
    changed = config_map("kept", password=value(Shape.CONFIG_MAP) + "2")
    stateful: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}}
    labels = {"matchLabels": {"app": "db"}}
    template = {"metadata": {"labels": {"app": "db"}}, "spec": pod_spec()}
    stateful["spec"] = {"serviceName": "db", "replicas": 0, "selector": labels, "template": template}
    moved = {**stateful, "spec": {**stateful["spec"], "serviceName": "other", "podManagementPolicy": "Parallel"}}
    found: dict[str, Refused] = {
        "a-job-that-cannot-change": Refused(failed, "spec.template", (job2,), before=(job,)),
        "a-pod-that-cannot-change": Refused(failed, "Pod", (pod2,), before=(pod,)),
        "a-stateful-set-that-cannot-change": Refused(failed, "StatefulSet", (moved,), before=(stateful,)),
        "a-config-map-that-cannot-change": Refused(
            failed, "ConfigMap", ({**changed, "immutable": True},), before=({**kept, "immutable": True},)
        ),
        "a-secret-of-another-type": Refused(
            failed,
            "type",
            (secret(type=f"example.com/{token[:10]}", stringData={"p": value(Shape.STRING_DATA)}),),
            before=(secret(type="Opaque", stringData={"p": value(Shape.STRING_DATA)}),),
        ),
        "a-large-conflict": Refused(
            "Conflict",
            "ConfigMap",
            tuple(_with_data(each, "new") for each in case("32-large-conflict", "v1", "cm.yaml")),
            there=tuple(_with_data(each, "old") for each in case("32-large-conflict", "live", "cm.yaml")),
        ),
        "an-environment-of-objects": Refused(
            failed, "env", (workload(env=[{"name": "P", "value": {"nested": value(Shape.ENVIRONMENT)}}]),)
        ),
        "an-environment-of-numbers": Refused(
            "ComponentsRefused", "env", (workload(env=[{"name": "P", "value": int(PIN)}]),)
        ),
        "arguments-that-are-no-list": Refused(failed, "args", (workload(args=f"--password={value(Shape.ARGUMENT)}"),)),
        "a-command-of-objects": Refused(failed, "command", (workload(command=[{"password": token}]),)),
        "a-name-of-a-variable": Refused(
            failed, "env", (workload(env=[{"name": f"PASSWORD={token} ", "value": value(Shape.ENVIRONMENT)}]),)
        ),
        "a-wrong-image-policy": Refused(failed, "imagePullPolicy", (workload(imagePullPolicy=token),)),
        "a-wrong-port": Refused(failed, "ort", (workload(ports=[{"containerPort": int(PIN)}]),)),
        "a-wrong-quantity": Refused(failed, "", (workload(resources={"limits": {"memory": token}}),)),
        "a-wrong-label": Refused(failed, "metadata.labels", (labelled(password=value(Shape.STRING_DATA)),)),
        "data-that-is-no-text": Refused(failed, "data", ({**config_map("settings"), "data": {"p": {"n": note}}},)),
        "data-that-is-no-map": Refused(failed, "data", ({**config_map("settings"), "data": [note]},)),
        "data-that-is-no-base64": Refused(
            failed, "data.password is not base64", (secret(data={"password": value(Shape.STRING_DATA)}),)
        ),
        "binary-data-that-is-no-base64": Refused(
            failed, "binaryData.k is not base64", ({**config_map("settings"), "binaryData": {"k": note}},)
        ),
        "a-webhook-for-everything-and-more": Refused(
            failed, "if '*' is present, must not specify other resources without subresources", (hook("*", "pods"),)
        ),
        "a-wrong-docker-config": Refused(
            failed,
            "data",
            (
                secret(
                    type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": value(Shape.DOCKER_AUTH)}
                ),
            ),
        ),
        "a-key-that-is-text": Refused(failed, "Secret", (secret(stringData=value(Shape.PRIVATE_KEY)),)),
        "an-address-that-is-none": Refused(
            failed, "clusterIP", ({**service, "spec": {"clusterIP": token, "ports": [{"port": 80}]}},)
        ),
        "a-name-that-is-none": Refused(
            failed, "externalName", ({**service, "spec": {"type": "ExternalName", "externalName": note}},)
        ),
        "a-schedule-that-is-none": Refused(failed, "schedule", (cron,)),
        "a-number-too-large": Refused(failed, "spec.pin", (vault(group, pin=int(PIN)),)),
        "a-number-that-is-text": Refused(failed, "pin", (vault(group, pin=token),)),
        "a-text-that-is-a-number": Refused(failed, "code", (vault(group, code=int(PIN)),)),
        "a-text-of-another-pattern": Refused(failed, "spec.code", (vault(group, code=value(Shape.SECRET_DATA)),)),
        "a-text-too-long": Refused(failed, "spec.short", (vault(group, short=value(Shape.MULTI_LINE)),)),
        "a-word-that-is-none": Refused(failed, "spec.mode", (vault(group, mode=value(Shape.ENCODED)),)),
        "a-date-that-is-none": Refused(failed, "spec.date", (vault(group, date=value(Shape.URL_ENCODED)),)),
        "a-list-too-long": Refused(failed, "spec.list", (vault(group, list=[token, note]),)),
        "a-rule-that-quotes": Refused(failed, "spec.told", (vault(group, told=token),)),
        "a-rule-over-a-change": Refused(
            failed, "spec.once", (vault(group, once=note),), before=(vault(group, once=token),)
        ),
    }
    for version in ("v1", "v2", "v3"):
        body = case("26-large-refusal-of-a-secret", version, "s.yaml")
        found[f"a-refusal-of-length-{version}"] = Refused(failed, "Secret", body)
    return found


def _with_data(body: Body, said: str) -> Body:
    """The field case's ConfigMap with a planted value in each entry."""
    return {**body, "data": {key: f"{said}-{value(Shape.CONFIG_MAP)}" for key in body["data"]}}


def by_admission() -> dict[str, Refused]:
    """What admission refuses, with a text of its own that quotes the object; which it knows by its name."""
    failed = "ApplyFailed"
    held = config_map("settings", password=value(Shape.CONFIG_MAP))
    login = secret(stringData={"password": value(Shape.STRING_DATA), "lines": value(Shape.MULTI_LINE)})
    return {
        "webhook-that-quotes-a-map": Refused(failed, "ConfigMap", (held,)),
        "webhook-that-quotes-a-secret": Refused(failed, "Secret", (login,)),
        "policy-that-quotes-a-deployment": Refused(failed, "Deployment", (deployment("web"),)),
        "pods-that-a-policy-quotes": Refused("", "Deployment", (deployment("web"),), spec={"timeout": "1s"}),
    }


def by_a_reader() -> dict[str, Refused]:
    """Artifacts that cannot be parsed or rendered."""
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
    token, lines = value(Shape.BEARER_TOKEN), json.dumps(value(Shape.MULTI_LINE))
    plain = value(Shape.PRIVATE_KEY)
    texts = {
        "a-text-without-an-end": head + f'data: {{password: "{plain}\n',
        "a-map-in-a-map": head + f"data: password: {plain}\n",
        "a-tab": head + f"data:\n\tpassword: {plain}\n",
        "an-alias-of-nothing": head + f"data: {{password: *{plain}}}\n",
        "a-directive": f"%{plain}\n---\n" + head,
        "a-key-twice": head + f"data: {{password: {plain}, password: {plain}}}\n",  # the key is named
        "a-key-that-is-a-list": head + f"data: {{[{plain}]: a}}\n",
        "a-control-character": head + f"data: {{password: {plain}\x07}}\n",
        "json-with-a-comma": f'{{"apiVersion": "v1", "kind": "Secret", "data": {{"password": "{token}",}}}}',
        "json-without-an-end": f'{{"apiVersion": "v1", "kind": "Secret", "stringData": {{"password": {lines}',
        "json-with-an-escape": f'{{"apiVersion": "v1", "kind": "Secret", "data": {{"password": "{token}\\x"}}}}',
        "metadata-that-is-text": f"apiVersion: v1\nkind: Secret\nmetadata: {plain}\n",
        "a-kind-that-is-a-map": f"apiVersion: v1\nkind: {{password: {plain}}}\nmetadata: {{name: a}}\n",
        "a-name-that-is-a-map": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {{password: {plain}}}}}\n",
        "a-document-that-is-text": f"{plain}\n",
        "a-document-that-is-a-list": f"- {plain}\n",
        "an-annotation-that-is-a-map": head.replace("settings", f"settings, annotations: {{a: {{b: {plain}}}}}"),
        "labels-that-are-text": head.replace("settings", f"settings, labels: {plain}"),
        "a-namespace-that-is-a-list": head.replace("settings", f"settings, namespace: [{plain}]"),
    }
    return {name: Refused("", "", text=text) for name, text in texts.items()}


def by_a_registry(elsewhere: str) -> dict[str, Refused]:
    """What a registry answers with secrets in it: its own, ours, and those of ``elsewhere``, a URL it leads to."""
    token, user = value(Shape.BEARER_TOKEN), value(Shape.USERINFO)
    said = json.dumps({"errors": [{"code": "DENIED", "message": f"Bearer {token} may not", "detail": {"got": token}}]})
    link = f"http://bob:{user}@127.0.0.1:9/blob?X-Amz-Signature={value(Shape.URL_ENCODED)}"
    challenge = f'Bearer realm="{elsewhere}",service="{token}",scope="repository:{token}:pull"'

    def refused(what: str, **fault: Any) -> Refused:
        return Refused("", "", (config_map("settings"),), faults=({"path": what, **fault},))

    return {
        "a-403-that-quotes": refused("manifests", status=403, body=said),
        "a-401-that-quotes": refused("manifests", status=401, body=said, headers={"WWW-Authenticate": "Basic"}),
        "a-404-that-quotes": refused("manifests", status=404, body=said),
        "a-429-that-quotes": refused("manifests", status=429, body=said),
        "a-500-that-quotes": refused("manifests", status=500, body=token * 500),
        "a-418-that-quotes": refused("manifests", status=418, body=f"<html>{token}</html>"),
        "a-manifest-that-is-text": refused("manifests", status=200, body=token * 3),
        "a-manifest-of-another-type": refused("manifests", headers={"Content-Type": f"text/{token}"}),
        "a-type-of-a-refusal": refused("manifests", status=403, body=said, headers={"Content-Type": token}),
        "a-redirect-that-leads-away": refused("blobs", status=307, headers={"Location": link}),
        "a-redirect-to-another-service": refused("blobs", status=307, headers={"Location": elsewhere}),
        "a-redirect-of-a-manifest": refused("manifests", status=307, headers={"Location": elsewhere}),
        "a-redirect-that-is-none": refused("blobs", status=307, headers={"Location": f"gopher://{user}:{token}@x"}),
        "a-challenge-that-is-none": refused("manifests", status=401, headers={"WWW-Authenticate": f"Odd {token}"}),
        "a-challenge-that-quotes": refused("manifests", status=401, headers={"WWW-Authenticate": challenge}),
        "a-blob-of-other-bytes": refused("blobs", status=200, body=token * 20),
        "a-time-that-is-none": refused("manifests", status=429, headers={"Retry-After": token}),
    }
