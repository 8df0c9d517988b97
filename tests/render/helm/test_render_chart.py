"""Charts as teams write them, by the real helm: what it prints is what is rendered."""

import base64
import json

import pytest
import yaml
from tests.render.helm.charts import below, body, chart, config_map, helm, named, package, render, rows

from pattern_operator.api.artifact import File
from pattern_operator.api.hook import HookEvent
from pattern_operator.api.report import Outcome
from pattern_operator.limits import MAX_GENERATED
from pattern_operator.render.helm import render_chart
from pattern_operator.render.options import Options
from pattern_operator.render.program import HelmTemplate, drive

CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.example.com
spec:
  group: example.com
  scope: {scope}
  names: {{kind: {kind}, plural: {plural}}}
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object}}}}}}]
"""
WIDGETS = CRD.format(plural="widgets", scope="Cluster", kind="Widget")
GADGETS = CRD.format(plural="gadgets", scope="Namespaced", kind="Gadget")
HOOK = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  annotations: {{helm.sh/hook: "{events}", helm.sh/hook-weight: "{weight}"}}
spec: {{}}
"""


def hook(name: str, events: str, weight: int = 0) -> str:
    return HOOK.format(name=name, events=events, weight=weight)


def printed(files, path=".", **options):
    """What helm itself prints for the chart, but hooks, with the namespace that it installs into where none is."""
    asked = next(
        render_chart(
            [File(name, content) for name, content in files.items()],
            path,
            options=Options(default_namespace="apps", **options),
        )
    )
    assert isinstance(asked, HelmTemplate)
    found = [each for each in yaml.load_all(helm(asked).stdout, Loader=yaml.CSafeLoader) if each]
    flat = [item for each in found for item in (each["items"] if each["kind"] == "List" else [each])]
    return [each for each in flat if "helm.sh/hook" not in (each["metadata"].get("annotations") or {})]


DEPENDENT = chart({"templates/c.yaml": config_map("{{ .Release.Name }}-{{ .Chart.Name }}-{{ .Values.of }}")}, name="db")
DEPENDS = [{"name": "db", "version": "1.x", "repository": "https://charts.example", "condition": "db.enabled"}]
V1 = {
    "Chart.yaml": b"name: web\nversion: 1.0.0\napiVersion: v1\n",
    "requirements.yaml": b"dependencies: [{name: db, version: '*'}]\n",
}

