"""Kustomizations render to what the real kustomize prints."""

import re
import tempfile
from dataclasses import replace
from typing import Any

import pytest
from tests.render.kustomize.kustomizations import CUSTOM, DEPLOYMENT, KUSTOMIZATIONS, SETTINGS
from tests.render.kustomizing import Files, driven, driven_and_counted, files, own_output, run

from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.apply.generated_fields import kept_values
from pattern_operator.errors import Stalled
from pattern_operator.render import Options, render
from pattern_operator.render.kinds import Scopes
from pattern_operator.render.kustomize import render_kustomization
from pattern_operator.render.kustomize.kustomization import place
from pattern_operator.render.options import CommonMetadata
from pattern_operator.render.regenerated import with_generated_told

NAMESPACE = "team"


def rendered(written: Files, path: str = ".", **options: Any) -> Rendering:
    given = Options(**{"default_namespace": NAMESPACE, **options})
    return with_generated_told(driven(render_kustomization(files(written), path, options=given)))


def with_namespaces(bodies: list[Any]) -> list[Any]:
    """What ``-n`` adds, by the scopes of kinds: the only thing that is done to what kustomize prints."""
    scopes = Scopes(bodies)
    for body in bodies:
        if scopes.is_namespaced(body["apiVersion"], body["kind"], hint=None):
            body["metadata"].setdefault("namespace", NAMESPACE)
        else:
            body["metadata"].pop("namespace", None)
    return bodies


@pytest.mark.parametrize("name", list(KUSTOMIZATIONS))
def test_a_kustomization_renders_to_what_kustomize_prints_in_its_order(name: str) -> None:
    path, written = KUSTOMIZATIONS[name]
    made = rendered(written, path)
    assert [each.body for each in made.objects] == with_namespaces(own_output(written, path))
    assert {each.outcome for each in made.components} == {Outcome.RENDERED}
    assert [each.id for each in made.components] == [each.component for each in made.objects]
    assert made.format == "Kustomize"


def test_a_kustomization_takes_one_run_and_comes_out_the_same_each_time() -> None:
    path, written = KUSTOMIZATIONS["a secret"]
    first, runs = driven_and_counted(render_kustomization(files(written), path, options=Options()))
    assert runs == 1
    assert first == driven(render_kustomization(files(written), path, options=Options()))


def test_a_name_alone_in_an_env_file_has_no_value_of_this_machine() -> None:
    path, written = KUSTOMIZATIONS["an env-file with a name alone"]
    made = next(each for each in rendered(written, path).objects if each.key.name.startswith("made-"))
    assert made.body["data"] == {"A": "1", "HOME": "", "PATH": ""}


def test_what_is_written_stays_where_no_target_is_set() -> None:
    path, written = KUSTOMIZATIONS["a base"]
    bodies = {each.key.kind: each.body for each in rendered(written, path).objects}
    assert bodies["ClusterRoleBinding"]["subjects"][0]["namespace"] == "default"
    assert "namespace" not in bodies["ClusterRoleBinding"]["metadata"]
    assert bodies["Service"]["metadata"]["namespace"] == NAMESPACE


def test_a_target_namespace_moves_what_is_written_and_the_subjects_that_are_of_the_pattern() -> None:
    path, written = KUSTOMIZATIONS["a namespace"]
    bodies = {each.key.kind: each.body for each in rendered(written, path, target_namespace="prod").objects}
    assert bodies["Service"]["metadata"]["namespace"] == "prod"
    assert bodies["ClusterRoleBinding"]["subjects"][0]["namespace"] == "prod"
    assert "namespace" not in bodies["ClusterRoleBinding"]["metadata"]


def test_a_target_namespace_leaves_a_subject_that_is_not_of_the_pattern() -> None:
    path, written = KUSTOMIZATIONS["a base"]
    other = written["base/account.yaml"].replace("name: web, namespace: default", "name: other, namespace: default")  # type: ignore[arg-type]
    made = rendered({**written, "base/account.yaml": other}, path, target_namespace="prod")
    binding = next(each.body for each in made.objects if each.key.kind == "ClusterRoleBinding")
    assert binding["subjects"][0]["namespace"] == "default"


