"""Plain manifests: kept as they are written."""

from typing import Any

import orjson
import pytest
import yaml
from tests.render.fieldcases import case
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.render import Options


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
    assert rendering.components[0].repair_messages == ()


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


def _thing(name: str | None = "a", **fields: object) -> dict[str, object]:
    metadata = {} if name is None else {"name": name}
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": metadata, **fields}


def _list(kind: str, version: str, items: object) -> dict[str, object]:
    return {"apiVersion": version, "kind": kind, "metadata": {"resourceVersion": "7"}, "items": items}


@pytest.mark.parametrize(
    ("document", "names"),
    [
        pytest.param(
            _list("ThingList", "example.com/v1", [_thing("a"), _thing("b")]), ["a", "b"], id="of somebody else"
        ),
        pytest.param(
            _list("ThingList", "example.com/v1", [{"metadata": {"name": "a"}}]), ["a"], id="whose entries say no kind"
        ),
        pytest.param(_list("ConfigMapList", "v1", [{"metadata": {"name": "a"}}]), ["a"], id="of Kubernetes"),
        pytest.param(
            _list("List", "v1", [_list("ThingList", "example.com/v1", [_thing("a")]), _object(name="b")]),
            ["a", "b"],
            id="in a list",
        ),
        pytest.param(_list("List", "v1", []), [], id="empty"),
        pytest.param(_list("List", "v1", None), [], id="null"),
        pytest.param({"apiVersion": "v1", "kind": "List"}, [], id="without entries"),
        pytest.param(_list("ThingList", "example.com/v1", []), [], id="empty, of somebody else"),
        pytest.param(_list("ThingList", "example.com/v1", None), [], id="null, of somebody else"),
    ],
)
def test_a_list_is_taken_apart(document: dict[str, object], names: list[str]):
    rendering = _render(document)

    assert [made.key.name for made in rendering.objects] == names
    assert {made.api_version for made in rendering.objects} <= {"example.com/v1", "v1"}
    assert [each for each in rendering.components if each.outcome is not Outcome.RENDERED] == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(_list("List", "v1", [_object(name="a"), None]), id="null"),
        pytest.param(_list("List", "v1", [_object(name="a"), "text"]), id="text"),
        pytest.param(
            _list("List", "v1", [_object(name="a"), {"metadata": {"name": "b"}}]), id="an entry without a kind"
        ),
    ],
)
def test_an_entry_of_a_list_that_is_not_an_object_is_refused_alone(value: dict[str, object]):
    rendering = _render(value)

    assert [made.key.name for made in rendering.objects] == ["a"]
    assert [(each.id, each.outcome) for each in rendering.components][1] == ("all.yaml#1.2", Outcome.REFUSED)


def test_nulls_of_somebody_elses_kind_are_kept():
    files = case("04-null-in-custom-resource/v1")

    _, release = render(files, options=Options()).objects

    assert release.body["spec"] == {
        "timeout": None,
        "values": {"resources": {"limits": {"cpu": None, "memory": "128Mi"}}, "securityContext": {"runAsUser": None}},
    }


def test_nulls_of_somebody_elses_kind_are_kept_in_lists_and_at_the_top_but_not_in_its_metadata():
    thing = _thing(spec={"steps": [None, {"image": None}], "data": None}, data=None)
    thing["metadata"] = {"name": "a", "creationTimestamp": None, "annotations": None}

    (made,) = _render(thing).objects

    assert made.body["spec"] == {"steps": [None, {"image": None}], "data": None}
    assert made.body["data"] is None
    assert made.body["metadata"] == {"name": "a", "namespace": "default"}


def test_nulls_of_kubernetes_kinds_are_left_out_but_where_they_are_values():
    (kept,) = render(case("20-json-stream-and-bom/v3"), options=Options()).objects
    (made,) = _render(_object() | {"data": {"a": "1"}, "immutable": None}).objects

    assert kept.body["data"] == {"empty": None, "a": "1"}
    assert kept.body["metadata"]["annotations"] == {"checksum/config": None}
    assert "immutable" not in made.body


def test_a_default_of_null_in_a_schema_is_kept():
    schema = {
        "type": "object",
        "properties": {"x": {"type": "integer", "nullable": True, "default": None, "title": None}},
    }
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "A", "plural": "as"},
        "versions": [version],
    }
    crd = _object("CustomResourceDefinition", "apiextensions.k8s.io/v1", name="as.example.com") | {"spec": spec}

    (made,) = _render(crd).objects

    found = made.body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["x"]
    assert found == {"type": "integer", "nullable": True, "default": None}


@pytest.mark.parametrize("version", ["core.oam.dev/v1alpha1", "apps/v1", ""])
def test_the_kinds_of_the_oldest_designs_are_read_in_manifests_too(version: str):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}

    rendering = _render(_object(name="good"), _object("Deployment.K8s", version) | {"spec": spec})

    assert [(made.api_version, made.key.kind) for made in rendering.objects][1] == ("apps/v1", "Deployment")
    assert "kind Deployment.K8s read as Deployment" in rendering.components[1].repair_messages


