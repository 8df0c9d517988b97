"""The rules of the project's own CRDs, evaluated for what is not applied yet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pattern_operator.api.crd import DESIGN_PATTERN, KINDS, crd
from pattern_operator.lint.rule import Rule
from pattern_operator.lint.schema.schemas import Schemas
from pattern_operator.lint.schema.validations import _compiled, unmet

ROOT = Path(__file__).parents[2]
URL = "oci://registry.example/p/db"
SCHEMAS = Schemas.of({}, label="x").with_own_crds([crd(each) for each in KINDS])


def pattern(url: str = URL, ref: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    source = {"url": url, "ref": {"tag": "1.0.0"} if ref is None else ref}
    return {
        "apiVersion": "pattern-operator.io/v1alpha1",
        "kind": "DesignPattern",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"source": source, **spec},
    }


def rules(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from (each["rule"] for each in schema.get("x-kubernetes-validations", []))
        for each in schema.values():
            yield from rules(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from rules(each)


@pytest.mark.parametrize("kind", KINDS)
def test_each_rule_of_the_crds_can_be_evaluated(kind):
    for rule in set(rules(crd(kind))):
        _compiled(rule)  # raises where the language has no such function: the rule would say nothing


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (pattern(url="https://registry.example/p/db"), "spec.source.url: url must begin with oci://"),
        (pattern(url=f"{URL}:1"), "spec.source.url: url must be oci://host[:port]/repository"),
        (pattern(ref={"tag": "1", "semver": "1.x"}), "spec.source.ref: ref.semver stands alone"),
        (pattern(ref={}), "spec.source.ref: ref needs one of tag, semver or digest"),
        (pattern(ref={"digest": "sha256:abc"}), "spec.source.ref.digest: must be sha256:"),
        (pattern(ref={"tag": "v 1.0"}), "spec.source.ref.tag: must be a tag"),
        (pattern(timeout="5 minutes"), "spec.timeout: must be a duration"),
        (pattern(timeout="1ms"), "spec.timeout: must be at least 1s"),
        (pattern(render={"namePrefix": "Prod_"}), "spec.render.namePrefix: "),
        (pattern(render={"targetNamespace": "Web_Prod"}), "spec.render.targetNamespace: "),
        (pattern(render={"images": [{"name": "nginx", "newTag": "1:2"}]}), "spec.render.images[0].newTag: "),
        (pattern(render={"images": [{"name": "nginx", "newName": "a:2"}]}), "spec.render.images[0].newName: "),
        (pattern(verify={"authorities": [{"key": {"data": "abc"}}]}), "spec.verify.authorities[0].key: data must be"),
        (
            pattern(
                verify={
                    "threshold": 2,
                    "authorities": [{"key": {"secretRef": {"name": "a"}}}],
                }
            ),
            "spec.verify: threshold must not be more",
        ),
    ],
)
def test_what_a_server_refuses_by_a_rule_is_an_error_with_its_message(body: dict[str, Any], said: str):
    faults = list(SCHEMAS.faults(body))

    assert faults
    assert {each.rule for each in faults} == {Rule.INVALID_VALUE}
    assert faults[0].message.startswith(said)


def test_defaults_are_filled_in_before_a_rule_is_evaluated():
    schema = {
        "properties": {"size": {"default": 3}, "parts": {"items": {"properties": {"of": {"default": 1}}}}},
        "x-kubernetes-validations": [
            {"rule": "self.size == 3 && self.parts.all(p, p.of == 1)", "message": "is not filled"},
            {"rule": "self.size != 3", "message": "is filled"},
        ],
    }

    assert list(unmet(schema, {"parts": [{}, {"of": None}]})) == [((), "is filled")]


def test_what_is_absent_or_null_has_no_rules():
    schema = {"properties": {"name": {"x-kubernetes-validations": [{"rule": "false", "message": "no"}]}}}

    assert list(unmet(schema, {"name": None})) == []
    assert list(unmet(schema, {})) == []
    assert list(unmet(schema, {"name": ""})) == [(("name",), "no")]


@pytest.mark.parametrize("rule", ["self.none == 1", "nobody(self)", "1 +", "self", ""])
def test_a_rule_that_cannot_be_evaluated_says_nothing(rule: str):
    schema = {"x-kubernetes-validations": [{"rule": rule, "message": "no"}]}

    assert list(unmet(schema, {"a": 1})) == []


def test_a_wrong_type_is_told_without_what_follows_from_it():
    [fault] = SCHEMAS.faults(pattern(timeout=5))

    assert fault.rule is Rule.WRONG_TYPE


EXAMPLES = [each for each in sorted((ROOT / "examples").rglob("*.yaml")) if "templates" not in each.parts]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_example_breaks_a_rule(path: Path):
    for body in yaml.safe_load_all(path.read_text()):
        if isinstance(body, dict) and body.get("apiVersion") == "pattern-operator.io/v1alpha1":
            assert [each for each in SCHEMAS.faults(body) if body["kind"] in ("DesignPattern", "TrustPolicy")] == []


def test_a_stranger_s_rules_are_not_evaluated():
    stranger = crd(DESIGN_PATTERN)

    assert list(Schemas.of({}, label="x").with_crds([stranger]).faults(pattern(ref={}))) == []