def test_an_object_of_a_definition_beside_it_has_the_scope_of_the_definition() -> None:
    made = rendered(
        {"kustomization.yaml": "resources: [custom.yaml]\n", "custom.yaml": CUSTOM}, target_namespace="prod"
    )
    assert [each.key.namespace for each in made.objects] == ["", ""]
    spaced = CUSTOM.replace("scope: Cluster", "scope: Namespaced")
    made = rendered(
        {"kustomization.yaml": "resources: [custom.yaml]\n", "custom.yaml": spaced}, target_namespace="prod"
    )
    assert [each.key.namespace for each in made.objects] == ["", "prod"]


def test_hooks_of_other_tools_are_left_out_and_told() -> None:
    hook = SETTINGS.replace("name: settings", "name: settings, annotations: {helm.sh/hook: pre-delete}")
    made = rendered({"kustomization.yaml": "resources: [one.yaml]\n", "one.yaml": hook})
    assert (made.objects, made.components[0].reason) == ((), "Hook")


PLUGIN = "apiVersion: example.com/v1\nkind: Mine\nmetadata: {name: one}\n"
FUNCTION = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n  annotations:\n    config.kubernetes.io/function: |\n"
    "      container: {image: registry.example/fn}\n"
)
HELM = "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: one}\nname: minecraft\n"
FETCHING = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: one}\npath: https://h.example/patch.yaml\n"
BUILT_IN = (
    "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: one}\nlabels: {a: b}\n"
    "fieldSpecs: [{path: metadata/labels, create: true}]\n"
)
REPLACING = "apiVersion: builtin\nkind: ReplacementTransformer\nmetadata: {{name: one}}\nreplacements: [{{path: {}}}]\n"
ONE = {"one.yaml": SETTINGS}
URLS = (
    "https://h.example/one.yaml",
    "HTTPS://h.example/one.yaml",
    "http:h.example",
    "https://github.com/org/name",
    "https://github.com/org/name//path?ref=v1",
    "github.com/org/name",
    "GitHub.com/org/name?ref=main",
    "github.com:org/name.git",
    "git@github.com:org/name",
    "git@h.example:org/name.git//path",
    "ssh://git@h.example/org/name.git",
    "git::https://h.example/org/name.git",
    "file:///srv/name",
    "org-1@h.example/org/project/_git/name",
)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("field", ["resources", "bases", "components", "Resources", "generators", "transformers"])
def test_what_would_be_fetched_is_refused_by_file_field_and_url(field: str, url: str) -> None:
    written = {"kustomization.yaml": "resources: [base]\n", "base/kustomization.yaml": f"{field}: ['{url}']\n", **ONE}
    with pytest.raises(Stalled) as refused:
        rendered(written)
    field = field.lower()
    assert refused.value.reason == "KustomizationInvalid"
    assert refused.value.message.startswith(f"base/kustomization.yaml, {field}[0]: ")
    assert url.partition("@")[2] in refused.value.message or url in refused.value.message
    assert "nothing is fetched" in refused.value.message


@pytest.mark.parametrize("name", ["resources", "RESOURCES", "bases"])
def test_a_field_is_read_in_the_letters_that_go_takes_for_the_same(name: str) -> None:
    field = name.replace("s", "\u017f").replace("S", "\u017f")
    with pytest.raises(Stalled, match="nothing is fetched"):
        rendered({"kustomization.yaml": f"{field}: ['https://h.example/one.yaml']\n"})