@pytest.mark.parametrize("kind", ["Deployment.K8s.K8s", ".K8s", "Deployment.k8s", "Deployment.Docker"])
def test_other_kinds_with_a_dot_are_refused(kind: str):
    _, report = _render(_object(name="good"), _object(kind, "apps/v1")).components

    assert (report.outcome, report.reason) == (Outcome.REFUSED, "InvalidDocument")


def test_a_removed_kind_is_kept_and_what_to_write_is_told():
    rendering = render(case("12-removed-api/v1"), options=Options())

    assert len(rendering.objects) == 4
    assert next(each.repair_messages[-1] for each in rendering.components) == (
        "kept as it is, though Ingress of extensions/v1beta1 was removed from Kubernetes in 1.22: write"
        " networking.k8s.io/v1, in which backends are written service.name and service.port, and pathType is required"
    )
    assert "write apps/v1" in rendering.components[3].repair_messages[-1]


def test_what_a_cluster_wrote_is_left_out():
    manifest = _object(uid="1", resourceVersion="2", creationTimestamp=None, managedFields=[], generateName="a-")

    rendering = _render(manifest | {"status": {"phase": "x"}, "data": None})

    (made,) = rendering.objects
    assert made.body == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}}
    assert rendering.components[0].repair_messages == (
        "status left out: a cluster writes it",
        "metadata.generateName, metadata.managedFields, metadata.resourceVersion, metadata.uid left out:"
        " of the cluster it was captured from",
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"replicas": 1, "image": {"tag": "x"}}, id="values of a chart"),
        pytest.param({"services": {"a": {"image": "nginx"}}}, id="a file of docker compose"),
        pytest.param({"name": "x", "version": "1", "metadata": {}}, id="a package.json"),
    ],
)
def test_a_file_of_another_tool_is_called_no_manifest(value: object):
    _, refused = _render(_object(name="good"), value).components

    assert refused.reason == "MissingApiVersion"
    assert "is not a Kubernetes manifest: it has neither apiVersion nor kind" in refused.message
    assert refused.message.endswith("name the folder that holds the manifests in spec.source.layer.path")


@pytest.mark.parametrize(
    ("value", "reason"),
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
def test_what_is_not_a_manifest_is_refused(value: object, reason: str):
    rendering = _render(_object(name="good"), value)

    good, report = rendering.components
    assert good.outcome is Outcome.RENDERED
    assert (report.id, report.outcome, report.reason) == ("all.yaml#2", Outcome.REFUSED, reason)
    assert report.message


@pytest.mark.parametrize("field", ["metadata.name", "metadata.namespace", "apiVersion", "kind"])
@pytest.mark.parametrize(
    ("value", "what"),
    [
        *((123, ": quote it (it is read as a number)"), (0, ": quote it (it is read as a number)")),
        *((1.5, ": quote it (it is read as a number)"), (True, ": quote it (it is read as a boolean)")),
        *((["a"], ", and is a list"), ({"a": "b"}, ", and is a mapping")),
    ],
)
def test_what_must_be_text_and_is_not_says_what_it_is(field: str, value: object, what: str):
    at, _, name = field.rpartition(".")
    wrong: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    (wrong[at] if at else wrong)[name] = value

    _, report = _render(_object(name="good"), wrong).components

    assert report.message == f"all.yaml#2: {field} must be text{what}"


@pytest.mark.parametrize("field", ["name", "apiVersion", "kind"])
def test_what_must_be_text_and_is_null_says_so(field: str):
    wrong: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    (wrong["metadata"] if field == "name" else wrong)[field] = None

    _, report = _render(_object(name="good"), wrong).components

    assert report.message.endswith(f"{field} must be text: quote it (it is read as null)")


def test_a_namespace_of_null_is_none_as_for_kubectl():
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": None}}

    (report,) = _render(manifest).components

    assert report.outcome is Outcome.RENDERED


def test_the_only_object_of_an_artifact_has_a_kind_that_is_not_text_and_it_is_said():
    (report,) = _render(_object() | {"kind": 123}).components

    assert report.message.endswith("kind must be text: quote it (it is read as a number)")


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


@pytest.mark.parametrize("kind", ["PLANTED {{ x", "PLANTED/secret", "PLANTED:s3cret"])
def test_text_in_the_place_of_a_kind_is_shown_nowhere(kind: str):
    (report,) = _render(_object(kind)).components

    assert report.outcome is Outcome.REFUSED
    assert "PLANTED" not in repr(report)
    assert "kind or apiVersion of all.yaml#1 cannot be that of a Kubernetes object" in report.message
