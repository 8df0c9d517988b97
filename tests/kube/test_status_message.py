# ruff: noqa: E501 - texts of servers, as they are
"""Texts of real API servers (Kubernetes 1.37, Kyverno, Gatekeeper), each with a value that must not be shown."""

import base64
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time

from pattern_operator.kube import ApiError
from pattern_operator.kube import status_message as module
from pattern_operator.kube.decoding_messages import unreadable_entry
from pattern_operator.kube.errors import from_response
from pattern_operator.kube.fieldpath import field_path
from pattern_operator.kube.redact import is_plain, sentence
from pattern_operator.kube.request_content import NO_CONTENT, RequestContent

PLANTED = "tulipwood-4711"
URL = f"postgres://app:{PLANTED}@db/app"
POD = {
    "containers": [
        {
            "name": "web-1",
            "image": "registry.example/web:1.25",
            "args": [f"--password={PLANTED}", "--pin=123456"],
            "env": [{"name": "DB_PASSWORD", "value": PLANTED}, {"name": "DB_URL", "value": URL}],
        }
    ]
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "team-a1", "annotations": {"note": f"use {PLANTED}, or quercus"}},
    "spec": {"template": {"spec": POD}},
}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "creds"}, "stringData": {"password": PLANTED}}
DELETION = {"kind": "DeleteOptions", "apiVersion": "v1"}
SECRETS = "/api/v1/namespaces/team/secrets/creds"
WIDGET = {"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"password": "quercus", "url": URL}}


def refused(
    message: str,
    *causes: tuple[str, str, str],
    sent: dict[str, Any] | None = None,
    code: int = 422,
    reason: str = "",
    path: str = "/apis",
) -> ApiError:
    status = {
        "kind": "Status",
        "reason": reason,
        "message": message,
        "details": {"causes": [{"reason": r, "field": f, "message": m} for r, f, m in causes]},
    }
    body = orjson.dumps(sent) if sent is not None else None
    return from_response(code=code, retry_after=None, body=orjson.dumps(status), request=RequestContent(body, path))


def invalid(
    field: str, message: str, *, sent: dict[str, Any] | None = None, type_: str = "FieldValueInvalid"
) -> ApiError:
    return refused(f'Job.batch "migrate" is invalid: {field}: {message}', (type_, field, message), sent=sent)


def test_many_faults_are_named_at_once_and_the_rest_is_counted():
    causes = [("FieldValueRequired", f"spec.a{number}", "Required value") for number in range(14)]

    message = refused('Job.batch "migrate" is invalid: [...]', *causes).message

    assert "spec.a0: Required value; spec.a1: Required value; " in message
    assert message.endswith("spec.a9: Required value; and 4 more")


def test_unknown_fields_are_named_at_once_and_the_rest_is_counted():
    unknown = ", ".join(f'unknown field "spec.a{number}"' for number in range(11))

    message = refused(f"strict decoding error: {unknown}", code=400).message

    assert message.startswith("strict decoding error: unknown field spec.a0; unknown field spec.a1; ")
    assert message.endswith("unknown field spec.a7; and 3 more")


TEMPLATE = f'core.PodTemplateSpec{{Env:[]core.EnvVar{{core.EnvVar{{Name:"PW", Value:"{PLANTED}"}}}}}}'
CONVERT = (
    "failed to convert new object (team/s; /v1, Kind={0}) to proper version: unable to convert unstructured object to /v1,"
    " Kind={0}: error decoding from json: illegal base64 data at input byte 3"
)
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
UNSUPPORTED = "FieldValueNotSupported"
VALUES = {number: ", ".join(f'"V{each}"' for each in range(number)) for number in (8, 9)}
# What the server says, and what is shown of it.
CASES: dict[str, tuple[Callable[[], ApiError], str]] = {
    "a selector that does not match": (
        partial(
            invalid, "spec.selector", 'Invalid value: {"app":"hunter2"}: `selector` does not match template `labels`'
        ),
        'Job.batch "migrate" is invalid: spec.selector: Invalid value: `selector` does not match template `labels`',
    ),
    "a template that may not change": (
        partial(invalid, "spec.template", f"Invalid value: {TEMPLATE}: field is immutable"),
        'Job.batch "migrate" is invalid: spec.template: Invalid value: field is immutable',
    ),
    "a structure as JSON": (
        partial(invalid, "spec.x", f'Invalid value: {{"a":"{PLANTED}: b"}}: must be unique'),
        'Job.batch "migrate" is invalid: spec.x: Invalid value: must be unique',
    ),
    "a structure that holds a rule": (
        partial(invalid, "spec.x", f'Invalid value: {{"a":": must be {PLANTED}"}}'),
        'Job.batch "migrate" is invalid: spec.x: Invalid value',
    ),
    "a structure and no rule": (
        partial(invalid, "spec.x", f'Invalid value: {{"a":"{PLANTED}"}}'),
        'Job.batch "migrate" is invalid: spec.x: Invalid value',
    ),
    "a difference below the rule": (
        partial(
            invalid,
            "spec",
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.tolerations`"
            f' (only additions)\n  core.PodSpec{{\n- Value: "{PLANTED}",',
            type_="FieldValueForbidden",
        ),
        'Job.batch "migrate" is invalid: spec: Forbidden: pod updates may not change fields other than'
        " `spec.containers[*].image`,`spec.tolerations` (only additions)",
    ),
    "a text and a rule with a pattern": (
        partial(
            invalid,
            "metadata.name",
            f'Invalid value: "{PLANTED}_": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric'
            " characters, '-' or '.' (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ),
        'Job.batch "migrate" is invalid: metadata.name: Invalid value: a lowercase RFC 1123 subdomain must consist of'
        " lower case alphanumeric characters, '-' or '.'",
    ),
    "a text with quotation marks in it": (
        partial(invalid, "spec.x", f'Invalid value: "a\\": must be {PLANTED}": must be less than or equal to 63'),
        'Job.batch "migrate" is invalid: spec.x: Invalid value: must be less than or equal to 63',
    ),
    "a number": (
        partial(invalid, "spec.replicas", "Invalid value: -123456: must be greater than or equal to 0"),
        'Job.batch "migrate" is invalid: spec.replicas: Invalid value: must be greater than or equal to 0',
    ),
    "a word that is not supported": (
        partial(
            invalid,
            "spec.type",
            f'Unsupported value: "{PLANTED}": supported values: "Recreate", "RollingUpdate"',
            type_="FieldValueNotSupported",
        ),
        'Job.batch "migrate" is invalid: spec.type: Unsupported value: supported values: "Recreate", "RollingUpdate"',
    ),
    "a duplicate": (
        partial(invalid, "spec.x[1]", f'Duplicate value: {{"name":"{PLANTED}"}}', type_="FieldValueDuplicate"),
        'Job.batch "migrate" is invalid: spec.x[1]: Duplicate value',
    ),
    "another type": (
        partial(
            invalid,
            "spec.n",
            f'Invalid value: "string": spec.n in body must be of type integer: "{PLANTED}"',
            type_="FieldValueTypeInvalid",
        ),
        'Job.batch "migrate" is invalid: spec.n: Invalid value: must be of type integer',
    ),
    "no causes": (
        partial(
            refused, f'Job.batch "migrate" is invalid: spec.template: Invalid value: {TEMPLATE}: field is immutable'
        ),
        'Job.batch "migrate" is invalid: spec.template: Invalid value: field is immutable',
    ),
    "a rule in CEL": (
        partial(invalid, "spec", 'Invalid value: "object": the password quercus has less than 12 letters', sent=WIDGET),
        'Job.batch "migrate" is invalid: spec: Invalid value: the password *** has less than 12 letters',
    ),
    "a rule in CEL over a structure": (
        partial(invalid, "spec", 'Invalid value: {"password":"quercus"}: must not be quercus', sent=WIDGET),
        'Job.batch "migrate" is invalid: spec: Invalid value: must not be ***',
    ),
    "a rule in CEL that forbids": (
        partial(invalid, "spec", "Forbidden: must not be quercus", sent=WIDGET, type_="FieldValueForbidden"),
        'Job.batch "migrate" is invalid: spec: Forbidden: must not be ***',
    ),
    "a rule in CEL of a group that only looks like Kubernetes' own": (
        partial(
            invalid,
            "spec",
            'Invalid value: "object": must not be quercus',
            sent={**WIDGET, "apiVersion": "snapshot.storage.k8s.io/v1"},
        ),
        'Job.batch "migrate" is invalid: spec: Invalid value: must not be ***',
    ),
    "a field of another type": (
        partial(
            refused,
            "failed to create typed patch object (default/creds; /v1, Kind=Secret): .stringData.config: expected string,"
            f' got &value.valueUnstructured{{Value:map[string]interface {{}}{{"x":"{PLANTED}"}}}}',
            code=500,
        ),
        "failed to create typed patch object (default/creds; /v1, Kind=Secret): .stringData.config: expected string, got"
        " another type",
    ),
    "several fields of another type": (
        partial(
            refused,
            "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): errors:\n  .spec.x: field not declared"
            f' in schema\n  .spec.env[name="PW",value="{PLANTED}"].y: expected map, got {PLANTED}\n'
            '  .spec.tokens: duplicate entries for key [="tulipwood"]',
            code=500,
        ),
        "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): .spec.x: field not declared in schema;"
        ' .spec.env[name="PW",value=\u2026].y: expected map, got another type; .spec.tokens: duplicate entries for key',
    ),
    "unknown fields": (
        partial(
            refused, f'strict decoding error: unknown field "spec.x", duplicate field "spec.a {PLANTED}"', code=400
        ),
        "strict decoding error: unknown field spec.x; duplicate field spec.a\u2026",
    ),
    "data that is not base64": (
        partial(
            refused,
            'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 4',
            code=400,
        ),
        "illegal base64 data: the values of data must be base64; write them under stringData as they are",
    ),
    "a number for a text": (
        partial(
            refused,
            'Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal number 123456 into Go struct'
            " field Secret.stringData of type string",
            code=400,
        ),
        "Secret.stringData: expected string, got a JSON number",
    ),
    "a quantity": (
        partial(refused, f"unable to parse quantity's suffix: {PLANTED}", code=400),
        "a quantity is not one: it must be written as 500m, 2 or 1Gi",
    ),
    "a webhook": (
        partial(
            refused,
            'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource Deployment/team-a1/web was'
            " blocked due to the following policies\n\nrequire-labels:\n  autogen-check: 'validation error: label app is"
            f" required for registry.example/web:1.25. rule failed at path /metadata/labels/app/ for {PLANTED} {URL}'",
            sent=DEPLOYMENT,
            code=400,
        ),
        'admission webhook "validate.kyverno.svc-fail" denied the request: resource Deployment/team-a1/web was blocked'
        " due to the following policies require-labels: autogen-check: 'validation error: label app is required for"
        " registry.example/web:1.25. rule failed at path /metadata/labels/app/ for ***",
    ),
    "a webhook that repeats a Secret": (
        partial(refused, 'admission webhook "w.example" denied the request: quercus is weak', sent=SECRET, code=400),
        'admission webhook "w.example" denied the request (its words are not shown, because they may repeat values; ask'
        " it with kubectl apply --dry-run=server)",
    ),
    "a webhook that refuses to have a Secret deleted": (
        partial(
            refused,
            'admission webhook "w.example" denied the request: quercus is weak',
            sent=DELETION,
            code=400,
            path=SECRETS,
        ),
        'admission webhook "w.example" denied the request (its words are not shown, because they may repeat values; ask'
        " it with kubectl delete secrets creds -n team --dry-run=server)",
    ),
    "a policy that says whom to ask before a deletion": (
        partial(
            refused,
            "configmaps \"w\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ask team"
            f" storage in ticket {PLANTED} before you delete this",
            sent=DELETION,
        ),
        "ValidatingAdmissionPolicy 'p' with binding 'b' denied the request: ask team storage in ticket *** before you"
        " delete this (*** may be a value that others have put into the object: kubectl delete --dry-run=server shows"
        " it)",
    ),
    "a field that the version of an entry of managedFields does not have": (
        partial(refused, ".spec.accessPolicy: field not declared in schema", sent=WIDGET, code=500),
        "managedFields cannot be read: .spec.accessPolicy: field not declared in schema, in the version of an entry",
    ),
    "several of them": (
        partial(
            refused,
            "errors:\n  .spec.a: field not declared in schema\n  .spec.b: field not declared in schema",
            sent=WIDGET,
            code=500,
        ),
        "managedFields cannot be read: .spec.a: field not declared in schema; .spec.b: field not declared in schema, in"
        " the version of an entry",
    ),
    "an entry of managedFields whose version is gone": (
        partial(refused, "request to convert CR to an invalid group/version: x.io/v1beta1", sent=WIDGET, code=500),
        "managedFields cannot be read: an entry is of x.io/v1beta1, which the CRD does not have any more",
    ),
    "a policy": (
        partial(
            refused,
            "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request:"
            f" no {PLANTED} here",
            sent=DEPLOYMENT,
        ),
        "ValidatingAdmissionPolicy 'p' with binding 'b' denied the request: no *** here",
    ),
    "a webhook that is away": (
        partial(
            refused,
            'Internal error occurred: failed calling webhook "w.x.io": failed to call webhook: Post'
            ' "https://s.ns.svc:443/p?timeout=10s": dial tcp 10.0.0.1:443: connect: connection refused',
            code=500,
        ),
        'failed calling webhook "w.x.io" at s.ns.svc: connection refused',
    ),
    "a quota": (
        partial(
            refused,
            'pods "p" is forbidden: exceeded quota: q, requested: limits.cpu=2,pods=1, used: pods=1, limited: pods=1',
            code=403,
        ),
        'pods "p" is forbidden: exceeded quota: q, requested: limits.cpu=2,pods=1, used: pods=1, limited: pods=1',
    ),
    "pod security": (
        partial(
            refused,
            'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container'
            ' "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must'
            ' set securityContext.capabilities.drop=["ALL"])',
            code=403,
        ),
        'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container'
        ' "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must'
        ' set securityContext.capabilities.drop=["ALL"])',
    ),
    "rights": (
        partial(
            refused,
            'configmaps "c" is forbidden: User "system:serviceaccount:a:b" cannot patch resource "configmaps" in API'
            ' group "" in the namespace "team"',
            code=403,
        ),
        'configmaps "c" is forbidden: User "system:serviceaccount:a:b" cannot patch resource "configmaps" in API group'
        ' "" in the namespace "team"',
    ),
    "a list that is not a list of that kind": (
        partial(
            invalid,
            "webhooks[0].rules[0].resources",
            'Invalid value: ["*","pods"]: if \'*\' is present, must not specify other resources without subresources',
        ),
        "Job.batch \"migrate\" is invalid: webhooks[0].rules[0].resources: Invalid value: if '*' is present, must not"
        " specify other resources without subresources",
    ),
    "a rule of RBAC for two sorts": (
        partial(
            invalid,
            "rules[2].nonResourceURLs",
            f'Invalid value: ["/{PLANTED}"]: rules cannot apply to both regular resources and non-resource URLs',
        ),
        'Job.batch "migrate" is invalid: rules[2].nonResourceURLs: Invalid value: rules cannot apply to both regular'
        " resources and non-resource URLs",
    ),
    "a rule that repeats the value": (
        partial(
            invalid,
            "rules[0].resources",
            f'Invalid value: ["*","{PLANTED}"]: if "*" is present, must not specify {PLANTED} or tulipwood',
            sent={"apiVersion": "v1", "rules": [{"resources": ["*", PLANTED, "tulipwood"]}]},
        ),
        'Job.batch "migrate" is invalid: rules[0].resources: Invalid value: if *** is present, must not specify *** or'
        " ***",
    ),
    "a structure that never ends": (
        partial(invalid, "spec.x", f'Invalid value: {{"a":"{PLANTED}": if it is {PLANTED}, it is wrong'),
        'Job.batch "migrate" is invalid: spec.x: Invalid value',
    ),
    "a structure that is too deep": (
        partial(invalid, "spec.x", f"Invalid value: {'[' * 9000}: if it is {PLANTED}, it is wrong"),
        'Job.batch "migrate" is invalid: spec.x: Invalid value',
    ),
    "one value that is not base64": (
        partial(refused, CONVERT.format("Secret"), sent={**SECRET, "data": {"tls.crt": "eA=", "ok": "eA=="}}, code=500),
        "failed to convert new object (team/s; /v1, Kind=Secret): data.tls.crt is not base64; write it under"
        " stringData as it is",
    ),
    "many values that are not base64": (
        partial(
            refused, CONVERT.format("Secret"), sent={**SECRET, "data": dict.fromkeys("abcdefg", PLANTED)}, code=500
        ),
        "failed to convert new object (team/s; /v1, Kind=Secret): data.a, data.b, data.c, data.d, data.e and 2 more"
        " are not base64; write it under stringData as it is",
    ),
    "binary data that is not base64": (
        partial(
            refused,
            CONVERT.format("ConfigMap"),
            sent={"apiVersion": "v1", "kind": "ConfigMap", "binaryData": {"k": PLANTED + "!"}, "data": {"a": "!"}},
            code=500,
        ),
        "failed to convert new object (team/s; /v1, Kind=ConfigMap): binaryData.k is not base64",
    ),
    "an authority that is not base64": (
        partial(
            refused,
            CONVERT.format("ValidatingWebhookConfiguration"),
            sent={"kind": "X", "webhooks": [{"clientConfig": {"caBundle": "eA=="}}, {"a": {"caBundle": PLANTED}}]},
            code=500,
        ),
        "failed to convert new object (team/s; /v1, Kind=ValidatingWebhookConfiguration): webhooks[1].a.caBundle is not"
        " base64",
    ),
    "a value that is not base64 in a request that is not compared": (
        partial(refused, CONVERT.format("Secret"), code=500),
        "failed to convert new object (team/s; /v1, Kind=Secret): illegal base64 data: the values of data must be"
        " base64; write them under stringData as they are",
    ),
    "a conversion webhook that is away": (
        partial(
            refused,
            "failed to convert new object (team/s; x.example/v1, Kind=W) to proper version: conversion webhook for"
            f' x.example/v1, Kind=W failed: Post "https://w.team.svc:443/{PLANTED}?timeout=30s": dial tcp 10.0.0.1:443:'
            " connect: connection refused",
            code=500,
        ),
        "failed to convert new object (team/s; x.example/v1, Kind=W): conversion webhook for x.example/v1, Kind=W failed:"
        " connection refused",
    ),
    "rights that are handed on": (
        partial(
            refused,
            'roles "r" is forbidden: user "u" (groups=["a"]) is attempting to grant RBAC permissions not currently held:'
            f'\n{{APIGroups:[""], ResourceNames:["{PLANTED}"]}}',
            code=403,
        ),
        'forbidden: user "u" is attempting to grant RBAC permissions not currently held',
    ),
    "a conflict": (
        partial(
            refused,
            f'Apply failed with 1 conflict: conflict with "kubectl edit" using v1: .spec.tokens[="{PLANTED}"]',
            (
                "FieldManagerConflict",
                f'.spec.tokens[="{PLANTED}"]',
                'conflict with "kubectl" using v1 at 2026-01-01T00:0',
            ),
            code=409,
        ),
        'Apply failed with 1 conflict: conflict with "kubectl" using v1: .spec.tokens[\u2026]',
    ),
    "a race": (
        partial(
            refused,
            'Operation cannot be fulfilled on pods "x": the object has been modified; please apply your changes to the'
            " latest version and try again",
            code=409,
        ),
        'Operation cannot be fulfilled on pods "x": the object has been modified; please apply your changes to the latest'
        " version and try again",
    ),
    "what is forbidden for a reason of its own": (
        partial(refused, f'pods "web" is forbidden: the node of {PLANTED} is not ready', code=403, sent=DEPLOYMENT),
        'pods "web" is forbidden: the node of *** is not ready',
    ),
    "what is forbidden without a word": (
        partial(refused, 'pods "web" is forbidden: ', code=403),
        'pods "web" is forbidden',
    ),
    "a quota that names no object": (
        partial(
            refused,
            f"forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1 -- {'A' * 41} a\x07b",
            code=403,
        ),
        "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1 -- ***",
    ),
    "a structure and a sentence that is known": (
        partial(invalid, "spec.ports[0].nodePort", f"Invalid value: {TEMPLATE}: provided port is already allocated"),
        'Job.batch "migrate" is invalid: spec.ports[0].nodePort: Invalid value: provided port is already allocated',
    ),
    "as many supported values as are named": (
        partial(invalid, "spec.a", f'Unsupported value: "{PLANTED}": supported values: {VALUES[8]}', type_=UNSUPPORTED),
        f'Job.batch "migrate" is invalid: spec.a: Unsupported value: supported values: {VALUES[8]}',
    ),
    "more supported values than are named": (
        partial(invalid, "spec.a", f'Unsupported value: "{PLANTED}": supported values: {VALUES[9]}', type_=UNSUPPORTED),
        f'Job.batch "migrate" is invalid: spec.a: Unsupported value: supported values: {VALUES[8]} \u2026',
    ),
    "an entry of a list without its key": (
        partial(
            refused,
            "failed to create typed patch object (team/web; apps/v1, Kind=Deployment): .spec.template.spec.containers:"
            f' associative list with keys has an element that omits key field "name" and has {PLANTED}',
            code=500,
        ),
        "failed to create typed patch object (team/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: an"
        " entry of the list has no key",
    ),
    "no namespace": (partial(refused, 'namespaces "x" not found', code=404), 'namespaces "x" not found'),
    "an answer of its own": (
        partial(refused, f'quota "{PLANTED}" of the aggregated server is 5 for {URL}', code=400, sent=DEPLOYMENT),
        "quota *** of the aggregated server is 5 for ***",
    ),
}


@pytest.mark.parametrize(("answer", "shown"), CASES.values(), ids=CASES.keys())
def test_field_rule_and_author_are_shown_and_no_value_is(answer: Callable[[], ApiError], shown: str):
    error = answer()

    assert error.message == shown
    for text in (str(error), *(f"{each.field} {each.reason} {each.message}" for each in error.causes)):
        for value in (PLANTED, "tulipwood", "quercus", "123456"):
            assert value not in text


_LETTERS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"\\'`"), min_size=8, max_size=30
)


@given(
    secret=_LETTERS.filter(lambda s: any(map(str.isdigit, s)) and any(map(str.isalpha, s))),
    form=st.sampled_from(
        [
            'admission webhook "w" denied the request: value %s is refused',
            'admission webhook "w" denied the request: {"object": {"spec": {"password": "%s"}}}',
            'Widget.example.com "w" is invalid: spec: Invalid value: "object": password %s is weak',
            'Widget.example.com "w" is invalid: spec.x: Invalid value: {"a":"%s"}: must be one',
            'widgets "w" is forbidden: %s',
            "%s",
            "Internal error occurred: %s",
            'failed to create typed patch object (a/b; v1, Kind=X): .x: expected string, got "%s"',
        ]
    ),
)
def test_a_value_of_the_request_is_in_no_text(secret: str, form: str):
    sent = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "spec": {"data": base64.b64encode(secret.encode()).decode()},
    }

    text = refused(form % secret, sent=sent).message

    assert secret not in text


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["message", "reason", "details", "code"]), _ANY), _ANY)
def test_a_status_and_a_request_of_any_shape_are_read(status: dict[str, Any], sent: Any):
    body = orjson.dumps({"kind": "Status", **status})

    error = from_response(code=422, retry_after=None, body=body, request=RequestContent(orjson.dumps(sent), "/x"))

    assert error.message.isprintable()