CHARTS = {
    "one object": chart({"templates/a.yaml": config_map("a")}),
    "several in one file": chart({"templates/a.yaml": config_map("a") + "---\n" + config_map("b")}),
    "kinds in helm's order": chart(
        {
            "templates/a.yaml": config_map("z"),
            "templates/b.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n",
            "templates/c.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
        }
    ),
    "empty lists and mappings": chart({"templates/a.yaml": config_map("a", "  l: []\n  m: {}\nbinaryData: {}\n")}),
    "nulls": chart(
        {"templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: null}\ndata:\n"}
    ),
    "text like templates": chart(
        {"templates/a.yaml": config_map("a", "  t: '{{`{{ $labels.x }}`}} ${X} $(X) $(#ref.x)'\n")}
    ),
    "line breaks at the end": chart({"templates/a.yaml": config_map("a", "  k: |+\n    x\n\n\n  s: |\n    y\n")}),
    "a list": chart(
        {
            "templates/a.yaml": "apiVersion: v1\nkind: List\nitems:\n"
            "- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n"
        }
    ),
    "JSON": chart({"templates/a.yaml": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}'}),
    "numbers and words": chart({"templates/a.yaml": config_map("a", "  a: 'on'\n  b: \"0x10\"\n  c: '1e3'\n")}),
    "a folder in charts": chart({"values.yaml": "db: {of: x}"}, dependencies=DEPENDS) | below("charts/db", DEPENDENT),
    "a package in charts": chart({"values.yaml": "db: {of: x}"}, dependencies=DEPENDS)
    | {"charts/db-1.2.3.tgz": package(DEPENDENT, folder="db")},
    "a condition that is off": chart(
        {"templates/a.yaml": config_map("a"), "values.yaml": "db: {enabled: false}"}, dependencies=DEPENDS
    )
    | below("charts/db", DEPENDENT),
    "aliases": chart(
        {"values.yaml": "one: {of: x}\ntwo: {of: y}"},
        dependencies=[{"name": "db", "version": "1.x", "alias": alias} for alias in ("one", "two")],
    )
    | below("charts/db", DEPENDENT),
    "tags that are off": chart(
        {"templates/a.yaml": config_map("a"), "values.yaml": "tags: {data: false}"},
        dependencies=[{"name": "db", "version": "1.x", "tags": ["data"]}],
    )
    | below("charts/db", DEPENDENT),
    "apiVersion v1 with requirements": V1 | below("charts/db", DEPENDENT) | {"values.yaml": b"db: {of: x}"},
    "crds of several documents, beside others": chart(
        {
            "crds/all.yaml": WIDGETS + "---\n" + GADGETS,
            "crds/README.md": "# no {{ template }}",
            "templates/w.yaml": config_map("a"),
        }
    ),
    "crds of a dependency": chart({}, dependencies=DEPENDS)
    | below("charts/db", chart({"crds/w.yaml": WIDGETS}, name="db")),
    "a templated crd and its objects": chart(
        {
            "templates/crd.yaml": WIDGETS + "---\n" + GADGETS,
            "templates/w.yaml": "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n---\n"
            "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\n",
        }
    ),
    "files that are read": chart(
        {
            "templates/a.yaml": config_map("a", '  c: {{ .Files.Get "files/.hidden" | quote }}\n')
            + '{{ (.Files.Glob "files/*.properties").AsConfig | indent 2 }}\n  b: {{ .Files.Get "bin" | b64enc }}\n',
            "files/.hidden": "x",
            "files/a.properties": "a=b\n",
            "bin": b"\x00\xff",
        }
    ),
    "what .helmignore takes out": chart(
        {"templates/a.yaml": config_map("a"), "templates/b.yaml": config_map("b"), ".helmignore": "templates/b.yaml\n"}
    ),
    "partials and notes": chart(
        {
            "templates/_h.tpl": '{{ define "n" }}{{ .Release.Name }}{{ end }}',
            "templates/NOTES.txt": "hello",
            "templates/a.yaml": config_map('{{ include "n" . }}'),
        }
    ),
    "capabilities": chart(
        {
            "templates/a.yaml": config_map(
                "a",
                "  v: {{ .Capabilities.KubeVersion.Version }}\n"
                "  i: '{{ .Release.IsInstall }} {{ .Release.Revision }}'\n"
                '  ns: {{ .Release.Namespace }}\n  d: {{ getHostByName "localhost" | quote }}\n'
                '  l: {{ lookup "v1" "Secret" "a" "b" | toJson | quote }}\n',
            )
        }
    ),
    "an empty template": chart({"templates/a.yaml": "{{ if false }}x{{ end }}", "templates/b.yaml": config_map("b")}),
    "a subject in another namespace": chart(
        {
            "templates/a.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n"
            "metadata: {name: a}\n"
            "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\n"
            "subjects: [{kind: ServiceAccount, name: a, namespace: default}]\n"
            "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n"
        }
    ),
    "a name like a flag": chart({"templates/a.yaml": config_map("a")}, name="--post-renderer"),
    "deprecated": chart({"templates/a.yaml": config_map("a")}, deprecated=True),
    "a version with a build": chart({"templates/a.yaml": config_map("a", "  v: {{ .Chart.Version }}\n")}),
}
CLUSTER_SCOPED = {"Namespace", "CustomResourceDefinition", "ClusterRoleBinding", "Widget"}


@pytest.mark.parametrize("name", CHARTS)
def test_what_helm_prints_is_what_is_rendered(name):
    expected = printed(CHARTS[name])
    for each in expected:
        if each["kind"] not in CLUSTER_SCOPED:
            each["metadata"].setdefault("namespace", "apps")

    rendering = render(CHARTS[name])

    assert [each.body for each in rendering.objects] == expected
    assert rendering.format == "Helm"
    assert not rendering.generated
    assert {each.outcome for each in rendering.components} <= {Outcome.RENDERED, Outcome.SKIPPED}


@pytest.mark.parametrize("folder", ["web", "a/b c", "--post-renderer"])
def test_a_chart_may_lie_in_any_folder(folder):
    files = below(folder, CHARTS["a package in charts"]) | {"README.md": b"# charts"}

    assert named(render(files, folder)) == ["ConfigMap/release-name-db-x"]


def test_a_package_is_rendered_as_the_folder_that_it_was_made_of_and_not_ignored_again():
    files = CHARTS["a package in charts"] | {".helmignore": b"charts/\n"}

    assert named(render({"web-1.2.3.tgz": package(files)}, "web-1.2.3.tgz")) == ["ConfigMap/release-name-db-x"]


def test_the_same_inputs_render_to_the_same_bytes_whatever_the_order_of_the_files():
    files = CHARTS["aliases"] | CHARTS["crds of several documents, beside others"]

    assert render(files) == render(dict(reversed(files.items())))


def test_a_rendering_has_the_name_and_the_version_of_its_chart():
    rendering = render(chart({"templates/a.yaml": config_map("a")}, version="1.2.3+b"))

    assert (rendering.name, rendering.version) == ("web", "1.2.3+b")


def test_each_row_names_the_template_that_it_comes_from():
    files = chart({"templates/x.yaml": config_map("a") + "---\n" + config_map("b")}, dependencies=DEPENDS)
    rendering = render(files | below("charts/db", DEPENDENT), parameters={"db": {"of": "x"}})

    assert [each.id for each in rendering.components] == [
        "web/charts/db/templates/c.yaml#1",
        "web/templates/x.yaml#1",
        "web/templates/x.yaml#2",
    ]
    assert [each.component for each in rendering.objects] == [each.id for each in rendering.components]


# --- identities -----------------------------------------------------------------------------------------------------


def test_an_object_that_is_there_twice_to_the_byte_is_rendered_once():
    rendering = render(chart({"templates/a.yaml": config_map("a"), "templates/b.yaml": config_map("a")}))

    assert named(rendering) == ["ConfigMap/a"]
    assert [each.reason for each in rendering.components] == ["", "Duplicate"]


def test_two_objects_of_one_name_that_differ_are_refused_and_both_named():
    files = {"templates/a.yaml": config_map("a"), "templates/b.yaml": config_map("a", "  x: y\n")}
    rendering = render(chart(files))

    assert not rendering.objects
    assert [(each.id, each.outcome, each.reason) for each in rendering.components] == [
        ("web/templates/a.yaml#1", Outcome.REFUSED, "DifferingDuplicate"),
        ("web/templates/b.yaml#1", Outcome.REFUSED, "DifferingDuplicate"),
    ]


# --- parameters and capabilities ------------------------------------------------------------------------------------


def test_null_removes_a_default():
    files = chart(
        {"templates/a.yaml": config_map("a", "  v: {{ .Values | toJson | quote }}\n"), "values.yaml": "a: {b: 1, c: 2}"}
    )

    assert body(render(files, parameters={"a": {"b": None}}), "a")["data"]["v"] == '{"a":{"c":2}}'


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_value_may_have_any_letter(ascii_only):
    value = "\U0001f600 \x7f \x85 \x9f \u2028 \ufeff \ufffe"
    files = chart({"templates/a.yaml": config_map("a", "  v: {{ .Values.v | toJson | b64enc }}\n")})
    parameters = json.dumps({"v": value}, ensure_ascii=ascii_only).encode()

    rendering = drive(
        render_chart([File(*each) for each in files.items()], ".", options=Options(parameters=parameters)), run=helm
    )

    assert json.loads(base64.b64decode(rendering.objects[0].body["data"]["v"])) == value


def test_release_namespace_and_capabilities_are_those_of_the_target():
    template = config_map(
        "{{ .Release.Name }}",
        "  v: {{ .Capabilities.KubeVersion }} {{ .Release.Namespace }}"
        ' {{ .Capabilities.APIVersions.Has "example.com/v1/Widget" }} {{ .Capabilities.APIVersions.Has "x.com/v2" }}\n',
    )
    rendering = render(
        chart({"templates/a.yaml": template}),
        release="shop",
        kube_version="v1.31.4",
        api_versions=("example.com/v1", "example.com/v1/Widget"),
    )

    assert body(rendering, "shop")["data"]["v"] == "v1.31.4 apps true false"


@pytest.mark.parametrize(
    ("name", "release"), [("a" * 53, "a" * 53), ("a" * 54, "a" * 40 + "-a3f01b693925"), ("shop.web", "shop.web")]
)
def test_a_name_that_is_too_long_for_a_release_is_shortened_as_flux_does(name, release):
    files = chart({"templates/a.yaml": config_map("a", "  release: {{ .Release.Name }}\n")})

    assert render(files, release=name).objects[0].body["data"]["release"] == release


def test_what_is_written_stays_in_its_namespace():
    files = chart({"templates/a.yaml": config_map("a\n  namespace: elsewhere"), "templates/b.yaml": config_map("b")})

    assert [each.key.namespace for each in render(files).objects] == ["elsewhere", "apps"]


# --- hooks ----------------------------------------------------------------------------------------------------------

HOOKS = chart(
    {
        "templates/a.yaml": config_map("a"),
        "templates/up.yaml": hook("up", "pre-install,post-upgrade", -5),
        "templates/down.yaml": hook("down", "pre-delete"),
        "templates/back.yaml": hook("back", "post-rollback"),
        "tests/x": "",
        "templates/tests/t.yaml": hook("t", "test"),
        "templates/tests/old.yaml": hook("old", "test-success"),
        "templates/odd.yaml": hook("odd", "pre-fly"),
    }
)


def test_hooks_are_no_objects_and_each_is_told():
    rendering = render(HOOKS)

    assert named(rendering) == ["ConfigMap/a"]
    assert rows(rendering, Outcome.RENDERED) == {"ConfigMap/a": "", "Pod/up": ""}
    assert rows(rendering, Outcome.SKIPPED) == {
        "Pod/down": "Hook",
        "Pod/back": "Hook",
        "Pod/t": "TestHook",
        "Pod/old": "TestHook",
    }


def test_an_object_that_helm_leaves_out_for_its_moment_is_told_with_its_template_and_what_was_meant():
    files = chart({"templates/a.yaml": hook("a", "pre-upgrde"), "templates/b.yaml": hook("b", "pre-upgrade")})
    (left,) = [each for each in render(files).components if each.reason == "UnknownHook"]

    assert left.path == "web/templates/a.yaml"
    assert left.message == (
        "an object of web/templates/a.yaml is left out by helm, and never made: helm.sh/hook names a moment that Helm"
        " does not know (did you mean pre-upgrade?)"
    )


def test_of_a_moment_that_a_template_makes_nothing_is_quoted():
    files = chart({"templates/a.yaml": hook("a", "{{ .Values.when }}")})
    made = render(files, parameters={"when": "pre-s3cr3t, with a space"})
    (left,) = [each for each in made.components if each.reason == "UnknownHook"]

    assert (left.path, "s3cr3t" in left.message) == ("", False)


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ("helm.sh/hook-weight: first", "helm.sh/hook-weight is not a whole number in quotation marks, and counts as 0"),
        (
            'helm.sh/hook-delete-policy: "before-hook-creation, hook-succeed"',
            "helm.sh/hook-delete-policy names a policy that Helm does not know, and ignores"
            " (did you mean hook-succeeded?)",
        ),
        ('helm.sh/hook-delete-policy: "hook-succeeded,"', None),
        ('helm.sh/hook-weight: "-5"', None),
    ],
)
@pytest.mark.parametrize("moment", ["pre-upgrade", "post-delete"])
def test_the_row_of_a_hook_says_what_helm_ignores_of_it(moment: str, annotations: str, said: str | None):
    text = f"""apiVersion: v1
kind: Pod
metadata: {{name: a, annotations: {{helm.sh/hook: {moment}, {annotations}}}}}
spec: {{}}
"""
    (row,) = render(chart({"templates/a.yaml": text})).components

    assert row.message.partition("; ")[2] == (said or "")


