"""``patternctl render`` of charts beside ``helm template`` of the same: equal, or refused with the cause.

The charts are small, and each has one thing that real charts have.
"""

import gzip
import io
import json
import tarfile

import pytest
from tests.render import equality
from tests.render.equality import NAMESPACE, RELEASE, assert_refused, comparable, laid_out, report
from tests.testbed import binaries
from tests.testbed.paths import BIN

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: b}\n"
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %s}
spec:
  group: acme.io
  scope: %s
  names: {kind: %s, plural: %s}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""


def chart(files, *, name="web", more=""):
    return {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.2.3\n{more}", **files}


def below(folder, files):
    return {f"{folder}/{path}": content for path, content in files.items()}


def packed(files, *, folder):
    """A packaged chart, as ``helm package`` makes it."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return made.getvalue()


SUBCHART = chart({"templates/a.yaml": CONFIG % "{{ .Release.Name }}-{{ .Chart.Name }}"}, name="sub")
DEPENDS = "dependencies: [{name: sub, version: 1.2.3}]\n"

CHARTS = {
    "a workload with helpers": chart(
        {
            "values.yaml": "image: {name: nginx, tag: '1.27'}\nreplicas: 2\nresources: {}\ntolerations: []\n",
            "templates/_helpers.tpl": '{{- define "web.name" -}}{{ .Release.Name }}-{{ .Chart.Name }}{{- end -}}',
            "templates/NOTES.txt": "Thank you for {{ .Chart.Name }}.\n",
            "templates/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  labels: {managed-by: {{ .Release.Service }}, helm.sh/chart: "{{ .Chart.Name }}-{{ .Chart.Version }}"}
  annotations: {}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      tolerations: {{ toYaml .Values.tolerations | nindent 8 }}
      containers:
        - name: web
          image: "{{ .Values.image.name }}:{{ .Values.image.tag }}"
          resources: {{ toYaml .Values.resources | nindent 12 }}
          env: []
""",
        }
    ),
    "subjects in the namespace default": chart(
        {
            "templates/rbac.yaml": """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web, namespace: default}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: view}
subjects: [{kind: ServiceAccount, name: web, namespace: default}]
"""
        }
    ),
    "text with the signs of other templates": chart(
        {
            "templates/a.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: texts}
data:
  braces: "{{ "{{" }} .Values.x {{ "}}" }}"
  shell: "${HOME} $(HOME) $(#ref.a) ${a:-b}"
  ends: "one\\n\\n\\n"
  block: |+
    kept

  folded: >-
    a
    b
  on: "on"
  octal: "0777"
  time: "12:30:00"
  tab: "a\\tb"
"""
        }
    ),
    "scalars that YAML reads in more than one way": chart(
        {
            "templates/a.yaml": """\
apiVersion: acme.io/v1
kind: Widget
metadata: {name: widget}
spec: {on: yes, off: no, octal: 0777, hex: 0x1f, float: 1.50, exp: 1e3, none: ~, empty: , date: 2020-01-01, time: 22:22}
"""
        }
    ),
    "a list": chart(
        {"templates/a.yaml": "apiVersion: v1\nkind: List\nitems:\n- " + (CONFIG % "a").replace("\n", "\n  ")}
    ),
    "the same object twice from aliased charts": chart(
        below("charts/sub", SUBCHART),
        more="dependencies: [{name: sub, version: 1.2.3, alias: one}, {name: sub, version: 1.2.3, alias: two}]\n",
    )
    | {"charts/sub/templates/same.yaml": CONFIG % "same", "charts/sub/templates/a.yaml": ""},
    "a subchart in a folder": chart(below("charts/sub", SUBCHART), more=DEPENDS),
    "a packaged subchart": chart({"charts/sub-1.2.3.tgz": packed(SUBCHART, folder="sub")}, more=DEPENDS),
    "custom resources of crds/ in a chart and its subchart": chart(
        {
            "crds/widgets.yaml": CRD % ("widgets.acme.io", "Cluster", "Widget", "widgets")
            + "---\n"
            + CRD % ("gadgets.acme.io", "Namespaced", "Gadget", "gadgets")
            + "# {{ not a template }}\n",
            "crds/README.md": "not YAML: {{",
            "templates/a.yaml": "apiVersion: acme.io/v1\nkind: Widget\nmetadata: {name: w}\n",
            "templates/b.yaml": "apiVersion: acme.io/v1\nkind: Gadget\nmetadata: {name: g}\n",
            **below("charts/sub", SUBCHART),
            "charts/sub/crds/c.yaml": CRD % ("cogs.acme.io", "Cluster", "Cog", "cogs"),
        },
        more=DEPENDS,
    ),
    "a templated definition and its object": chart(
        {
            "templates/crd.yaml": CRD % ("widgets.acme.io", "Cluster", "Widget", "widgets"),
            "templates/a.yaml": "apiVersion: acme.io/v1\nkind: Widget\nmetadata: {name: w}\n",
        }
    ),
    "files that are no YAML": chart(
        {
            ".helmignore": "*.bak\nsecret/\n",
            "templates/old.yaml.bak": "kind: {{",
            "files/app.properties": "a=1\nb=2\n",
            "files/logo.bin": bytes(range(256)),
            "files/.hidden": "dot",
            "files/LICENSE": "free",
            "templates/a.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: files}
data:
{{ (.Files.Glob "files/*.properties").AsConfig | indent 2 }}
  hidden: {{ .Files.Get "files/.hidden" | quote }}
  license: {{ .Files.Get "files/LICENSE" | quote }}
binaryData:
  logo: {{ .Files.Get "files/logo.bin" | b64enc }}
""",
        }
    ),
    "hooks beside objects": chart(
        {
            f"templates/{event}.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: "
            f'{event}\n  annotations: {{"helm.sh/hook": "{event}", "helm.sh/hook-weight": "-5"}}\n'
            "spec: {containers: [{name: a, image: a}]}\n"
            for event in ("pre-install", "post-upgrade", "pre-delete", "post-rollback", "test", "test-success")
        }
        | {"templates/a.yaml": CONFIG % "a"}
    ),
    "what it asks of the cluster": chart(
        {
            "templates/a.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: asked}
data:
  version: "{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion.Minor }}"
  helm: "{{ .Capabilities.HelmVersion.Version }}"
  apps: "{{ .Capabilities.APIVersions.Has "apps/v1" }}"
  acme: "{{ .Capabilities.APIVersions.Has "acme.io/v1/Widget" }}"
  lookup: "{{ len (lookup "v1" "Secret" "a" "b") }} {{ lookup "v1" "Secret" "a" "" | toJson }}"
  host: "[{{ getHostByName "localhost" }}]"
  release: "{{ .Release.IsInstall }} {{ .Release.IsUpgrade }} {{ .Release.Revision }} {{ .Release.Namespace }}"
  home: "[{{ .Values.home | default "" }}]"
"""
        }
    ),
    "defaults that are removed": chart(
        {
            "values.yaml": "probe: {http: {path: /}, tcp: {port: 1}}\nextra: {a: 1}\n",
            "templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v}\n"
            "data: {probe: {{ toJson .Values.probe | quote }}, all: {{ toJson .Values | quote }}}\n",
        }
    ),
}

VALUES = "probe: {http: null}\nextra: null\nreplicas: 3\nimage: {tag: 1.28}\nglobal: {team: a}\n"


@pytest.fixture(scope="module", autouse=True)
def programs():
    binaries.build([each for each in binaries.PROGRAMS if each.name in ("helm", "kustomize")])


@pytest.fixture
def patternctl(tmp_path):
    return equality.program(tmp_path / "home")


@pytest.mark.parametrize("files", CHARTS.values(), ids=CHARTS.keys())
@pytest.mark.parametrize("valued", [False, True], ids=["defaults", "values"])
def test_a_chart_is_rendered_as_helm_does(patternctl, tmp_path, files, valued):
    folder, place = laid_out(tmp_path / "chart", files), tmp_path / "report.json"
    (tmp_path / "values.yaml").write_text(VALUES)
    flags = ["--values", str(tmp_path / "values.yaml"), "--set", "image.name=web,hosts={a,b},probe.tcp=null"]
    flags += [
        "--set-json",
        'json={"a": [1, null, "x"]} , hosts[2]="c",none=,',
        "--set-file",
        f"file={tmp_path}/values.yaml",
    ]
    flags = flags if valued else []

    done = patternctl("render", folder, "--name", RELEASE, "-n", NAMESPACE, "--report", place, *flags, "-o", "json")

    assert done.code == 0, done.err
    assert comparable(done.items) == comparable(equality.helm(folder, *flags))
    assert not [body for body in done.items if body["kind"] == "List"]
    rendered = [row for row in report(place) if row["outcome"] == "rendered"]
    assert len(rendered) == len(done.items)
    assert not [row for row in rendered if row["reason"] == "NotDeterministic"]


NUMBERS = chart(
    {
        "values.yaml": "num: 1\nhosts: [{port: 80}, {port: 81}]\n",
        "templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
        '{{- range $k, $v := .Values }}\n  {{ $k }}: {{ printf "%v %T" $v $v | quote }}\n{{- end }}\n',
    }
)


@pytest.mark.parametrize(
    "flags",
    [
        ["--set", "num=1000710000"],
        ["--set", "num=9007199254740993,m=-3,zero=0"],
        ["--set", "hosts[1].port=1000710000"],
        ["--set", "l[2]=1000710000,a\\.b.c=12345678"],
        ["--set", "num=1000710000", "--set-string", "num=1000710000"],
        ["--set-string", "num=1000710000", "--set", "num=1000710000"],
        ["--set", "m.num=1000710000", "--set", "m=null"],
        ["--values", "values.yaml"],
        ["--values", "values.yaml", "--set", "num=12345678,big.a=2"],
    ],
    ids=" ".join,
)
def test_a_number_is_for_a_chart_what_it_is_for_helm(patternctl, tmp_path, flags):
    folder = laid_out(tmp_path / "chart", NUMBERS)
    (tmp_path / "values.yaml").write_text("num: 1000710000\nbig: {a: 9007199254740993, b: 1000710000}\n")
    flags = [str(tmp_path / each) if each == "values.yaml" else each for each in flags]

    done = patternctl("render", folder, "--name", RELEASE, "-n", NAMESPACE, *flags)

    assert done.code == 0, done.err
    assert comparable(done.items) == comparable(equality.helm(folder, *flags))


SCHEMAS = {
    "refers to a URL": '{"properties": {"num": {"$ref": "https://charts.invalid.example/d.json"}}}',
    "does not fit": '{"properties": {"num": {"type": "string"}}}',
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_without_its_schema_a_chart_is_rendered_as_helm_does(patternctl, tmp_path, schema):
    sub = chart(
        {"templates/a.yaml": CONFIG % "sub", "values.schema.json": schema, "values.yaml": "num: 1\n"}, name="sub"
    )
    files = {**chart(NUMBERS, more=DEPENDS), **below("charts/sub", sub), "values.schema.json": schema}
    folder = laid_out(tmp_path / "chart", files)
    flags = ["--skip-schema-validation"]

    refused = patternctl("render", folder)
    done = patternctl("render", folder, "--name", RELEASE, "-n", NAMESPACE, *flags)

    assert (refused.code, refused.out) == (1, "")
    assert done.code == 0, done.err
    assert comparable(done.items) == comparable(equality.helm(folder, *flags))


def test_a_schema_that_is_elsewhere_is_refused_with_the_flag_that_helps(patternctl, tmp_path):
    files = {**NUMBERS, "values.schema.json": SCHEMAS["refers to a URL"]}

    done = patternctl("render", laid_out(tmp_path / "chart", files))

    assert "or give --skip-schema-validation, and the values are not checked" in done.err
    assert "spec.render" not in done.err


def test_what_is_asked_of_the_cluster_is_what_the_flags_say(patternctl, tmp_path):
    folder = laid_out(tmp_path / "chart", CHARTS["what it asks of the cluster"])
    flags = ["--kube-version", "1.30.5", "--api-versions", "acme.io/v1/Widget,acme.io/v1"]

    done = patternctl("render", folder, "--name", RELEASE, "-n", NAMESPACE, *flags)

    assert comparable(done.items) == comparable(equality.helm(folder, *flags))
    assert done.items[0]["data"]["acme"] == "true"
    assert done.items[0]["data"]["version"].startswith("v1.30.5")


def test_the_same_chart_is_the_same_bytes_packaged_or_not(patternctl, tmp_path):
    files = CHARTS["a workload with helpers"]
    folder = laid_out(tmp_path / "chart", files)
    (tmp_path / "web-1.2.3.tgz").write_bytes(packed(files, folder="web"))

    loose, tight = patternctl("render", folder), patternctl("render", tmp_path / "web-1.2.3.tgz")

    assert loose.code == tight.code == 0
    assert loose.out == tight.out == patternctl("render", folder).out


def test_what_a_package_lists_in_helmignore_stays_in_its_subcharts(patternctl, tmp_path):
    """``helm package`` applied the file, and wrote the packages of charts/ out as folders: helm ignores nothing."""
    sub = SUBCHART | {"crds/a.yaml": CRD % ("as.acme.io", "Namespaced", "A", "as")}
    sub |= {"templates/tests/t.yaml": CONFIG % "in-tests"}
    files = chart({".helmignore": "crds/\ntests/\n", **below("charts/sub", sub)}, more=DEPENDS)
    package = tmp_path / "web-1.2.3.tgz"
    package.write_bytes(packed(files, folder="web"))

    done = patternctl("render", package, "--name", RELEASE, "-n", NAMESPACE)

    assert done.code == 0, done.err
    assert comparable(done.items) == comparable(equality.helm(package))
    assert len(done.items) == 3


def test_cluster_scoped_kinds_get_no_namespace_also_by_a_definition_of_the_same_output(patternctl, tmp_path):
    folder = laid_out(tmp_path / "chart", CHARTS["custom resources of crds/ in a chart and its subchart"])

    done = patternctl("render", folder, "-n", NAMESPACE)

    found = {body["kind"]: body["metadata"].get("namespace") for body in done.items}
    assert (found["Widget"], found["Gadget"], found["ConfigMap"]) == (None, NAMESPACE, NAMESPACE)


GENERATED = chart(
    {
        "templates/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: made}\n"
        "stringData: {password: {{ randAlphaNum 12 | quote }}, fixed: a}\n",
        "templates/b.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: cert}\n"
        'data: {tls: {{ (genSelfSignedCert "a" nil nil 1).Cert | b64enc }}}\n',
        "templates/c.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
        "  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}, annotations: "
        '{sum: {{ include (print $.Template.BasePath "/a.yaml") . | sha256sum }}}}\n'
        "    spec: {containers: [{name: a}]}\n",
        "templates/d.yaml": CONFIG % "fixed",
    }
)
HOOK = """\
apiVersion: v1
kind: Secret
metadata: {name: h, annotations: {"helm.sh/hook": pre-install}}
stringData: {p: %s}
"""


def test_what_comes_out_differently_each_time_is_told_and_nothing_else(patternctl, tmp_path):
    folder, place = laid_out(tmp_path / "chart", GENERATED), tmp_path / "report.json"

    done = patternctl("render", folder, "--report", place)

    assert done.code == 0
    reasons = {row["name"]: row["reason"] for row in report(place) if row["kind"]}
    assert reasons == {"made": "NotDeterministic", "cert": "NotDeterministic", "web": "NotDeterministic", "fixed": ""}


def test_a_hook_that_comes_out_differently_is_no_reason(patternctl, tmp_path):
    files = chart({"templates/a.yaml": CONFIG % "a", "templates/h.yaml": HOOK % "{{ randAlphaNum 9 | quote }}"})
    folder, place = laid_out(tmp_path / "chart", files), tmp_path / "report.json"

    done = patternctl("render", folder, "--report", place)

    assert done.code == 0
    assert not [row for row in report(place) if row["reason"] == "NotDeterministic"]


def test_hooks_that_are_no_objects_are_neither_printed_nor_called_rendered(patternctl, tmp_path):
    folder, place = laid_out(tmp_path / "chart", CHARTS["hooks beside objects"]), tmp_path / "report.json"

    done = patternctl("render", folder, "--report", place)

    assert {body["metadata"]["name"] for body in done.items} == {"a", "pre-install", "post-upgrade"}
    outcomes = {row["name"]: row["outcome"] for row in report(place)}
    assert {name for name, outcome in outcomes.items() if outcome != "rendered"} == {
        *("pre-delete", "post-rollback", "test", "test-success")
    }


def test_one_identity_with_two_contents_is_refused_and_both_are_named(patternctl, tmp_path):
    files = chart({"templates/a.yaml": CONFIG % "a", "templates/b.yaml": (CONFIG % "a").replace("b}", "c}")})

    done = patternctl("render", laid_out(tmp_path / "chart", files))

    assert_refused(done)
    assert "templates/a.yaml" in done.err
    assert "templates/b.yaml" in done.err


REFUSED = {
    "a dependency that is not there": (chart({"templates/a.yaml": CONFIG % "a"}, more=DEPENDS), [], "sub"),
    "the chart's own message": (
        chart({"templates/a.yaml": '{{ fail "say which host: set host" }}'}),
        [],
        "say which host: set host",
    ),
    "a required value": (
        chart({"templates/a.yaml": '{{ required "host is required" .Values.host }}'}),
        [],
        "host is required",
    ),
    "values against the schema": (
        chart(
            {
                "values.schema.json": json.dumps({"properties": {"replicas": {"type": "integer", "minimum": 1}}}),
                "templates/a.yaml": CONFIG % "a",
            }
        ),
        ["--set", "replicas=0"],
        "replicas",
    ),
    "another Kubernetes": (
        chart({"templates/a.yaml": CONFIG % "a"}, more="kubeVersion: '>=1.40.0-0'\n"),
        ["--kube-version", "1.34.0"],
        ">=1.40.0-0",
    ),
    "a template that does not parse": (chart({"templates/a.yaml": "a: {{ if }}"}), [], "templates/a.yaml"),
    "output that is no YAML": (chart({"templates/a.yaml": "a: b: c\n  d: [\n"}), [], "templates/a.yaml"),
    "a chart without a version": (
        {"Chart.yaml": "apiVersion: v2\nname: web\n", "templates/a.yaml": CONFIG % "a"},
        [],
        "version",
    ),
    "a setting that is none": (chart({"templates/a.yaml": CONFIG % "a"}), ["--set", "a[x]=1"], "index"),
    "a message without end": (
        chart({"templates/a.yaml": '{{ fail (repeat 100000 "endless ") }}'}),
        [],
        "endless",
    ),
    "a folder that is named as a flag": (
        chart({"templates/a.yaml": CONFIG % "a", "--post-renderer/x": ""}),
        ["--path", "--post-renderer"],
        "post-renderer",
    ),
}


@pytest.mark.parametrize(("files", "flags", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_rendered_is_refused_with_the_cause(patternctl, tmp_path, files, flags, said):
    folder = laid_out(tmp_path / "chart", files)
    flags = [f"--path={flags[1]}"] if flags[:1] == ["--path"] else flags

    done = patternctl("render", folder, *flags)

    assert_refused(done)
    assert said in done.err


def test_a_link_out_of_the_chart_is_refused(patternctl, tmp_path):
    folder = laid_out(tmp_path / "chart", CHARTS["files that are no YAML"])
    (folder / "files" / "out.properties").symlink_to("/etc/hostname")

    done = patternctl("render", folder)

    assert_refused(done)
    assert "out.properties" in done.err


def test_without_helm_it_says_what_is_missing_and_renders_all_else(patternctl, tmp_path):
    folder = laid_out(tmp_path / "chart", CHARTS["a subchart in a folder"])
    (tmp_path / "a.yaml").write_text(CONFIG % "a")
    patternctl.variables["PATH"] = "/nonexistent"

    done, plain = patternctl("render", folder), patternctl("render", tmp_path / "a.yaml")

    assert_refused(done)
    assert "helm is not on this machine" in done.err
    assert (plain.code, len(plain.items)) == (0, 1)


def test_helm_may_be_named(patternctl, tmp_path):
    folder = laid_out(tmp_path / "chart", CHARTS["a subchart in a folder"])
    patternctl.variables["PATH"] = "/nonexistent"

    done = patternctl("render", folder, "--helm", BIN / "helm")

    assert (done.code, len(done.items)) == (0, 1)
