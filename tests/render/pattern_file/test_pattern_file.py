"""``pattern.yaml``: what it says decides what is rendered and how, and it is read strictly."""

from typing import Any

import orjson
import pytest
from tests.render.parameters.test_schema import SECRET

from pattern_operator.api.artifact import File
from pattern_operator.api.dependency import Dependency
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.errors import Stalled
from pattern_operator.render import Options, render
from pattern_operator.render.pattern_file import MissingParameters, describe, with_defaults
from pattern_operator.render.pattern_file.reading import MAX_SIZE

HEAD = "apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\n"
SCHEMA = """\
parameters:
  schema:
    type: object
    additionalProperties: false
    properties:
      replicas: {type: integer, default: 2}
      host: {type: string}
"""
WEB = b"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          args: ["--host=${host}", "$${HOME}"]
"""
PLAIN = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '${x}'}\n"


def files(pattern: str | None, **others: bytes) -> list[File]:
    named = [File(name.replace("__", "/").replace("_yaml", ".yaml"), content) for name, content in others.items()]
    return [*named, *([File("pattern.yaml", pattern.encode())] if pattern is not None else [])]


def rendered(given: list[File], **parameters: Any) -> Rendering:
    return run(given, Options(parameters=orjson.dumps(parameters)))


def run(given: list[File], options: Options) -> Rendering:
    """Render what needs no program."""
    steps = render(given, options=options)
    try:
        next(steps)
    except StopIteration as end:
        rendering: Rendering = end.value
        return rendering
    raise AssertionError("a program is asked for")


def test_parameters_with_defaults_are_put_into_manifests():
    (web,) = rendered(files(HEAD + SCHEMA, web_yaml=WEB), host="shop.example").objects

    assert web.body["spec"]["replicas"] == 2
    container = web.body["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["--host=shop.example", "${HOME}"]


def test_parameters_are_put_into_designs():
    design = {
        "schemaVersion": "designs.meshery.io/v1beta1",
        "name": "shop",
        "components": [
            {
                "displayName": "settings",
                "component": {"kind": "ConfigMap", "version": "v1"},
                "configuration": {"data": {"host": "https://${host}"}},
            }
        ],
    }
    given = [*files(HEAD + SCHEMA), File("design.json", orjson.dumps(design))]

    (settings,) = rendered(given, host="shop.example").objects

    assert settings.body["data"] == {"host": "https://shop.example"}


def test_name_and_version_are_those_of_the_pattern():
    found = rendered(
        files(f"{HEAD}name: shop\nversion: 1.2.3\ndescription: A shop.\ndeprecated: use b\n", a_yaml=PLAIN)
    )

    assert (found.name, found.version, found.format) == ("shop", "1.2.3", "Manifests")
    assert found.deprecated == "use b"
    assert rendered(files(None, a_yaml=PLAIN)).deprecated == ""


def test_without_declared_parameters_nothing_is_put_in():
    for given in (files(None, a_yaml=PLAIN), files(HEAD, a_yaml=PLAIN)):
        (found,) = rendered(given).objects
        assert found.body["data"] == {"a": "${x}"}


def test_parameters_that_nothing_takes_are_refused():
    for given in (files(None, a_yaml=PLAIN), files(HEAD, a_yaml=PLAIN)):
        with pytest.raises(Stalled, match="takes no parameters") as refusal:
            rendered(given, a=SECRET)
        assert refusal.value.reason is Reason.PARAMETERS_INVALID
        assert SECRET not in refusal.value.message


def test_parameters_that_do_not_fit_are_refused_by_their_path():
    with pytest.raises(Stalled) as refusal:
        rendered(files(HEAD + SCHEMA, web_yaml=WEB), host="a", replicas=SECRET)

    assert refusal.value.reason is Reason.PARAMETERS_INVALID
    assert refusal.value.message.startswith("the parameters do not fit the schema: replicas: the value is not of type")
    assert SECRET not in refusal.value.message


def test_a_reference_without_a_value_is_refused_by_file_and_field():
    with pytest.raises(Stalled) as refusal:
        rendered(files(HEAD + SCHEMA, web_yaml=WEB))

    assert refusal.value.reason is Reason.DOCUMENT_INVALID
    assert "web.yaml, in the document that begins at line 1: spec.template.spec.containers[0].args[0]" in str(
        refusal.value
    )


def test_what_is_put_in_may_not_be_nested_deeper_than_a_document():
    deep: Any = "end"
    for _ in range(60):
        deep = {"a": deep}
    schema = "parameters: {schema: {}}\n"
    nested = b"apiVersion: v1\nkind: X\nspec: {a: {b: {c: {d: {e: '${deep}'}}}}}\n"

    with pytest.raises(Stalled, match="deeper"):
        rendered(files(HEAD + schema, a_yaml=nested), deep=deep)


def test_another_file_of_that_name_is_a_manifest():
    (found,) = rendered([File("pattern.yaml", PLAIN)]).objects

    assert found.key.kind == "ConfigMap"


@pytest.mark.parametrize(
    "content", [b"{{ template }}", b"a: [\n", b"# a note\n" * 40_000], ids=["template", "no YAML", "long"]
)
def test_a_file_of_that_name_that_is_not_ours_is_left_to_others(content: bytes):
    given = [File("pattern.yaml", content), File("Chart.yaml", b"name: web")]

    assert describe(given, options=Options()).files == given


def test_one_that_is_too_long_is_refused():
    with pytest.raises(Stalled, match="has more than 256 KiB"):
        rendered(files(HEAD + "# a note\n" * 40_000, a_yaml=PLAIN))


def test_the_pattern_of_another_folder_is_not_looked_at():
    given = [File("sub/pattern.yaml", (HEAD + "path: nowhere\n").encode()), File("a.yaml", PLAIN)]

    assert describe(given, options=Options()).options == Options()
    assert describe(given, options=Options(path="sub")).options.path == "sub/nowhere"


def test_format_and_path_are_those_of_the_pattern_unless_the_spec_names_others():
    given = files(f"{HEAD}format: Manifests\npath: deploy\n", deploy__a_yaml=PLAIN, other_yaml=PLAIN)

    asked = describe(given, options=Options()).options
    assert (asked.format, asked.path) == ("Manifests", "deploy")
    assert describe(given, options=Options(format="Meshery")).options.format == "Meshery"
    assert with_defaults(given, options=Options()) == asked
    assert len(rendered(given).objects) == 1


def test_patches_of_the_pattern_come_before_those_of_the_spec():
    patches = "patches:\n- patch: '[]'\n  target: {kind: Deployment, labelSelector: app=web}\n"
    own = describe(files(HEAD + patches), options=Options()).options.patches

    both = describe(files(HEAD + patches), options=Options(patches=own)).options.patches

    assert both == (*own, *own)
    assert (own[0].patch, own[0].target.kind, own[0].target.label_selector) == ("[]", "Deployment", "app=web")  # type: ignore[union-attr] # it has one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("replicas: 3\n", "replicas is not a field of it (its fields are apiVersion, kind, name, version,"),
        ("parameters: {scheme: {}}\n", "parameters.scheme is not a field of it (did you mean schema?)"),
        ("patches: [{patch: a, targets: {}}]\n", "patches[0].targets is not a field of it (did you mean target?)"),
        ("parameters: {schema: [1]}\n", "parameters.schema must be a mapping"),
        ("format: Jsonnet\n", "format is one of Auto, Helm, Kustomize, Manifests, Meshery, and not 'Jsonnet'"),
        ("version: 1.5\n", "version must be text: put it in quotes"),
        ("path: ../other\n", "path leads out of its folder"),
        (
            "parameters: {schema: {type: words}}\n",
            "parameters.schema is no schema at type: 'words' is no type: there are",
        ),
        ("parameters: {schema: {$ref: 'https://example.com/s.json'}}\n", "parameters.schema is no schema"),
        ("---\napiVersion: v1\nkind: ConfigMap\n", "more than one document"),
    ],
)
def test_what_is_wrong_in_it_is_refused_by_name(text: str, says: str):
    with pytest.raises(Stalled) as refusal:
        rendered(files(HEAD + text, a_yaml=PLAIN))

    assert refusal.value.reason is Reason.DOCUMENT_INVALID
    assert refusal.value.message.startswith("pattern.yaml: ")
    assert says in refusal.value.message


def test_another_version_of_it_is_refused():
    with pytest.raises(Stalled, match=r"apiVersion is one of pattern-operator\.io/v1alpha1, and not"):
        rendered(files("apiVersion: pattern-operator.io/v2\nkind: Pattern\n", a_yaml=PLAIN))


def test_two_of_them_in_one_folder_are_refused():
    given = [*files(HEAD, a_yaml=PLAIN), File("pattern.yml", HEAD.encode())]

    with pytest.raises(Stalled, match="stands beside another"):
        rendered(given)


def test_what_a_pattern_depends_on_is_read():
    entries = "- name: db\n- {name: queue, namespace: shared, version: '>=1.4 <2'}\n"

    found = rendered(files(f"{HEAD}dependsOn:\n{entries}", a_yaml=PLAIN))

    assert found.depends_on == (Dependency(name="db"), Dependency(name="queue", namespace="shared", version=">=1.4 <2"))


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ("{name: Db}", "name"),
        ("{name: ''}", "name"),
        ('{name: "db\\n"}', "name"),
        ("{name: db, namespace: a.b}", "namespace"),
        ("{name: db, version: ''}", "version"),
        ("{name: db, versions: 1.x}", "versions"),
        ("{version: 1.x}", "name"),
    ],
)
def test_a_dependency_that_nothing_can_be_is_refused(entry: str, field: str):
    with pytest.raises(Stalled, match=f"pattern.yaml: .*{field}") as refusal:
        rendered(files(f"{HEAD}dependsOn: [{entry}]\n", a_yaml=PLAIN))

    assert refusal.value.reason is Reason.DOCUMENT_INVALID


def test_a_pattern_file_that_cannot_be_read_changes_no_option_before_rendering_says_so():
    given = files(HEAD + "a: [", a_yaml=PLAIN)

    assert with_defaults(given, options=Options()) == Options()
    with pytest.raises(Stalled):
        describe(given, options=Options())


def test_a_pattern_file_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(Stalled, match=r"pattern.yaml: has more than \d+ KiB"):
        describe(files(HEAD + f"description: {'x' * MAX_SIZE}\n"), options=Options())


def test_a_patch_without_a_target_is_that_of_the_spec_without_one():
    own = describe(files(HEAD + "patches: [{patch: 'kind: Pod'}]\n"), options=Options()).options.patches

    assert [(each.patch, each.target) for each in own] == [("kind: Pod", None)]


def test_its_health_checks_are_read():
    entries = (
        "- {apiVersion: example.com/v1, kind: Widget, current: status.a, inProgress: status.b, failed: status.c}\n"
    )

    found = rendered(files(f"{HEAD}healthChecks:\n{entries}", a_yaml=PLAIN))

    assert found.health_checks == (
        HealthCheck(
            api_version="example.com/v1", kind="Widget", current="status.a", in_progress="status.b", failed="status.c"
        ),
    )


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{apiVersion: v1, kind: Pod}", r"healthChecks\[0\].current is required"),
        ("{apiVersion: v1, kind: Pod, current: ''}", "healthChecks"),
        ("{apiVersion: v1, kind: Pod, current: 'true', progressing: 'true'}", "progressing"),
        ("{apiVersion: Apps/v1, kind: Pod, current: 'true'}", r"healthChecks\[0\].apiVersion"),
        ("{apiVersion: v1, kind: A-B, current: 'true'}", r"healthChecks\[0\].kind"),
        (
            "{apiVersion: a.b/v1, kind: A, current: 'true'}, {apiVersion: a.b/v2, kind: A, current: 'true'}",
            r"healthChecks\[1\] is for the kind of healthChecks\[0\], A: join",
        ),
    ],
)
def test_a_health_check_that_can_be_none_is_refused(entry: str, says: str):
    with pytest.raises(Stalled, match=f"pattern.yaml: .*{says}") as refusal:
        rendered(files(f"{HEAD}healthChecks: [{entry}]\n", a_yaml=PLAIN))

    assert refusal.value.reason is Reason.DOCUMENT_INVALID


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("Patern", "line 1: pattern-operator.io has no kind 'Patern' (did you mean Pattern?)"),
        ("pattern", "has no kind"),
    ],
)
@pytest.mark.parametrize("name", ["pattern.yaml", "pattern.yml"])
def test_a_kind_of_our_group_that_there_is_not_is_refused_and_not_applied_as_an_object(name, kind, says):
    content = f"apiVersion: pattern-operator.io/v1alpha1\nkind: {kind}\nmetadata: {{name: a}}\n".encode()

    with pytest.raises(Stalled) as refusal:
        describe([File(name, content)], options=Options())

    assert says in refusal.value.message


@pytest.mark.parametrize("head", ["pattern-operator.io/v1alpha1\nkind: DesignPattern", "acme.io/v1\nkind: Patern"])
def test_an_object_in_a_file_of_that_name_stays_a_manifest(head):
    file = File("pattern.yaml", f"apiVersion: {head}\nmetadata: {{name: a}}\n".encode())

    assert describe([file], options=Options()).files == [file]


def test_a_wrong_default_is_said_to_be_the_pattern_s_also_where_something_else_is_given():
    schema = "{properties: {n: {type: integer, default: two}, host: {type: string}}}"
    content = f"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nparameters: {{schema: {schema}}}\n".encode()

    with pytest.raises(Stalled, match="the defaults of its parameters do not fit"):
        describe([File("pattern.yaml", content)], options=Options(parameters=b'{"host": "a"}'))
    with pytest.raises(Stalled, match="the parameters do not fit the schema: host"):
        describe([File("pattern.yaml", content)], options=Options(parameters=b'{"n": 1, "host": 2}'))


DATABASE = """\
parameters:
  schema:
    properties:
      host: {type: string}
      db:
        properties: {password: {type: string}, user: {type: string, default: app}}
        required: [password]
    required: [host, db]