def test_the_entries_of_a_list_that_is_a_hook_are_hooks():
    listed = """apiVersion: v1
kind: List
metadata: {annotations: {helm.sh/hook: pre-delete}}
items: [{apiVersion: batch/v1, kind: Job, metadata: {name: drop-all-data}}]
"""
    made = render(chart({"templates/l.yaml": listed}))

    assert made.objects == ()
    assert [(each.object.key.name, each.events) for each in made.hooks] == [("drop-all-data", (HookEvent.PRE_DELETE,))]


def test_the_hooks_that_are_run_are_those_of_installation_upgrade_and_deletion():
    found = {each.object.key.name: each for each in render(HOOKS).hooks}

    assert sorted(found) == ["down", "up"]
    assert (found["up"].events, found["up"].weight) == ((HookEvent.PRE_INSTALL, HookEvent.POST_UPGRADE), -5)
    assert found["up"].object.key.namespace == "apps"


# --- what is made anew each time ------------------------------------------------------------------------------------

RANDOM = "  p: {{ randAlphaNum 12 | quote }}\n"


@pytest.mark.parametrize("events", ["crd-install", "post-delete,pre-install"])
def test_what_is_in_crds_is_no_hook_whatever_it_says(events):
    crd = f"""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: widgets.example.com, annotations: {{helm.sh/hook: "{events}"}}}}
spec:
  group: example.com
  scope: Namespaced
  names: {{kind: Widget, plural: widgets}}
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object}}}}}}]
""".encode()
    files = chart({"templates/a.yaml": hook("a", "pre-install"), "crds/w.yaml": crd})
    files |= below("charts/db", chart({"crds/w.yaml": crd.replace(b"widget", b"gadget")}, name="db"))

    rendering = render(files)

    assert sorted(named(rendering)) == [
        f"CustomResourceDefinition/{each}.example.com" for each in ("gadgets", "widgets")
    ]
    assert [each.object.key.name for each in rendering.hooks] == ["a"]


