"""What is rendered in the operator's own process is what cannot make much of little; anything else is a worker's."""

import base64
import json

import pytest
from tests.hostile import tar
from tests.sandbox.jobs import PLAN, SMALL, of_layer

import pattern_operator.sandbox.build as builds
from pattern_operator.sandbox.build import build_if_small

REFERENCE = "$(#ref.components.0.id)"


def design(text: str) -> bytes:
    """A design, written so that ``text`` stands in it as it is."""
    component = {"id": "a", "component": {"kind": "ConfigMap", "version": "v1"}, "configuration": {"data": {"a": "@"}}}
    made = {"schemaVersion": "designs.meshery.io/v1beta1", "name": "d", "components": [component]}
    return json.dumps(made).replace('"@"', text).encode()


def test_plain_manifests_are_rendered():
    rendering = build_if_small(PLAN, of_layer(tar({"a.yaml": SMALL})))

    assert rendering is not None
    assert [each.key.name for each in rendering.objects] == ["web"]


@pytest.mark.parametrize("text", ['"plain"', '"$(NAME) # ref"', r'"C:\\temp\n\"a\" and\t/"', '"Hello!"'])
def test_a_design_without_references_is_rendered(text: str):
    assert build_if_small(PLAN, of_layer(tar({"design.json": design(text)}))) is not None


@pytest.mark.parametrize(
    "text",
    [
        f'"{REFERENCE}"',
        '"' + REFERENCE.replace("$", r"\u0024") + '"',
        '"' + REFERENCE.replace("#", r"\x23") + '"',
        '"' + REFERENCE.replace("ref", "re\\\n  f") + '"',
        f'!!binary "{base64.b64encode(REFERENCE.encode()).decode()}"',
    ],
    ids=["plain", "JSON escape", "YAML escape", "continued line", "binary"],
)
def test_a_design_that_may_have_references_is_not(text: str):
    assert build_if_small(PLAN, of_layer(tar({"design.yml": design(text)}))) is None


def test_utf_16_in_which_references_are_not_seen_is_not():
    content = design(f'"{REFERENCE}"').decode().encode("utf-16")

    assert build_if_small(PLAN, of_layer(tar({"design.yml": content}))) is None


def test_a_pattern_file_is_not_even_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(builds, "with_defaults", lambda *_, **__: pytest.fail("it was read"))
    layer = tar({"pattern.yaml": b"kind: Pattern\na: &a [1]\nb: [*a, *a]\n", "a.yaml": SMALL})

    assert build_if_small(PLAN, of_layer(layer)) is None


@pytest.mark.parametrize("name", ["Chart.yaml", "kustomization.yaml"])
def test_what_needs_a_program_is_not(name: str):
    assert build_if_small(PLAN, of_layer(tar({name: b"name: a\n"}))) is None