"""


def test_a_default_beside_what_is_required_is_no_fault_of_the_pattern():
    pattern = files(HEAD + DATABASE, a_yaml=PLAIN.replace(b"${x}", b"${db.user}"))

    with pytest.raises(MissingParameters, match="host is required, and is not given; db is required"):
        rendered(pattern)
    for given in ({"host": "a"}, {"host": "a", "db": {}}):
        with pytest.raises(Stalled, match=r"is required, and is not given\. Correct spec.render.parameters") as refusal:
            rendered(pattern, **given)
        assert refusal.value.reason is Reason.PARAMETERS_INVALID
    assert rendered(pattern, host="a", db={"password": "b"}).objects[0].body["data"] == {"a": "app"}


def test_a_wrong_default_in_an_object_that_nobody_gives_is_said_to_be_the_pattern_s():
    schema = "{properties: {tls: {properties: {count: {type: integer, default: two}, name: {}}, required: [name]}}}"

    for given in ({}, {"other": 1}, {"tls": {"name": "a"}}):
        with pytest.raises(Stalled, match=r"the defaults of its parameters do not fit .*: tls\.count: ") as refusal:
            rendered(files(f"{HEAD}parameters: {{schema: {schema}}}\n", a_yaml=PLAIN), **given)
        assert "is required" not in refusal.value.message