def test_only_what_differs_between_two_renderings_is_not_deterministic():
    follows = '  sum: {{ include (print $.Template.BasePath "/a.yaml") . | sha256sum }}\n'
    files = {
        "templates/a.yaml": config_map("a", RANDOM),
        "templates/b.yaml": config_map("b", follows),
        "templates/c.yaml": config_map("c", "  d: x\n"),
    }
    rendering = render(chart(files))

    assert rows(rendering) == {"ConfigMap/a": "NotDeterministic", "ConfigMap/b": "NotDeterministic", "ConfigMap/c": ""}
    assert [(each.key.name, each.paths) for each in rendering.generated] == [
        ("a", (("data", "p"),)),
        ("b", (("data", "sum"),)),
    ]
    assert all(each.outcome is Outcome.RENDERED for each in rendering.components)


@pytest.mark.parametrize("of", ["now | unixEpoch", 'now | date "2006"', "$now := now }}{{ $now.Year"])
def test_the_time_is_found_however_coarse_it_is(of):
    rendering = render(
        chart({"templates/a.yaml": config_map("a", f"  t: '{{{{ {of} }}}}'\n"), "templates/b.yaml": config_map("b")})
    )

    assert rows(rendering) == {"ConfigMap/a": "NotDeterministic", "ConfigMap/b": ""}


