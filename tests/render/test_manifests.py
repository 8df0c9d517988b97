"""Plain manifests: kept as they are written."""

import orjson
import pytest
import yaml

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.render import Options, render


def _render(*values: object) -> Rendering:
    return render([File("all.yaml", yaml.safe_dump_all(values).encode())], options=Options())


def _object(kind: str = "ConfigMap", version: str = "v1", **metadata: object) -> dict[str, object]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a"} | metadata}


def test_a_manifest_is_kept_as_it_is_written():
    rendering = _render(_object(labels={"a": "b"}, finalizers=["x/y"]) | {"data": {"match Labels": "x"}})

    (made,) = rendering.objects
    assert made.body == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {"a": "b"}, "finalizers": ["x/y"], "namespace": "default"},
        "data": {"match Labels": "x"},
    }
    assert (made.component, rendering.format) == ("all.yaml#1", "Manifests")
    assert rendering.components[0].repairs == ()


def test_documents_files_and_lists_are_taken_in_order():
    files = [
        File("1.yaml", b"---\n# nothing\n---\n" + yaml.safe_dump_all([_object(name="a"), _object(name="b")]).encode()),
        File(
            "2.json",
            orjson.dumps({"apiVersion": "v1", "kind": "List", "items": [_object(name="c"), _object(name="d")]}),
        ),
        File("3.yml", orjson.dumps({"apiVersion": "v1", "kind": "ConfigMapList", "items": [_object(name="e")]})),
    ]

    rendering = render(files, options=Options())

    assert [made.key.name for made in rendering.objects] == ["a", "b", "c", "d", "e"]
    assert [made.component for made in rendering.objects] == [
        "1.yaml#1",
        "1.yaml#2",
        "2.json#1.1",
        "2.json#1.2",
        "3.yml#1.1",
    ]


def test_a_list_of_another_group_is_an_object_of_its_own():
    rendering = _render(_object("AllowList", "example.com/v1") | {"items": [{"ip": "10.0.0.1"}]})

    assert [made.key.kind for made in rendering.objects] == ["AllowList"]


def test_what_a_cluster_wrote_is_left_out():
    manifest = _object(uid="1", resourceVersion="2", creationTimestamp=None, managedFields=[], generateName="a-")

    rendering = _render(manifest | {"status": {"phase": "x"}, "data": None})

    (made,) = rendering.objects
    assert made.body == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}}
    assert rendering.components[0].repairs == (
        "status left out: a cluster writes it",
        "metadata.generateName, metadata.managedFields, metadata.resourceVersion, metadata.uid left out:"
        " of the cluster it was captured from",
    )


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        pytest.param("text", "InvalidDocument", id="text"),
        pytest.param(["a"], "InvalidDocument", id="a list"),
        pytest.param(_object() | {"metadata": "a"}, "InvalidDocument", id="metadata that is text"),
        pytest.param(_object() | {"apiVersion": None}, "MissingApiVersion", id="no apiVersion"),
        pytest.param(_object() | {"kind": None}, "MissingKind", id="no kind"),
        pytest.param(_object("A_B"), "InvalidDocument", id="a kind that is none"),
        pytest.param(_object(version="a/b/c"), "InvalidDocument", id="an apiVersion that is none"),
        pytest.param(_object("TokenReview", "authentication.k8s.io/v1"), "NotAResource", id="a request"),
        pytest.param(_object(name=None, generateName="a-"), "MissingName", id="generateName only"),
        pytest.param(_object(name=7), "InvalidName", id="a name that is a number"),
        pytest.param(_object() | {"apiVersion": 1}, "InvalidDocument", id="an apiVersion that is a number"),
        pytest.param(_object() | {"kind": True}, "InvalidDocument", id="a kind that is a boolean"),
        pytest.param(_object(namespace=False), "InvalidName", id="a namespace that is a boolean"),
        pytest.param(_object(namespace=[]), "InvalidName", id="a namespace that is a list"),
        pytest.param(_object(name="My Config"), "InvalidName", id="a name that is none is not renamed"),
        pytest.param(_object(namespace="My Team"), "InvalidName", id="a namespace that is none"),
        pytest.param(_object(namespace=7), "InvalidName", id="a namespace that is a number"),
        pytest.param(_object(labels=["a"]), "InvalidDocument", id="labels that are a list"),
        pytest.param(_object("Deployment", "apps/v1"), "MissingRequiredField", id="a Deployment without spec"),
    ],
)
def test_what_is_no_manifest_is_refused(value: object, cause: str):
    rendering = _render(_object(name="good"), value)

    good, report = rendering.components
    assert good.outcome is Outcome.RENDERED
    assert (report.id, report.outcome, report.reason) == ("all.yaml#2", Outcome.REFUSED, cause)
    assert report.message


@pytest.mark.parametrize("field", ["metadata.name", "metadata.namespace", "apiVersion", "kind"])
@pytest.mark.parametrize(
    ("value", "what"),
    [
        *((123, "a number, and must be text: quote it"), (0, "a number, and must be text: quote it")),
        *((1.5, "a number, and must be text: quote it"), (True, "a boolean, and must be text: quote it")),
        *((["a"], "a list, and must be text"), ({"a": "b"}, "a mapping, and must be text")),
    ],
)
def test_what_must_be_text_and_is_not_says_what_it_is(field: str, value: object, what: str):
    wrong = _object(**{field.removeprefix("metadata."): value}) if "." in field else _object() | {field: value}

    _, report = _render(_object(name="good"), wrong).components

    assert report.message == f"{field} of all.yaml#2 is {what}"


@pytest.mark.parametrize("field", ["name", "apiVersion", "kind"])
def test_what_must_be_text_and_is_null_says_so(field: str):
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    (wrong["metadata"] if field == "name" else wrong)[field] = None

    _, report = _render(_object(name="good"), wrong).components

    assert report.message.endswith("is null, and must be text: quote it")


def test_a_namespace_of_null_is_none_as_for_kubectl():
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": None}}

    (report,) = _render(manifest).components

    assert report.outcome is Outcome.RENDERED


def test_the_only_object_of_an_artifact_has_a_kind_that_is_no_text_and_it_is_said():
    (report,) = _render(_object() | {"kind": 123}).components

    assert report.message.endswith(" is a number, and must be text: quote it")


def test_a_stub_subject_in_a_manifest_is_not_completed():
    binding = _object("RoleBinding", "rbac.authorization.k8s.io/v1") | {
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"name": "a"}],
    }

    rendering = _render(_object("ServiceAccount"), binding)

    assert rendering.components[1].reason == "MissingRequiredField"


def test_yaml_means_what_kubectl_takes_it_to_mean():
    text = (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {port: '22', at: 22:22, on: 2020-01-01}\nx: 1e3\n"
    )

    (made,) = render([File("a.yml", text)], options=Options()).objects

    assert made.body["data"] == {"port": "22", "at": "22:22", "true": "2020-01-01"}
    assert made.body["x"] == 1000


def test_what_a_message_quotes_is_one_short_line():
    manifest = orjson.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "N\x1b[31m\u202e\n" + "x" * 2_000_000}}
    )

    rendering = render([File("a.json", manifest)], options=Options(default_namespace="team"))

    (found,) = rendering.components
    assert found.outcome is Outcome.REFUSED
    assert found.message.isprintable()
    assert len(found.message) < 600
