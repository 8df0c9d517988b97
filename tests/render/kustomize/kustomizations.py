"""Kustomizations as teams write them, each with the files that it needs: name -> (folder that is built, files)."""

from typing import Final

DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {}
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      serviceAccountName: web
      containers:
        - name: web
          image: registry.example/web:1.0
          args: []
          env:
            - name: LEVEL
              valueFrom: {configMapKeyRef: {name: settings, key: level}}
      volumes:
        - name: cache
          emptyDir: {}
"""
SERVICE: Final = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""
ACCOUNT: Final = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
  - {kind: ServiceAccount, name: web, namespace: default}
"""
SETTINGS: Final = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: 'on', size: '0777', at: '22:22'}\n"
)
TEXTS: Final = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: texts, annotations: {note: "1e3", empty: ""}}
data:
  ends: "two breaks\\n\\n"
  begins: "\\n  indented"
  template: "{{ .Values.x }} ${HOME} $(PATH)"
  unicode: "\\u00e4\\u2028\\U0001F600"
  long: "LONG"
""".replace("LONG", "word " * 200)
CUSTOM: Final = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: one}
spec: {none: null, list: [], map: {}, big: 9007199254740993, float: 0.1}
"""
LIST: Final = """\
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: two}}
"""
BASE: Final = {
    "base/kustomization.yaml": "resources: [deployment.yaml, service.yaml, account.yaml, settings.yaml]\n",
    "base/deployment.yaml": DEPLOYMENT,
    "base/service.yaml": SERVICE,
    "base/account.yaml": ACCOUNT,
    "base/settings.yaml": SETTINGS,
}


def _over(overlay: str, **files: str | bytes) -> tuple[str, dict[str, str | bytes]]:
    """An overlay of the base; ``files`` lie beside it."""
    beside = {f"over/{name.replace('__', '.')}": content for name, content in files.items()}
    return "over", {**BASE, "over/kustomization.yaml": f"resources: [../base]\n{overlay}", **beside}