def test_the_time_is_found_in_a_packaged_dependency():
    dependency = chart({"templates/a.yaml": config_map("a", "  t: '{{ now | date \"2006\" }}'\n")}, name="db")
    files = chart({}, dependencies=DEPENDS) | {"charts/db-1.2.3.tgz": package(dependency, folder="db")}

    assert rows(render(files)) == {"ConfigMap/a": "NotDeterministic"}


def test_a_chart_that_fails_at_another_time_is_rendered_twice_all_the_same():
    template = '{{ if lt (now | date "2006" | int) 2020 }}{{ fail "too early" }}{{ end }}' + config_map("a", RANDOM)

    assert rows(render(chart({"templates/a.yaml": template}))) == {"ConfigMap/a": "NotDeterministic"}


def test_a_hook_that_differs_makes_no_row_not_deterministic():
    files = {
        "templates/a.yaml": config_map("a"),
        "templates/h.yaml": hook("h-{{ randAlpha 5 | lower }}", "pre-install"),
    }

    assert set(rows(render(chart(files))).values()) == {""}


def test_an_object_with_a_name_that_is_made_up_is_told_and_has_no_field_to_keep():
    rendering = render(
        chart({"templates/a.yaml": config_map("a-{{ randAlpha 9 | lower }}"), "templates/b.yaml": config_map("b")})
    )

    assert sorted(rows(rendering).values()) == ["", "NotDeterministic"]
    assert not rendering.generated


