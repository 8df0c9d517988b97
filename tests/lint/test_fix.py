"""What ``fix`` writes: the fewest characters, to the same objects, once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lint.schemas import findings
from tests.render.designs import component, deployment, design, names, published
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.errors import Stalled
from pattern_operator.lint.fix.edit import CannotKeep, Edit, applied
from pattern_operator.lint.fix.fixer import fix
from pattern_operator.render import Options

OPTIONS = Options()


def fixed(text: str, name: str = "a.yaml") -> str:
    """The text after ``fix``, which must find the same objects in it, and nothing more to do."""
    before = [File(name, text.encode())]
    done = fix(before, options=OPTIONS)
    after = done.fixed[0].after if done.fixed else text
    files = [File(name, after.encode())]
    assert bodies(files) == bodies(before)
    assert fix(files, options=OPTIONS).fixed == ()
    return after


def bodies(files):
    return [made.body for made in render(files, options=OPTIONS).objects]


def repairs(*files: File) -> set[str]:
    return {each.rule for each in findings(*files) if each.fixable}


CAPTURED = """\
# what it is for
apiVersion: v1
kind: Pod
metadata:
  # which cluster it came from does not matter
  uid: abc  # gone
  name: web   # stays
  labels: {app: web}
spec:
  containers:
  - name: web
    image: "nginx"

    command: null
  # the end
status:
  phase: Running
  conditions:
  - type: Ready
    message: |
      of several

      lines
"""
CLEAN = """\
# what it is for
apiVersion: v1
kind: Pod
metadata:
  # which cluster it came from does not matter
  name: web   # stays
  labels: {app: web}
spec:
  containers:
  - name: web
    image: "nginx"

    command: null
  # the end
"""


def test_order_comments_and_quotes_of_yaml_stay():
    assert fixed(CAPTURED) == CLEAN
    assert repairs(File("a.yaml", CLEAN.encode())) == set()


def test_json_keeps_its_indentation_and_order():
    body = {"kind": "Pod", "metadata": {"uid": "abc", "name": "web"}, "status": {"phase": "x"}, "apiVersion": "v1"}
    body["spec"] = {"containers": [{"name": "web", "image": "nginx"}]}
    wanted = {"kind": "Pod", "metadata": {"name": "web"}, "apiVersion": "v1", "spec": body["spec"]}

    for indent in (None, 1, 4):
        assert fixed(json.dumps(body, indent=indent), "a.json") == json.dumps(wanted, indent=indent)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": 1, "b": 2, "c": 3}', '{"b": 2}'),
        ('{"a": 1,\n "c": 3}', "{}"),
        ('{"b": 2,\n "a": 1,\n "c": 3}', '{"b": 2}'),
    ],
    ids=["around", "all", "the end"],
)
def test_members_of_flow_style_go_with_their_commas(before: str, after: str):
    text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "%s": %s}}'
    given_metadata = before.replace('"a"', '"uid"').replace('"b"', '"labels"').replace('"c"', '"selfLink"')
    given_metadata = given_metadata.replace(": 2", ': {"x": "y"}')
    wanted = after.replace('"b": 2', '"labels": {"x": "y"}')
    head = '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": '

    made = fixed(head + '{"name": "x", ' + given_metadata[1:] + "}]}", "a.json")

    assert made == head + ('{"name": "x", ' + wanted[1:] if wanted != "{}" else '{"name": "x"}') + "}]}"
    assert text  # the shape of what is tried


SERVICES = """\
name: shop
services:
  web:   # the front
    type: Deployment.K8s
    name: Web Shop
    apiVersion: core.oam.dev/v1alpha1
    settings:
      spec:
        selector:
          match Labels:   # as Meshery shows it
            app: web
        template:
          metadata:
            labels: {app: web}
          spec:
            containers:
            - name: web
              image: nginx
              image Pull Policy: Always
  service:
    type: Service
    settings:
      spec:
        ports:
        - port: 80
        - port: 80
          protocol: TCP