@pytest.mark.parametrize("way", ["resources", "bases", "components"])
@pytest.mark.parametrize(("plugin", "refused"), [(PLUGIN, True), (BUILT_IN, False)])
def test_a_plugin_is_found_in_kustomizations_below_that_of_plugins(way: str, plugin: str, refused: bool) -> None:
    kind = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" if way == "components" else ""
    written = {
        "kustomization.yaml": "resources: [one.yaml]\ntransformers: [in]\n",
        "in/kustomization.yaml": f"{way}: [../below]\n",
        "below/kustomization.yaml": f"{kind}resources: [plugin.yaml]\n",
        "below/plugin.yaml": plugin,
        **ONE,
    }
    if not refused:
        assert rendered(written).objects[0].body["metadata"]["labels"] == {"a": "b"}
        return
    with pytest.raises(
        Stalled, match=r"below/plugin.yaml \(kustomization.yaml, transformers\[0\]\): 'Mine' is a plugin"
    ):
        rendered(written)


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("crds[0]", "crds: [URL]"),
        ("configurations[0]", "configurations: [URL]"),
        ("openapi.path", "openapi: {path: URL}"),
        ("patches[0].path", "patches: [{path: URL}]"),
        ("patchesJson6902[0].path", "patchesJson6902: [{path: URL, target: {kind: ConfigMap}}]"),
        ("patchesStrategicMerge[0]", "patchesStrategicMerge: [URL]"),
        ("replacements[0].path", "replacements: [{path: URL}]"),
        ("validators[0]", "validators: [URL]"),
        ("configMapGenerator[0].files[0]", "configMapGenerator: [{name: a, files: [URL]}]"),
        ("configMapGenerator[0].files[0]", "configMapGenerator: [{name: a, files: ['key=URL']}]"),
        ("configMapGenerator[0].envs[0]", "configMapGenerator: [{name: a, envs: [URL]}]"),
        ("secretGenerator[0].env", "secretGenerator: [{name: a, env: URL}]"),
    ],
)
def test_a_file_that_would_be_fetched_or_is_not_there_is_refused_by_its_field(field: str, entry: str) -> None:
    for path, why in (
        ("https://h.example/one.yaml", "nothing is fetched"),
        ("absent.yaml", "the artifact has no 'absent.yaml'"),
        ("../absent.yaml", "leads out of the artifact"),
        ("/etc/passwd", "is an absolute path"),
    ):
        with pytest.raises(Stalled) as refused:
            rendered({"kustomization.yaml": "resources: [one.yaml]\n" + entry.replace("URL", path), **ONE})
        assert refused.value.message.startswith(f"kustomization.yaml, {field}: ")
        assert why in refused.value.message


@pytest.mark.parametrize("field", ["generators", "transformers", "validators"])
@pytest.mark.parametrize(
    ("plugin", "why"),
    [
        (PLUGIN, "'Mine' is a plugin and no built-in of kustomize"),
        (FUNCTION, "'ConfigMap' is a function"),
        (HELM, "would fetch and run helm"),
        (FETCHING, "https://h.example/patch.yaml is not in the artifact"),
        (PLUGIN.replace("example.com/v1", "builtin"), "'Mine' is a plugin"),
        (
            "apiVersion: v1\nkind: List\nitems:\n" + "- " + PLUGIN.strip().replace("\n", "\n  ") + "\n",
            "'Mine' is a plugin",
        ),
        (REPLACING.format("https://h.example/r.yaml"), "https://h.example/r.yaml is not in the artifact"),
        (REPLACING.format("absent.yaml"), "the artifact has no 'absent.yaml'"),
    ],
)
def test_what_would_be_executed_is_refused_by_file_and_field(field: str, plugin: str, why: str) -> None:
    inline = "  " + plugin.replace("\n", "\n  ").rstrip()
    for written, where in (
        (
            {"kustomization.yaml": f"resources: [one.yaml]\n{field}: [plugin.yaml]\n", "plugin.yaml": plugin},
            "plugin.yaml",
        ),
        ({"kustomization.yaml": f"resources: [one.yaml]\n{field}:\n- |\n{inline}\n"}, "kustomization.yaml"),
        (
            {
                "kustomization.yaml": f"resources: [one.yaml]\n{field}: [in]\n",
                "in/kustomization.yaml": "resources: [plugin.yaml]\n",
                "in/plugin.yaml": plugin,
            },
            "in/plugin.yaml",
        ),
    ):
        with pytest.raises(Stalled) as refused:
            rendered({**written, **ONE})
        assert why in refused.value.message
        assert where in refused.value.message
        assert f"{field}[0]" in refused.value.message