# --- the version of helm --------------------------------------------------------------------------------------------


HELM_VERSION = "  v: '{{ .Capabilities.HelmVersion.Version }}'\n"


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (HELM_VERSION, ("data", "v")),
        ('  v: \'{{ with $.Capabilities }}{{ .HelmVersion.Version | replace "+" "_" }}{{ end }}\'\n', ("data", "v")),
        ("  v: '{{ $c := .Capabilities }}helm-{{ $c.HelmVersion.Version | trunc 40 }}'\n", ("data", "v")),
        ("  v: '{{ printf \"%s\" .Capabilities.HelmVersion.Version }}'\n  w: x\n", ("data", "v")),
    ],
)
def test_the_version_of_helm_in_an_object_is_told_and_known_by_its_field(line, path):
    rendering = render(chart({"templates/a.yaml": config_map("a", line), "templates/b.yaml": config_map("b")}))

    assert rows(rendering) == {"ConfigMap/a": "BuildMetadata", "ConfigMap/b": ""}
    assert [(each.key.name, each.paths, each.build_metadata) for each in rendering.generated] == [("a", (), (path,))]
    assert rendering.repeatable


OTHER_HELM = 'contains "another" .Capabilities.HelmVersion.Version'


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ("  v: '{{ .Capabilities.HelmVersion.GoVersion }}'\n", ("data", "v")),
        ("  v: '{{ .Capabilities.HelmVersion.Version | sha256sum }}'\n", ("data", "v")),
        (f'  v: \'{{{{ {OTHER_HELM} | ternary "Egress" "Ingress" }}}}\'\n', ("data", "v")),
        (f'  v: \'v1.2.3{{{{ {OTHER_HELM} | ternary "another" "" }}}}\'\n', ("data", "v")),
        (f"  v: [a{{{{ if {OTHER_HELM} }}}}, b{{{{ end }}}}]\n", ("data", "v")),
        (f"  {{{{ if {OTHER_HELM} }}}}w: v4.3.1+another{{{{ end }}}}\n", ("data", "w")),
        ("  v: {a: ['{{ .Capabilities.HelmVersion.Version }}', b, '{{ .Capabilities.HelmVersion.Version }}']}\n", None),
    ],
)
def test_only_a_text_that_holds_the_version_is_what_helm_writes_of_itself(data, path):
    rendering = render(chart({"templates/a.yaml": config_map("a", data), "templates/b.yaml": config_map("b")}))

    (fields,) = rendering.generated
    if path is None:
        assert (fields.paths, fields.build_metadata) == ((), (("data", "v", "a", 0), ("data", "v", "a", 2)))
    else:
        assert (fields.paths, fields.build_metadata) == ((path,), ())
        assert rows(rendering) == {"ConfigMap/a": "NotDeterministic", "ConfigMap/b": ""}