_JSON_PATCH: Final = '[{"op": "replace", "path": "/spec/replicas", "value": 3}]'
_MERGE_PATCH: Final = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 4}\n"
_IMAGE_PLUGIN: Final = (
    "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: tag}\nimageTag:"
    " {name: registry.example/web, newTag: '5'}\nfieldSpecs: [{path: 'spec/template/spec/containers[]/image'}]\n"
)
KUSTOMIZATIONS: Final[dict[str, tuple[str, dict[str, str | bytes]]]] = {
    "a base": ("base", dict(BASE)),
    "an overlay": _over(""),
    "a prefix and a suffix": _over("namePrefix: dev-\nnameSuffix: -v2\n"),
    "a namespace": _over("namespace: shop\n"),
    "images": _over("images: [{name: registry.example/web, newName: mirror.example/web, newTag: '2'}]\n"),
    "an image by digest": _over(f"images: [{{name: registry.example/web, digest: 'sha256:{'0' * 64}'}}]\n"),
    "replicas": _over("replicas: [{name: web, count: 5}]\n"),
    "labels": _over("labels: [{pairs: {team: shop}, includeSelectors: true}]\n"),
    "common labels, which are deprecated and warn": _over("commonLabels: {team: shop}\n"),
    "annotations": _over("commonAnnotations: {note: 'on'}\n"),
    "a merge patch in a file": _over("patches: [{path: patch.yaml}]\n", patch__yaml=_MERGE_PATCH),
    "a merge patch in an old field": _over("patchesStrategicMerge: [patch.yaml]\n", patch__yaml=_MERGE_PATCH),
    "a JSON patch": _over(f"patches: [{{target: {{kind: Deployment}}, patch: '{_JSON_PATCH}'}}]\n"),
    "a deletion": _over(
        "patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: web}, $patch: delete}'}]\n"
    ),
    "literals": _over("configMapGenerator: [{name: made, literals: [a=1, 'b=x=y']}]\n"),
    "properties, a file without suffix and a binary": _over(
        "configMapGenerator: [{name: made, files: [app.properties, LICENSE, icon=icon.png]}]\n",
        app__properties="a=1\n\n",
        LICENSE="free\n",
        icon__png=b"\x89PNG\r\n\x1a\n\x00\xff",
    ),
    "an env-file with a name alone": _over(
        "configMapGenerator: [{name: made, envs: [vars.env]}]\n", vars__env="# said\nA=1\nHOME\nPATH\n"
    ),
    "a secret": _over("secretGenerator: [{name: made, type: Opaque, literals: [password=planted-word]}]\n"),
    "no hash": _over(
        "generatorOptions: {disableNameSuffixHash: true, labels: {a: b}}\n"
        "configMapGenerator: [{name: made, literals: [a=1]}]\n"
    ),
    "a merge into what the base makes": (
        "over",
        {
            "over/kustomization.yaml": "resources: [../base]\n"
            "configMapGenerator: [{name: made, behavior: merge, literals: [b=2]}]\n",
            "base/kustomization.yaml": "configMapGenerator: [{name: made, literals: [a=1, b=1]}]\n",
        },
    ),
    "a replacement": _over(
        "replacements: [{source: {kind: ConfigMap, name: settings, fieldPath: data.level},"
        " targets: [{select: {kind: Deployment}, fieldPaths: [metadata.labels.level], options: {create: true}}]}]\n"
    ),
    "a component": (
        "over",
        {
            **BASE,
            "over/kustomization.yaml": "resources: [../base]\ncomponents: [../part]\n",
            "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\n"
            "kind: Component\nnamePrefix: part-\n",
        },
    ),
    "a built-in transformer in a file": _over("transformers: [tag.yaml]\n", tag__yaml=_IMAGE_PLUGIN),
    "a built-in transformer in place": _over(
        "transformers:\n- |\n  " + _IMAGE_PLUGIN.replace("\n", "\n  ").rstrip() + "\n",
    ),
    "a built-in generator in a file": _over(
        "generators: [made.yaml]\n",
        made__yaml="apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: made}\n"
        "name: made\nfiles: [LICENSE]\n",
        LICENSE="free",
    ),
    "the label of its maker": _over("buildMetadata: [managedByLabel, originAnnotations]\n"),
    "legacy order": _over("sortOptions: {order: legacy}\n"),
    "texts": (".", {"kustomization.yaml": "resources: [texts.yaml]\n", "texts.yaml": TEXTS}),
    "a definition and its object": (
        ".",
        {"kustomization.yaml": "resources: [custom.yaml]\nnamespace: shop\n", "custom.yaml": CUSTOM},
    ),
    "a list": (".", {"Kustomization": "resources: [list.yaml]\n", "list.yaml": LIST}),
    "JSON": (
        ".",
        {
            "kustomization.yml": '{"resources": ["one.json"]}',
            "one.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "1"}}',
        },
    ),
    "two bases with one name each": (
        ".",
        {
            "kustomization.yaml": "resources: [a, b]\n",
            "a/kustomization.yaml": "namePrefix: a-\nresources: [../c]\n",
            "b/kustomization.yaml": "namePrefix: b-\nresources: [../c]\n",
            "c/kustomization.yaml": "resources: [one.yaml]\n",
            "c/one.yaml": SETTINGS,
        },
    ),
    "a folder that is called like a host": (
        ".",
        {
            "kustomization.yaml": "resources: [host.com/x]\n",
            "host.com/x/kustomization.yaml": "resources: [one.yaml]\n",
            "host.com/x/one.yaml": SETTINGS,
        },
    ),
    "a folder that is called like a flag": (
        "--enable-helm",
        {"--enable-helm/kustomization.yaml": "resources: [-f]\n", "--enable-helm/-f": SETTINGS},
    ),
    "a file that is called like a repository": (
        ".",
        {"kustomization.yaml": "resources: [github.com/org/name]\n", "github.com/org/name": SETTINGS},
    ),
    "a note for functions, which is not run": (
        ".",
        {
            "kustomization.yaml": "resources: [one.yaml]\n",
            "one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n  annotations:\n"
            "    config.kubernetes.io/function: 'exec: {path: /bin/sh}'\n",
        },
    ),
}