@pytest.mark.parametrize("field", ["helmCharts: [{name: a}]", "helmChartInflationGenerator: [{chartName: a}]"])
def test_charts_in_a_kustomization_are_refused(field: str) -> None:
    with pytest.raises(Stalled, match="would fetch and run helm"):
        rendered({"kustomization.yaml": field})


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a cycle": (
        {"kustomization.yaml": "resources: [a]\n", "a/kustomization.yaml": "resources: [..]\n"},
        "a/kustomization.yaml, resources[0]: it leads back to '.', a cycle: '.' -> 'a' -> '.'",
    ),
    "itself": ({"kustomization.yaml": "resources: [.]\n"}, "it leads back to '.'"),
    "two kustomization files": (
        {"kustomization.yaml": "resources: [one.yaml]\n", "Kustomization": "resources: [one.yaml]\n"},
        "'kustomization.yaml' and 'Kustomization': a folder has one kustomization file",
    ),
    "a base without one": (
        {"kustomization.yaml": "resources: [a]\n", "a/b.yaml": SETTINGS},
        "'a': it has no kustomization.yaml",
    ),
    "a way out": ({"kustomization.yaml": "resources: [../one.yaml]\n"}, "leads out of the artifact"),
    "a component alone": ({"kustomization.yaml": "kind: Component\n"}, "cannot be built alone"),
    "a component as a resource": (
        {"kustomization.yaml": "resources: [a]\n", "a/kustomization.yaml": "kind: Component\n"},
        "a/kustomization.yaml is of kind Component, which goes under components",
    ),
    "a resource as a component": (
        {"kustomization.yaml": "components: [a]\n", "a/kustomization.yaml": "resources: [../one.yaml]\n"},
        "a/kustomization.yaml is of kind Kustomization, which goes under resources",
    ),
    "another kind": ({"kustomization.yaml": "kind: Deployment\n"}, "its kind is 'Deployment'"),
    "no mapping": ({"kustomization.yaml": "[a]\n"}, "it is not one mapping"),
    "one identity twice": (
        {"kustomization.yaml": "resources: [one.yaml, two.yaml]\n", "two.yaml": SETTINGS},
        "kustomize says: accumulating resources: accumulation err='merging resources from 'two.yaml': may not add"
        " resource with an already registered id: ConfigMap.v1.[noGrp]/settings.[noNs]'",
    ),
    "a field that it does not know": ({"kustomization.yaml": "resource: [one.yaml]\n"}, 'unknown field "resource"'),
    "a patch for nothing": (
        {"kustomization.yaml": "resources: [one.yaml]\npatches: [{path: d.yaml}]\n", "d.yaml": DEPLOYMENT},
        "no resource matches strategic merge patch",
    ),
    "a file that is no object": (
        {"kustomization.yaml": "resources: [a]\n", "a/kustomization.yaml": "resources: [b.yaml]\n", "a/b.yaml": "{"},
        "MalformedYAMLError",
    ),
    "a file of another folder": (
        {"kustomization.yaml": "resources: [a]\n", "a/kustomization.yaml": "resources: [../one.yaml]\n"},
        "'one.yaml' is not in or below 'a'",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_built_is_refused_with_file_and_cause_and_no_folder_of_this_machine(name: str) -> None:
    written, why = REFUSED[name]
    with pytest.raises(Stalled) as refused:
        rendered({**ONE, **written})
    assert why in refused.value.message
    assert tempfile.gettempdir() not in refused.value.message
    assert len(refused.value.message.encode()) < 5_000


def test_kustomizations_that_multiply_are_refused_before_they_are_built() -> None:
    written: dict[str, str] = {"kustomization.yaml": "resources: [a0, b0]\n"}
    for level in range(20):
        for side in "ab":
            written[f"{side}{level}/kustomization.yaml"] = (
                f"namePrefix: {side}\nresources: [../a{level + 1}, ../b{level + 1}]\n"
            )
    for side in "ab":
        written[f"{side}20/kustomization.yaml"] = "resources: [one.yaml]\n"
        written[f"{side}20/one.yaml"] = SETTINGS
    with pytest.raises(Stalled, match="more than 1000 kustomizations are built"):
        next(render_kustomization(files(written), ".", options=Options()))


def test_a_chain_of_kustomizations_that_is_too_long_is_refused() -> None:
    written = {f"a{level}/kustomization.yaml": f"resources: [../a{level + 1}]\n" for level in range(2_000)}
    with pytest.raises(Stalled, match="above one another"):
        next(render_kustomization(files(written), "a0", options=Options()))


@pytest.mark.parametrize(
    "entry",
    [
        "secretGenerator: [{name: a, literals: [planted-secret-word]}]\n",
        "secretGenerator: [{name: a, literals: ['pass=planted-secret-word', 'other']}]\n",
        "patches: [{patch: 'planted-secret-word: [}'}]\n",
        'patches: [{target: {kind: ConfigMap}, patch: \'[{"op": "planted-secret-word"}\'}]\n',
        "patches: [{target: {kind: ConfigMap}, patch: '- {op: test, path: /data, value: planted-secret-word}'}]\n",
    ],
)
def test_no_value_of_a_secret_or_a_patch_is_in_a_message(entry: str) -> None:
    written = {"kustomization.yaml": f"resources: [one.yaml]\n{entry}"}
    with pytest.raises(Stalled) as refused:
        rendered({**ONE, **written})
    assert "planted-secret-word" not in refused.value.message


def test_a_base_beside_the_folder_is_refused_with_how_to_name_both():
    with pytest.raises(
        Stalled, match=r"name that of this kustomization in spec\.source\.layer\.path, as in"
    ) as refusal:
        place(".", "../../base", where="kustomization.yaml, resources[0]")

    assert "patternctl render . --path overlays/dev" in refusal.value.message


OF_THE_BUILD = {
    "managedByLabel": ("labels", "app.kubernetes.io/managed-by"),
    "originAnnotations": ("annotations", "config.kubernetes.io/origin"),
    "transformerAnnotations": ("annotations", "alpha.config.kubernetes.io/transformations"),
}


def with_build_metadata(*names: str, base: tuple[str, ...] = ()) -> Files:
    return {
        "kustomization.yaml": f"resources: [base]\nbuildMetadata: [{', '.join(names)}]\nnamePrefix: a-\n",
        "base/kustomization.yaml": f"resources: [web.yaml]\nbuildMetadata: [{', '.join(base)}]\n",
        "base/web.yaml": DEPLOYMENT,
    }


@pytest.mark.parametrize("name", OF_THE_BUILD)
def test_what_kustomize_writes_of_itself_is_told_and_known_by_its_field(name: str) -> None:
    made = rendered(with_build_metadata(name))

    (fields,) = made.generated
    assert (fields.key, fields.paths, fields.build_metadata) == (
        made.objects[0].key,
        (),
        (("metadata", *OF_THE_BUILD[name]),),
    )
    (row,) = made.components
    assert (row.outcome, row.reason) == (Outcome.RENDERED, "BuildMetadata")
    assert f"metadata.{'.'.join(OF_THE_BUILD[name])} of Deployment.apps {NAMESPACE}/a-web is" in row.message


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(with_build_metadata(), id="nothing is asked for"),
        pytest.param(with_build_metadata(base=("managedByLabel",)), id="a base asks, which does not count"),
        pytest.param(
            {
                **with_build_metadata(),
                "base/web.yaml": DEPLOYMENT.replace(
                    "labels: {}", "labels: {app.kubernetes.io/managed-by: kustomize-v1}"
                ),
            },
            id="the author wrote such a label",
        ),
    ],
)
def test_where_kustomize_writes_nothing_of_itself_nothing_is_told(written: Files) -> None:
    made = rendered(written)

    assert made.generated == ()
    assert [each.reason for each in made.components] == [""]


