"""What `kubectl explain` says, and what the API server says of a number in place of text, on a real one."""

import json

import pytest
from tests.api.test_crd import nodes, pattern
from tests.testbed.kubectl import KubectlFailed
from tests.testbed.once_served import once_served

from pattern_operator.api.crd import crd
from pattern_operator.api.explain import explained


@pytest.fixture(scope="module")
def explain(kubectl):
    """`kubectl explain` of a field, on one line."""

    def ask(field):
        found = once_served(
            lambda: kubectl("explain", f"designpatterns.{field}"),
            not_yet=lambda error: "couldn't find resource" in str(error),
        )
        return " ".join(found.split())

    return ask


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("spec.interval", "Default: 5m. Rules: must be a duration such as 30s, 5m or 1h30m"),
        ("spec.timeout", "Default: 5m."),
        ("spec.suspend", "Default: false."),
        ("spec.apply.wait", "Default: true."),
        ("spec.apply.driftPolicy", "Default: Repair."),
        ("spec.rollout.historyLimit", "Default: 5. From 0 to 10."),
        ("spec.verify.authorities", "From 1 to 16 entries."),
        ("spec.verify.authorities.key.secretRef.key", "Default: cosign.pub."),
        ("spec.source.ref.tag", "Rules: must be a tag, such as 1.4.2: letters, digits and . _ - +."),
        ("spec.source.ref.semverFilter", "At most 256 characters."),
    ],
)
def test_explain_shows_default_and_format(explain, field, says):
    assert says in explain(field)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"ref": {"tag": 1}}, 'text in quotes, as in tag: \\"1.0\\"'),
        ({"ref": {"tag": 1.1}}, 'text in quotes, as in tag: \\"1.0\\"'),
        ({"ref": {"tag": True}}, 'text in quotes, as in tag: \\"1.0\\"'),
        ({"ref": {"semver": 1.5}}, 'text in quotes, as in semver: \\"1.0\\"'),
        ({"interval": 30}, 'text in quotes, as in interval: \\"5m\\"'),
        ({"render": {"targetNamespace": 1234}}, 'text in quotes, as in targetNamespace: \\"...\\"'),
        ({"source": {"secretRef": {"name": 7}}}, 'text in quotes, as in name: \\"...\\"'),
    ],
    ids=str,
)
def test_a_number_in_place_of_text_is_refused_with_how_to_write_it(kubectl, spec, says):
    with pytest.raises(KubectlFailed) as refused:
        kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pattern(**spec)))

    assert says in str(refused.value)


def test_descriptions_of_a_list_and_of_its_items_are_sentences_that_do_not_run_together(explain):
    schema = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    lists = {path: node for path, node in nodes(schema) if node.get("type") == "array"}

    for path, node in lists.items():
        assert node["description"].endswith("."), path
        assert node["items"].get("description", ".").endswith("."), path
        assert "properties" not in node["items"] or "description" not in node["items"], path
    assert {
        ".spec.apply.ignoreDifferences",
        ".spec.apply.ignoreDifferences[].paths",
        ".status.verifiedBy",
    } <= lists.keys()
    assert "so that nobody has a conflict. From 0 to 16 entries. FIELDS:" in explain("spec.apply.ignoreDifferences")


@pytest.mark.parametrize("tag", ["1", "1.0", "true", "null", "a", "v1.0_rc-1"])
def test_text_that_looks_like_something_else_is_taken(kubectl, tag):
    kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pattern(ref={"tag": tag})))


def test_only_the_crd_says_it_and_the_schema_of_the_docs_stays_as_it_is():
    before = {"properties": {"spec": {"type": "string", "default": "x", "description": "D.", "examples": ["y"]}}}

    after = explained(before)

    assert before["properties"]["spec"] == {"type": "string", "default": "x", "description": "D.", "examples": ["y"]}
    assert after["properties"]["spec"]["description"] == "D. Default: x."
    assert after["properties"]["spec"]["anyOf"][0] == {"enum": ['text in quotes, as in spec: "y"']}
    assert "examples" not in json.dumps(crd())