@given(st.text(max_size=200))
def test_any_text_is_a_path_that_is_cut(text: str):
    assert len(field_path(text).encode()) <= 300


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("spec.template.spec.containers[0].image", "spec.template.spec.containers[0].image"),
        ("data[tls.crt]", "data[tls.crt]"),
        ("metadata.annotations[example.com/x]", "metadata.annotations[example.com/x]"),
        ('.spec.ports[port=80,protocol="TCP"].name', '.spec.ports[port=80,protocol="TCP"].name'),
        ('.spec.users[token="tulipwood"].name', ".spec.users[token=\u2026].name"),
        ('.metadata.finalizers[="tulipwood"]', ".metadata.finalizers[\u2026]"),
        ("spec.a tulipwood", "spec.a\u2026"),
        ('data[tulip "wood"]', "data[\u2026]"),
        ('k:{"name":"tulipwood"}', "k\u2026"),
        ('v:"tulipwood"', "v\u2026"),
        ("<nil>", "<nil>"),
        ("", ""),
    ],
)
def test_a_path_is_shown_without_the_values_in_it(path: str, shown: str):
    assert field_path(path) == shown


def test_a_name_in_the_request_may_be_said_and_a_value_may_not():
    sent = RequestContent(orjson.dumps(DEPLOYMENT), "/apis/apps/v1")

    assert sentence("image registry.example/web:1.25 of web-1 in team-a1", sent).endswith("team-a1")
    assert sentence("no quercus", sent) == "no ***"
    assert sentence("oaks of web-1 are fine", sent) == "oaks of web-1 are fine"
    assert sentence("no x9kdk3s", sent) == "no ***"