def test_another_kustomize_changes_nothing_of_what_runs() -> None:
    """Its output is that of this one, with the version of another in it."""
    written = with_build_metadata("managedByLabel")
    steps = render_kustomization(files(written), ".", options=Options(default_namespace=NAMESPACE))
    output = run(next(steps))
    version = re.findall(rb"kustomize-(v[0-9.]+)", output.stdout)[0]
    with pytest.raises(StopIteration) as end:
        steps.send(replace(output, stdout=output.stdout.replace(version, b"v99.1.0")))
    runs, other = rendered(written), end.value.value

    (anew,), (generated,), (applied,) = other.objects, other.generated, runs.objects
    ours = {"manager": "pattern-operator", "operation": "Apply", "fieldsV1": {}}
    live = {**applied.body, "metadata": {**applied.body["metadata"], "managedFields": [ours]}}

    assert anew != applied
    assert kept_values(anew, generated, live).object == applied


def test_a_label_that_the_spec_sets_over_that_of_kustomize_is_the_specs() -> None:
    given = {"labels": (("app.kubernetes.io/managed-by", "us"),)}
    options = Options(default_namespace=NAMESPACE, common_metadata=CommonMetadata(**given))
    made = driven(render(files(with_build_metadata("managedByLabel", "originAnnotations")), options=options))

    assert [each.build_metadata for each in made.generated] == [(("metadata", *OF_THE_BUILD["originAnnotations"]),)]
