"""What is rendered in the operator's own process is what cannot make much of little; anything else is a worker's."""

import base64
import gzip
import json
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.hostile import tar
from tests.sandbox.jobs import PLAN, SMALL, of_layer

import pattern_operator.sandbox.build as builds
from pattern_operator.limits import MAX_SMALL, MAX_SMALL_UNPACKED
from pattern_operator.sandbox.build import BuildRefused, build_if_small, parts

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


@pytest.mark.parametrize(
    "text",
    [
        '"plain"',
        '"$(NAME) # ref"',
        r'"C:\\temp\n\"a\" and\t/"',
        '"Hello!"',
        r'"Gr\u00fc\u00dfe \u003ca href=\"?a\u0026b\"\u003e \ud83d\ude00"',
        '"test a != b && [ ! -f c ] && echo d * e"',
        '"*/5 * * * * && date"',
    ],
)
def test_a_design_without_references_is_rendered(text: str):
    assert build_if_small(PLAN, of_layer(tar({"design.json": design(text)}))) is not None


def test_a_script_with_lines_that_go_on_is_rendered():
    script = b"""
data:
  run: |
    #!/bin/sh
    #
    test a != b && curl \\
      -O https://reg.example/*.tar
"""
    assert build_if_small(PLAN, of_layer(tar({"a.yaml": SMALL + script}))) is not None


@pytest.mark.parametrize(
    "text",
    [
        f'"{REFERENCE}"',
        '"' + REFERENCE.replace("$", r"\u0024") + '"',
        '"' + REFERENCE.replace("#", r"\x23") + '"',
        '"' + REFERENCE.replace(".components", r"\U0000002Ecomponents") + '"',
        '"' + REFERENCE.replace("r", r"\u0072") + '"',
        '"' + REFERENCE.replace("e", r"\x65") + '"',
        '"' + REFERENCE.replace("f", r"\u0066") + '"',
        '"' + REFERENCE.replace("ref", "re\\\n  f") + '"',
        '"' + REFERENCE.replace("#", "#\\\r\n") + '"',
        '"' + REFERENCE.replace("f", "f\\\N{NEXT LINE}") + '"',
        '"' + REFERENCE.replace("r", "r\\\N{LINE SEPARATOR}") + '"',
        f'!!binary "{base64.b64encode(REFERENCE.encode()).decode()}"',
    ],
    ids=["plain", "$", "#", ".", "r", "e", "f", "line", "line after CR", "next line", "line separator", "binary"],
)
def test_a_design_that_may_have_references_is_not(text: str):
    assert build_if_small(PLAN, of_layer(tar({"design.yml": design(text)}))) is None


@pytest.mark.parametrize(
    "content",
    [
        "a: &a 1\nb: *a\n",
        "a: &a [1]\nb: [1,*a]\n",
        'a: &a 1\nb: {"c":*a}\n',
        "- &a-1 x\n- *a-1\n",
        "[&a x,\x85*a]\n",
        "- &a x\n- [?*a,]\n",
    ],
)
def test_what_has_aliases_is_not(content: str):
    assert build_if_small(PLAN, of_layer(tar({"a.yaml": content.encode()}))) is None


HEAD = "schemaVersion: designs.meshery.io/v1beta1\nname: d\ncomponents:\n"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\N{NEXT LINE}", "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}"])
def test_what_has_many_components_is_not_whatever_ends_their_lines(end: str):
    content = (HEAD + "- a\n" * 2_000).replace("\n", end).encode()

    assert len(content) <= MAX_SMALL
    assert build_if_small(PLAN, of_layer(tar({"design.yml": content}))) is None


@pytest.mark.parametrize(
    ("opens", "closes"), [("- ", ""), ("? ", ""), (": ", ""), ("-\t", ""), ("[", "]"), ("{a: ", "}"), ("a,", "")]
)
def test_what_has_many_values_in_a_line_is_not(opens: str, closes: str):
    content = SMALL + b"x:\n" + (f" {opens * 30}a{closes * 30}\n" * 100).encode()

    assert build_if_small(PLAN, of_layer(tar({"a.yaml": content}))) is None


def test_a_file_of_many_entries_is_rendered():
    content = SMALL + b"data:\n" + "".join(f"  k{number}: a - b\n" for number in range(1_000)).encode()

    assert build_if_small(PLAN, of_layer(tar({"a.yaml": content}))) is not None


@given(st.text("-?:,[]{}&*!|>#\"'a \t\n\r\x85\u2028\u2029", max_size=60))
def test_yaml_makes_no_more_of_a_text_than_it_has_parts(text: str):
    made = 0
    with suppress(yaml.YAMLError):
        for event in yaml.parse(text.encode(), Loader=yaml.CSafeLoader):
            made += isinstance(event, yaml.NodeEvent)

    assert made <= 4 * parts(text.encode()) + 4  # an entry is a key, its value, and at most the mapping that they begin


def test_what_unpacks_to_much_in_all_its_layers_is_not_even_unpacked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(builds, "extract_files", lambda *_, **__: pytest.fail("it was unpacked"))
    layer = gzip.compress(tar({"a.yaml": SMALL, "b.bin": bytes(MAX_SMALL_UNPACKED // 2)}))

    assert build_if_small(PLAN, [*of_layer(layer), *of_layer(layer)]) is None


def test_what_unpacks_to_less_is_rendered():
    layer = gzip.compress(tar({"a.yaml": SMALL, "b.bin": bytes(MAX_SMALL_UNPACKED // 4 * 3)}))

    assert build_if_small(PLAN, of_layer(layer)) is not None


def test_what_is_damaged_is_refused_with_its_layer():
    layers = [*of_layer(tar({"a.yaml": SMALL})), *of_layer(gzip.compress(tar({"b.yaml": SMALL}))[:-9])]

    with pytest.raises(BuildRefused, match=r"layer 2 of .* compressed data end too early"):
        build_if_small(PLAN, layers)


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