EXISTING: dict[str, Any] = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "uid": "u-1"}}
_MARKS = {"metadata": {"uid": "u-1", "resourceVersion": "7", "labels": {"owner": None}}}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(RequestContent(orjson.dumps(EXISTING), "/x"), id="an apply to what exists"),
        pytest.param(
            RequestContent(orjson.dumps({**WIDGET, "metadata": {"resourceVersion": "7"}}), "/x"), id="a replacement"
        ),
        pytest.param(RequestContent(orjson.dumps(_MARKS), "/x"), id="a patch of metadata"),
        pytest.param(RequestContent(b'{"kind":"DeleteOptions","apiVersion":"v1"}', "/x"), id="a deletion"),
        pytest.param(RequestContent(b'{"metadata":[]}', "/x"), id="no object"),
        pytest.param(RequestContent(None, "/x"), id="a question"),
        pytest.param(NO_CONTENT, id="nothing"),
    ],
)
def test_what_others_put_into_an_object_is_not_shown_in_whatever_words(sent: RequestContent):
    said = "the field spec is immutable: correcthorse must not be staple-battery, /srv/quercus or 4711 (pin)"

    assert sentence(said, sent) == "the field spec is immutable: *** must not be *** or ***"


def test_a_webhook_that_quotes_what_others_put_into_an_object_is_named_and_the_next_step_is_said():
    error = refused('admission webhook "w.example" denied the request: label quercus is invalid', sent=EXISTING)

    assert error.message == (
        'admission webhook "w.example" denied the request: label *** is invalid (*** may be a value that others have put'
        " into the object: kubectl apply --dry-run=server shows it)"
    )


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/api/v1/namespaces/team/configmaps/w", "configmaps w -n team"),
        ("/apis/apps/v1/namespaces/team/deployments/w", "deployments.apps w -n team"),
        ("/apis/example.com/v1beta1/widgets/w", "widgets.example.com w"),
        ("/api/v1/namespaces/team", "namespaces team"),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab", ""),
        ("/apis", ""),
    ],
)
def test_the_command_that_asks_whether_an_object_may_be_deleted_names_it(path: str, command: str):
    words = 'admission webhook "w.example" denied the request: quercus'

    error = refused(words, sent=DELETION, path=path)

    assert f"with kubectl delete {command} --dry-run=server".replace("  ", " ") in error.message