"""


def test_a_design_of_services_is_mended_in_its_own_words():
    after = fixed(SERVICES, "design.yml")

    assert "type: Deployment\n" in after
    assert "name: web-shop\n" in after
    assert "apiVersion: apps/v1\n" in after
    assert "          matchLabels:   # as Meshery shows it\n" in after
    assert "imagePullPolicy: Always\n" in after
    assert "    apiVersion: v1\n    type: Service\n" in after
    assert "web:   # the front\n" in after


@pytest.mark.parametrize("name", names())
def test_a_published_design_renders_as_before_and_is_mended_once(name: str):
    files = published(name)
    try:
        done = fix(files, options=OPTIONS)
    except Stalled:
        return
    new = {each.path: each.after.encode() for each in done.fixed}
    after = [File(each.path, new.get(each.path, each.content)) for each in files]

    assert bodies(after) == bodies(files) if done.fixed else True
    assert fix(after, options=OPTIONS).fixed == ()


def test_what_an_anchor_shares_is_left_and_told():
    text = CAPTURED.replace("labels: {app: web}", "labels: &l {app: web}").replace(
        "  uid: abc  # gone", "  uid: &u abc"
    )
    text = text.replace('image: "nginx"', "image: *u")

    done = fix([File("a.yaml", text.encode())], options=OPTIONS)

    assert any("anchor" in why for why in done.kept)
    assert all("uid: &u abc" in each.after for each in done.fixed)


def test_a_file_in_another_encoding_is_left_and_told():
    done = fix([File("a.yaml", b"\xef\xbb\xbf" + CAPTURED.encode())], options=OPTIONS)

    assert done.fixed == ()
    assert any("UTF-8" in why for why in done.kept)


def test_a_reference_into_the_design_is_not_written_out():
    body = deployment() | {"spec": deployment()["spec"] | {"min Ready Seconds": 3}}
    file = design(component("Deployment", "web", body, version="apps/v1"))

    assert b"minReadySeconds" in fix([file], options=OPTIONS).fixed[0].after.encode()


@pytest.mark.parametrize("settings", ["", "    settings: null\n", "    settings:\n", "    settings: ~  # none\n"])
def test_a_configuration_that_is_not_there_is_written_as_empty(settings: str):
    text = f"services:\n  a:\n    type: Namespace\n    name: shop\n    apiVersion: v1\n{settings}    namespace: b\n"

    after = fixed(text, "design.yml")

    assert "settings: {}" in after
    assert "namespace: b" not in after
    assert findings(File("design.yml", after.encode())) == []


def test_what_is_refused_is_not_touched():
    file = design(component("Deployment", "a b", {"spec": {"match Labels": None}}, version="apps/v1"))

    assert fix([file], options=OPTIONS).fixed == ()


def test_what_cannot_be_read_is_left():
    assert fix([File("a.yaml", b"a: [")], options=OPTIONS).fixed == ()


def test_a_file_that_cannot_be_read_keeps_no_other_from_being_mended():
    good = File("b.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, uid: abc}\n")

    (done,) = fix([File("a.yaml", b"a: ["), good, File("c.yaml", b"\t")], options=OPTIONS).fixed

    assert (done.path, done.after) == ("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")


def test_nothing_is_mended_where_required_parameters_are_missing():
    schema = b"parameters: {schema: {type: object, properties: {host: {type: string}}, required: [host]}}\n"
    described = File("pattern.yaml", b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\n" + schema)
    good = File("b.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, uid: abc}\n")

    assert fix([described, good], options=OPTIONS).fixed == ()


def test_edits_that_overlap_are_refused():
    with pytest.raises(CannotKeep):
        applied("abcdef", [Edit(0, 3, "x"), Edit(2, 4, "y")])


KEYS = st.sampled_from(
    ["match Labels", "matchLabels", "replicas", "min Ready Seconds", "app", "uid", "data", "on", "a b"]
)
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "on", "1", "a b", "", "~", "$(#ref.a)"])
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=10
)


@given(TREES, TREES, st.sampled_from(["ConfigMap", "Deployment", "Namespace"]), st.sampled_from([None, 2]))
def test_a_design_of_any_content_renders_as_before(spec: Any, metadata: Any, kind: str, indent: int | None):
    drawn = json.loads(design(component(kind, "A b", {"metadata": metadata, "spec": spec, "data": {"a": "b"}})).content)

    fixed(json.dumps(drawn, indent=indent), "design.yml")


@given(TREES, TREES)
def test_a_manifest_of_any_content_renders_as_before(spec: Any, metadata: Any):
    import yaml

    top = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "b", "labels": metadata}}
    text = yaml.safe_dump(top | {"data": {"a": "b"}, "spec": spec, "status": metadata}, sort_keys=False)

    fixed(text)
