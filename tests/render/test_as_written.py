"""What helm and kustomize print: taken as it is, and refused where it is no object."""

from typing import Any

import pytest

from pattern_operator.render.as_written import component

SOPS = {"sops": {"mac": "ENC[AES256_GCM,data:x]", "version": "3.9.0"}}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


def test_an_object_is_taken_as_it_is_written():
    made = component({**CONFIG_MAP, "data": {}, "status": None}, where="web/a.yaml#1", written={})

    assert not made.excluded
    assert (made.id, made.kind, made.name, made.source_namespace) == ("web/a.yaml#1", "ConfigMap", "a", None)
    assert made.body == {**CONFIG_MAP, "data": {}, "status": None}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "InvalidDocument"),
        ("text", "InvalidDocument"),
        ({}, "InvalidDocument"),
        ({**CONFIG_MAP, "metadata": ["name"]}, "InvalidDocument"),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, "MissingKind"),
        ({**CONFIG_MAP, **SOPS}, "Encrypted"),
    ],
    ids=["a list", "text", "nothing", "metadata is a list", "no kind", "encrypted"],
)
def test_what_is_no_object_that_can_be_applied_is_refused_by_its_place(value: Any, reason: str):
    report = component(value, where="web/a.yaml#1", written={}).report()

    assert report.reason == reason
    assert "web/a.yaml#1" in report.message