def test_a_webhook_that_says_no_for_now_is_shown_whole_for_an_object_that_exists():
    words = 'admission webhook "w.example" denied the request: not now, says the webhook: wait until the window is open'

    assert refused(words, sent=EXISTING).message == words


def test_a_rule_that_quotes_what_others_put_into_an_object_is_shown_without_it():
    widget = {**WIDGET, "metadata": {"uid": "u-1"}}
    error = invalid("spec", 'Invalid value: "object": field is immutable, and was correcthorse', sent=widget)

    assert error.causes[0].message == "Invalid value: field is immutable, and was ***"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(RequestContent(orjson.dumps(SECRET), "/api/v1/x"), id="a Secret"),
        pytest.param(RequestContent(b"{}", "/api/v1/namespaces/a/secrets/b"), id="at the place of a Secret"),
        pytest.param(RequestContent(b"{", "/x"), id="what cannot be read"),
        pytest.param(RequestContent(b'{"a":"' + b"x" * 200_000 + b'"}', "/x"), id="what is too large to be compared"),
    ],
)
def test_no_sentence_is_shown_where_it_cannot_be_compared(sent: RequestContent):
    assert sentence("plain words", sent) == ""


FILLINGS = ["a", '\\"', ": must be ", "[", '["', "a.", "a ", "x[name=", "((", "-----BEGIN X-----", "://a@", "\n  .a: "]
BEGINNINGS = ['admission webhook "w" denied the request: ', 'x "y" is invalid: ', 'x "y" is forbidden: ', ""]


