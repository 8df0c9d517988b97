"""Charts and kustomizations on a cluster: the operator renders them by the real helm and kustomize."""

import pytest
from tests.e2e.scenario import Scenario, condition, eventually, push_files, tar
from tests.sandbox.programs.charts import CONFIG_MAP, chart
from tests.testbed import binaries

CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"  # as `helm push` writes it (HIP 6)
PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-settings}
data:
  greeting: {{ .Values.greeting | default "hello" }}
  kubernetes: "{{ .Capabilities.KubeVersion.Version }}"
  apps: "{{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}"
"""


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    binaries.build(tuple(program for program in binaries.PROGRAMS if program.name in ("helm", "kustomize")))


def push_chart(scenario: Scenario, template: str) -> str:
    content = tar({file.path: file.content for file in chart(template)})
    layers = [(CONTENT, content), (PROVENANCE, b"-----BEGIN PGP SIGNED MESSAGE-----")]
    return scenario.repository.push("1.0.0", layers, config=(CONFIG, b'{"name": "web", "version": "1.0.0"}'))


def test_a_chart_that_helm_pushed_runs_with_its_parameters_and_is_repaired(scenario: Scenario) -> None:
    digest = push_chart(scenario, TEMPLATE)
    name = f"{scenario.name}-settings"

    scenario.want(render={"parameters": {"greeting": "hi"}})
    scenario.until_runs(digest)
    made = scenario.get("configmap", name)["data"]
    scenario.edit("configmap", name, {"data": {"greeting": "drift"}})
    eventually(lambda: scenario.get("configmap", name)["data"]["greeting"] == "hi")

    version = scenario.kubectl.json("version")["serverVersion"]["gitVersion"]
    assert made == {"greeting": "hi", "kubernetes": version, "apps": "true"}


def test_a_kustomization_runs(scenario: Scenario) -> None:
    overlay = b"resources: [../base]\nnamePrefix: prod-\nconfigMapGenerator: [{name: logo, files: [logo.bin]}]\n"
    files = {
        "base/kustomization.yaml": b"resources: [cm.yaml]\n",
        "base/cm.yaml": CONFIG_MAP,
        "prod/kustomization.yaml": overlay,
        "prod/logo.bin": b"\xff\x00",
    }
    digest = push_files(scenario.repository, "1.0.0", files)

    scenario.want(source={"layer": {"path": "prod"}})
    scenario.until_runs(digest)

    assert scenario.get("configmap", "prod-a")
    assert any(name.startswith("prod-logo-") for name in scenario.names("configmap"))


def test_a_chart_that_cannot_be_rendered_is_refused_with_the_words_of_helm(scenario: Scenario) -> None:
    push_chart(scenario, '{{ fail "set greeting first" }}')

    scenario.want()
    status = scenario.until(lambda status: condition(status, "Rendered").get("status") == "False")

    assert condition(status, "Rendered")["reason"] == "ChartFailed"
    assert "set greeting first" in condition(status, "Rendered")["message"]
