"""What holds for every input: only ``Stalled`` is raised, nothing is mutated, the answer is always the same."""

import copy
import json

import orjson
from hypothesis import given
from hypothesis import strategies as st
from tests.render.designs import component, design
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.errors import Stalled
from pattern_operator.render import ComponentReason, Options
from pattern_operator.render.names import is_api_version, is_kind, is_valid

OUTCOMES = {str(each): each.outcome for each in ComponentReason}
KINDS = [
    "Pod",
    "Deployment",
    "Service",
    "ConfigMap",
    "ServiceAccount",
    "ClusterRoleBinding",
    "RoleBinding",
    "CustomResourceDefinition",
    "Namespace",
    "Ingress",
    "Thing",
    "PersistentVolume",
    "CronJob",
]
FIELDS = [
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "spec",
    "template",
    "containers",
    "ports",
    "port",
    "protocol",
    "subjects",
    "roleRef",
    "selector",
    "match Labels",
    "matchLabels",
    "items",
    "status",
    "data",
    "env",
    "volumes",
    "service",
    "secretName",
    "scope",
    "group",
    "names",
    "versions",
    "conversion",
    "rules",
    "jobTemplate",
    "initContainers",
    "webhooks",
]
_WORD = st.sampled_from([*KINDS, *FIELDS, "v1", "apps/v1", "", "a b", "A", "default", "x" * 70]) | st.text(max_size=5)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORD, inner, max_size=5),
    max_leaves=15,
)
_OPTIONS = st.builds(
    Options,
    format=st.sampled_from(["Auto", "Meshery", "Manifests"]),
    target_namespace=st.none() | st.just("target"),
)


def _rendered(files: list[File], options: Options) -> Rendering | None:
    try:
        return render(files, options=options)
    except Stalled as refusal:
        assert refusal.message
        return None


def _holds(rendering: Rendering | None) -> None:
    """What every rendering promises to the stages after it."""
    if rendering is None:
        return
    keys = [made.key for made in rendering.objects]
    assert len(set(keys)) == len(keys)
    assert len(keys) == sum(1 for _ in rendering.with_outcome(Outcome.RENDERED))
    for made in rendering.objects:
        metadata = made.body["metadata"]
        assert is_kind(made.key.kind)
        assert is_api_version(made.api_version)
        assert is_valid(made.key.name, kind=made.key.kind)
        assert is_valid(metadata.get("namespace", "a"), kind="Namespace")
        assert not {"uid", "resourceVersion", "generateName", "ownerReferences"} & set(metadata)
        assert "status" not in made.body
        assert ObjectKey.parse(str(made.key)) == made.key
        orjson.dumps(made.body)
    for report in rendering.components:
        assert bool(report.reason) == bool(report.message) == (report.outcome is not Outcome.RENDERED)
        assert not report.reason or OUTCOMES[report.reason] is report.outcome


@given(st.binary(), _OPTIONS)
def test_any_bytes_are_rendered_or_stall(content: bytes, options: Options):
    _holds(_rendered([File("a.yaml", content)], options))


@given(st.text(), _OPTIONS)
def test_any_text_is_rendered_or_stalls(text: str, options: Options):
    _holds(_rendered([File("a.yaml", text.encode(errors="surrogatepass"))], options))


@given(st.lists(_VALUE, max_size=3), _OPTIONS)
def test_any_documents_are_rendered_or_stall(values: list[object], options: Options):
    files = [File(f"{number}.json", json.dumps(value).encode()) for number, value in enumerate(values)]

    _holds(_rendered(files, options))


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), _VALUE, max_size=6), _OPTIONS)
def test_any_object_is_rendered_or_refused(kind: str, fields: dict[str, object], options: Options):
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}} | fields

    _holds(_rendered([File("a.json", json.dumps(body).encode())], options))


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), _WORD, _VALUE), max_size=4),
    st.sampled_from(["v1", "apps/v1", "", "rbac.authorization.k8s.io/v1", "x.io/v1"]),
    _OPTIONS,
)
def test_any_components_are_rendered_skipped_or_refused(
    parts: list[tuple[str, str, object]], version: str, options: Options
):
    components = [component(kind, name, value, version=version) for kind, name, value in parts]
    file = File("design.yml", json.dumps(json.loads(design().content) | {"components": components}).encode())

    rendering = _rendered([file], options)

    _holds(rendering)
    assert rendering is None or len(rendering.components) == len(parts)


@given(st.lists(st.tuples(st.sampled_from(KINDS), _WORD, _VALUE), max_size=3), _OPTIONS)
def test_rendering_twice_gives_the_same_and_changes_nothing(parts: list[tuple[str, str, object]], options: Options):
    components = [component(kind, name, value) for kind, name, value in parts]
    files = [File("design.yml", json.dumps(json.loads(design().content) | {"components": components}).encode())]
    before = copy.deepcopy(files)

    once, again = _rendered(files, options), _rendered(files, options)

    assert once == again
    assert files == before
    if once is not None and again is not None:
        assert [made.body for made in once.objects] == [made.body for made in again.objects]