def test_more_fields_than_may_be_named_are_one_whatever_another_helm_adds():
    many = "".join(f"  k{n}: '{{{{ randAlpha 9 }}}}'\n" for n in range(MAX_GENERATED))
    other = "  v: '{{ .Capabilities.HelmVersion.GoVersion }}'\n"

    (fields,) = render(chart({"templates/a.yaml": config_map("a", many + other)})).generated
    assert fields.paths == (("data",),)


def test_the_version_of_helm_is_found_in_a_packaged_dependency():
    dependency = chart({"templates/a.yaml": config_map("a", HELM_VERSION)}, name="db")
    files = chart({}, dependencies=DEPENDS) | {"charts/db-1.2.3.tgz": package(dependency, folder="db")}

    assert rows(render(files)) == {"ConfigMap/a": "BuildMetadata"}


def test_what_is_made_anew_each_time_is_not_of_the_version_of_helm():
    time = "  t: '{{ now | unixEpoch }}'\n"
    rendering = render(chart({"templates/a.yaml": config_map("a", HELM_VERSION + RANDOM + time)}))

    (fields,) = rendering.generated
    assert (set(fields.paths), fields.build_metadata) == ({("data", "p"), ("data", "t")}, (("data", "v"),))
    assert rows(rendering) == {"ConfigMap/a": "NotDeterministic"}
    (row,) = rendering.components
    assert "comes out differently each time" in row.message
    assert "data.v of ConfigMap apps/a is what helm writes of itself" in row.message


@pytest.mark.parametrize(
    "line",
    [
        "  v: '{{ if semverCompare \">=4.0.0\" .Capabilities.HelmVersion.Version }}new{{ else }}old{{ end }}'\n",
        "  v: '{{/* .Capabilities.HelmVersion.Version */}}x'\n",
        "  v: '{{ \".HelmVersion\" }}'\n",
    ],
)
def test_a_chart_that_only_compares_the_version_of_helm_has_nothing_of_it(line):
    rendering = render(chart({"templates/a.yaml": config_map("a", line)}))

    assert rows(rendering) == {"ConfigMap/a": ""}
    assert rendering.generated == ()


def test_a_chart_that_fails_with_another_helm_is_rendered_all_the_same():
    template = '{{ if hasSuffix "another" .Capabilities.HelmVersion.Version }}{{ fail "no" }}{{ end }}' + config_map(
        "a"
    )

    assert rows(render(chart({"templates/a.yaml": template}))) == {"ConfigMap/a": ""}


# --- what is told of the chart --------------------------------------------------------------------------------------


def test_a_chart_that_asks_the_cluster_is_told_with_each_place():
    files = chart(
        {
            "templates/_h.tpl": '{{/* lookup */}}\n{{ define "x" }}{{ (lookup "v1" "Secret" "a" "b").data }}{{ end }}',
            "templates/a.yaml": config_map("a", "  x: '{{ \"lookup\" }} {{ .Values.lookup }} lookup'\n"),
            "files/b": "{{ lookup }}",
        },
        dependencies=DEPENDS,
    )
    dependency = chart({"templates/d.yaml": config_map("d", "  d: '{{- getHostByName \"x\" }}'\n")}, name="db")
    rendering = render(files | {"charts/db-1.tgz": package(dependency, folder="db")})

    told = [each for each in rendering.components if each.reason == "UsesLookup"]
    assert [each.id for each in told] == ["web/templates/_h.tpl:2", "web/charts/db/templates/d.yaml:7"]
    assert "line 2 of web/templates/_h.tpl calls lookup, which gives an empty object" in told[0].message


def test_a_deprecated_chart_is_told():
    rendering = render(CHARTS["deprecated"])

    assert [each.reason for each in rendering.components] == ["", "Deprecated"]