@pytest.mark.parametrize("filling", FILLINGS)
def test_the_longest_refusal_is_reduced_in_a_moment(filling: str):
    text = filling * (1_000_000 // len(filling))
    causes = [{"reason": "FieldValueInvalid", "field": text, "message": f"Invalid value: {text}"}]
    statuses: list[dict[str, Any]] = [
        {"message": text, "details": {"causes": causes}},
        *({"message": begin + text} for begin in BEGINNINGS),
    ]
    sent = RequestContent(orjson.dumps(DEPLOYMENT), "/x")

    for status in statuses:
        body = orjson.dumps({"kind": "Status", **status})
        read = partial(from_response, code=422, retry_after=None, body=body, request=sent)
        assert cpu_time(read, enough=0.1) < 0.1


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("dial tcp 10.0.0.1:443: connect: connection refused", "connection refused"),
        ("dial tcp: lookup w.team.svc: no such host", "no such host"),
        ("context deadline exceeded", "context deadline exceeded"),
        ("x509: certificate has expired or is not yet valid", "certificate has expired"),
        (f"the server answered {PLANTED}", "it did not answer as a webhook does"),
        ('service "w" not found', 'service "w" not found'),
    ],
)
def test_a_webhook_that_fails_is_named_with_its_service_and_its_fault(said: str, shown: str):
    text = 'Internal error occurred: failed calling webhook "w.example": failed to call webhook: Post'

    message = refused(f'{text} "https://w.team.svc:443/{PLANTED}?timeout=5s": {said}', code=500).message

    assert message == f'failed calling webhook "w.example" at w.team.svc: {shown}'


