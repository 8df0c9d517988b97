"""Hooks of Helm and Argo CD are left out, and said; what only looks like one is applied."""

from typing import Any

import pytest
import yaml
from tests.render.designs import component, design
from tests.render.fieldcases import case
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.render import Options


def _job(**annotations: Any) -> dict[str, Any]:
    container = {"name": "a", "image": "registry.example/a:1"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "wipe", "annotations": annotations},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }


def _render(*values: object) -> Rendering:
    return render([File("all.yaml", yaml.safe_dump_all(values).encode())], options=Options())


def test_what_helm_template_prints_is_rendered_without_its_hooks_and_tests():
    rendering = render(case("06-helm-hooks/v1"), options=Options())

    assert [made.key.display_name for made in rendering.objects] == ["ConfigMap default/shop"]
    assert [(each.name, each.reason) for each in rendering.with_outcome(Outcome.SKIPPED)] == [
        ("shop-test-connection", "Hook"),
        ("shop-uninstall", "Hook"),
    ]
    assert rendering.components[2].message == (
        "Job shop-uninstall is a hook of Helm (pre-delete) and is left out, because hooks run where the chart itself is"
        " the pattern; to have it applied as an ordinary object, remove its annotation helm.sh/hook"
    )


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({"helm.sh/hook": "pre-install,pre-upgrade"}, "of Helm (pre-install, pre-upgrade)"),
        ({"helm.sh/hook": " Post-Install , test "}, "of Helm (post-install, test)"),
        ({"helm.sh/hook": "test-success"}, "of Helm (test-success)"),
        ({"helm.sh/hook": "test-failure"}, "of Helm (test-failure)"),
        ({"helm.sh/hook": "crd-install"}, "of Helm (crd-install) and is left out, because Helm 3 does not apply it"),
        ({"helm.sh/hook": "s3cr3t-moment"}, "of Helm (of a sort that Helm does not know)"),
        ({"helm.sh/hook": ""}, "of Helm (of a sort that Helm does not know)"),
        ({"helm.sh/hook": None}, "of Helm (of a sort that Helm does not know)"),
        ({"helm.sh/hook": 7}, "of Helm (of a sort that Helm does not know)"),
        (
            {"argocd.argoproj.io/hook": "PreSync"},
            "of Argo CD (presync) and is left out, because hooks of Argo CD are never run",
        ),
        ({"argocd.argoproj.io/hook": "Skip"}, "of Argo CD (skip)"),
        ({"argocd.argoproj.io/hook": "PostDelete,SyncFail"}, "of Argo CD (postdelete, syncfail)"),
    ],
)
def test_a_hook_of_whatever_moment_is_left_out(annotations: dict[str, object], words: str):
    rendering = _render(_job(**annotations))

    (report,) = rendering.components
    assert rendering.objects == ()
    assert (report.outcome, report.reason) == (Outcome.SKIPPED, "Hook")
    assert words in report.message
    assert "s3cr3t" not in report.message


@pytest.mark.parametrize(
    "annotations",
    [
        {"helm.sh/hook-weight": "5", "helm.sh/hook-delete-policy": "hook-succeeded"},
        {"helm.sh/resource-policy": "keep", "helm.sh/chart": "shop-1.0.0"},
        {"argocd.argoproj.io/sync-wave": "2", "argocd.argoproj.io/hook-delete-policy": "HookSucceeded"},
        {"example.com/helm.sh-hook": "pre-delete"},
    ],
)
def test_what_is_not_a_hook_is_applied(annotations: dict[str, str]):
    (made,) = _render(_job(**annotations)).objects

    assert made.body["metadata"]["annotations"] == annotations


def test_a_hook_in_a_design_is_left_out_too():
    body = _job(**{"helm.sh/hook": "pre-delete"})
    configuration = {"metadata": {"annotations": {"helm.sh/hook": "pre-delete"}}, "spec": body["spec"]}

    rendering = render(
        [design(component("Job", "wipe", configuration, version="batch/v1"), component("ConfigMap", "a", {}))],
        options=Options(),
    )

    assert [made.key.kind for made in rendering.objects] == ["ConfigMap"]
    assert rendering.components[0].reason == "Hook"


def test_a_label_is_not_a_hook():
    body = _job()
    body["metadata"]["labels"] = {"helm.sh/hook": "pre-delete"}

    assert len(_render(body).objects) == 1
