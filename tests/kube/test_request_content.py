"""Which answers may quote an object of others, and which speak only of what was sent."""

import orjson
import pytest

from pattern_operator.api.fields import MAX_DEPTH
from pattern_operator.kube import NO_VERSION
from pattern_operator.kube.request_content import _LARGEST, RequestContent


@pytest.mark.parametrize(
    ("metadata", "is_whole"),
    [
        pytest.param({}, True, id="sent to be made"),
        pytest.param({"resourceVersion": NO_VERSION}, True, id="sent to be made, or refused"),
        pytest.param({"resourceVersion": "12"}, False, id="sent for a state of an object"),
        pytest.param({"uid": "a"}, False, id="sent for an object"),
        pytest.param({"uid": "a", "resourceVersion": NO_VERSION}, False, id="sent for an object that cannot be"),
    ],
)
def test_what_is_sent_to_be_made_is_all_that_a_refusal_can_quote(metadata: dict[str, str], is_whole: bool):
    body = orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}})

    assert RequestContent(body).is_whole is is_whole


SENT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {
        "password": "swordfish and replicas",
        "port": 8080,
        "replicas": "x",
        "none": None,
        "yes": True,
        "encoded": "Y29ycmVjdGhvcnNl",
        "nearly": "Y29y-cmVj-dGhv-cnNl-MTI-z",
    },
}


def sent() -> RequestContent:
    return RequestContent(orjson.dumps(SENT))


@pytest.mark.parametrize(
    ("word", "value", "name"),
    [
        ("swordfish", True, False),
        ("a swordfish, or so", True, False),
        ("elsewhere", False, False),
        ("8080", True, False),
        ("swo", False, False),
        ("settings", False, True),
        ("ConfigMap", False, True),
        ("password", False, True),
        ("correcthorse", True, False),
        ("correcthorse123", False, False),
        ("True", False, False),
    ],
)
def test_values_are_told_from_names(word: str, value: bool, name: bool):
    assert (sent().has_value(word), sent().has_name(word)) == (value, name)


def test_a_word_that_is_a_field_too_does_not_hide_what_has_it_in_it():
    assert not sent().has_value("spec.replicas must be set")


@pytest.mark.parametrize(("more", "hides"), [(0, False), (1, True)], ids=["as large as it may be", "larger"])
def test_what_is_too_large_to_be_compared_hides_all(more: int, hides: bool):
    head = orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": ""}})
    body = head.replace(b'"a":""', b'"a":"' + b"x" * (_LARGEST - len(head) + more) + b'"')

    assert (len(body) - _LARGEST, RequestContent(body).hides_all) == (more, hides)


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b'{"kind":"Secret"}', b'{"kind":"List"}'])
def test_what_cannot_be_read_or_is_secret_hides_all(body: bytes):
    assert RequestContent(body).hides_all
    assert RequestContent(body).not_base64() == ()


def test_a_request_without_a_body_hides_nothing_but_of_secrets():
    assert not RequestContent(None, "/api/v1/namespaces/team/configmaps/c").hides_all
    assert RequestContent(None, "/api/v1/namespaces/team/secrets/c").hides_all
    assert not RequestContent(None).has_value("anything")


@pytest.mark.parametrize(
    ("version", "custom"),
    [("v1", False), ("apps/v1", False), ("rbac.authorization.k8s.io/v1", False), ("example.com/v1", True), (7, False)],
)
def test_a_kind_of_a_definition_is_told_from_those_of_kubernetes(version: object, custom: bool):
    assert RequestContent(orjson.dumps({"apiVersion": version, "kind": "X"})).is_custom is custom


def test_fields_that_should_be_base64_and_are_not_are_named():
    maps = {"kind": "ConfigMap", "binaryData": {"good": "YQ==", "folded": "YQ\n==", "bad": "%"}, "data": {"a": "%"}}
    hooks = {
        "kind": "ValidatingWebhookConfiguration",
        "webhooks": [{"clientConfig": {"caBundle": "YQ=="}}, {"clientConfig": {"caBundle": "%"}}],
    }

    assert RequestContent(orjson.dumps(maps)).not_base64() == ("binaryData.bad",)
    assert RequestContent(orjson.dumps(hooks)).not_base64() == ("webhooks[1].clientConfig.caBundle",)


def test_a_deletion_is_told_by_its_options():
    assert RequestContent(orjson.dumps({"kind": "DeleteOptions"})).is_deletion
    assert not sent().is_deletion


@pytest.mark.parametrize(("depth", "seen"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_values_are_looked_for_to_a_depth(depth: int, seen: bool):
    value: object = "swordfish"
    for _ in range(depth - 1):
        value = [value]

    assert RequestContent(orjson.dumps({"data": value})).has_value("swordfish") is seen


@pytest.mark.parametrize(("depth", "seen"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
@pytest.mark.parametrize("listed", [False, True], ids=["in objects", "in lists"])
def test_authorities_are_looked_for_to_a_depth(depth: int, seen: bool, listed: bool):
    value: object = {"caBundle": "%"}
    for level in range(depth):
        value = [value] if listed and level < depth - 1 else {"a": value}

    assert bool(RequestContent(orjson.dumps(value)).not_base64()) is seen


def test_nothing_of_a_request_is_shown_by_itself():
    assert "swordfish" not in repr(sent())


@pytest.mark.parametrize(("word", "seen"), [("red-fish", False), ("say:fish", True), ("fis", False)])
def test_a_word_that_has_a_part_of_a_value_in_it_has_the_value(word: str, seen: bool):
    content = RequestContent(orjson.dumps({"spec": {"motto": "a fish, and red"}}))

    assert content.has_value(word) is seen