def test_a_cause_of_a_kind_that_is_not_known_keeps_its_words_and_no_value():
    error = refused("x", ("UnexpectedServerResponse", "spec.a", f"it is not {PLANTED}"), sent=DEPLOYMENT)

    assert [(each.field, each.reason, each.message) for each in error.causes] == [
        ("spec.a", "UnexpectedServerResponse", "it is not ***")
    ]


@pytest.mark.parametrize(("word", "shown"), [(":::", ":::"), ("::::", "***")])
def test_a_row_of_signs_is_shown_where_it_is_short(word: str, shown: str):
    assert sentence(f"it is {word} not", RequestContent(orjson.dumps(DEPLOYMENT))) == f"it is {shown} not"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            'Invalid value: "object": failed rule: self.size >= oldSelf.size',
            "Invalid value: failed a rule that compares it with the value before (oldSelf)",
        ),
        (f'Invalid value: core.X{{A:"{PLANTED}"}}: what nobody knows', "Invalid value"),
    ],
)
def test_a_rule_is_told_and_not_what_it_is_about(message: str, shown: str):
    assert invalid("spec", message).message == f'Job.batch "migrate" is invalid: spec: {shown}'


def test_what_the_server_could_not_read_is_said_so():
    text = f"error converting YAML to JSON: yaml: line 3: {PLANTED}"

    assert refused(text, code=400).message == "the server could not decode the request"


