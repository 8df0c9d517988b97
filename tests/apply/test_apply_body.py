import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apply.harness import config_map, secret

from pattern_operator.api.object import Object
from pattern_operator.apply.apply_body import apply_body


def sent(desired: Object) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(apply_body(desired))
    return body


def secret_of(**fields: Any) -> Object:
    return Object.of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}} | fields)


def test_what_is_wanted_is_sent_as_it_is():
    desired = config_map("c", "team", a="1")

    assert sent(desired) == desired.body


def test_a_status_is_not_ours_to_send():
    desired = Object.of(config_map("c", "team").body | {"status": {"phase": "Ready"}})

    assert "status" not in sent(desired)
    assert "status" in desired.body  # a stage never changes what it was given


def test_the_text_of_a_secret_becomes_data_so_that_the_server_keeps_it_as_ours():
    desired = secret_of(stringData={"a": "text", "b": ""}, data={"b": "eA==", "c": "eQ=="})

    assert sent(desired)["data"] == {"a": base64.b64encode(b"text").decode(), "b": "", "c": "eQ=="}
    assert "stringData" not in sent(desired)
    assert desired.body["stringData"] == {"a": "text", "b": ""}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"stringData": "text"}, id="no mapping"),
        pytest.param({"stringData": None}, id="nothing"),
    ],
)
def test_text_of_another_shape_is_left_for_the_server_to_refuse(fields: dict[str, Any]):
    assert sent(secret_of(**fields)) == secret_of(**fields).body


def test_a_value_of_another_shape_is_left_for_the_server_to_refuse():
    assert sent(secret_of(stringData={"a": 7}))["data"] == {"a": 7}


def test_only_the_secrets_of_kubernetes_itself_are_changed():
    other = Object.of(
        {"apiVersion": "example.com/v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    )

    assert sent(other)["stringData"] == {"a": "b"}


@pytest.mark.parametrize("value", [2**80, object(), {1: "a"}, "\ud800"])
def test_what_json_cannot_hold_is_refused_without_repeating_it(value: Any):
    with pytest.raises(ValueError, match="cannot be written as JSON") as refusal:
        apply_body(secret_of(data={"a": value}))

    assert "ud800" not in str(refusal.value)


def test_text_of_a_secret_that_cannot_be_written_is_refused_and_not_left_out():
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        apply_body(secret_of(stringData={"a": "\ud800"}))


@given(st.dictionaries(st.text("abc", min_size=1), st.text()))
def test_any_text_arrives(text: dict[str, str]):
    data = sent(secret("s", "team", **text))["data"]

    assert {name: base64.b64decode(value).decode() for name, value in data.items()} == text