def test_of_a_conflict_only_who_holds_which_field_is_told():
    causes = [
        {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".spec.replicas"},
        {"reason": "Unexpected", "message": "something else", "field": ".spec.x"},
    ]
    body = {"kind": "Status", "message": "Apply failed with 1 conflict: x", "details": {"causes": causes}}

    error = from_response(code=409, retry_after=None, body=orjson.dumps(body))

    assert error.message == 'Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas'


@pytest.mark.parametrize(("more", "said"), [(0, "no value of them"), (1, "")])
def test_a_value_is_read_up_to_a_length(more: int, said: str):
    rule = ": no value of them"
    value = f'"{"x" * (module._LONGEST - len(rule) - 2 + more)}"'

    assert module._detail(f"{value}{rule}", kind="Invalid value", request=NO_CONTENT) == said


@pytest.mark.parametrize(
    ("text", "end"),
    [
        pytest.param('["a"]: must be b', 5, id="a list"),
        pytest.param('{"a": 1}: must be b', 8, id="a structure"),
        pytest.param("5: must be b", 0, id="neither"),
        pytest.param("[1: must be b", 0, id="without an end"),
        pytest.param("[1]".ljust(module._LONGEST), 3, id="as long as is read"),
        pytest.param("[1]".ljust(module._LONGEST + 1), 0, id="longer"),
    ],
)
def test_where_a_list_or_a_structure_ends_is_found(text: str, end: int):
    assert module._end_of_json(text) == end


def test_what_does_not_fit_a_schema_is_no_entry_of_another_version():
    undeclared, of_another_type = ".spec.a: field not declared in schema", ".spec.a: expected string, got &value{1}"

    assert unreadable_entry(undeclared, NO_CONTENT).startswith("managedFields cannot be read: .spec.a")
    assert unreadable_entry(of_another_type, NO_CONTENT) == ""


@pytest.mark.parametrize(("length", "plain"), [(300, True), (301, False)])
def test_a_path_of_a_field_is_a_plain_word_up_to_a_length(length: int, plain: bool):
    whole = ".".join(["a" * 40] * 8)

    assert is_plain(whole[:length]) is plain


@pytest.mark.parametrize("name", ["gr\u00f6\u00dfe", "a\x07b"])
def test_a_name_is_not_shown_where_a_terminal_may_not_show_it(name: str):
    request = RequestContent(orjson.dumps({"kind": "Widget", "spec": {name: 1}}))

    assert sentence(f"{name} must be less than that", request) == "*** must be less than that"
